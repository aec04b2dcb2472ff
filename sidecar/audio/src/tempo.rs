//! Onsets to tempo, by how well they agree with themselves some time later.
//!
//! # Source
//!
//! Grosche, Müller and Kurth 2010, Cyclic tempogram (ICASSP), the autocorrelation tempogram; the
//! prior is that of Ellis 2007, Beat tracking by dynamic programming, section 3.2.

use std::sync::{Arc, LazyLock};

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::banks::hann;
use crate::{HOP_SAMPLES, SAMPLE_RATE};

/// Lags that are compared, in frames: eight seconds.
pub(crate) const LAGS: usize = 8 * SAMPLE_RATE as usize / HOP_SAMPLES;

/// Length of a transform that no lag wraps around in: at least `2 * LAGS - 1`.
const FFT_VALUES: usize = 768;

static FFT: LazyLock<Arc<dyn Fft<f32>>> =
    LazyLock::new(|| FftPlanner::new().plan_fft_forward(FFT_VALUES));
static WINDOW: LazyLock<Vec<f32>> = LazyLock::new(|| hann(LAGS));

/// The tempo that is likeliest before anything is heard; an octave either way is a deviation.
const LIKELY_BPM: f64 = 120.0;

/// No tempo is this fast or faster.
const BPM_MAX: f64 = 320.0;

/// Beats per minute whose period is `lag` frames.
pub(crate) fn bpm_of(lag: usize) -> f64 {
    60.0 * f64::from(SAMPLE_RATE) / (HOP_SAMPLES * lag) as f64
}

/// Autocorrelation of the onsets about each frame, scaled to 1 at lag 0, averaged over the
/// frames: `[LAGS]`. Empty where no onset is above 0.
pub(crate) fn autocorrelation(onsets: &[f32]) -> Vec<f32> {
    if onsets.iter().all(|&onset| onset <= 0.0) {
        return Vec::new();
    }
    let padded = ramped(onsets);
    let frames = padded.windows(LAGS).take(onsets.len());
    let energies: Vec<f32> = frames.clone().map(energy).collect();
    let scale = |frame: usize| match energies.get(frame) {
        Some(&energy) if energy >= f32::MIN_POSITIVE => energy.sqrt().recip(),
        _ => 0.0,
    };
    let mut values = vec![Complex::ZERO; FFT_VALUES];
    let mut scratch = vec![Complex::ZERO; FFT.get_inplace_scratch_len()];
    let mut power = vec![0.0_f64; FFT_VALUES];
    // Two frames are one transform, as real and imaginary part: what they have in common is odd,
    // and the transform back forgets it.
    for first in (0..onsets.len()).step_by(2) {
        let second = (first + 1).min(onsets.len() - 1);
        let (first_scale, second_scale) = (scale(first), scale(first + 1));
        let around = padded[first..first + LAGS].iter().zip(&padded[second..second + LAGS]);
        for ((value, (one, other)), weight) in values.iter_mut().zip(around).zip(&*WINDOW) {
            *value = Complex::new(one * weight * first_scale, other * weight * second_scale);
        }
        values[LAGS..].fill(Complex::ZERO);
        FFT.process_with_scratch(&mut values, &mut scratch);
        for (sum, value) in power.iter_mut().zip(&values) {
            *sum += f64::from(value.re * value.re + value.im * value.im);
        }
    }
    // The transform back is linear: one of the sum does for all frames. Its real part is that of
    // the symmetric part of the sum, and forward is back for that.
    let share = 1.0 / (FFT_VALUES * onsets.len()) as f64;
    for (value, power) in values.iter_mut().zip(&power) {
        *value = Complex::new((power * share) as f32, 0.0);
    }
    FFT.process_with_scratch(&mut values, &mut scratch);
    values[..LAGS].iter().map(|value| value.re).collect()
}

/// Sum of squares under the window.
fn energy(onsets: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (onsets, weights) in onsets.as_chunks::<8>().0.iter().zip(WINDOW.as_chunks::<8>().0) {
        for lane in 0..8 {
            let value = onsets[lane] * weights[lane];
            sums[lane] += value * value;
        }
    }
    sums.iter().sum()
}

/// Onsets with a ramp from 0 up to the first, and one from the last down to 0, half of [`LAGS`].
fn ramped(onsets: &[f32]) -> Vec<f32> {
    let length = LAGS / 2;
    let share = |step: usize| step as f32 / length as f32;
    let first = onsets.first().copied().unwrap_or(0.0);
    let last = onsets.last().copied().unwrap_or(0.0);
    let rise = (0..length).map(|step| first * share(step));
    let fall = (0..length).rev().map(|step| last * share(step));
    rise.chain(onsets.iter().copied()).chain(fall).collect()
}

/// The period, in frames, of the likeliest tempo; `None` where there is no autocorrelation.
pub(crate) fn period(autocorrelation: &[f32]) -> Option<usize> {
    let mut best = None;
    let mut best_score = f64::NEG_INFINITY;
    for (lag, &value) in autocorrelation.iter().enumerate().skip(1) {
        let bpm = bpm_of(lag);
        if bpm >= BPM_MAX {
            continue;
        }
        let prior = -0.5 * (bpm / LIKELY_BPM).log2().powi(2);
        let score = (1e6 * f64::from(value.max(0.0))).ln_1p() + prior;
        if score > best_score {
            (best, best_score) = (Some(lag), score);
        }
    }
    best
}
