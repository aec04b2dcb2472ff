//! Constant tables: the window, the weights of mel bands, pitch classes and cosines.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::{FRAME_SAMPLES, SAMPLE_RATE};

/// Frequencies of a spectrum, from 0 Hz to half of the sample rate.
pub(crate) const BINS: usize = FRAME_SAMPLES / 2 + 1;

/// Distance of neighbouring frequencies of a spectrum in Hz.
pub(crate) const BIN_HZ: f64 = SAMPLE_RATE as f64 / FRAME_SAMPLES as f64;

/// Mel bands.
pub(crate) const MELS: usize = 128;

/// Cepstral coefficients.
pub(crate) const MFCCS: usize = 20;

/// Pitch classes, from C.
pub(crate) const CHROMAS: usize = 12;

/// The periodic Hann window, `[samples]`.
pub(crate) fn hann(samples: usize) -> Vec<f32> {
    let step = 2.0 * PI / samples as f64;
    (0..samples).map(|n| (0.5 - 0.5 * (step * n as f64).cos()) as f32).collect()
}

/// Weights of one mel band: those of the bins from `first` on.
pub(crate) struct Band {
    /// The first bin that has weight.
    pub first: usize,
    /// Weights; never beyond [`BINS`].
    pub weights: Vec<f32>,
}

/// Triangles over the spectrum, evenly spaced in mel, each of area 1 in Hz.
///
/// # Source
///
/// Slaney 1998, Auditory Toolbox, Interval Research report 1998-010: 200/3 Hz a mel below 1 kHz,
/// and 27 mels for a factor of 6.4 above it.
pub(crate) static MEL_BANDS: LazyLock<Vec<Band>> = LazyLock::new(mel_bands);

fn mel_bands() -> Vec<Band> {
    let top = hz_to_mel(f64::from(SAMPLE_RATE) / 2.0);
    let edges: Vec<f64> =
        (0..MELS + 2).map(|i| mel_to_hz(top * i as f64 / (MELS + 1) as f64)).collect();
    edges
        .windows(3)
        .map(|edge| {
            let weight = |bin: usize| {
                let hz = bin as f64 * BIN_HZ;
                let rising = (hz - edge[0]) / (edge[1] - edge[0]);
                let falling = (edge[2] - hz) / (edge[2] - edge[1]);
                (rising.min(falling).max(0.0) * 2.0 / (edge[2] - edge[0])) as f32
            };
            let weighty = |bin: &usize| weight(*bin) > 0.0;
            let first = (0..BINS).find(weighty).unwrap_or(0);
            let last = (0..BINS).rfind(weighty).unwrap_or(0);
            Band { first, weights: (first..=last).map(weight).collect() }
        })
        .collect()
}

const MEL_HZ: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / MEL_HZ
    } else {
        LOG_FROM_HZ / MEL_HZ + (hz / LOG_FROM_HZ).ln() / log_step()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    let log_from = LOG_FROM_HZ / MEL_HZ;
    if mel < log_from { mel * MEL_HZ } else { LOG_FROM_HZ * (log_step() * (mel - log_from)).exp() }
}

/// The weights of a sound that is in tune, which every sound is asked about.
pub(crate) static CHROMA_BANK: LazyLock<Vec<[f32; CHROMAS]>> = LazyLock::new(|| chroma_bank(0.0));

/// Weights of each bin for each pitch class from C, `[BINS, 12]`.
///
/// * `tuning`: semitones that the sound is above A = 440 Hz.
///
/// # Source
///
/// Ellis 2007, Chroma feature analysis and synthesis (LabROSA): a bell over the pitch classes
/// about each bin, as wide as the bin but at least a semitone; each bin's weights have norm 1, and
/// a bell over the octaves about the fifth, two wide, prefers the middle.
pub(crate) fn chroma_bank(tuning: f64) -> Vec<[f32; CHROMAS]> {
    let classes = CHROMAS as f64;
    let a0_hz = 440.0 * 2.0_f64.powf(tuning / classes) / 16.0;
    let pitch = |bin: usize| classes * (bin as f64 * BIN_HZ / a0_hz).log2();
    // The bin at 0 Hz has no pitch: it is put an octave and a half below the first.
    let pitches: Vec<f64> = (0..=BINS)
        .map(|bin| if bin == 0 { pitch(1) - 1.5 * classes } else { pitch(bin) })
        .collect();
    let mut bank = vec![[0.0; CHROMAS]; BINS];
    for bin in 0..BINS {
        let width = (pitches[bin + 1] - pitches[bin]).max(1.0);
        let bell: [f64; CHROMAS] = std::array::from_fn(|class| {
            let turns = (pitches[bin] - class as f64) / classes + 0.5;
            let away = classes * (turns - turns.floor() - 0.5);
            (-0.5 * (2.0 * away / width).powi(2)).exp()
        });
        let norm = bell.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
        let octave = (-0.5 * ((pitches[bin] / classes - 5.0) / 2.0).powi(2)).exp();
        for (class, weight) in bell.iter().enumerate() {
            // The bells count from A, the rows from C.
            let row = (class + CHROMAS - 3) % CHROMAS;
            bank[bin][row] = (weight / norm * octave) as f32;
        }
    }
    bank
}

/// Cosines of the orthonormal DCT of type II, `[20, 128]`.
pub(crate) static COSINES: LazyLock<Vec<f32>> = LazyLock::new(cosines);

fn cosines() -> Vec<f32> {
    let bands = MELS as f64;
    let mut cosines = Vec::with_capacity(MFCCS * MELS);
    for coefficient in 0..MFCCS {
        let scale = if coefficient == 0 { 1.0 / bands } else { 2.0 / bands }.sqrt();
        for band in 0..MELS {
            let angle = PI * coefficient as f64 * (band as f64 + 0.5) / bands;
            cosines.push((scale * angle.cos()) as f32);
        }
    }
    cosines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mel_band_is_empty_or_leaves_the_spectrum() {
        let bands = mel_bands();
        assert_eq!(bands.len(), MELS);
        for (index, band) in bands.iter().enumerate() {
            assert!(band.first + band.weights.len() <= BINS, "band {index}");
            assert!(band.weights.iter().sum::<f32>() > 0.0, "band {index}");
        }
    }

    #[test]
    fn a_bin_at_440_hz_weighs_most_for_the_class_a() {
        let bank = chroma_bank(0.0);
        let bin = (440.0 / BIN_HZ).round() as usize;
        let strongest =
            (0..CHROMAS).max_by(|&a, &b| bank[bin][a].total_cmp(&bank[bin][b])).unwrap();
        assert_eq!(strongest, 9);
    }
}
