//! Power spectra to the features of each frame.
//!
//! The frames of a block lie side by side: each loop goes up the spectrum with all of them, a lane
//! each. The loops are dispatched by pulp, so that the compiler makes wide instructions of them.

use std::borrow::Cow;

use pulp::{Arch, NullaryFnOnce};

use crate::banks::{BIN_HZ, BINS, CHROMA_BANK, CHROMAS, MEL_BANDS, MELS, chroma_bank};
use crate::stft::{Block, LANES, Lanes};
use crate::tuning::Peaks;

/// Bands of spectral contrast: one below 200 Hz, and six octaves from there.
pub(crate) const CONTRASTS: usize = 7;

/// The bins of a band of contrast.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ContrastBand {
    first: usize,
    end: usize,
    /// How many bins make its peak, and how many its valley.
    extremes: usize,
}

/// A test says how they follow from frequencies.
#[rustfmt::skip]
const CONTRAST_BANDS: [ContrastBand; CONTRASTS] = [
    ContrastBand { first: 0, end: 18, extremes: 1 },
    ContrastBand { first: 18, end: 37, extremes: 1 },
    ContrastBand { first: 37, end: 74, extremes: 1 },
    ContrastBand { first: 74, end: 148, extremes: 2 },
    ContrastBand { first: 148, end: 297, extremes: 3 },
    ContrastBand { first: 297, end: 594, extremes: 6 },
    ContrastBand { first: 594, end: 1025, extremes: 9 },
];

/// Share of the magnitude that lies at or below the rolloff.
const ROLLOFF_SHARE: f32 = 0.85;

/// Nothing counts as less power than this in the flatness.
const POWER_MIN: f32 = 1e-10;

/// Features of the spectra of a sound; arrays `[rows, frames]`, row by row.
pub(crate) struct Features {
    arch: Arch,
    frames: usize,
    /// Of the block that is added, `[BINS]`.
    magnitude: Vec<Lanes>,
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
            magnitude: vec![[0.0; LANES]; BINS],
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
                features.add_lanes(block);
            }
        }

        self.arch.dispatch(Add(self, block));
    }

    #[inline(always)]
    fn add_lanes(&mut self, block: &Block) {
        let power = block.power.as_slice();
        for (magnitude, power) in self.magnitude.iter_mut().zip(power) {
            *magnitude = lanes(|lane| power[lane].sqrt());
        }
        let magnitude = self.magnitude.as_slice();
        let frames = self.frames;
        let put = |values: &mut [f32], lanes: Lanes| {
            values[block.first..block.first + block.count].copy_from_slice(&lanes[..block.count]);
        };

        for (row, band) in self.mel_power.chunks_exact_mut(frames).zip(&*MEL_BANDS) {
            put(row, weighed(&power[band.first..], &band.weights));
        }
        let Sums { all, moment, largest } = sums(magnitude);
        let sounds = |lane: usize| all[lane] > f32::MIN_POSITIVE;
        let by_all =
            |values: Lanes| lanes(|lane| if sounds(lane) { values[lane] / all[lane] } else { 0.0 });
        let hz = |bins: f32| (f64::from(bins) * BIN_HZ) as f32;
        let centroid = by_all(moment);
        let spread = by_all(spread(magnitude, centroid));
        put(&mut self.centroid_hz, lanes(|lane| hz(centroid[lane])));
        put(&mut self.bandwidth_hz, lanes(|lane| hz(spread[lane].sqrt())));
        put(&mut self.rolloff_hz, rolloff(magnitude, all).map(hz));
        put(&mut self.flatness, flatness(power));

        let peaks = self.contrast_peaks.chunks_exact_mut(frames);
        let valleys = self.contrast_valleys.chunks_exact_mut(frames);
        for ((band, peaks), valleys) in CONTRAST_BANDS.iter().zip(peaks).zip(valleys) {
            let (valley, peak) = extremes(&magnitude[band.first..band.end], band.extremes);
            put(peaks, peak);
            put(valleys, valley);
        }
        self.magnitude_peaks.add(magnitude, largest);
        self.power_peaks.add(power, lanes(|lane| largest[lane] * largest[lane]));
    }
}

/// Pitch classes `[12, frames]` of a sound, block by block, the largest of each frame 1.
pub(crate) struct Chroma {
    arch: Arch,
    frames: usize,
    /// `[BINS, 12]`
    bank: Cow<'static, [[f32; CHROMAS]]>,
    /// `[12, frames]`, 0 to 1.
    pub values: Vec<f32>,
}

impl Chroma {
    /// * `tuning`: semitones that the sound is above A = 440 Hz.
    pub(crate) fn new(arch: Arch, frames: usize, tuning: f64) -> Self {
        let bank = match tuning {
            0.0 => Cow::Borrowed(CHROMA_BANK.as_slice()),
            tuning => Cow::Owned(chroma_bank(tuning)),
        };
        Self { arch, frames, bank, values: vec![0.0; CHROMAS * frames] }
    }

