//! A picture in halving sizes, read trilinearly.
//!
//! Williams 1983, Pyramidal Parametrics. Texels are kept in linear light at 16 bits, so that reading
//! needs no table and averages are of light.

use std::sync::LazyLock;

use vitrine_scene::Wrap;
use wide::f32x4;

use crate::decode::Decoded;

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
static ENCODED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=ENCODE_STEPS)
        .map(|step| {
            let linear = step as f64 / ENCODE_STEPS as f64;
            let value = if linear <= 0.003_130_8 {
                linear * 12.92
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            (value * 255.0).round() as u8
        })
        .collect()
});

/// The tables, so that loops look them up once.
pub(crate) fn encoder() -> impl Fn(f32) -> u8 {
    let table: &'static [u8] = &ENCODED;
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
struct Level {
    width: usize,
    height: usize,
    texels: Vec<[u16; 4]>,
}

/// A picture in halving sizes.
#[derive(Clone, Debug)]
pub(crate) struct Pyramid {
    levels: Vec<Level>,
}

/// Where and how wide to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    pub(crate) uv: [f32; 2],
    pub(crate) by_x: [f32; 2],
    pub(crate) by_y: [f32; 2],
    pub(crate) wrap: [Wrap; 2],
}

impl Pyramid {
    /// Builds the levels of a picture; those with more than `texels_max` texels are left out.
    pub(crate) fn new(decoded: &Decoded, is_srgb: bool, texels_max: usize) -> Self {
        let table: [u16; 256] = std::array::from_fn(|value| {
            let linear = if is_srgb { LINEAR[value] } else { value as f32 / 255.0 };
            (linear * 65_535.0 + 0.5) as u16
        });
        let of = |[r, g, b, a]: [u8; 4]| {
            let [r, g, b] = [r, g, b].map(|value| table[value as usize]);
            [r, g, b, u16::from(a) * 257]
        };
        let texels = decoded.texels.iter().map(|texel| of(*texel)).collect();
        let mut level = Level { width: decoded.width, height: decoded.height, texels };
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

    /// The value at a place: red, green, blue in linear light, alpha; 0…1.
    pub(crate) fn sample(&self, at: &Sampling) -> [f32; 4] {
        if !(at.uv[0].is_finite() && at.uv[1].is_finite()) {
            return [0.0; 4];
        }
        let largest = &self.levels[0];
        let (wide, high) = (largest.width as f32, largest.height as f32);
        let step = |[s, t]: [f32; 2]| (s * wide) * (s * wide) + (t * high) * (t * high);
        let level = (log2(step(at.by_x).max(step(at.by_y))) * 0.5)
            .clamp(0.0, (self.levels.len() - 1) as f32);
        let lower = level as usize;
        let part = level - lower as f32;
        let near = self.levels[lower].bilinear(at);
        // A step of 1/32 of a level is not seen.
        let mixed = if part < 1.0 / 32.0 || lower + 1 >= self.levels.len() {
            near
        } else {
            near + (self.levels[lower + 1].bilinear(at) - near) * f32x4::splat(part)
        };
        (mixed * f32x4::splat(1.0 / 65_535.0)).to_array()
    }
}

/// Base-2 logarithm within 0.09, from the bits: exact at powers of two.
fn log2(value: f32) -> f32 {
    // Nothing but positive, normal numbers may reach the bits; NaN counts as the least.
    let value = if value > 1e-30 { value.min(1e30) } else { 1e-30 };
    value.to_bits() as f32 / (1 << 23) as f32 - 127.0
}

impl Level {
    /// 0…65535.
    #[inline]
    fn bilinear(&self, at: &Sampling) -> f32x4 {
        let [u, v] = at.uv;
        let (x, along) = texels(u, self.width, at.wrap[0]);
        let (y, up) = texels(v, self.height, at.wrap[1]);
        let row = |y: usize| {
            // Rows come from the top, coordinates from the bottom.
            let start = (self.height - 1 - y) * self.width;
            let texel = |x: usize| f32x4::new(self.texels[start + x].map(f32::from));
            texel(x[0]) * f32x4::splat(along[0]) + texel(x[1]) * f32x4::splat(along[1])
        };
        row(y[0]) * f32x4::splat(up[0]) + row(y[1]) * f32x4::splat(up[1])
    }
}

/// The greatest whole number not above a finite value; beyond 2³¹ the nearest `i32`.
fn floor(value: f32) -> f32 {
    // Not `f32::floor`: without SSE 4.1 that is a call.
    let whole = value as i32 as f32;
    if whole > value { whole - 1.0 } else { whole }
}

/// The two texels around a coordinate and their weights, 0 for those that are black. The coordinate
/// must be finite.
#[inline]
fn texels(coordinate: f32, count: usize, wrap: Wrap) -> ([usize; 2], [f32; 2]) {
    // Beyond this a number has no fraction left that could be seen.
    let coordinate = coordinate.clamp(-1e6, 1e6);
    let inside = match wrap {
        Wrap::Repeat => coordinate - floor(coordinate),
        Wrap::Mirror => {
            let twice = coordinate - 2.0 * floor(coordinate / 2.0);
            if twice > 1.0 { 2.0 - twice } else { twice }
        }
        Wrap::Clamp | Wrap::Black => coordinate.clamp(-1.0, 2.0),
    };
    let place = inside * count as f32 - 0.5;
    let first = floor(place);
    let part = place - first;
    let (first, last) = (first as i32, count as i32 - 1);
    let mut weights = [1.0 - part, part];
    let found = [first, first + 1];
    if wrap == Wrap::Black {
        for (weight, texel) in weights.iter_mut().zip(found) {
            if texel < 0 || texel > last {
                *weight = 0.0;
            }
        }
    }
    let found = found.map(|texel| match wrap {
        Wrap::Repeat if texel < 0 => last as usize,
        Wrap::Repeat if texel > last => 0,
        Wrap::Repeat | Wrap::Mirror | Wrap::Clamp | Wrap::Black => texel.clamp(0, last) as usize,
    });
    (found, weights)
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
            texels.push(std::array::from_fn(|k| {
                ((four.iter().map(|texel| u32::from(texel[k])).sum::<u32>() + 2) / 4) as u16
            }));
        }
    }
    Level { width, height, texels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four() -> Decoded {
        // Top row red, green; bottom row blue, white.
        let texels = vec![[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
        Decoded { width: 2, height: 2, texels }
    }

    fn at(u: f32, v: f32, wrap: Wrap) -> Sampling {
        Sampling { uv: [u, v], by_x: [0.0; 2], by_y: [0.0; 2], wrap: [wrap; 2] }
    }

    #[test]
    fn the_origin_is_the_lower_left() {
        let pyramid = Pyramid::new(&four(), false, usize::MAX);
        assert_eq!(pyramid.sample(&at(0.25, 0.25, Wrap::Repeat)), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(pyramid.sample(&at(0.25, 0.75, Wrap::Repeat)), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(pyramid.sample(&at(0.75, 0.25, Wrap::Repeat)), [1.0; 4]);
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
            let found = pyramid.sample(&at(u, v, wrap));
            for k in 0..4 {
                assert!((found[k] - expected[k]).abs() < 1e-6, "{because}: {found:?}");
            }
        }
    }

    #[test]
    fn a_wide_reading_is_the_mean_in_linear_light() {
        let pyramid = Pyramid::new(&four(), true, usize::MAX);
        let wide = Sampling { by_x: [8.0, 0.0], ..at(0.5, 0.5, Wrap::Repeat) };
        let found = pyramid.sample(&wide);
        // Half of the texels have each colour; 8-bit sRGB at 0.5 is within 0.002 of linear light.
        for k in 0..3 {
            assert!((found[k] - 0.5).abs() < 0.004, "{found:?}");
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
