//! A picture in halving sizes, read trilinearly at several places at once.
//!
//! Williams 1983, Pyramidal Parametrics. Texels are kept in linear light at 16 bits, so that reading
//! needs no table and averages are of light.

use std::sync::LazyLock;

use pulp::Simd;
use vitrine_image::Texels;
use vitrine_scene::Wrap;

use crate::lanes::{Array, F, LANES};

/// Linear light of an 8-bit sRGB value (IEC 61966-2-1).
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let value = value as f64 / 255.0;
        let linear =
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
        linear as f32
    })
});

/// Steps of the table from linear light to sRGB: enough that no 8-bit value is skipped.
const ENCODE_STEPS: usize = 16_384;

/// The 8-bit sRGB value of linear light, by 1/16384.
static ENCODED: LazyLock<[u8; ENCODE_STEPS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|step| {
        let linear = step as f64 / ENCODE_STEPS as f64;
        let value = if linear <= 0.003_130_8 {
            linear * 12.92
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (value * 255.0).round() as u8
    })
});

/// The table, so that loops look it up once.
pub(crate) fn encoder() -> impl Fn(f32) -> u8 {
    let table: &'static [u8; ENCODE_STEPS + 1] = &ENCODED;
    move |linear: f32| {
        // `as` takes NaN and what is negative to 0.
        table[((linear * ENCODE_STEPS as f32 + 0.5) as usize).min(ENCODE_STEPS)]
    }
}

/// Linear light of the colours of an 8-bit sRGB value.
pub(crate) fn linear([r, g, b, _]: [u8; 4]) -> [f32; 3] {
    [r, g, b].map(|value| LINEAR[value as usize])
}

#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// In rows from the bottom, as coordinates go: red and green, blue and alpha, each pair with its
    /// first in the lower half.
    pub(crate) texels: Vec<[u32; 2]>,
}

/// A picture in halving sizes.
#[derive(Clone, Debug)]
pub(crate) struct Pyramid {
    pub(crate) levels: Vec<Level>,
}

/// Where and how wide to read.
#[derive(Clone, Copy)]
pub(crate) struct Sampling<S: Simd> {
    pub(crate) uv: [F<S>; 2],
    pub(crate) by_x: [F<S>; 2],
    pub(crate) by_y: [F<S>; 2],
    pub(crate) wrap: [Wrap; 2],
}

/// Where one level is read: of every place two columns, two rows and how far between them it lies.
#[derive(Clone, Copy)]
struct Cells<S: Simd> {
    columns: [Array; 2],
    rows: [Array; 2],
    weights: [F<S>; 4],
}

impl Pyramid {
    /// Builds the levels of a picture; those with more than `texels_max` texels are left out.
    pub(crate) fn new(decoded: &Texels, is_srgb: bool, texels_max: usize) -> Self {
        let table: [u32; 256] = std::array::from_fn(|value| {
            let linear = if is_srgb { LINEAR[value] } else { value as f32 / 255.0 };
            (linear * 65_535.0 + 0.5) as u32
        });
        let of = |&[r, g, b, a]: &[u8; 4]| {
            let [r, g, b] = [r, g, b].map(|value| table[value as usize]);
            [r | g << 16, b | (u32::from(a) * 257) << 16]
        };
        let (width, height) = (decoded.width(), decoded.height());
        let mut texels = Vec::with_capacity(width * height);
        for row in decoded.texels().chunks_exact(width).rev() {
            texels.extend(row.iter().map(of));
        }
        let mut level = Level { width, height, texels };
        let mut levels = Vec::new();
        loop {
            let next = (level.width > 1 || level.height > 1).then(|| halved(&level));
            if level.width * level.height <= texels_max || next.is_none() {
                levels.push(level);
            }
            match next {
                Some(next) => level = next,
                None => break,
            }
        }
        Self { levels }
    }

