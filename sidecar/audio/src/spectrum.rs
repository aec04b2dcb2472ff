//! Power spectra to the features of each frame.
//!
//! The loops are written over fixed groups of numbers and dispatched by pulp, so that the
//! compiler makes the widest instructions of the processor of them.

use pulp::{Arch, NullaryFnOnce};

use crate::banks::{BIN_HZ, BINS, Band, CHROMAS, MELS, STRIDE, mel_bands};
use crate::stft::Block;
use crate::tuning::Peaks;

/// Bands of spectral contrast: one below 200 Hz, and six octaves from there.
pub(crate) const CONTRASTS: usize = 7;

/// The lowest band of contrast ends here, in Hz.
const CONTRAST_FROM_HZ: f64 = 200.0;

/// Share of a band's bins that make its peak, and its valley.
const CONTRAST_SHARE: f64 = 0.02;

/// More bins than that share is of the widest band.
const EXTREMES_MAX: usize = 16;

/// Share of the magnitude that lies at or below the rolloff.
const ROLLOFF_SHARE: f64 = 0.85;

/// Nothing counts as less power than this in the flatness.
const POWER_MIN: f32 = 1e-10;

/// The bins of a band of contrast.
#[derive(Clone, Copy)]
struct ContrastBand {
    first: usize,
    end: usize,
    extremes: usize,
}

fn contrast_bands() -> [ContrastBand; CONTRASTS] {
    std::array::from_fn(|band| {
        let edge_hz = |octave: usize| CONTRAST_FROM_HZ * 2.0_f64.powi(octave as i32);
        let low_hz = if band == 0 { 0.0 } else { edge_hz(band - 1) };
        let inside = |bin: &usize| {
            let hz = *bin as f64 * BIN_HZ;
            low_hz <= hz && hz <= edge_hz(band)
        };
        let lowest = (0..BINS).find(inside).unwrap_or(0);
        let highest = (0..BINS).rfind(inside).unwrap_or(0);
        // librosa's bands begin a bin early and end a bin early; the last ends at the top.
        let first = if band == 0 { lowest } else { lowest - 1 };
        let is_top = band == CONTRASTS - 1;
        let counted = if is_top { BINS } else { highest + 1 };
        let extremes = (CONTRAST_SHARE * (counted - first) as f64).round_ties_even() as usize;
        let end = if is_top { BINS } else { highest };
        ContrastBand { first, end, extremes: extremes.clamp(1, EXTREMES_MAX) }
    })
}

/// Features of the spectra of a sound; arrays `[rows, frames]`, row by row.
pub(crate) struct Features {
    arch: Arch,
    frames: usize,
    mel_bands: Vec<Band>,
    contrast_bands: [ContrastBand; CONTRASTS],
    bins: Vec<f32>,
    /// `[128, frames]`.
    pub mel_power: Vec<f32>,
    /// `[frames]`, in Hz.
    pub centroid_hz: Vec<f32>,
    /// `[frames]`, in Hz.
    pub bandwidth_hz: Vec<f32>,
    /// `[frames]`, in Hz.
    pub rolloff_hz: Vec<f32>,
    /// `[frames]`, 0 to 1.
    pub flatness: Vec<f32>,
    /// `[7, frames]`, mean magnitude of the highest bins.
    pub contrast_peaks: Vec<f32>,
    /// `[7, frames]`, mean magnitude of the lowest bins.
    pub contrast_valleys: Vec<f32>,
    /// Peaks of the magnitudes.
    pub magnitude_peaks: Peaks,
    /// Peaks of the powers.
    pub power_peaks: Peaks,
}

impl Features {
    pub(crate) fn new(arch: Arch, frames: usize) -> Self {
        Self {
            arch,
            frames,
            mel_bands: mel_bands(),
            contrast_bands: contrast_bands(),
            bins: (0..STRIDE).map(|bin| bin as f32).collect(),
            mel_power: vec![0.0; MELS * frames],
            centroid_hz: vec![0.0; frames],
            bandwidth_hz: vec![0.0; frames],
            rolloff_hz: vec![0.0; frames],
            flatness: vec![0.0; frames],
            contrast_peaks: vec![0.0; CONTRASTS * frames],
            contrast_valleys: vec![0.0; CONTRASTS * frames],
            magnitude_peaks: Peaks::default(),
            power_peaks: Peaks::default(),
        }
    }

