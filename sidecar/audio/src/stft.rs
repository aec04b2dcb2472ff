//! Samples to power spectra, a block of frames at a time.

use std::sync::Arc;

use pulp::{Arch, NullaryFnOnce};
use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use crate::banks::{BINS, STRIDE, hann};
use crate::{FRAME_SAMPLES, HOP_SAMPLES};

/// Frames that are transformed before their features are taken: their spectra stay in the cache.
pub(crate) const BLOCK_FRAMES: usize = 16;

/// Frames of a sound of so many samples.
pub(crate) fn frames_of(samples: usize) -> usize {
    1 + samples / HOP_SAMPLES
}

/// Power spectra of some neighbouring frames.
pub(crate) struct Block {
    /// The first frame.
    pub first: usize,
    /// How many frames there are, at most [`BLOCK_FRAMES`].
    pub count: usize,
    power: Vec<f32>,
}

impl Block {
    pub(crate) fn new() -> Self {
        Self { first: 0, count: 0, power: vec![0.0; BLOCK_FRAMES * STRIDE] }
    }

    /// Spectra of the frames in order, each `[STRIDE]` with zeros beyond [`BINS`].
    pub(crate) fn spectra(&self) -> impl Iterator<Item = &[f32]> {
        self.power.chunks_exact(STRIDE).take(self.count)
    }
}

/// The short-time Fourier transform: a Hann window of [`FRAME_SAMPLES`] centred at every
/// [`HOP_SAMPLES`], zeros beyond the ends of the sound.
pub(crate) struct Stft {
    arch: Arch,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Stft {
    pub(crate) fn new(arch: Arch) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FRAME_SAMPLES);
        Self {
            arch,
            window: hann(FRAME_SAMPLES),
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Transforms the frames from `first` on into `block`, as many as it holds and there are.
    pub(crate) fn transform(&mut self, samples: &[f32], first: usize, block: &mut Block) {
        block.first = first;
        block.count = BLOCK_FRAMES.min(frames_of(samples.len()).saturating_sub(first));
        for (offset, power) in block.power.chunks_exact_mut(STRIDE).take(block.count).enumerate() {
            self.cut(samples, first + offset);
            self.fft
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
                .expect("the plan made these buffers");
            self.arch.dispatch(Squares { spectrum: &self.spectrum, power: &mut power[..BINS] });
        }
    }

    /// Puts the windowed samples of a frame into `self.frame`.
    fn cut(&mut self, samples: &[f32], frame: usize) {
        let centre = frame * HOP_SAMPLES;
        let half = FRAME_SAMPLES / 2;
        let start = centre.saturating_sub(half);
        let end = (centre + half).min(samples.len());
        let before = half.saturating_sub(centre);
        let after = before + (end - start);
        self.frame[..before].fill(0.0);
        self.frame[after..].fill(0.0);
        let windowed = self.frame[before..after].iter_mut().zip(&self.window[before..after]);
        for ((value, weight), sample) in windowed.zip(&samples[start..end]) {
            *value = sample * weight;
        }
    }
}

/// Squares of magnitudes, by the widest instructions of the processor.
struct Squares<'a> {
    spectrum: &'a [Complex32],
    power: &'a mut [f32],
}

impl NullaryFnOnce for Squares<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (power, value) in self.power.iter_mut().zip(self.spectrum) {
            *power = value.re * value.re + value.im * value.im;
        }
    }
}
