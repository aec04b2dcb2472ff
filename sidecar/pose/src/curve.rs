//! Values over time: from uneven, partly missing samples to an even grid, and numbers of it.

use std::f64::consts::{PI, TAU};

/// Grid points a second; slower limbs of dancers need no more.
const GRID_PER_S: f64 = 16.0;
const GRID_POINTS: std::ops::RangeInclusive<usize> = 32..=2048;
/// Width of the smoothing in seconds, so that no frame rate has more noise than another.
const SMOOTH_S: f64 = 0.07;
/// Share of the grid that samples must reach; a curve of less is missing.
const REACHED_MIN: f64 = 0.25;

/// Even times over a span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    first_s: f64,
    step_s: f64,
    points: usize,
}

/// A place at a time, x and y, with a weight above 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) time_s: f64,
    pub(crate) place: [f64; 2],
    pub(crate) weight: f64,
}

/// Values on a grid; none is missing and each is finite.
pub(crate) type Curve = Vec<f64>;

impl Grid {
    /// From `first_s` to `last_s`; a span of no length has a grid too, all at one time.
    pub(crate) fn over(first_s: f64, last_s: f64) -> Self {
        let span_s = (last_s - first_s).max(0.0);
        let points =
            ((span_s * GRID_PER_S) as usize).clamp(*GRID_POINTS.start(), *GRID_POINTS.end());
        Self { first_s, step_s: span_s / (points - 1) as f64, points }
    }

    pub(crate) fn step_s(&self) -> f64 {
        self.step_s
    }

    /// The samples, in the order of time, smoothed by their weights; gaps are filled by straight
    /// lines. `None` when the samples reach too little of the grid.
    ///
    /// # Source
    ///
    /// Nadaraya 1964 and Watson 1964, regression by a kernel, here Gaussian.
    pub(crate) fn smooth(&self, samples: &[Sample]) -> Option<[Curve; 2]> {
        let width_s = SMOOTH_S.max(self.step_s / 2.0);
        let reach_s = 3.0 * width_s;
        let mut known: Vec<(usize, [f64; 2])> = Vec::with_capacity(self.points);
        let mut begin = 0;
        for point in 0..self.points {
            let time_s = self.first_s + self.step_s * point as f64;
            while samples.get(begin).is_some_and(|s| s.time_s < time_s - reach_s) {
                begin += 1;
            }
            let (mut sums, mut weights) = ([0.0; 2], 0.0);
            for sample in samples[begin..].iter().take_while(|s| s.time_s <= time_s + reach_s) {
                let away = (sample.time_s - time_s) / width_s;
                let weight = sample.weight * (-away * away / 2.0).exp();
                sums[0] += weight * sample.place[0];
                sums[1] += weight * sample.place[1];
                weights += weight;
            }
            if weights > 0.02 {
                known.push((point, sums.map(|sum| sum / weights)));
            }
        }
        if (known.len() as f64) < REACHED_MIN * self.points as f64 {
            return None;
        }
        Some([0, 1].map(|axis| self.filled(&known, axis)))
    }

    /// Straight lines between the points that are known; at both ends the nearest.
    fn filled(&self, known: &[(usize, [f64; 2])], axis: usize) -> Curve {
        let mut curve = vec![0.0; self.points];
        if let (Some((first, head)), Some((last, tail))) = (known.first(), known.last()) {
            curve[..*first].fill(head[axis]);
            curve[*last..].fill(tail[axis]);
        }
        for two in known.windows(2) {
            let ((a, from), (b, to)) = (two[0], two[1]);
            let change = (to[axis] - from[axis]) / (b - a) as f64;
            for (step, value) in curve[a..b].iter_mut().enumerate() {
                *value = from[axis] + change * step as f64;
            }
        }
        curve
    }
}

/// Change a second, by central differences; 0 over no time.
pub(crate) fn speed(curve: &[f64], step_s: f64) -> Curve {
    let last = curve.len().saturating_sub(1);
    (0..curve.len())
        .map(|at| {
            let (from, to) = (at.saturating_sub(1), (at + 1).min(last));
            let passed_s = step_s * (to - from) as f64;
            if passed_s > 1e-9 { (curve[to] - curve[from]) / passed_s } else { 0.0 }
        })
        .collect()
}