    /// Adds the frames of a block.
    pub(crate) fn add(&mut self, block: &Block) {
        struct Add<'a>(&'a mut Features, &'a Block);

        impl NullaryFnOnce for Add<'_> {
            type Output = ();

            #[inline(always)]
            fn call(self) {
                let Self(features, block) = self;
                features.add_mels(block);
                let mut magnitude = [0.0_f32; STRIDE];
                for (offset, power) in block.spectra().enumerate() {
                    for (magnitude, power) in magnitude.iter_mut().zip(power) {
                        *magnitude = power.sqrt();
                    }
                    features.add_frame(block.first + offset, power, &magnitude);
                }
            }
        }

        self.arch.dispatch(Add(self, block));
    }

    #[inline(always)]
    fn add_mels(&mut self, block: &Block) {
        let rows = self.mel_power.chunks_exact_mut(self.frames);
        for (row, band) in rows.zip(&self.mel_bands) {
            for (value, power) in row[block.first..].iter_mut().zip(block.spectra()) {
                *value =
                    dot::<8>(&power[band.first..band.first + band.weights.len()], &band.weights);
            }
        }
    }

    #[inline(always)]
    fn add_frame(&mut self, frame: usize, power: &[f32], magnitude: &[f32]) {
        let sum = sum(magnitude);
        if sum > f32::MIN_POSITIVE {
            let centroid = dot::<16>(magnitude, &self.bins) / sum;
            let spread = spread(magnitude, &self.bins, centroid) / sum;
            self.centroid_hz[frame] = (f64::from(centroid) * BIN_HZ) as f32;
            self.bandwidth_hz[frame] = (f64::from(spread.sqrt()) * BIN_HZ) as f32;
        }
        self.rolloff_hz[frame] = (rolloff(magnitude) as f64 * BIN_HZ) as f32;
        self.flatness[frame] = flatness(power);
        for (index, band) in self.contrast_bands.iter().enumerate() {
            let (valley, peak) = extremes(&magnitude[band.first..band.end], band.extremes);
            self.contrast_valleys[index * self.frames + frame] = valley;
            self.contrast_peaks[index * self.frames + frame] = peak;
        }
        let largest = largest(magnitude);
        self.magnitude_peaks.add(magnitude, largest);
        self.power_peaks.add(power, largest * largest);
    }
}

/// Pitch classes `[12, frames]` of a sound, block by block, the largest of each frame 1.
pub(crate) struct Chroma {
    arch: Arch,
    frames: usize,
    /// `[CHROMAS / TOGETHER, STRIDE / GROUP, TOGETHER, GROUP]`: in the order in which it is read.
    bank: Vec<[[f32; GROUP]; TOGETHER]>,
    /// `[12, frames]`, 0 to 1.
    pub values: Vec<f32>,
}

/// Bins that are weighed at once.
const GROUP: usize = 16;

/// Pitch classes that are summed up side by side: their sums fit into 16 registers of 8 numbers,
/// and none waits for another.
const TOGETHER: usize = 6;

impl Chroma {
    /// * `bank`: as [`chroma_bank`](crate::banks::chroma_bank) makes it.
    pub(crate) fn new(arch: Arch, frames: usize, bank: &[f32]) -> Self {
        let mut ordered = Vec::with_capacity(CHROMAS / TOGETHER * STRIDE / GROUP);
        for classes in bank.chunks_exact(TOGETHER * STRIDE) {
            for bin in (0..STRIDE).step_by(GROUP) {
                ordered.push(std::array::from_fn(|class| {
                    std::array::from_fn(|lane| classes[class * STRIDE + bin + lane])
                }));
            }
        }
        Self { arch, frames, bank: ordered, values: vec![0.0; CHROMAS * frames] }
    }

