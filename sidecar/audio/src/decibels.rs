//! Decibels of mel bands, and what is made of them: cepstral coefficients and onsets.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use crate::banks::{COSINES, MELS, MFCCS};

/// Nothing counts as less power than this.
const POWER_MIN: f32 = 1e-10;

/// Ten times the decimal logarithm of 2.
const DECIBELS_PER_OCTAVE: f32 = 10.0 * std::f32::consts::LOG10_2;

/// Nothing is further below the loudest than this.
const RANGE_DB: f32 = 80.0;

/// Frames by which an onset is later than the rise between two frames that shows it: one, and
/// half of a frame's length.
const ONSET_DELAY_FRAMES: usize = 3;

/// Decibels about a power of 1, at most 80 below the loudest of all of them.
pub(crate) fn decibels(arch: Arch, power: &[f32]) -> Vec<f32> {
    struct Decibels<'a>(&'a mut [f32]);

    impl NullaryFnOnce for Decibels<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            // Its maximum too is taken in lanes.
            let mut most = [f32::NEG_INFINITY; 16];
            let (groups, rest) = self.0.as_chunks_mut::<16>();
            for group in groups {
                for (value, most) in group.iter_mut().zip(&mut most) {
                    *value = DECIBELS_PER_OCTAVE * log2(value.max(POWER_MIN));
                    *most = most.max(*value);
                }
            }
            for (value, most) in rest.iter_mut().zip(&mut most) {
                *value = DECIBELS_PER_OCTAVE * log2(value.max(POWER_MIN));
                *most = most.max(*value);
            }
            let floor = most.iter().copied().fold(f32::NEG_INFINITY, f32::max) - RANGE_DB;
            for value in self.0 {
                *value = value.max(floor);
            }
        }
    }

    let mut values = power.to_vec();
    arch.dispatch(Decibels(&mut values));
    values
}

/// The binary logarithm of a normal number above 0, off by 2 in 10⁷ at most: of itself, or of 1
/// where it is smaller. Without a branch or a table, so that eight are taken at once.
///
/// # Source
///
/// The series of the inverse hyperbolic tangent: `ln m = 2 artanh((m - 1) / (m + 1))`, for m
/// between the root of a half and the root of two.
#[inline(always)]
fn log2(value: f32) -> f32 {
    const MANTISSA_BITS: u32 = 23;
    const ROOT_OF_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    const ONE: u32 = 1.0_f32.to_bits();
    // Whole octaves above the root of a half.
    let above = value.to_bits().wrapping_add(ONE - ROOT_OF_HALF);
    let octaves = (above >> MANTISSA_BITS) as i32 - 127;
    let mantissa = f32::from_bits((above & ((1 << MANTISSA_BITS) - 1)) + ROOT_OF_HALF);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square / 9.0)));
    octaves as f32 + 2.0 * std::f32::consts::LOG2_E * s * series
}

/// Cepstral coefficients `[20, frames]` of decibels `[128, frames]`.
pub(crate) fn mfcc(arch: Arch, decibels: &[f32], frames: usize) -> Vec<f32> {
    struct Transform<'a> {
        decibels: &'a [f32],
        frames: usize,
        cosines: &'a [f32],
        out: &'a mut [f32],
    }

    impl NullaryFnOnce for Transform<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            // Some frames at a time, so that their 128 bands stay in the cache.
            for first in (0..self.frames).step_by(64) {
                let last = (first + 64).min(self.frames);
                let rows = self.out.chunks_exact_mut(self.frames);
                for (row, cosines) in rows.zip(self.cosines.chunks_exact(MELS)) {
                    let bands = self.decibels.chunks_exact(self.frames);
                    for (band, &cosine) in bands.zip(cosines) {
                        for (sum, value) in row[first..last].iter_mut().zip(&band[first..last]) {
                            *sum += cosine * value;
                        }
                    }
                }
            }
        }
    }

    let mut out = vec![0.0; MFCCS * frames];
    arch.dispatch(Transform { decibels, frames, cosines: &COSINES, out: &mut out });
    out
}

/// Mean rise of `bands` of decibels `[128, frames]` since the frame before, `[frames]`; falls
/// count as 0. The first frames, which have none before them, are 0.
///
/// # Source
///
/// Böck and Widmer 2013, Maximum filter vibrato suppression for onset detection (DAFx-13), with a
/// filter of size 1.
pub(crate) fn onsets(arch: Arch, decibels: &[f32], frames: usize, bands: Range<usize>) -> Vec<f32> {
    struct Rises<'a> {
        rows: &'a [f32],
        frames: usize,
        sums: &'a mut [f32],
    }

    impl NullaryFnOnce for Rises<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            for row in self.rows.chunks_exact(self.frames) {
                for ((sum, before), after) in self.sums.iter_mut().zip(row).zip(&row[1..]) {
                    *sum += (after - before).max(0.0);
                }
            }
        }
    }

    let count = bands.len() as f32;
    let rows = &decibels[bands.start * frames..bands.end * frames];
    let mut sums = vec![0.0; frames];
    arch.dispatch(Rises { rows, frames, sums: &mut sums });
    let delay = ONSET_DELAY_FRAMES.min(frames);
    let mut onsets = vec![0.0; frames];
    for (onset, sum) in onsets[delay..].iter_mut().zip(&sums) {
        *onset = sum / count;
    }
    onsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_the_logarithm() {
        for step in 0..200_000 {
            let value = (f64::from(step) * 3.3e-4 - 33.2).exp2() as f32;
            let exact = f64::from(value).log2();
            let off = (f64::from(log2(value)) - exact).abs();
            assert!(off <= 2e-7 * exact.abs().max(1.0), "{value}: {off}");
        }
    }
}
