//! The second pass: a canvas becomes as high as wanted.
//!
//! With AVX2 eight pixels of two rows at a time, weights in two halves as in [`crate::columns`].

use crate::canvas::Canvas;
use crate::filter::{HALF, Weights, to_byte};

/// As many rows as `weights` has windows.
///
/// * `top`: the row, as `weights` count, that is the first of `narrow`.
pub(crate) fn weigh(narrow: &Canvas, top: usize, weights: &Weights) -> Canvas {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return wide::weigh(simd, narrow, top, weights);
    }
    weigh_plainly(narrow, top, weights)
}

/// As [`weigh`], for every processor.
pub(crate) fn weigh_plainly(narrow: &Canvas, top: usize, weights: &Weights) -> Canvas {
    let mut canvas = Canvas::new(narrow.width(), weights.windows.len());
    let mut sums = vec![HALF; narrow.stride_bytes()];
    for (window, out) in weights.windows.iter().zip(canvas.rows_mut()) {
        sums.fill(HALF);
        let rows = narrow.bytes_from(window.first - top).chunks_exact(sums.len());
        for (row, &weight) in rows.zip(weights.of(window)) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        for (out, &sum) in out.as_flattened_mut().iter_mut().zip(&sums) {
            *out = to_byte(sum);
        }
    }
    canvas
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::__m256i;

    use pulp::NullaryFnOnce;
    use pulp::bytemuck::cast;
    use pulp::x86::V3;

    use super::{Canvas, Weights};
    use crate::wide::{add, halves, whole};

    /// Bytes of a row that are summed side by side.
    const LANES: usize = 32;

    pub(super) fn weigh(simd: V3, narrow: &Canvas, top: usize, weights: &Weights) -> Canvas {
        simd.vectorize(Pass { simd, narrow, top, weights })
    }

    struct Pass<'a> {
        simd: V3,
        narrow: &'a Canvas,
        top: usize,
        weights: &'a Weights,
    }

    impl NullaryFnOnce for Pass<'_> {
        type Output = Canvas;

        #[inline(always)]
        fn call(self) -> Canvas {
            let Self { simd, narrow, top, weights } = self;
            let mut canvas = Canvas::new(narrow.width(), weights.windows.len());
            let stride = narrow.stride_bytes();
            let mut pairs = Vec::new();
            for (window, out) in weights.windows.iter().zip(canvas.rows_mut()) {
                pairs.clear();
                for two in weights.of(window).chunks(2) {
                    pairs.push(halves(two[0], if two.len() == 2 { two[1] } else { 0 }));
                }
                let rows = &narrow.bytes_from(window.first - top)[..window.count * stride];
                let blocks = out.as_flattened_mut().as_chunks_mut::<LANES>().0;
                for (at, out) in blocks.iter_mut().enumerate() {
                    *out = block(simd, rows, stride, at * LANES, &pairs);
                }
            }
            canvas
        }
    }

    #[inline(always)]
    fn block(simd: V3, rows: &[u8], stride: usize, at: usize, pairs: &[[i32; 2]]) -> [u8; LANES] {
        let (avx, avx2) = (simd.avx, simd.avx2);
        let zero = avx._mm256_setzero_si256();
        let mut high = [zero; 4];
        let mut low = [zero; 4];
        let mut rows = rows.chunks_exact(stride);
        for pair in pairs {
            let Some(upper) = rows.next() else { break };
            let upper = load(upper, at);
            // A row without a partner is its own, with a weight of 0.
            let lower = match rows.next() {
                Some(row) => load(row, at),
                None => upper,
            };
            let near = avx2._mm256_unpacklo_epi8(upper, lower);
            let far = avx2._mm256_unpackhi_epi8(upper, lower);
            let values = [
                avx2._mm256_unpacklo_epi8(near, zero),
                avx2._mm256_unpackhi_epi8(near, zero),
                avx2._mm256_unpacklo_epi8(far, zero),
                avx2._mm256_unpackhi_epi8(far, zero),
            ];
            let high_weights = avx._mm256_set1_epi32(pair[0]);
            let low_weights = avx._mm256_set1_epi32(pair[1]);
            for lane in 0..4 {
                high[lane] = add(simd, high[lane], values[lane], high_weights);
                low[lane] = add(simd, low[lane], values[lane], low_weights);
            }
        }
        // Saturating packs clamp to a byte, and undo the order of unpacking.
        let front =
            avx2._mm256_packs_epi32(whole(simd, high[0], low[0]), whole(simd, high[1], low[1]));
        let back =
            avx2._mm256_packs_epi32(whole(simd, high[2], low[2]), whole(simd, high[3], low[3]));
        cast(avx2._mm256_packus_epi16(front, back))
    }

    #[inline(always)]
    fn load(row: &[u8], at: usize) -> __m256i {
        match row[at..].first_chunk::<LANES>() {
            Some(bytes) => cast(*bytes),
            None => cast([0_u8; LANES]), // Never: strides are whole blocks.
        }
    }
}