    /// The values at the places of a register: red, green, blue in linear light, alpha; 0…1.
    /// What is not finite is read anywhere.
    #[inline(always)]
    pub(crate) fn sample<S: Simd>(&self, simd: S, at: &Sampling<S>) -> [F<S>; 4] {
        let largest = &self.levels[0];
        let (wide, high) = (largest.width as f32, largest.height as f32);
        let mut steps = [0.0; LANES];
        let along = squared([at.by_x[0] * wide, at.by_x[1] * high]);
        let down = squared([at.by_y[0] * wide, at.by_y[1] * high]);
        along.max(down).store(&mut steps, 0);
        let last = self.levels.len() - 1;
        let mut lower = [0; LANES];
        let mut parts = [0.0; LANES];
        let mut mixes = false;
        for lane in 0..S::F32_LANES {
            let level = (log2(steps[lane]) * 0.5).clamp(0.0, last as f32);
            lower[lane] = level as usize;
            // Levels blend over the middle half of the way from one to the next: beyond it what is
            // read twice would hardly differ.
            parts[lane] = ((level - lower[lane] as f32) * 2.0 - 0.5).clamp(0.0, 1.0);
            if parts[lane] == 1.0 {
                (lower[lane], parts[lane]) = (lower[lane] + 1, 0.0);
            }
            mixes |= parts[lane] > 0.0;
        }
        let near = self.bilinear(simd, at, &lower);
        if !mixes {
            return near;
        }
        lower.iter_mut().for_each(|level| *level = (*level + 1).min(last));
        let far = self.bilinear(simd, at, &lower);
        let part = F::load(simd, &parts, 0);
        let mut mixed = near;
        for k in 0..4 {
            mixed[k] = (far[k] - near[k]).fma(part, near[k]);
        }
        mixed
    }

    #[inline(always)]
    fn bilinear<S: Simd>(&self, simd: S, at: &Sampling<S>, levels: &[usize; LANES]) -> [F<S>; 4] {
        let mut wide = [1.0; LANES];
        let mut high = [1.0; LANES];
        for lane in 0..S::F32_LANES {
            let level = &self.levels[levels[lane]];
            (wide[lane], high[lane]) = (level.width as f32, level.height as f32);
        }
        let cells = Cells::new(at, F::load(simd, &wide, 0), F::load(simd, &high, 0));
        let mut corners = [[[0; LANES]; 2]; 4];
        for lane in 0..S::F32_LANES {
            let level = &self.levels[levels[lane]];
            let (x0, x1) = (index(cells.columns[0][lane]), index(cells.columns[1][lane]));
            let y0 = index(cells.rows[0][lane]) * level.width;
            let y1 = index(cells.rows[1][lane]) * level.width;
            for (corner, place) in [y0 + x0, y0 + x1, y1 + x0, y1 + x1].into_iter().enumerate() {
                // Always there for finite coordinates.
                let [low, up] = level.texels.get(place).copied().unwrap_or_default();
                corners[corner][0][lane] = low;
                corners[corner][1][lane] = up;
            }
        }
        let mut sum = [F::all(simd, 0.0); 4];
        for (weight, [low, up]) in cells.weights.iter().zip(&corners) {
            sum[0] = F::of_bits::<0>(simd, low, 0).fma(*weight, sum[0]);
            sum[1] = F::of_bits::<16>(simd, low, 0).fma(*weight, sum[1]);
            sum[2] = F::of_bits::<0>(simd, up, 0).fma(*weight, sum[2]);
            sum[3] = F::of_bits::<16>(simd, up, 0).fma(*weight, sum[3]);
        }
        sum
    }
}

#[inline(always)]
fn squared<S: Simd>([s, t]: [F<S>; 2]) -> F<S> {
    s.fma(s, t * t)
}

/// A number stored as 2²³ plus it.
#[inline(always)]
fn index(value: f32) -> usize {
    (value.to_bits() & 0x7F_FFFF) as usize
}

