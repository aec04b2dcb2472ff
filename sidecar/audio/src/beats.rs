//! Onsets and a tempo to beats, by dynamic programming.
//!
//! # Source
//!
//! Ellis 2007, Beat tracking by dynamic programming, Journal of New Music Research 36(1): the
//! chain of beats with the largest sum of onsets, less a penalty for each interval that is not
//! the tempo's.

use crate::{HOP_SAMPLES, SAMPLE_RATE};

/// Weight of the penalty: the square of the logarithm of interval by period.
const TIGHTNESS: f64 = 100.0;

/// Beats before the first onset that has this share of the largest score are no beats.
const FIRST_SHARE: f32 = 0.01;

/// Frames of the beats, ascending.
///
/// * `period`: frames from beat to beat, at least 1.
pub(crate) fn beats(onsets: &[f32], period: usize) -> Vec<i32> {
    let score = local_score(onsets, period);
    let (links, sums) = chain(&score, period);
    let Some(last) = last_beat(&sums) else { return Vec::new() };
    let mut beats = vec![last];
    let mut frame = last;
    while let Some(before) = links[frame] {
        beats.push(before);
        frame = before;
    }
    beats.reverse();
    trimmed(&score, beats).into_iter().map(|frame| frame as i32).collect()
}

/// When a frame is, in seconds.
pub(crate) fn time_s(frame: i32) -> f32 {
    (f64::from(frame) * HOP_SAMPLES as f64 / f64::from(SAMPLE_RATE)) as f32
}

/// 1 less the relative deviation of the intervals between beats, 0 to 1; 0 under three beats.
pub(crate) fn regularity(beats: &[i32]) -> f32 {
    if beats.len() < 3 {
        return 0.0;
    }
    let count = (beats.len() - 1) as f64;
    let intervals = || beats.windows(2).map(|pair| f64::from(pair[1] - pair[0]));
    let mean = intervals().sum::<f64>() / count;
    let variance = intervals().map(|interval| (interval - mean).powi(2)).sum::<f64>() / count;
    (1.0 - variance.sqrt() / mean).max(0.0) as f32
}

/// Onsets in units of their deviation, smoothed by a bell of a 32nd of the period.
fn local_score(onsets: &[f32], period: usize) -> Vec<f32> {
    let count = onsets.len() as f64;
    let mean = onsets.iter().map(|&onset| f64::from(onset)).sum::<f64>() / count;
    let squares = onsets.iter().map(|&onset| (f64::from(onset) - mean).powi(2)).sum::<f64>();
    let deviation = (squares / (count - 1.0).max(1.0)).sqrt() as f32 + f32::MIN_POSITIVE;
    let scaled: Vec<f32> = onsets.iter().map(|onset| onset / deviation).collect();
    // Beyond a third of the period the bell is under 1e-24.
    let reach = period.div_ceil(3).min(period);
    let bell: Vec<f64> = (0..=2 * reach)
        .map(|k| (-0.5 * ((k as f64 - reach as f64) * 32.0 / period as f64).powi(2)).exp())
        .collect();
    (0..scaled.len())
        .map(|frame| {
            let first = frame.saturating_sub(reach);
            let last = (frame + reach + 1).min(scaled.len());
            let weights = &bell[first + reach - frame..];
            let sum: f64 =
                scaled[first..last].iter().zip(weights).map(|(&s, w)| f64::from(s) * w).sum();
            sum as f32
        })
        .collect()
}

/// For each frame the best beat before it, if it is a beat, and the best sum up to it.
fn chain(score: &[f32], period: usize) -> (Vec<Option<usize>>, Vec<f32>) {
    let least = FIRST_SHARE * score.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let nearest = ((period as f64 / 2.0).round_ties_even() as usize).max(1);
    let penalties: Vec<f64> = (0..=2 * period)
        .map(|lag| TIGHTNESS * ((lag as f64).ln() - (period as f64).ln()).powi(2))
        .collect();
    let mut links = vec![None; score.len()];
    let mut sums = vec![0.0_f32; score.len()];
    let mut before_first = true;
    for (frame, &own) in score.iter().enumerate() {
        let mut best = None;
        let mut best_sum = f64::NEG_INFINITY;
        for lag in nearest..=(2 * period).min(frame) {
            let sum = f64::from(sums[frame - lag]) - penalties[lag];
            if sum > best_sum {
                (best, best_sum) = (Some(frame - lag), sum);
            }
        }
        sums[frame] = if best.is_some() { (f64::from(own) + best_sum) as f32 } else { own };
        if !(before_first && own < least) {
            links[frame] = best;
            before_first = false;
        }
    }
    (links, sums)
}

/// The last peak of the sums that is at least half of the median peak, or else the last frame.
fn last_beat(sums: &[f32]) -> Option<usize> {
    let is_peak = |frame: usize| {
        let next = sums.get(frame + 1);
        frame > 0 && sums[frame] > sums[frame - 1] && next.is_none_or(|&next| sums[frame] >= next)
    };
    let peaks: Vec<usize> = (0..sums.len()).filter(|&frame| is_peak(frame)).collect();
    let mut heights: Vec<f32> = peaks.iter().map(|&frame| sums[frame]).collect();
    heights.sort_by(f32::total_cmp);
    let (low, high) = (heights.len().saturating_sub(1) / 2, heights.len() / 2);
    let least = match (heights.get(low), heights.get(high)) {
        (Some(low), Some(high)) => 0.5 * (low + high) / 2.0,
        _ => 0.0,
    };
    let last = peaks.iter().rev().find(|&&frame| sums[frame] >= least).copied();
    last.or(sums.len().checked_sub(1))
}

/// The beats without the weak ones at either end: those before the first frame, and after the
/// last, whose score is above half of the root mean square of the smoothed scores at beats.
fn trimmed(score: &[f32], beats: Vec<usize>) -> Vec<usize> {
    let at = |index: usize| beats.get(index).map_or(0.0, |&frame| f64::from(score[frame]));
    // Each beat with half of its neighbours, from the second on and to one beyond the last: these
    // are the values that librosa averages over.
    let count = (beats.len() + 2).min(score.len());
    let smooth = |index: usize| {
        let before = if index == 0 { 0.0 } else { at(index - 1) };
        0.5 * before + at(index) + 0.5 * at(index + 1)
    };
    let mean = (0..count).map(|index| smooth(index).powi(2)).sum::<f64>() / count as f64;
    let least = 0.5 * mean.sqrt();
    let strong = |&value: &f32| f64::from(value) > least;
    let first = score.iter().position(strong).unwrap_or(score.len());
    let last = score.iter().rposition(strong).unwrap_or(0);
    beats.into_iter().filter(|frame| (first..=last).contains(frame)).collect()
}
