//! Every feature of every sound of the oracle against librosa 0.11.
//!
//! librosa transforms frames in 64 bits and keeps 32 of them; we transform in 32. So numbers
//! differ by some 1e-6 of the largest of their frame, which weighs more the further below it they
//! lie. Each tolerance is stated for nearly all frames (`usual`) and for the worst (`worst`).

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support {
    pub mod npz;
    pub mod wav;
}

use std::path::Path;

use support::{npz, wav};
use vitrine_audio::{Named, Sound, Values, analyse};

/// How near a feature must be.
struct Tolerance {
    key: &'static str,
    unit: Unit,
    /// For 99 of 100 values.
    usual: f32,
    /// For every value.
    worst: f32,
}

/// What a difference is measured by.
enum Unit {
    /// As it is.
    One,
    /// The value of librosa, at least so much.
    Relative(f32),
}

#[rustfmt::skip]
const TOLERANCES: &[Tolerance] = &[
    Tolerance { key: "mel_power_128", unit: Unit::Relative(1e-7), usual: 3e-4, worst: 3e-3 },
    Tolerance { key: "mfcc_20", unit: Unit::One, usual: 3e-3, worst: 1e-2 },
    Tolerance { key: "chroma_stft_tuning0", unit: Unit::One, usual: 1e-5, worst: 1e-4 },
    Tolerance { key: "chroma_stft_auto", unit: Unit::One, usual: 1e-5, worst: 1e-4 },
    Tolerance { key: "spectral_centroid", unit: Unit::Relative(1.0), usual: 1e-5, worst: 1e-4 },
    Tolerance { key: "spectral_bandwidth", unit: Unit::Relative(1.0), usual: 5e-5, worst: 2e-4 },
    // The worst is the next bin.
    Tolerance { key: "spectral_rolloff_085", unit: Unit::One, usual: 0.01, worst: 10.8 },
    // Its valleys are the quietest bins of all.
    Tolerance { key: "spectral_contrast", unit: Unit::One, usual: 0.04, worst: 0.15 },
    Tolerance { key: "spectral_flatness", unit: Unit::Relative(1e-6), usual: 5e-4, worst: 2e-3 },
    Tolerance { key: "rms", unit: Unit::Relative(1e-6), usual: 1e-6, worst: 1e-5 },
    Tolerance { key: "zcr", unit: Unit::One, usual: 1e-7, worst: 1e-7 },
    Tolerance { key: "onset_strength", unit: Unit::One, usual: 3e-5, worst: 1e-4 },
];

/// Each sound of the oracle: its name, ours, librosa's arrays, and what the oracle says of it.
fn each(mut see: impl FnMut(&str, &Sound, &Path, &serde_json::Value)) {
    let Some(media) = wav::media() else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_DATA is not");
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files");
        return;
    };
    let text = std::fs::read_to_string(media.join("audio-oracle.json")).unwrap();
    let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let tracks = oracle["tracks"].as_object().unwrap();
    assert_eq!(tracks.len(), wav::sounds(&media).len());
    for (name, track) in tracks {
        let said = &track["pcm"];
        let sound = analyse(&wav::read(&media.join(said["file"].as_str().unwrap()))).unwrap();
        see(name, &sound, &media.join(said["npz"].as_str().unwrap()), said);
    }
}

#[test]
fn every_feature_is_librosas_within_its_tolerance() {
    let mut wrong = Vec::new();
    each(|name, sound, npz, _| {
        let expected = npz::read(npz);
        let arrays = sound.arrays();
        for tolerance in TOLERANCES {
            let ours: &Named = arrays.iter().find(|named| named.key == tolerance.key).unwrap();
            let theirs = &expected[tolerance.key];
            assert_eq!(ours.shape, theirs.shape, "{name} {}", tolerance.key);
            let Values::Floats(values) = ours.values else { panic!("{} are floats", ours.key) };
            let mut off: Vec<f32> = values
                .iter()
                .zip(&theirs.values)
                .map(|(ours, theirs)| match tolerance.unit {
                    Unit::One => (ours - theirs).abs(),
                    Unit::Relative(least) => (ours - theirs).abs() / theirs.abs().max(least),
                })
                .collect();
            off.sort_by(f32::total_cmp);
            let (usual, worst) = (off[(off.len() - 1) * 99 / 100], off[off.len() - 1]);
            println!("{name:.20} {:22} usual {usual:.1e} worst {worst:.1e}", tolerance.key);
            if !(usual <= tolerance.usual && worst <= tolerance.worst) {
                wrong.push(format!("{name} {}: usual {usual:e} worst {worst:e}", tolerance.key));
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn arrays_are_keyed_and_shaped_as_the_oracles() {
    each(|name, sound, npz, _| {
        let arrays = sound.arrays();
        for (key, expected) in npz::read(npz) {
            let ours = arrays.iter().find(|named| named.key == key);
            assert_eq!(ours.map(|named| &named.shape), Some(&expected.shape), "{name} {key}");
        }
    });
}

#[test]
fn tuning_and_tempo_are_librosas() {
    each(|name, sound, _, said| {
        let number = |key: &str| said[key].as_f64().unwrap();
        assert_eq!(sound.frames as f64, number("n_frames"), "{name}");
        let tuning = number("tuning_estimate");
        assert!((f64::from(sound.tuning) - tuning).abs() < 1e-6, "{name}: {}", sound.tuning);
        for key in ["tempo_bpm", "tempo_feature_bpm"] {
            let off = f64::from(sound.tempo_bpm) / number(key) - 1.0;
            assert!(off.abs() < 0.02, "{name}: {} for {}", sound.tempo_bpm, number(key));
        }
    });
}

#[test]
fn beats_are_librosas_within_70_ms() {
    each(|name, sound, npz, said| {
        let theirs: Vec<f64> =
            said["beat_times_s"].as_array().unwrap().iter().map(|t| t.as_f64().unwrap()).collect();
        let near = |a: f64, all: &[f64]| all.iter().any(|b| (a - b).abs() <= 0.07);
        let ours: Vec<f64> = sound.beat_times_s.iter().map(|&time| f64::from(time)).collect();
        let precise = ours.iter().filter(|&&t| near(t, &theirs)).count() as f64;
        let found = theirs.iter().filter(|&&t| near(t, &ours)).count() as f64;
        // The harmonic mean of precision and recall, by counts.
        let f = (precise + found) / (ours.len() + theirs.len()) as f64;
        let frames: Vec<f32> = sound.beat_frames.iter().map(|&frame| frame as f32).collect();
        let same = frames == npz::read(npz)["beat_frames"].values;
        println!("{name:.20} {} beats, F {f:.3}, the very same frames: {same}", ours.len());
        assert!(f >= 0.95, "{name}: {ours:?} for {theirs:?}");
    });
}