    /// Adds the frames of a block.
    pub(crate) fn add(&mut self, block: &Block) {
        struct Add<'a>(&'a mut Chroma, &'a Block);

        impl NullaryFnOnce for Add<'_> {
            type Output = ();

            #[inline(always)]
            fn call(self) {
                let Self(chroma, block) = self;
                for (offset, power) in block.spectra().enumerate() {
                    chroma.add_frame(block.first + offset, power);
                }
            }
        }

        self.arch.dispatch(Add(self, block));
    }

    #[inline(always)]
    fn add_frame(&mut self, frame: usize, power: &[f32]) {
        let mut classes = [0.0; CHROMAS];
        let rows = classes.chunks_exact_mut(TOGETHER);
        for (classes, weights) in rows.zip(self.bank.chunks_exact(STRIDE / GROUP)) {
            classes.copy_from_slice(&dots(power, weights));
        }
        let largest = classes.iter().copied().fold(0.0, f32::max);
        let scale = if largest < f32::MIN_POSITIVE { 1.0 } else { largest };
        for (class, value) in classes.iter().enumerate() {
            self.values[class * self.frames + frame] = value / scale;
        }
    }
}

/// Dot product, summed in `LANES` sums side by side.
#[inline(always)]
fn dot<const LANES: usize>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a_groups, a_rest) = a.as_chunks::<LANES>();
    let (b_groups, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_groups.iter().zip(b_groups) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    total(sums) + rest
}

/// Dot products of the same values with several rows of weights.
#[inline(always)]
fn dots(values: &[f32], weights: &[[[f32; GROUP]; TOGETHER]]) -> [f32; TOGETHER] {
    let mut sums = [[0.0_f32; GROUP]; TOGETHER];
    for (group, rows) in values.as_chunks::<GROUP>().0.iter().zip(weights) {
        for (sums, row) in sums.iter_mut().zip(rows) {
            for lane in 0..GROUP {
                sums[lane] += group[lane] * row[lane];
            }
        }
    }
    sums.map(total)
}

/// Adds up pairwise.
#[inline(always)]
fn total<const LANES: usize>(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    sums[0]
}

#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 32];
    for group in values.as_chunks::<32>().0 {
        for lane in 0..32 {
            sums[lane] += group[lane];
        }
    }
    total(sums) + values.as_chunks::<32>().1.iter().sum::<f32>()
}

/// Sum of magnitude times the square of the distance from the centroid, in bins.
#[inline(always)]
fn spread(magnitude: &[f32], bins: &[f32], centroid: f32) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (magnitude, bins) in magnitude.as_chunks::<16>().0.iter().zip(bins.as_chunks::<16>().0) {
        for lane in 0..16 {
            let away = bins[lane] - centroid;
            sums[lane] += magnitude[lane] * away * away;
        }
    }
    total(sums)
}

#[inline(always)]
fn largest(values: &[f32]) -> f32 {
    let mut most = [0.0_f32; 16];
    for group in values.as_chunks::<16>().0 {
        for lane in 0..16 {
            most[lane] = if group[lane] > most[lane] { group[lane] } else { most[lane] };
        }
    }
    most.iter().copied().fold(0.0, f32::max)
}

/// The first bin up to which the magnitudes add up to their share.
#[inline(always)]
fn rolloff(magnitude: &[f32]) -> usize {
    let (groups, _) = magnitude.as_chunks::<16>();
    let mut sums = [0.0_f32; STRIDE / 16];
    for (sum, group) in sums.iter_mut().zip(groups) {
        *sum = total(*group);
    }
    let all: f64 = sums.iter().map(|&sum| f64::from(sum)).sum();
    let wanted = ROLLOFF_SHARE * all;
    let mut below = 0.0;
    for (index, &sum) in sums.iter().enumerate() {
        if below + f64::from(sum) >= wanted {
            for (offset, &value) in groups[index].iter().enumerate() {
                below += f64::from(value);
                if below >= wanted {
                    return index * 16 + offset;
                }
            }
            return index * 16 + 15;
        }
        below += f64::from(sum);
    }
    BINS - 1
}

