use pulp::Arch;

use crate::beats::{beats, regularity, time_s};
use crate::decibels::{decibels, mfcc, onsets};
use crate::spectrum::{Chroma, Features};
use crate::stft::{Block, LANES, Stft, frames_of};
use crate::tempo::{autocorrelation, bpm_of, period};
use crate::{AudioError, HOP_SAMPLES, SAMPLE_RATE, SAMPLE_VALUE_MAX, SAMPLES_MAX, Sound, level};

/// Spectra are kept of a sound of so many frames, a minute: 11 MB. They are made twice of a longer
/// one.
const KEPT_FRAMES_MAX: usize = 60 * SAMPLE_RATE as usize / HOP_SAMPLES;

/// Mel bands that end below about 280 Hz.
const LOW_BANDS: std::ops::Range<usize> = 0..10;

/// Mel bands that begin above about 4.8 kHz.
const HIGH_BANDS: std::ops::Range<usize> = 98..128;

/// Features, tempo and beats of a sound: one channel of [`SAMPLE_RATE`].
///
/// At most [`SAMPLES_MAX`] samples are analysed. The spectra are made some frames at a time and
/// not kept of more than a minute: beside the samples, ten minutes take 150 MB at most while they
/// are analysed (noise, whose spectra are all peaks; music takes about half), and 20 MB after.
///
/// # Errors
///
/// [`AudioError`] names the first sample that is no number, or that there are none.
pub fn analyse(samples: &[f32]) -> Result<Sound, AudioError> {
    let samples_given = samples.len();
    let samples = &samples[..samples_given.min(SAMPLES_MAX)];
    check(samples)?;
    let arch = Arch::new();
    let frames = frames_of(samples.len());

    let mut features = Features::new(arch, frames);
    let mut chroma = Chroma::new(arch, frames, 0.0);
    let mut kept = Vec::new();
    each_block(arch, samples, |block| {
        features.add(block);
        chroma.add(block);
        if frames <= KEPT_FRAMES_MAX {
            kept.push(std::mem::replace(block, Block::new()));
        }
    });

    // The tuning is known only now.
    let tuning = features.magnitude_peaks.tuning();
    let chroma_tuning = features.power_peaks.tuning();
    let chroma_auto = if chroma_tuning == 0.0 {
        chroma.values.clone()
    } else {
        let mut tuned = Chroma::new(arch, frames, chroma_tuning);
        if kept.is_empty() {
            each_block(arch, samples, |block| tuned.add(block));
        } else {
            kept.iter().for_each(|block| tuned.add(block));
        }
        tuned.values
    };
    drop(kept);

    let mel_db = decibels(arch, &features.mel_power);
    let onset_strength = onsets(arch, &mel_db, frames, 0..crate::banks::MELS);
    let onset_autocorrelation = autocorrelation(&onset_strength);
    let period = period(&onset_autocorrelation);
    let beat_frames = period.map(|period| beats(&onset_strength, period)).unwrap_or_default();

    Ok(Sound {
        samples: samples.len(),
        samples_given,
        frames,
        duration_s: (samples.len() as f64 / f64::from(SAMPLE_RATE)) as f32,
        mfcc: mfcc(arch, &mel_db, frames),
        mel_power: features.mel_power,
        chroma_tuning0: chroma.values,
        chroma_auto,
        centroid_hz: features.centroid_hz,
        bandwidth_hz: features.bandwidth_hz,
        rolloff_hz: features.rolloff_hz,
        contrast_db: difference(
            &decibels(arch, &features.contrast_peaks),
            &decibels(arch, &features.contrast_valleys),
        ),
        flatness: features.flatness,
        rms: level::rms(samples),
        zero_crossing_rate: level::zero_crossing_rate(samples),
        tuning: tuning as f32,
        chroma_tuning: chroma_tuning as f32,
        tempo_bpm: period.map_or(0.0, |period| bpm_of(period) as f32),
        beat_times_s: beat_frames.iter().map(|&frame| time_s(frame)).collect(),
        beat_regularity: regularity(&beat_frames),
        beat_frames,
        onset_low: onsets(arch, &mel_db, frames, LOW_BANDS),
        onset_high: onsets(arch, &mel_db, frames, HIGH_BANDS),
        onset_strength,
        onset_autocorrelation,
    })
}

fn check(samples: &[f32]) -> Result<(), AudioError> {
    if samples.is_empty() {
        return Err(AudioError::Empty);
    }
    // A comparison with NaN is false. Whole pieces are judged without a branch a sample.
    let fits = |sample: &f32| sample.abs() <= SAMPLE_VALUE_MAX;
    let all_fit = |piece: &[f32]| piece.iter().fold(true, |all, sample| all & fits(sample));
    if samples.chunks(HOP_SAMPLES).all(all_fit) {
        return Ok(());
    }
    let Some(index) = samples.iter().position(|sample| !fits(sample)) else { return Ok(()) };
    let time_s = index as f64 / f64::from(SAMPLE_RATE);
    let value = samples[index];
    Err(if value.is_finite() {
        AudioError::TooLarge { index, time_s, value }
    } else {
        AudioError::NotFinite { index, time_s, value }
    })
}

/// Shows `see` the spectra of a sound, block by block; it may put another block in its place.
fn each_block(arch: Arch, samples: &[f32], mut see: impl FnMut(&mut Block)) {
    let mut stft = Stft::new(arch);
    let mut block = Block::new();
    for first in (0..frames_of(samples.len())).step_by(LANES) {
        stft.transform(samples, first, &mut block);
        see(&mut block);
    }
}

fn difference(from: &[f32], less: &[f32]) -> Vec<f32> {
    from.iter().zip(less).map(|(from, less)| from - less).collect()
}
