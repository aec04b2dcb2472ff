//! Samples of sound to features as librosa's, and to 128 numbers: pure numbers.
//!
//! check -> frames (STFT, one block at a time) -> features -> tempo -> beats -> [`Sound`]
//!
//! [`analyse`] makes the whole trip; [`Sound::embedding`] sums it up in [`DIMS`] numbers that
//! [`names`] names. No file, no clock, no thread: the same samples give the same numbers.
//!
//! The features are those of librosa 0.11 at its default parameters (22,050 Hz, frames of 2,048
//! samples every 512, periodic Hann window, zeros beyond the ends), written anew from their
//! formulas; `docs/audio.md` names the sources and the tolerances.

#![forbid(unsafe_code)]

mod analyse;
mod banks;
mod beats;
mod constants;
mod decibels;
mod embedding;
mod error;
mod level;
mod names;
mod numbers;
mod sound;
mod spectrum;
mod stft;
mod tempo;
mod tuning;

pub use analyse::analyse;
pub use error::AudioError;
pub use names::{Name, names, table};
pub use numbers::numbers;
pub use sound::{Named, Sound, Values};

/// Samples per second that [`analyse`] expects; one channel.
pub const SAMPLE_RATE: u32 = 22_050;

/// Numbers of an embedding.
pub const DIMS: usize = 128;

/// Samples that are analysed at most: ten minutes. What follows is left out.
pub const SAMPLES_MAX: usize = 600 * SAMPLE_RATE as usize;

/// The largest value that a sample may have, in either direction. Full scale is 1; some decoders
/// go above it. Much more is no sound, and its square would leave the range of `f32`.
pub const SAMPLE_VALUE_MAX: f32 = 1e6;

/// A sound whose loudest frame has a lower RMS than this is silence: one step of 16 bits.
pub const SILENCE_RMS: f32 = 1.0 / 32_768.0;

/// Samples in a frame.
pub const FRAME_SAMPLES: usize = 2048;

/// Samples from one frame to the next.
pub const HOP_SAMPLES: usize = 512;

/// Changes whenever the same samples would give other numbers.
pub const VERSION: &str = "audio-1";
