//! What is read from the samples themselves: level and zero crossings.
//!
//! A frame is four hops of 512 samples, so each hop is read once.

use crate::stft::frames_of;
use crate::{FRAME_SAMPLES, HOP_SAMPLES};

const HOPS_PER_FRAME: usize = FRAME_SAMPLES / HOP_SAMPLES;

/// Samples nearer to 0 than this have no sign.
const ZERO: f32 = 1e-10;

/// Root mean square of each frame, zeros beyond the ends.
pub(crate) fn rms(samples: &[f32]) -> Vec<f32> {
    let energies: Vec<f64> = samples.chunks(HOP_SAMPLES).map(energy).collect();
    (0..frames_of(samples.len()))
        .map(|frame| {
            let sum: f64 = hops(frame, energies.len()).map(|hop| energies[hop]).sum();
            (sum / FRAME_SAMPLES as f64).sqrt() as f32
        })
        .collect()
}

/// Sum of squares, in eight sums side by side.
fn energy(samples: &[f32]) -> f64 {
    let square = |sample: f32| f64::from(sample) * f64::from(sample);
    let (groups, rest) = samples.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for group in groups {
        for (sum, &sample) in sums.iter_mut().zip(group) {
            *sum += square(sample);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&sample| square(sample)).sum::<f64>()
}

/// Share of each frame's samples whose sign is not that of the sample before. The first of a
/// frame has none before it.
pub(crate) fn zero_crossing_rate(samples: &[f32]) -> Vec<f32> {
    let negative = |sample: f32| sample < -ZERO;
    let crosses = |index: usize| {
        index > 0
            && index < samples.len()
            && negative(samples[index - 1]) != negative(samples[index])
    };
    let mut before = samples.first().copied().unwrap_or(0.0);
    let mut crossings = Vec::with_capacity(samples.len() / HOP_SAMPLES + 1);
    for hop in samples.chunks(HOP_SAMPLES) {
        let mut count = u32::from(negative(before) != negative(hop[0]));
        for pair in hop.windows(2) {
            count += u32::from(negative(pair[0]) != negative(pair[1]));
        }
        before = hop[hop.len() - 1];
        crossings.push(count);
    }
    (0..frames_of(samples.len()))
        .map(|frame| {
            let all: u32 = hops(frame, crossings.len()).map(|hop| crossings[hop]).sum();
            let first = (frame * HOP_SAMPLES).checked_sub(FRAME_SAMPLES / 2);
            let uncounted = u32::from(first.is_some_and(crosses));
            (all - uncounted) as f32 / FRAME_SAMPLES as f32
        })
        .collect()
}

/// The hops, of so many, that a frame covers.
fn hops(frame: usize, count: usize) -> std::ops::Range<usize> {
    let half = HOPS_PER_FRAME / 2;
    frame.saturating_sub(half)..(frame + half).min(count)
}