/// Geometric by arithmetic mean of the power, at least [`POWER_MIN`] a bin.
///
/// The logarithm of a product is that of its mantissa and its exponent: seven factors at most
/// below `f32::MAX` stay in the range of `f64`, and then the exponent is put aside.
#[inline(always)]
fn flatness(power: &[f32]) -> f32 {
    const LANES: usize = 8;
    const FACTORS: usize = 7;
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let mut sums = [0.0_f32; LANES];
    let mut products = [1.0_f64; LANES];
    let mut exponents = [0_u64; LANES];
    let mut steps = 0_u64;
    let (groups, rest) = power[..BINS].as_chunks::<LANES>();
    for factors in groups.chunks(FACTORS) {
        for group in factors {
            for lane in 0..LANES {
                let value = if group[lane] > POWER_MIN { group[lane] } else { POWER_MIN };
                sums[lane] += value;
                products[lane] *= f64::from(value);
            }
        }
        steps += 1;
        for lane in 0..LANES {
            let bits = products[lane].to_bits();
            exponents[lane] += bits >> 52;
            products[lane] = f64::from_bits(bits & MANTISSA | ONE);
        }
    }
    let mut logarithm = (exponents.iter().sum::<u64>() as f64
        - (1023 * steps * LANES as u64) as f64)
        * std::f64::consts::LN_2;
    // Eight mantissas below 2.
    logarithm += products.iter().product::<f64>().ln();
    let mut sum = f64::from(total(sums));
    for &value in rest {
        let value = f64::from(value.max(POWER_MIN));
        sum += value;
        logarithm += value.ln();
    }
    let count = BINS as f64;
    ((logarithm / count).exp() / (sum / count)) as f32
}

/// Means of the `count` least and of the `count` largest values.
#[inline(always)]
fn extremes(values: &[f32], count: usize) -> (f32, f32) {
    let mut least = [f32::INFINITY; EXTREMES_MAX];
    let mut most = [0.0_f32; EXTREMES_MAX];
    let (least, most) = (&mut least[..count], &mut most[..count]);
    for &value in values {
        if value < least[count - 1] {
            let mut at = count - 1;
            while at > 0 && least[at - 1] > value {
                least[at] = least[at - 1];
                at -= 1;
            }
            least[at] = value;
        }
        if value > most[count - 1] {
            let mut at = count - 1;
            while at > 0 && most[at - 1] < value {
                most[at] = most[at - 1];
                at -= 1;
            }
            most[at] = value;
        }
    }
    let mean = |values: &[f32]| values.iter().sum::<f32>() / count as f32;
    (mean(least), mean(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_mantissas_is_the_mean_of_logarithms() {
        let mut random = fastrand::Rng::with_seed(7);
        for scale in [1e-12, 1e-6, 1.0, 1e12, 1e30] {
            let mut power = vec![0.0; STRIDE];
            power[..BINS].fill_with(|| random.f32() * scale);
            let floored = || power[..BINS].iter().map(|&p| f64::from(p.max(POWER_MIN)));
            let logs = floored().map(f64::ln).sum::<f64>() / BINS as f64;
            let expected = logs.exp() / (floored().sum::<f64>() / BINS as f64);
            let found = f64::from(flatness(&power));
            assert!((found / expected - 1.0).abs() < 1e-5, "{scale}: {found} {expected}");
        }
    }

    #[test]
    fn extremes_are_the_means_of_the_ends_of_the_sorted_values() {
        let mut random = fastrand::Rng::with_seed(8);
        let values: Vec<f32> = (0..300).map(|_| random.f32()).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        for count in [1, 3, 9] {
            let (valley, peak) = extremes(&values, count);
            let mean = |part: &[f32]| part.iter().sum::<f32>() / count as f32;
            assert!((valley - mean(&sorted[..count])).abs() < 1e-6);
            assert!((peak - mean(&sorted[300 - count..])).abs() < 1e-6);
        }
    }

    #[test]
    fn bands_of_contrast_are_those_of_librosa() {
        let bands = contrast_bands().map(|band| (band.first, band.end, band.extremes));
        // Printed by librosa's loop at 22,050 Hz.
        assert_eq!(bands[0], (0, 18, 1));
        assert_eq!(bands[1], (18, 37, 1));
        assert_eq!(bands[6], (594, 1025, 9));
    }
}
