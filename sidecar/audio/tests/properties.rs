//! What holds for every sound, shown on made ones.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support {
    pub mod made;
}

use support::made::{self, Music};
use vitrine_audio::{
    AudioError, DIMS, FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, SAMPLES_MAX, Sound, analyse, numbers,
};

fn embedding(samples: &[f32]) -> Vec<f32> {
    analyse(samples).unwrap().embedding().expect("it sounds")
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn scaled(samples: &[f32], gain: f32) -> Vec<f32> {
    samples.iter().map(|sample| sample * gain).collect()
}

#[test]
fn every_embedding_is_finite_and_has_length_1() {
    for (name, samples) in made::sounds() {
        let vector = embedding(&samples);
        assert_eq!(vector.len(), DIMS, "{name}");
        assert!(vector.iter().all(|value| value.is_finite()), "{name}");
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5, "{name}");
    }
}

#[test]
fn sounds_shorter_than_a_frame_have_frames_and_an_embedding() {
    for length in [1, 2, 511, 512, 513, FRAME_SAMPLES - 1, FRAME_SAMPLES, FRAME_SAMPLES + 1] {
        let samples = &made::noise(3, 0.5, 1.0)[..length];
        let sound = analyse(samples).unwrap();
        assert_eq!(sound.frames, 1 + length / HOP_SAMPLES, "{length}");
        for array in sound.arrays() {
            if let vitrine_audio::Values::Floats(values) = array.values {
                assert!(values.iter().all(|value| value.is_finite()), "{length} {}", array.key);
                assert_eq!(array.shape.iter().product::<usize>(), values.len(), "{length}");
            }
        }
        let vector = sound.embedding().expect("it sounds");
        assert!(vector.iter().all(|value| value.is_finite()), "{length}");
    }
}

#[test]
fn spectra_made_twice_give_the_same_pitch_classes_as_spectra_kept() {
    // Half a minute, whose spectra are kept, and over a minute, whose are not.
    let [short, long] = [30.0, 63.0].map(|seconds| analyse(&made::tone(452.0, seconds)).unwrap());
    assert_ne!(short.chroma_tuning, 0.0);
    assert_eq!(short.chroma_tuning, long.chroma_tuning);
    let classes = |sound: &Sound| -> Vec<f32> {
        let frame = |row: usize| sound.chroma_auto[row * sound.frames + 1_000];
        (0..12).map(frame).collect()
    };
    assert_eq!(classes(&short), classes(&long));
}

#[test]
fn silence_has_features_but_no_embedding() {
    for samples in [vec![0.0; 30_000], vec![-0.0; 1], made::noise(1, 0.0, 2.0)] {
        let quiet: Vec<f32> = scaled(&samples, 1e-5);
        let sound = analyse(&quiet).unwrap();
        assert!(sound.is_silent());
        assert_eq!(sound.embedding(), None);
        assert!(numbers(&sound).iter().flatten().all(|value| value.is_finite()));
    }
    let sound = analyse(&[0.0; 30_000]).unwrap();
    assert_eq!((sound.tempo_bpm, sound.beat_times_s.len(), sound.tuning), (0.0, 0, 0.0));
}

#[test]
fn what_is_no_number_is_an_error_that_says_where() {
    let mut samples = made::tone(440.0, 2.0);
    assert_eq!(analyse(&[]), Err(AudioError::Empty));
    samples[22_050] = f32::INFINITY;
    let error = analyse(&samples).unwrap_err();
    assert!(matches!(error, AudioError::NotFinite { index: 22_050, .. }), "{error}");
    samples[300] = f32::NAN;
    let error = analyse(&samples).unwrap_err();
    assert!(matches!(error, AudioError::NotFinite { index: 300, .. }), "{error}");
    assert!(error.to_string().contains("at 0.014 s"), "{error}");
    samples[200] = -1e30;
    let error = analyse(&samples).unwrap_err();
    assert!(matches!(error, AudioError::TooLarge { index: 200, .. }), "{error}");
}

#[test]
fn samples_at_the_bound_give_finite_numbers() {
    let mut random = fastrand::Rng::with_seed(5);
    let noise: Vec<f32> = (0..40_000).map(|_| if random.bool() { 1e6 } else { -1e6 }).collect();
    let vector = embedding(&noise);
    assert!(vector.iter().all(|value| value.is_finite()));
}

