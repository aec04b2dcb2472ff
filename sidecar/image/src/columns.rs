//! The first pass: rows become as wide as wanted.
//!
//! With AVX2 four rows go side by side, and four of their pixels at a time: bytes are laid out so that
//! one instruction multiplies and adds two pixels of a colour. `resize::tests` holds both ways
//! against each other, and against Pillow.

use std::ops::Range;

use crate::Rgb;
use crate::canvas::Canvas;
use crate::filter::{HALF, Weights, to_byte};

/// Every row of `rows`, as wide as `weights` has windows.
pub(crate) fn weigh(picture: &Rgb, rows: Range<usize>, weights: &Weights) -> Canvas {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return wide::weigh(simd, picture, rows, weights);
    }
    weigh_plainly(picture, rows, weights)
}

/// As [`weigh`], for every processor.
pub(crate) fn weigh_plainly(picture: &Rgb, rows: Range<usize>, weights: &Weights) -> Canvas {
    let mut canvas = Canvas::new(weights.windows.len(), rows.len());
    for (y, out) in rows.zip(canvas.rows_mut()) {
        let pixels = picture.row(y).as_chunks::<3>().0;
        for (window, out) in weights.windows.iter().zip(out) {
            let mut sums = [HALF; 3];
            let pixels = &pixels[window.first..window.first + window.count];
            for (pixel, &weight) in pixels.iter().zip(weights.of(window)) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(value) * weight;
                }
            }
            let [red, green, blue] = sums.map(to_byte);
            *out = [red, green, blue, 0];
        }
    }
    canvas
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{__m128i, __m256i};

    use pulp::NullaryFnOnce;
    use pulp::bytemuck::cast;
    use pulp::x86::V3;

    use super::{Canvas, Range, Rgb, Weights};
    use crate::wide::{add, halves, whole};

    /// Bytes that a load may reach beyond the last weighted pixel: three pixels that count nothing,
    /// and what is left of 16 bytes.
    const SLACK: usize = 32;
    /// Rows that go side by side.
    const ROWS: usize = 4;

    /// Weights of four neighbouring pixels: upper halves of 0 and 1, of 2 and 3, lower ones likewise.
    type Quad = [i32; 4];

    pub(super) fn weigh(simd: V3, picture: &Rgb, rows: Range<usize>, weights: &Weights) -> Canvas {
        simd.vectorize(Pass { simd, picture, rows, weights })
    }

    struct Pass<'a> {
        simd: V3,
        picture: &'a Rgb,
        rows: Range<usize>,
        weights: &'a Weights,
    }

    impl NullaryFnOnce for Pass<'_> {
        type Output = Canvas;

        #[inline(always)]
        fn call(self) -> Canvas {
            let Self { simd, picture, rows, weights } = self;
            let (quads, counts) = quads(weights);
            let stride = picture.width() * 3;
            let mut canvas = Canvas::new(weights.windows.len(), rows.len());
            let mut spare = Vec::new();
            let (out, step) = canvas.pixels_mut();
            for (top, out) in (rows.start..).step_by(ROWS).zip(out.chunks_mut(step * ROWS)) {
                let from = &picture.pixels()[top * stride..];
                // The last rows have nothing behind them to load by mistake.
                let from = if from.len() >= ROWS * stride + SLACK {
                    from
                } else {
                    spare.clear();
                    spare.extend_from_slice(from);
                    spare.resize(ROWS * stride + SLACK, 0);
                    &spare[..]
                };
                let (mut lanes, reach) = ([&from[..0]; ROWS], stride + SLACK);
                for (row, lane) in lanes.iter_mut().enumerate() {
                    *lane = &from[row * stride..][..reach];
                }
                let mut quads = &quads[..];
                for (x, (window, &count)) in weights.windows.iter().zip(&counts).enumerate() {
                    let (own, others) = quads.split_at(count);
                    quads = others;
                    let pixels = one(simd, lanes, window.first * 3, own);
                    for (out, pixel) in out[x..].iter_mut().step_by(step).zip(pixels) {
                        *out = pixel;
                    }
                }
            }
            canvas
        }
    }

    /// One pixel of each of four rows.
    #[inline(always)]
    fn one(simd: V3, rows: [&[u8]; ROWS], first: usize, quads: &[Quad]) -> [[u8; 4]; ROWS] {
        const OUT: i8 = -1;
        // Bytes r g b r g b … to 16-bit r0 r1 g0 g1 b0 b1: pixels 0 and 1, then 2 and 3.
        const NEAR: [i8; 16] = [0, OUT, 3, OUT, 1, OUT, 4, OUT, 2, OUT, 5, OUT, OUT, OUT, OUT, OUT];
        const FAR: [i8; 16] =
            [6, OUT, 9, OUT, 7, OUT, 10, OUT, 8, OUT, 11, OUT, OUT, OUT, OUT, OUT];
        let (avx, avx2) = (simd.avx, simd.avx2);
        let near: __m256i = cast([NEAR, NEAR]);
        let far: __m256i = cast([FAR, FAR]);
        let zero = avx._mm256_setzero_si256();
        let mut high = [zero; 2];
        let mut low = [zero; 2];
        let end = first + quads.len() * 12 + 4;
        let rows = [
            &rows[0][first..end],
            &rows[1][first..end],
            &rows[2][first..end],
            &rows[3][first..end],
        ];
        for (at, quad) in quads.iter().enumerate() {
            let high_near = avx._mm256_set1_epi32(quad[0]);
            let high_far = avx._mm256_set1_epi32(quad[1]);
            let low_near = avx._mm256_set1_epi32(quad[2]);
            let low_far = avx._mm256_set1_epi32(quad[3]);
            for pair in 0..2 {
                let lower = load(rows[pair * 2], at * 12);
                let both = avx._mm256_set_m128i(load(rows[pair * 2 + 1], at * 12), lower);
                let front = avx2._mm256_shuffle_epi8(both, near);
                let back = avx2._mm256_shuffle_epi8(both, far);
                high[pair] = add(simd, high[pair], front, high_near);
                high[pair] = add(simd, high[pair], back, high_far);
                low[pair] = add(simd, low[pair], front, low_near);
                low[pair] = add(simd, low[pair], back, low_far);
            }
        }
        // Saturating packs clamp to a byte.
        let first = whole(simd, high[0], low[0]);
        let words = avx2._mm256_packs_epi32(first, whole(simd, high[1], low[1]));
        let bytes: [[u8; 4]; 8] = cast(avx2._mm256_packus_epi16(words, words));
        [bytes[0], bytes[4], bytes[1], bytes[5]]
    }

    /// 16 bytes from `at`.
    #[inline(always)]
    fn load(row: &[u8], at: usize) -> __m128i {
        match row[at..].first_chunk::<16>() {
            Some(bytes) => cast(*bytes),
            None => cast([0_u8; 16]), // Never: rows have slack behind them.
        }
    }

    /// All weights in order, windows filled up to whole quads, and how many quads each window has.
    fn quads(weights: &Weights) -> (Vec<Quad>, Vec<usize>) {
        let mut quads = Vec::with_capacity(weights.values.len() / 4 + weights.windows.len());
        let mut counts = Vec::with_capacity(weights.windows.len());
        for window in &weights.windows {
            let before = quads.len();
            for four in weights.of(window).chunks(4) {
                let of = |at: usize| four.get(at).copied().unwrap_or_default();
                let ([high_near, low_near], [high_far, low_far]) =
                    (halves(of(0), of(1)), halves(of(2), of(3)));
                quads.push([high_near, high_far, low_near, low_far]);
            }
            counts.push(quads.len() - before);
        }
        (quads, counts)
    }
}
