//! Several numbers at once, by the widest instructions of the processor at hand.
//!
//! Everything that is used inside of [`pulp::WithSimd`] must be inlined into it: only there are the
//! instructions known.

use std::ops::{Add, Div, Mul, Sub};

use pulp::Simd;

/// Numbers that arrays of lanes hold: a multiple of what any processor takes at once.
pub(crate) const LANES: usize = 8;

/// One number a lane.
pub(crate) type Array = [f32; LANES];

/// Numbers in a register.
#[derive(Clone, Copy)]
pub(crate) struct F<S: Simd> {
    simd: S,
    value: S::f32s,
}

/// Three of them: a direction or a colour.
pub(crate) type F3<S> = [F<S>; 3];

impl<S: Simd> F<S> {
    #[inline(always)]
    pub(crate) fn all(simd: S, value: f32) -> Self {
        Self { simd, value: simd.splat_f32s(value) }
    }

    #[inline(always)]
    pub(crate) fn all3(simd: S, [x, y, z]: [f32; 3]) -> F3<S> {
        [Self::all(simd, x), Self::all(simd, y), Self::all(simd, z)]
    }

    /// The `part`-th register full of an array.
    #[inline(always)]
    pub(crate) fn load(simd: S, array: &Array, part: usize) -> Self {
        Self { simd, value: S::as_simd_f32s(array).0[part] }
    }

    #[inline(always)]
    pub(crate) fn store(self, array: &mut Array, part: usize) {
        S::as_mut_simd_f32s(array).0[part] = self.value;
    }

    /// The 16 bits from `shift` on of each word, as numbers.
    #[inline(always)]
    pub(crate) fn of_bits<const SHIFT: u32>(simd: S, words: &[u32; LANES], part: usize) -> Self {
        let words = S::as_simd_u32s(words).0[part];
        let words = match SHIFT {
            0 => simd.and_u32s(words, simd.splat_u32s(0xFFFF)),
            _ => simd.wrapping_dyn_shr_u32s(words, simd.splat_u32s(SHIFT)),
        };
        // The bits of 2²³ + n are those of 2²³ with n in the last places.
        let above = simd.or_u32s(words, simd.splat_u32s(0x4B00_0000));
        Self { simd, value: simd.transmute_f32s_u32s(above) } - 8_388_608.0
    }

    #[inline(always)]
    fn with(self, value: S::f32s) -> Self {
        Self { simd: self.simd, value }
    }

    #[inline(always)]
    pub(crate) fn like(self, value: f32) -> Self {
        Self::all(self.simd, value)
    }

    /// `self · by + plus`, rounded once where that is faster.
    #[inline(always)]
    pub(crate) fn fma(self, by: Self, plus: Self) -> Self {
        self.with(self.simd.mul_add_e_f32s(self.value, by.value, plus.value))
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        self.with(self.simd.sqrt_f32s(self.value))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.with(self.simd.max_f32s(self.value, other.value))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        self.with(self.simd.min_f32s(self.value, other.value))
    }

    #[inline(always)]
    pub(crate) fn at_least(self, least: f32) -> Self {
        self.max(self.like(least))
    }

    #[inline(always)]
    pub(crate) fn at_most(self, most: f32) -> Self {
        self.min(self.like(most))
    }

    /// 0…1.
    #[inline(always)]
    pub(crate) fn unit(self) -> Self {
        self.at_least(0.0).at_most(1.0)
    }

    /// `1 − self`.
    #[inline(always)]
    pub(crate) fn rest(self) -> Self {
        self.like(1.0) - self
    }

    /// `1 / self`.
    #[inline(always)]
    pub(crate) fn inverse(self) -> Self {
        self.like(1.0) / self
    }

    /// `yes` where it is less than `other`, else `no`.
    #[inline(always)]
    pub(crate) fn less(self, other: Self, yes: Self, no: Self) -> Self {
        let simd = self.simd;
        let mask = simd.less_than_f32s(self.value, other.value);
        self.with(simd.select_f32s(mask, yes.value, no.value))
    }

    /// The greatest whole number not above a value within ±2²².
    #[inline(always)]
    pub(crate) fn floor(self) -> Self {
        // Beside 1.5 · 2²³ there is no place for a fraction.
        let whole = (self + 12_582_912.0) - 12_582_912.0;
        self.less(whole, whole - 1.0, whole)
    }
}

#[inline(always)]
pub(crate) fn dot<S: Simd>(a: F3<S>, b: F3<S>) -> F<S> {
    a[0].fma(b[0], a[1].fma(b[1], a[2] * b[2]))
}

/// Length 1; what has none stays near zero.
#[inline(always)]
pub(crate) fn normalised<S: Simd>(v: F3<S>) -> F3<S> {
    let by = dot(v, v).at_least(1e-30).sqrt().inverse();
    [v[0] * by, v[1] * by, v[2] * by]
}

macro_rules! operator {
    ($name:ident, $function:ident, $simd:ident) => {
        impl<S: Simd> $name for F<S> {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                self.with(self.simd.$simd(self.value, other.value))
            }
        }
        impl<S: Simd> $name<f32> for F<S> {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: f32) -> Self {
                self.with(self.simd.$simd(self.value, self.simd.splat_f32s(other)))
            }
        }
    };
}

operator!(Add, add, add_f32s);
operator!(Sub, sub, sub_f32s);
operator!(Mul, mul, mul_f32s);
operator!(Div, div, div_f32s);

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    /// Runs on every part of an array.
    struct Floored<'a>(&'a mut Array);

    impl WithSimd for Floored<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for part in 0..LANES / S::F32_LANES {
                F::load(simd, self.0, part).floor().store(self.0, part);
            }
        }
    }

    #[test]
    fn floors_are_those_of_the_standard_library() {
        let numbers = [-4.0e6, -1.5, -1.0, -0.25, 0.0, 0.75, 2.0, 4_000_000.5];
        let mut found = numbers;
        Arch::new().dispatch(Floored(&mut found));
        assert_eq!(found, numbers.map(f32::floor));
        let mut scalar = numbers;
        Floored(&mut scalar).with_simd(pulp::Scalar);
        assert_eq!(scalar, found);
    }
}
