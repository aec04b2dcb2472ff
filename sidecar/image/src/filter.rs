//! Pillow's resampling filters, and how much each pixel of a row counts in each pixel of the result.

use serde::{Deserialize, Serialize};

/// Fraction bits of a weight: 32 for an `i32`, less 8 for a pixel, less 2 for filters that overshoot.
pub(crate) const WEIGHT_BITS: u32 = 22;
/// One half, so that cutting rounds.
pub(crate) const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// A sum of weighted pixels that began with [`HALF`].
#[inline(always)]
pub(crate) fn to_byte(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// How pixels between pixels are found, by Pillow's number (`resample` in `preprocessor_config.json`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Filter {
    /// 0: one pixel is taken as it is.
    Nearest,
    /// 1: Lanczos of three lobes.
    Lanczos,
    /// 2: triangle.
    Bilinear,
    /// 3: Catmull-Rom (a = −0.5).
    Bicubic,
    /// 4: mean of an area.
    Box,
    /// 5: Hamming window.
    Hamming,
}

impl Filter {
    /// The filter of this number.
    pub fn from_number(number: u64) -> Option<Self> {
        let all =
            [Self::Nearest, Self::Lanczos, Self::Bilinear, Self::Bicubic, Self::Box, Self::Hamming];
        all.get(usize::try_from(number).ok()?).copied()
    }

    /// Half the width of the filter in source pixels where nothing shrinks.
    fn support(self) -> f64 {
        match self {
            Self::Nearest => 0.0,
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// The filter's curve; terms in Pillow's order, because rounding depends on it.
    fn at(self, x: f64) -> f64 {
        let away = x.abs();
        match self {
            Self::Nearest => 0.0,
            Self::Box => f64::from(x > -0.5 && x <= 0.5),
            Self::Bilinear => (1.0 - away).max(0.0),
            Self::Hamming if away == 0.0 => 1.0,
            Self::Hamming if away >= 1.0 => 0.0,
            Self::Hamming => {
                let turn = away * std::f64::consts::PI;
                turn.sin() / turn * (0.54 + 0.46 * turn.cos())
            }
            Self::Bicubic => {
                const A: f64 = -0.5;
                if away < 1.0 {
                    ((A + 2.0) * away - (A + 3.0)) * away * away + 1.0
                } else if away < 2.0 {
                    (((away - 5.0) * away + 8.0) * away - 4.0) * A
                } else {
                    0.0
                }
            }
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let turn = x * std::f64::consts::PI;
    turn.sin() / turn
}

/// Which pixels of a row make one pixel of the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// First pixel.
    pub(crate) first: usize,
    /// Pixels; at least 1.
    pub(crate) count: usize,
    /// Where its weights begin in [`Weights::values`].
    pub(crate) at: usize,
}

/// The weights of one axis.
#[derive(Debug)]
pub(crate) struct Weights {
    /// One window a pixel of the result.
    pub(crate) windows: Vec<Window>,
    /// Fixed-point weights, [`WEIGHT_BITS`] bits of fraction.
    pub(crate) values: Vec<i32>,
}

impl Weights {
    /// Weights of the pixels `wanted` of a row of `to` pixels that is made from `from` pixels.
    ///
    /// * `from`, `to`: above 0, at most 2^24; `wanted` inside `0..to`.
    ///
    /// # Source
    ///
    /// Pillow 12, `src/libImaging/Resample.c`, `precompute_coeffs` and `normalize_coeffs_8bpc`.
    pub(crate) fn new(
        filter: Filter,
        from: usize,
        to: usize,
        wanted: std::ops::Range<usize>,
    ) -> Self {
        let mut all = Self { windows: Vec::with_capacity(wanted.len()), values: Vec::new() };
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let shrink = 1.0 / stretch;
        let mut weights = Vec::new();
        for x in wanted {
            let centre = (x as f64 + 0.5) * scale;
            // Casts cut towards zero, as C's do, and end at 0 below.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            weights.clear();
            let at = |pixel: usize| filter.at((pixel as f64 - centre + 0.5) * shrink);
            weights.extend((first..end).map(at));
            let sum: f64 = weights.iter().fold(0.0, |sum, weight| sum + weight);
            all.windows.push(Window { first, count: weights.len(), at: all.values.len() });
            all.values.extend(weights.iter().map(|&weight| {
                let weight = if sum == 0.0 { weight } else { weight / sum };
                let fixed = weight * f64::from(1 << WEIGHT_BITS);
                (if weight < 0.0 { fixed - 0.5 } else { fixed + 0.5 }) as i32
            }));
        }
        all
    }

    /// The weights of a window.
    pub(crate) fn of(&self, window: &Window) -> &[i32] {
        &self.values[window.at..window.at + window.count]
    }

    /// The pixels that any window reads.
    pub(crate) fn reads(&self) -> std::ops::Range<usize> {
        let first = self.windows.first().map_or(0, |window| window.first);
        let end = self.windows.last().map_or(0, |window| window.first + window.count);
        first..end
    }
}

/// The pixel that [`Filter::Nearest`] takes for each of the pixels `wanted` of the result.
///
/// # Source
///
/// Pillow 12, `src/libImaging/Geometry.c`, `ImagingScaleAffine`: the place is summed, not multiplied.
pub(crate) fn nearest(from: usize, to: usize, wanted: std::ops::Range<usize>) -> Vec<usize> {
    let scale = from as f64 / to as f64;
    let mut place = scale * 0.5;
    let mut places = Vec::with_capacity(wanted.len());
    for x in 0..wanted.end {
        if x >= wanted.start {
            places.push((place as usize).min(from - 1));
        }
        place += scale;
    }
    places
}
