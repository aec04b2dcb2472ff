//! How far a sound is from A = 440 Hz, from the peaks of its spectra.
//!
//! # Source
//!
//! Smith, Spectral Audio Signal Processing, "Quadratic interpolation of spectral peaks": a parabola
//! through a peak and its neighbours says where between the bins it lies.

use crate::banks::BIN_HZ;
use crate::stft::{LANES, Lanes};

/// Bins that are searched: 150 Hz up to, but not at, 4 kHz.
const FIRST_BIN: usize = (150.0 / BIN_HZ) as usize + 1;
const LAST_BIN: usize = (4000.0 / BIN_HZ) as usize;

/// A peak is above this share of its spectrum's largest value.
const PEAK_SHARE: f32 = 0.1;

/// Steps of the histogram: a hundredth of a semitone each, from half a semitone below.
const STEPS: usize = 100;

/// A0, in Hz.
const A0_HZ: f32 = 27.5;

/// Peaks of many spectra. Takes 5 bytes a peak, of which a frame has 179 at most.
#[derive(Default)]
pub(crate) struct Peaks {
    heights: Vec<f32>,
    steps: Vec<u8>,
}

impl Peaks {
    /// Adds the peaks of some spectra `[BINS]`, whose largest values are `largest`.
    #[inline(always)]
    pub(crate) fn add(&mut self, spectra: &[Lanes], largest: Lanes) {
        let least = largest.map(|largest| PEAK_SHARE * largest);
        for (offset, around) in spectra[FIRST_BIN - 1..LAST_BIN + 2].windows(3).enumerate() {
            let [before, here, after] = [&around[0], &around[1], &around[2]];
            let mut is_peak = [false; LANES];
            for lane in 0..LANES {
                is_peak[lane] = (here[lane] > least[lane])
                    & (here[lane] > before[lane])
                    & (here[lane] >= after[lane]);
            }
            // Most bins are no peak of any spectrum.
            if is_peak == [false; LANES] {
                continue;
            }
            for lane in (0..LANES).filter(|&lane| is_peak[lane]) {
                self.add_peak(FIRST_BIN + offset, before[lane], here[lane], after[lane]);
            }
        }
    }

    fn add_peak(&mut self, bin: usize, before: f32, here: f32, after: f32) {
        let curve = after + before - 2.0 * here;
        let slope = (after - before) / 2.0;
        let shift = if slope.abs() >= curve.abs() { 0.0 } else { -slope / curve };
        let hz = ((bin as f64 + f64::from(shift)) * BIN_HZ) as f32;
        let semitones = 12.0 * (hz / A0_HZ).log2();
        let above = semitones - semitones.floor();
        let off = if above >= 0.5 { above - 1.0 } else { above };
        let step = ((f64::from(off) + 0.5) * STEPS as f64) as usize;
        self.heights.push(here + 0.5 * slope * shift);
        self.steps.push(step.min(STEPS - 1) as u8);
    }

    /// The commonest deviation of the higher half of the peaks from the nearest semitone, in
    /// semitones, -0.5 to 0.49; 0 without peaks.
    pub(crate) fn tuning(mut self) -> f64 {
        let mut counts = [0_u32; STEPS];
        if self.heights.is_empty() {
            return 0.0;
        }
        let heights = self.heights.clone();
        let least = median(&mut self.heights);
        for (height, step) in heights.iter().zip(&self.steps) {
            if *height >= least {
                counts[usize::from(*step)] += 1;
            }
        }
        // The first of equals, where `max_by_key` takes the last.
        let commonest = counts
            .iter()
            .rev()
            .max()
            .map_or(0, |most| counts.iter().position(|count| count == most).unwrap_or(0));
        commonest as f64 / STEPS as f64 - 0.5
    }
}

/// The middle value, or the mean of the two in the middle. `values` are not empty.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let upper = *upper;
    if even {
        let lower = below.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (lower + upper) / 2.0
    } else {
        upper
    }
}