/// Base-2 logarithm within 0.09, from the bits: exact at powers of two.
#[inline(always)]
fn log2(value: f32) -> f32 {
    // Nothing but positive, normal numbers may reach the bits; NaN counts as the least.
    let value = if value > 1e-30 { value.min(1e30) } else { 1e-30 };
    value.to_bits() as f32 / (1 << 23) as f32 - 127.0
}

impl<S: Simd> Cells<S> {
    #[inline(always)]
    fn new(at: &Sampling<S>, wide: F<S>, high: F<S>) -> Self {
        let (x, along) = cells(at.uv[0], wide, at.wrap[0]);
        let (y, up) = cells(at.uv[1], high, at.wrap[1]);
        let mut made = Self {
            columns: [[0.0; LANES]; 2],
            rows: [[0.0; LANES]; 2],
            weights: [along[0] * up[0], along[1] * up[0], along[0] * up[1], along[1] * up[1]],
        };
        for weight in &mut made.weights {
            *weight = *weight * (1.0 / 65_535.0);
        }
        for k in 0..2 {
            (x[k] + 8_388_608.0).store(&mut made.columns[k], 0);
            (y[k] + 8_388_608.0).store(&mut made.rows[k], 0);
        }
        made
    }
}

/// The two texels around a coordinate and their weights, 0 for those that are black.
#[inline(always)]
fn cells<S: Simd>(coordinate: F<S>, count: F<S>, wrap: Wrap) -> ([F<S>; 2], [F<S>; 2]) {
    let zero = coordinate.like(0.0);
    let last = count - 1.0;
    // Beyond this a number has no fraction left that could be seen; NaN becomes a number.
    let coordinate = coordinate.at_least(-1e6).at_most(1e6);
    let inside = match wrap {
        Wrap::Repeat => coordinate - coordinate.floor(),
        Wrap::Mirror => {
            let twice = coordinate - (coordinate * 0.5).floor() * 2.0;
            twice.min(twice.like(2.0) - twice)
        }
        Wrap::Clamp | Wrap::Black => coordinate.at_least(-1.0).at_most(2.0),
    };
    let place = inside.fma(count, count.like(-0.5));
    let first = place.floor();
    let next = first + 1.0;
    let part = place - first;
    let mut weights = [part.rest(), part];
    if wrap == Wrap::Black {
        for (weight, texel) in weights.iter_mut().zip([first, next]) {
            *weight = texel.less(zero, zero, last.less(texel, zero, *weight));
        }
    }
    let mut both = [first, next];
    for texel in &mut both {
        *texel = match wrap {
            Wrap::Repeat => {
                let up = texel.less(zero, last, *texel);
                last.less(up, zero, up)
            }
            Wrap::Mirror | Wrap::Clamp | Wrap::Black => texel.max(zero).min(last),
        };
    }
    (both, weights)
}

/// Half the size, each texel the mean of those it covers; odd sizes give the last row or column
/// half a weight more.
fn halved(level: &Level) -> Level {
    let (width, height) = (level.width.div_ceil(2), level.height.div_ceil(2));
    let mut texels = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = |y: usize| {
            let start = y.min(level.height - 1) * level.width;
            &level.texels[start..start + level.width]
        };
        let (upper, lower) = (row(2 * y), row(2 * y + 1));
        for x in 0..width {
            let (left, right) = (2 * x, (2 * x + 1).min(level.width - 1));
            let four = [upper[left], upper[right], lower[left], lower[right]];
            texels.push([mean(four.map(|texel| texel[0])), mean(four.map(|texel| texel[1]))]);
        }
    }
    Level { width, height, texels }
}