    /// Adds the frames of a block.
    pub(crate) fn add(&mut self, block: &Block) {
        struct Classes<'a>(&'a [[f32; CHROMAS]], &'a [Lanes]);

        impl NullaryFnOnce for Classes<'_> {
            type Output = [Lanes; CHROMAS];

            #[inline(always)]
            fn call(self) -> Self::Output {
                let mut classes = [[0.0; LANES]; CHROMAS];
                for (weights, power) in self.0.iter().zip(self.1) {
                    for (class, weight) in classes.iter_mut().zip(weights) {
                        for lane in 0..LANES {
                            class[lane] += weight * power[lane];
                        }
                    }
                }
                let mut largest = [f32::MIN_POSITIVE; LANES];
                for class in &classes {
                    largest = greater(largest, *class);
                }
                let is_heard = |lane: usize| largest[lane] > f32::MIN_POSITIVE;
                let scale = lanes(|lane| if is_heard(lane) { largest[lane] } else { 1.0 });
                classes.map(|class| lanes(|lane| class[lane] / scale[lane]))
            }
        }

        let classes = self.arch.dispatch(Classes(&self.bank, &block.power));
        for (row, class) in self.values.chunks_exact_mut(self.frames).zip(classes) {
            row[block.first..block.first + block.count].copy_from_slice(&class[..block.count]);
        }
    }
}

#[inline(always)]
fn lanes(of: impl FnMut(usize) -> f32) -> Lanes {
    std::array::from_fn(of)
}