pub(crate) fn mean(curve: &[f64]) -> f64 {
    curve.iter().sum::<f64>() / curve.len().max(1) as f64
}

pub(crate) fn deviation(curve: &[f64]) -> f64 {
    let mean = mean(curve);
    (curve.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / curve.len().max(1) as f64).sqrt()
}

/// The value that `share` of the values, 0 to 1, do not exceed.
pub(crate) fn quantile(curve: &[f64], share: f64) -> f64 {
    let mut sorted = curve.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Correlation, -1 to 1; nearer 0 the less the curves move against `floor`, which is in the
/// curves' unit, so that noise does not count as motion.
pub(crate) fn correlation(a: &[f64], b: &[f64], floors: [f64; 2]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let count = a.len().min(b.len()).max(1) as f64;
    let power = |sum: f64, floor: f64| sum / count + floor * floor;
    ab / count / (power(aa, floors[0]) * power(bb, floors[1])).sqrt()
}

/// The coefficients 1 to `count` of the cosine transform (DCT-II) over the whole span: a curve of
/// one half wave of height 1 has the coefficient 1. Coefficient 0, the mean, is left out.
pub(crate) fn waves(curve: &[f64], count: usize) -> Vec<f64> {
    let points = curve.len().max(1) as f64;
    (1..=count)
        .map(|wave| {
            let angle = PI * wave as f64 / points;
            let sum: f64 =
                curve.iter().enumerate().map(|(n, v)| v * (angle * (n as f64 + 0.5)).cos()).sum();
            2.0 * sum / points
        })
        .collect()
}

/// An angle in radians as the nearest to 0 of its equals.
pub(crate) fn wrapped(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(frames_per_s: f64, of: impl Fn(f64) -> f64) -> Vec<Sample> {
        let at = |frame: usize| frame as f64 / frames_per_s;
        (0..(4.0 * frames_per_s) as usize)
            .map(|frame| Sample { time_s: at(frame), place: [of(at(frame)), 0.0], weight: 0.8 })
            .collect()
    }

    #[test]
    fn a_curve_is_the_same_at_every_frame_rate_and_over_gaps() {
        let wave = |time_s: f64| (1.5 * time_s).sin();
        let grid = Grid::over(0.0, 3.9);
        let usual = grid.smooth(&samples(15.0, wave)).unwrap()[0].clone();
        let fast = grid.smooth(&samples(60.0, wave)).unwrap()[0].clone();
        let mut gappy = samples(30.0, wave);
        gappy.retain(|s| !(1.0..1.3).contains(&s.time_s));
        let gappy = grid.smooth(&gappy).unwrap()[0].clone();
        for ((a, b), c) in usual.iter().zip(&fast).zip(&gappy) {
            assert!((a - b).abs() < 0.05 && (a - c).abs() < 0.05, "{a} {b} {c}");
        }
        assert!(grid.smooth(&samples(15.0, wave)[..5]).is_none(), "a twelfth is too little");
    }

    #[test]
    fn waves_find_the_wave_that_was_put_in() {
        let curve: Vec<f64> =
            (0..64).map(|n| 5.0 + (PI * 3.0 * (n as f64 + 0.5) / 64.0).cos()).collect();
        for (index, wave) in waves(&curve, 8).into_iter().enumerate() {
            let expected = if index == 2 { 1.0 } else { 0.0 };
            assert!((wave - expected).abs() < 1e-9, "wave {}: {wave}", index + 1);
        }
    }

    #[test]
    fn correlation_is_of_motion_and_not_of_noise() {
        let wave: Vec<f64> = (0..64).map(|n| (n as f64 / 5.0).sin()).collect();
        let against: Vec<f64> = wave.iter().map(|v| -3.0 * v + 7.0).collect();
        let still: Vec<f64> = wave.iter().map(|v| v * 1e-4).collect();
        assert!(correlation(&wave, &against, [0.03; 2]) < -0.99);
        assert!(correlation(&wave, &still, [0.03; 2]).abs() < 0.01);
    }
}
