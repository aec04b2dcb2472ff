//! Dot products of one query with many rows.
//!
//! The crate pulp chooses AVX2 with FMA, SSE or plain code when the program runs, so that one
//! binary is fast everywhere and this file stays safe. Left to the compiler alone, a binary for
//! every x86-64 would use the four-wide SSE2 and no FMA.

use pulp::{Arch, Simd, WithSimd};

/// Vectors summed side by side: enough to hide the latency of a fused multiply-add.
const LANES: usize = 4;

/// Writes the dot product of `query` with each row of `rows` into `scores`.
///
/// * `rows`: `[scores.len(), query.len()]`.
///
/// # Panics
///
/// When the lengths do not agree.
pub fn score(arch: Arch, rows: &[f32], query: &[f32], scores: &mut [f32]) {
    assert_eq!(rows.len(), query.len() * scores.len(), "rows are [scores, dims]");
    if !query.is_empty() {
        arch.dispatch(Score { rows, query, scores });
    }
}

struct Score<'a> {
    rows: &'a [f32],
    query: &'a [f32],
    scores: &'a mut [f32],
}

impl WithSimd for Score<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (query, query_rest) = S::as_simd_f32s(self.query);
        for (row, score) in self.rows.chunks_exact(self.query.len()).zip(self.scores) {
            let (row, row_rest) = S::as_simd_f32s(row);
            let mut sums = [simd.splat_f32s(0.0); LANES];
            let (rows4, rows1) = row.as_chunks::<LANES>();
            let (query4, query1) = query.as_chunks::<LANES>();
            for (r, q) in rows4.iter().zip(query4) {
                for lane in 0..LANES {
                    sums[lane] = simd.mul_add_e_f32s(r[lane], q[lane], sums[lane]);
                }
            }
            for (r, q) in rows1.iter().zip(query1) {
                sums[0] = simd.mul_add_e_f32s(*r, *q, sums[0]);
            }
            let sum =
                simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
            let rest: f32 = row_rest.iter().zip(query_rest).map(|(r, q)| r * q).sum();
            *score = simd.reduce_sum_f32s(sum) + rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_gives_the_sum_of_products() {
        for dims in [1, 3, 4, 7, 8, 15, 31, 32, 33, 63, 64, 127, 384, 385] {
            let query: Vec<f32> = (0..dims).map(|i| (i as f32 * 0.7).sin()).collect();
            let rows: Vec<f32> = (0..3 * dims).map(|i| (i as f32 * 0.3).cos()).collect();
            let mut scores = [0.0; 3];
            score(Arch::new(), &rows, &query, &mut scores);
            for (row, score) in rows.chunks_exact(dims).zip(scores) {
                let exact: f64 =
                    row.iter().zip(&query).map(|(r, q)| f64::from(*r) * f64::from(*q)).sum();
                assert!((f64::from(score) - exact).abs() < 1e-4, "{dims}: {score} {exact}");
            }
        }
    }
}
