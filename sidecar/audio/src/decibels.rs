//! Decibels of mel bands, and what is made of them: cepstral coefficients and onsets.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use crate::banks::{MELS, MFCCS, cosines};

/// Nothing counts as less power than this.
const POWER_MIN: f32 = 1e-10;

/// Nothing is further below the loudest than this.
const RANGE_DB: f32 = 80.0;

/// Frames by which an onset is later than the rise between two frames that shows it: one, and
/// half of a frame's length.
const ONSET_DELAY_FRAMES: usize = 3;

/// Decibels about a power of 1, at most 80 below the loudest of all of them.
pub(crate) fn decibels(power: &[f32]) -> Vec<f32> {
    let mut decibels: Vec<f32> =
        power.iter().map(|power| 10.0 * power.max(POWER_MIN).log10()).collect();
    let floor = decibels.iter().copied().fold(f32::NEG_INFINITY, f32::max) - RANGE_DB;
    for value in &mut decibels {
        *value = value.max(floor);
    }
    decibels
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
    arch.dispatch(Transform { decibels, frames, cosines: &cosines(), out: &mut out });
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
