//! What both passes share where there is AVX2: weights in two halves.
//!
//! `vpmaddwd` multiplies 16 bits by 16 and adds neighbours. A pixel has 8 bits, a weight up to 24: it
//! travels as an upper half with its sign and a lower one without, whose sums are put together in the
//! end. All of it is integers, so the order of sums changes nothing.

use std::arch::x86_64::__m256i;

use pulp::x86::V3;

use crate::filter::{HALF, WEIGHT_BITS};

/// Bits of the lower half: the upper one then fits 16 bits with its sign.
const LOW_BITS: i32 = 11;

/// The upper halves of two weights in one number, and their lower halves in another.
#[inline(always)]
pub(crate) fn halves(first: i32, second: i32) -> [i32; 2] {
    const LOW: i32 = (1 << LOW_BITS) - 1;
    let high = ((first >> LOW_BITS) & 0xFFFF) | ((second >> LOW_BITS) << 16);
    [high, (first & LOW) | ((second & LOW) << 16)]
}

/// `sum` and two products a lane.
#[inline(always)]
pub(crate) fn add(simd: V3, sum: __m256i, values: __m256i, weights: __m256i) -> __m256i {
    simd.avx2._mm256_add_epi32(sum, simd.avx2._mm256_madd_epi16(values, weights))
}

/// The two halves of sums together, rounded to whole numbers.
#[inline(always)]
pub(crate) fn whole(simd: V3, high: __m256i, low: __m256i) -> __m256i {
    let avx2 = simd.avx2;
    let sum = avx2._mm256_add_epi32(avx2._mm256_slli_epi32::<LOW_BITS>(high), low);
    let sum = avx2._mm256_add_epi32(sum, simd.avx._mm256_set1_epi32(HALF));
    avx2._mm256_srai_epi32::<{ WEIGHT_BITS as i32 }>(sum)
}