#[inline(always)]
fn greater(a: Lanes, b: Lanes) -> Lanes {
    lanes(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
}

#[inline(always)]
fn lesser(a: Lanes, b: Lanes) -> Lanes {
    lanes(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
}

/// Sum of as many bins as there are weights, each by its weight.
#[inline(always)]
fn weighed(power: &[Lanes], weights: &[f32]) -> Lanes {
    let mut sum = [0.0; LANES];
    for (power, weight) in power.iter().zip(weights) {
        sum = lanes(|lane| sum[lane] + weight * power[lane]);
    }
    sum
}

/// What one pass over the magnitudes gives.
struct Sums {
    all: Lanes,
    /// Each by its bin.
    moment: Lanes,
    largest: Lanes,
}

#[inline(always)]
fn sums(magnitude: &[Lanes]) -> Sums {
    let (mut all, mut moment, mut largest) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for (bin, magnitude) in magnitude.iter().enumerate() {
        all = lanes(|lane| all[lane] + magnitude[lane]);
        moment = lanes(|lane| moment[lane] + magnitude[lane] * bin as f32);
        largest = greater(largest, *magnitude);
    }
    Sums { all, moment, largest }
}

/// Sum of magnitude times the square of the distance from the centroid, in bins.
#[inline(always)]
fn spread(magnitude: &[Lanes], centroid: Lanes) -> Lanes {
    let mut sum = [0.0; LANES];
    for (bin, magnitude) in magnitude.iter().enumerate() {
        for lane in 0..LANES {
            let away = bin as f32 - centroid[lane];
            sum[lane] += magnitude[lane] * away * away;
        }
    }
    sum
}

/// The first bin up to which the magnitudes add up to their share of `all`.
#[inline(always)]
fn rolloff(magnitude: &[Lanes], all: Lanes) -> Lanes {
    let wanted = lanes(|lane| ROLLOFF_SHARE * all[lane]);
    let (mut below, mut bins) = ([0.0; LANES], [0.0; LANES]);
    for magnitude in magnitude {
        below = lanes(|lane| below[lane] + magnitude[lane]);
        bins = lanes(|lane| bins[lane] + if below[lane] < wanted[lane] { 1.0 } else { 0.0 });
    }
    bins
}

/// Geometric by arithmetic mean of the power, at least [`POWER_MIN`] a bin.
///
/// The logarithm of a product is that of its mantissas and its exponents: the mantissas, each
/// below 2, are multiplied, some at a time, and the exponents added.
#[inline(always)]
fn flatness(power: &[Lanes]) -> Lanes {
    const FACTORS: usize = 64;
    const EXPONENT_BITS: u32 = 23;
    const MANTISSA: u32 = (1 << EXPONENT_BITS) - 1;
    const ONE: u32 = 127 << EXPONENT_BITS;
    let mut sum = [0.0; LANES];
    let mut logarithm = [0.0_f64; LANES];
    for factors in power.chunks(FACTORS) {
        let mut product = [1.0_f32; LANES];
        let mut exponents = [0_u32; LANES];
        for power in factors {
            for lane in 0..LANES {
                let value = if power[lane] > POWER_MIN { power[lane] } else { POWER_MIN };
                sum[lane] += value;
                let bits = value.to_bits();
                exponents[lane] += bits >> EXPONENT_BITS;
                product[lane] *= f32::from_bits(bits & MANTISSA | ONE);
            }
        }
        for lane in 0..LANES {
            let exponent = f64::from(exponents[lane]) - 127.0 * factors.len() as f64;
            logarithm[lane] += f64::from(product[lane].log2()) + exponent;
        }
    }
    let count = power.len() as f64;
    lanes(|lane| ((logarithm[lane] / count).exp2() / (f64::from(sum[lane]) / count)) as f32)
}

/// Means of the `count` least and of the `count` largest values, of which there are as many.
#[inline(always)]
fn extremes(values: &[Lanes], count: usize) -> (Lanes, Lanes) {
    match count {
        1 => extremes_of::<1>(values),
        2 => extremes_of::<2>(values),
        3 => extremes_of::<3>(values),
        6 => extremes_of::<6>(values),
        9 => extremes_of::<9>(values),
        _ => unreachable!("no band of contrast has other counts"),
    }
}

/// Each value goes down a list that is in order, and pushes out what it displaces: no branch.
#[inline(always)]
fn extremes_of<const COUNT: usize>(values: &[Lanes]) -> (Lanes, Lanes) {
    let mut least = [[f32::INFINITY; LANES]; COUNT];
    for value in values {
        let mut value = *value;
        for kept in &mut least {
            (*kept, value) = (lesser(*kept, value), greater(*kept, value));
        }
    }
    let mut most = [[0.0; LANES]; COUNT];
    for value in values {
        let mut value = *value;
        for kept in &mut most {
            (*kept, value) = (greater(*kept, value), lesser(*kept, value));
        }
    }
    let mean = |of: &[Lanes]| {
        lanes(|lane| of.iter().map(|values| values[lane]).sum::<f32>() / COUNT as f32)
    };
    (mean(&least), mean(&most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_mantissas_is_the_mean_of_logarithms() {
        let mut random = fastrand::Rng::with_seed(7);
        for scale in [1e-12, 1e-6, 1.0, 1e12, 1e30] {
            let power: Vec<Lanes> = (0..BINS).map(|_| lanes(|_| random.f32() * scale)).collect();
            for (lane, found) in flatness(&power).into_iter().enumerate() {
                let floored = || power.iter().map(|p| f64::from(p[lane].max(POWER_MIN)));
                let logs = floored().map(f64::ln).sum::<f64>() / BINS as f64;
                let expected = logs.exp() / (floored().sum::<f64>() / BINS as f64);
                assert!(
                    (f64::from(found) / expected - 1.0).abs() < 1e-5,
                    "{scale}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn extremes_are_the_means_of_the_ends_of_the_sorted_values() {
        let mut random = fastrand::Rng::with_seed(8);
        let values: Vec<Lanes> = (0..300).map(|_| lanes(|_| random.f32())).collect();
        for count in [1, 2, 3, 6, 9] {
            let (valley, peak) = extremes(&values, count);
            for lane in 0..LANES {
                let mut sorted: Vec<f32> = values.iter().map(|value| value[lane]).collect();
                sorted.sort_by(f32::total_cmp);
                let mean = |part: &[f32]| part.iter().sum::<f32>() / count as f32;
                assert!((valley[lane] - mean(&sorted[..count])).abs() < 1e-6);
                assert!((peak[lane] - mean(&sorted[300 - count..])).abs() < 1e-6);
            }
        }
    }

    /// librosa's bands begin a bin early and end a bin early; the last ends at the top. The share
    /// of a band's bins that are extreme is 2 %.
    #[test]
    fn bands_of_contrast_are_those_of_librosa() {
        let edge_hz = |octave: usize| 200.0 * 2.0_f64.powi(octave as i32);
        let bands: [ContrastBand; CONTRASTS] = std::array::from_fn(|band| {
            let low_hz = if band == 0 { 0.0 } else { edge_hz(band - 1) };
            let inside = |bin: &usize| (low_hz..=edge_hz(band)).contains(&(*bin as f64 * BIN_HZ));
            let lowest = (0..BINS).find(inside).unwrap();
            let highest = (0..BINS).rfind(inside).unwrap();
            let first = if band == 0 { lowest } else { lowest - 1 };
            let is_top = band == CONTRASTS - 1;
            let counted = if is_top { BINS } else { highest + 1 };
            let extremes = (0.02 * (counted - first) as f64).round_ties_even() as usize;
            let end = if is_top { BINS } else { highest };
            ContrastBand { first, end, extremes: extremes.max(1) }
        });
        assert_eq!(CONTRAST_BANDS, bands);
        // Printed by librosa's loop at 22,050 Hz.
        let printed = |band: usize| (bands[band].first, bands[band].end, bands[band].extremes);
        assert_eq!(printed(0), (0, 18, 1));
        assert_eq!(printed(1), (18, 37, 1));
        assert_eq!(printed(6), (594, 1025, 9));
    }
}