#[test]
fn no_more_than_ten_minutes_are_analysed() {
    let second = made::clicks(120.0, 1.0);
    let samples: Vec<f32> = second.iter().copied().cycle().take(SAMPLES_MAX + 5000).collect();
    let sound = analyse(&samples).unwrap();
    assert!(sound.is_cut());
    assert_eq!((sound.samples, sound.samples_given), (SAMPLES_MAX, SAMPLES_MAX + 5000));
    assert_eq!(sound.duration_s, 600.0);
}

#[test]
fn a_louder_sound_has_the_same_embedding() {
    for music in [Music::default(), Music { bpm: 96.0, root: 5, minor: true, swing: 0.1, seed: 4 }]
    {
        let samples = made::music(&music);
        let as_it_is = embedding(&samples);
        // The quieter, the more of it meets the floors of the formulas.
        for (gain, least) in [(0.1, 0.99), (0.5, 0.999), (2.0, 0.999), (8.0, 0.999)] {
            let same = cosine(&as_it_is, &embedding(&scaled(&samples, gain)));
            assert!(same > least, "gain {gain}: {same}");
        }
    }
}

#[test]
fn music_is_nearest_to_music_of_its_kind() {
    // Of each kind two pieces: another bar line, other noise, a little faster.
    let kinds = [
        Music { bpm: 96.0, root: 0, minor: false, swing: 0.0, seed: 1 },
        Music { bpm: 128.0, root: 6, minor: true, swing: 0.0, seed: 2 },
        Music { bpm: 150.0, root: 3, minor: false, swing: 0.16, seed: 3 },
    ];
    let mut vectors: Vec<(usize, Vec<f32>)> = Vec::new();
    for (kind, music) in kinds.into_iter().enumerate() {
        vectors.push((kind, embedding(&made::music(&music)[7000..])));
        let other = Music { bpm: music.bpm * 1.02, seed: music.seed + 10, ..music };
        vectors.push((kind, embedding(&made::music(&other))));
    }
    vectors.push((3, embedding(&made::noise(1, 0.9, 8.0))));
    vectors.push((3, embedding(&made::noise(2, 0.9, 8.0))));
    vectors.push((4, embedding(&made::chord(0, &[0, 4, 7], 8.0))));
    vectors.push((4, embedding(&made::chord(0, &[0, 4, 7, 10], 8.0))));
    for (index, (kind, vector)) in vectors.iter().enumerate() {
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != index);
        let (_, (nearest, _)) = others
            .max_by(|(_, (_, a)), (_, (_, b))| cosine(vector, a).total_cmp(&cosine(vector, b)))
            .unwrap();
        assert_eq!(nearest, kind, "piece {index}");
    }
}

#[test]
fn silence_before_and_after_changes_colour_and_harmony_little() {
    let samples = made::music(&Music::default());
    let mut padded = vec![0.0; 2 * SAMPLE_RATE as usize];
    padded.extend(&samples);
    padded.extend(vec![0.0; SAMPLE_RATE as usize]);
    let same = cosine(&embedding(&samples), &embedding(&padded));
    assert!(same > 0.8, "{same}");
}

#[test]
fn clicks_have_the_tempo_and_the_beats_that_they_were_made_with() {
    for bpm in [85.0, 100.0, 120.0, 140.0] {
        let sound: Sound = analyse(&made::clicks(bpm, 15.0)).unwrap();
        let off = sound.tempo_bpm / bpm - 1.0;
        // Periods are whole frames: half a frame is 2.7 % of one at 140 bpm.
        assert!(off.abs() < 0.027, "{bpm}: {}", sound.tempo_bpm);
        assert!(sound.beat_regularity > 0.95, "{bpm}: {}", sound.beat_regularity);
        let beat_s = 60.0 / bpm;
        for time_s in &sound.beat_times_s {
            let away = (time_s / beat_s - (time_s / beat_s).round()).abs() * beat_s;
            assert!(away < 0.07, "{bpm}: a beat at {time_s}");
        }
    }
}

#[test]
fn the_same_samples_give_the_same_numbers() {
    let samples = made::music(&Music::default());
    assert_eq!(analyse(&samples), analyse(&samples));
}
