//! Samples to power spectra, a block of frames at a time.

use std::f64::consts::PI;
use std::sync::{Arc, LazyLock};

use pulp::{Arch, NullaryFnOnce};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::banks::{BINS, hann};
use crate::{FRAME_SAMPLES, HOP_SAMPLES};

/// Frames of a block: as many numbers as a wide register holds. Each operation is done on all of
/// them at once, and no sum over a spectrum runs across lanes.
pub(crate) const LANES: usize = 8;

/// One number of each frame of a block.
pub(crate) type Lanes = [f32; LANES];

/// Frames of a sound of so many samples.
pub(crate) fn frames_of(samples: usize) -> usize {
    1 + samples / HOP_SAMPLES
}

/// Power spectra of some neighbouring frames, side by side.
pub(crate) struct Block {
    /// The first frame.
    pub first: usize,
    /// How many frames there are, at most [`LANES`]; the lanes of those beyond are 0.
    pub count: usize,
    /// `[BINS]`
    pub power: Vec<Lanes>,
}

impl Block {
    pub(crate) fn new() -> Self {
        Self { first: 0, count: 0, power: vec![[0.0; LANES]; BINS] }
    }
}

/// Real samples are transformed in pairs, as complex numbers.
const PAIRS: usize = FRAME_SAMPLES / 2;

static FFT: LazyLock<Arc<dyn Fft<f32>>> =
    LazyLock::new(|| FftPlanner::new().plan_fft_forward(PAIRS));
static WINDOW: LazyLock<Vec<f32>> = LazyLock::new(|| hann(FRAME_SAMPLES));

/// `exp(-2πi bin / FRAME_SAMPLES)` of the lower half of the bins.
static TWIDDLES: LazyLock<Vec<Complex32>> = LazyLock::new(|| {
    let angle = |bin: usize| -2.0 * PI * bin as f64 / FRAME_SAMPLES as f64;
    let number = |angle: f64| Complex32::new(angle.cos() as f32, angle.sin() as f32);
    (0..=PAIRS / 2).map(|bin| number(angle(bin))).collect()
});

/// The short-time Fourier transform: a Hann window of [`FRAME_SAMPLES`] centred at every
/// [`HOP_SAMPLES`], zeros beyond the ends of the sound.
pub(crate) struct Stft {
    arch: Arch,
    /// `[LANES, PAIRS]`
    frames: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Real and imaginary parts, `[PAIRS]`.
    halves: Vec<[Lanes; 2]>,
}

impl Stft {
    pub(crate) fn new(arch: Arch) -> Self {
        Self {
            arch,
            frames: vec![Complex32::ZERO; LANES * PAIRS],
            scratch: vec![Complex32::ZERO; FFT.get_inplace_scratch_len()],
            halves: vec![[[0.0; LANES]; 2]; PAIRS],
        }
    }

    /// Transforms the frames from `first` on into `block`, as many as it holds and there are.
    pub(crate) fn transform(&mut self, samples: &[f32], first: usize, block: &mut Block) {
        block.first = first;
        block.count = LANES.min(frames_of(samples.len()).saturating_sub(first));
        for (lane, frame) in self.frames.chunks_exact_mut(PAIRS).enumerate() {
            if lane < block.count {
                cut(samples, first + lane, frame);
            } else {
                frame.fill(Complex32::ZERO);
            }
        }
        FFT.process_with_scratch(&mut self.frames, &mut self.scratch);
        self.arch.dispatch(SideBySide { frames: &self.frames, halves: &mut self.halves });
        self.arch.dispatch(Powers { halves: &self.halves, power: &mut block.power });
    }
}

/// Puts the windowed samples of a frame into `pairs`.
fn cut(samples: &[f32], frame: usize, pairs: &mut [Complex32]) {
    let half = FRAME_SAMPLES / 2;
    let start = (frame * HOP_SAMPLES).checked_sub(half);
    let whole = start.and_then(|start| samples.get(start..start + FRAME_SAMPLES));
    let windows = WINDOW.as_chunks::<2>().0;
    if let Some(whole) = whole {
        for ((pair, samples), weights) in
            pairs.iter_mut().zip(whole.as_chunks::<2>().0).zip(windows)
        {
            *pair = Complex32::new(samples[0] * weights[0], samples[1] * weights[1]);
        }
        return;
    }
    // At either end of the sound.
    let sample = |index: usize| {
        let index = (frame * HOP_SAMPLES + index).checked_sub(half);
        index.and_then(|index| samples.get(index)).copied().unwrap_or(0.0)
    };
    for (index, (pair, weights)) in pairs.iter_mut().zip(windows).enumerate() {
        *pair = Complex32::new(sample(2 * index) * weights[0], sample(2 * index + 1) * weights[1]);
    }
}

/// Puts the numbers of the frames of a block side by side.
struct SideBySide<'a> {
    /// `[LANES, PAIRS]`
    frames: &'a [Complex32],
    /// `[PAIRS]`
    halves: &'a mut [[Lanes; 2]],
}

impl NullaryFnOnce for SideBySide<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { frames, halves } = self;
        let rows: [&[Complex32]; LANES] =
            std::array::from_fn(|lane| &frames[lane * PAIRS..(lane + 1) * PAIRS]);
        for (index, [re, im]) in halves.iter_mut().enumerate() {
            for lane in 0..LANES {
                re[lane] = rows[lane][index].re;
                im[lane] = rows[lane][index].im;
            }
        }
    }
}

/// Squares of magnitudes, from the transforms of pairs.
///
/// # Source
///
/// Press and others, Numerical Recipes, "FFT of single real function": the transforms of the even
/// samples and of the odd ones are the symmetric and the antisymmetric part of the pairs', and the
/// odd ones are half a step later.
struct Powers<'a> {
    /// `[PAIRS]`
    halves: &'a [[Lanes; 2]],
    /// `[BINS]`
    power: &'a mut [Lanes],
}

impl NullaryFnOnce for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { halves, power } = self;
        for (bin, twiddle) in TWIDDLES.iter().enumerate() {
            let [low_re, low_im] = halves[bin];
            let [high_re, high_im] = halves[(PAIRS - bin) % PAIRS];
            let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                // Twice what they are called.
                let even_re = low_re[lane] + high_re[lane];
                let even_im = low_im[lane] - high_im[lane];
                let odd_re = low_im[lane] + high_im[lane];
                let odd_im = high_re[lane] - low_re[lane];
                let late_re = odd_re * twiddle.re - odd_im * twiddle.im;
                let late_im = odd_re * twiddle.im + odd_im * twiddle.re;
                let (re, im) = (even_re + late_re, even_im + late_im);
                low[lane] = 0.25 * (re * re + im * im);
                let (re, im) = (even_re - late_re, even_im - late_im);
                high[lane] = 0.25 * (re * re + im * im);
            }
            power[bin] = low;
            power[PAIRS - bin] = high;
        }
    }
}
