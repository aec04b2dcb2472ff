//! Onsets to tempo, by how well they agree with themselves some time later.
//!
//! # Source
//!
//! Grosche, Müller and Kurth 2010, Cyclic tempogram (ICASSP), the autocorrelation tempogram; the
//! prior is that of Ellis 2007, Beat tracking by dynamic programming, section 3.2.

use realfft::RealFftPlanner;

use crate::banks::hann;
use crate::{HOP_SAMPLES, SAMPLE_RATE};

/// Lags that are compared, in frames: eight seconds.
pub(crate) const LAGS: usize = 8 * SAMPLE_RATE as usize / HOP_SAMPLES;

/// Length of a transform that no lag wraps around in: at least `2 * LAGS - 1`.
const FFT_VALUES: usize = 768;

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
    let window = hann(LAGS);
    let mut planner = RealFftPlanner::<f32>::new();
    let fft = planner.plan_fft_forward(FFT_VALUES);
    let mut values = fft.make_input_vec();
    let mut spectrum = fft.make_output_vec();
    let mut scratch = fft.make_scratch_vec();
    let mut power = vec![0.0_f64; spectrum.len()];
    for around in padded.windows(LAGS).take(onsets.len()) {
        let mut energy = 0.0;
        for ((value, onset), weight) in values.iter_mut().zip(around).zip(&window) {
            *value = onset * weight;
            energy += *value * *value;
        }
        if energy < f32::MIN_POSITIVE {
            continue;
        }
        values[LAGS..].fill(0.0);
        fft.process_with_scratch(&mut values, &mut spectrum, &mut scratch)
            .expect("the plan made these buffers");
        for (sum, value) in power.iter_mut().zip(&spectrum) {
            *sum += f64::from((value.re * value.re + value.im * value.im) / energy);
        }
    }
    // The transform back is linear: one of the sum does for all frames.
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(FFT_VALUES);
    let mut spectrum = inverse.make_input_vec();
    let mut values = inverse.make_output_vec();
    for (value, power) in spectrum.iter_mut().zip(&power) {
        value.re = *power;
    }
    inverse.process(&mut spectrum, &mut values).expect("a power spectrum is real throughout");
    let scale = 1.0 / (FFT_VALUES * onsets.len()) as f64;
    values[..LAGS].iter().map(|value| (value * scale) as f32).collect()
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