/// The mean of pairs of 16 bits each.
#[inline]
fn mean(pairs: [u32; 4]) -> u32 {
    let [a, b, c, d] = pairs.map(|pair| pair & 0xFFFF);
    let [e, f, g, h] = pairs.map(|pair| pair >> 16);
    ((a + b + c + d + 2) / 4) | ((e + f + g + h + 2) / 4) << 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    fn four() -> Texels {
        // Top row red, green; bottom row blue, white.
        let texels = vec![[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
        Texels::new(2, 2, texels).unwrap()
    }

    fn two(values: [f32; 2]) -> [F<Scalar>; 2] {
        values.map(|value| F::all(Scalar, value))
    }

    fn at(u: f32, v: f32, wrap: Wrap) -> Sampling<Scalar> {
        let none = two([0.0; 2]);
        Sampling { uv: two([u, v]), by_x: none, by_y: none, wrap: [wrap; 2] }
    }

    fn read(pyramid: &Pyramid, at: &Sampling<Scalar>) -> [f32; 4] {
        pyramid.sample(Scalar, at).map(|value| {
            let mut array = [0.0; LANES];
            value.store(&mut array, 0);
            array[0]
        })
    }

    /// A few roundings apart.
    fn near(found: [f32; 4], expected: [f32; 4]) {
        assert!((0..4).all(|k| (found[k] - expected[k]).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn the_origin_is_the_lower_left() {
        let pyramid = Pyramid::new(&four(), false, usize::MAX);
        near(read(&pyramid, &at(0.25, 0.25, Wrap::Repeat)), [0.0, 0.0, 1.0, 1.0]);
        near(read(&pyramid, &at(0.25, 0.75, Wrap::Repeat)), [1.0, 0.0, 0.0, 1.0]);
        near(read(&pyramid, &at(0.75, 0.25, Wrap::Repeat)), [1.0; 4]);
    }

    #[test]
    fn each_wrap_reads_what_lies_beyond_the_edge() {
        let pyramid = Pyramid::new(&four(), false, usize::MAX);
        let cases = [
            ("the picture again", Wrap::Repeat, [1.25, 0.25], [0.0, 0.0, 1.0, 1.0]),
            ("mirrored", Wrap::Mirror, [1.25, 0.25], [1.0; 4]),
            ("mirrored on the other side", Wrap::Mirror, [-0.25, 0.25], [0.0, 0.0, 1.0, 1.0]),
            ("the edge's pixel", Wrap::Clamp, [9.0, -3.0], [1.0; 4]),
            ("nothing", Wrap::Black, [1.5, 0.25], [0.0; 4]),
            ("far away", Wrap::Repeat, [3e30, 0.25], [0.5, 0.5, 1.0, 1.0]),
        ];
        for (because, wrap, [u, v], expected) in cases {
            let found = read(&pyramid, &at(u, v, wrap));
            for k in 0..4 {
                assert!((found[k] - expected[k]).abs() < 1e-6, "{because}: {found:?}");
            }
        }
    }

    #[test]
    fn a_wide_reading_is_the_mean_in_linear_light() {
        let pyramid = Pyramid::new(&four(), true, usize::MAX);
        let wide = Sampling { by_x: two([8.0, 0.0]), ..at(0.5, 0.5, Wrap::Repeat) };
        let found = read(&pyramid, &wide);
        // Half of the texels have each colour; 8-bit sRGB at 0.5 is within 0.002 of linear light.
        for k in 0..3 {
            assert!((found[k] - 0.5).abs() < 0.004, "{found:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_read_without_harm() {
        let pyramid = Pyramid::new(&four(), false, usize::MAX);
        for wrap in [Wrap::Repeat, Wrap::Mirror, Wrap::Clamp, Wrap::Black] {
            for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
                let found = read(&pyramid, &at(odd, 0.25, wrap));
                assert!(found.iter().all(|v| (0.0..=1.0).contains(v)), "{odd} {wrap:?} {found:?}");
            }
        }
    }

    #[test]
    fn each_8_bit_value_returns_from_linear_light() {
        let encode = encoder();
        for value in 0..=255_u8 {
            assert_eq!(encode(LINEAR[value as usize]), value);
        }
        assert_eq!((encode(f32::NAN), encode(-1.0), encode(9.0)), (0, 0, 255));
    }
}
