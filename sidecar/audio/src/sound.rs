use crate::{SAMPLES_MAX, SILENCE_RMS};

/// What [`analyse`](crate::analyse) found in a sound.
///
/// Arrays of `rows` features over `frames` are stored row by row: feature `r` of frame `t` is at
/// `r * frames + t`. Frame `t` is centred at sample `t * 512`; there are `1 + samples / 512`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Samples that were analysed, at most [`SAMPLES_MAX`].
    pub samples: usize,
    /// Samples that were given.
    pub samples_given: usize,
    /// Frames, the second dimension of the arrays.
    pub frames: usize,
    /// Length of what was analysed, in seconds.
    pub duration_s: f32,
    /// `[128, frames]`, power in mel bands (Slaney's scale and norm), from 0.
    pub mel_power: Vec<f32>,
    /// `[20, frames]`, cepstral coefficients of the mel bands in decibels.
    pub mfcc: Vec<f32>,
    /// `[12, frames]`, pitch classes from C, the largest of each frame 1; tuned to A = 440 Hz.
    pub chroma_tuning0: Vec<f32>,
    /// `[12, frames]`, as `chroma_tuning0`, but tuned to `chroma_tuning`.
    pub chroma_auto: Vec<f32>,
    /// `[frames]`, mean frequency of the spectrum in Hz.
    pub centroid_hz: Vec<f32>,
    /// `[frames]`, deviation of frequency about the centroid in Hz.
    pub bandwidth_hz: Vec<f32>,
    /// `[frames]`, frequency in Hz that has 85 % of the magnitude at or below it.
    pub rolloff_hz: Vec<f32>,
    /// `[7, frames]`, peaks above valleys in decibels, an octave a row, from 200 Hz.
    pub contrast_db: Vec<f32>,
    /// `[frames]`, geometric by arithmetic mean of the power, 0 (a tone) to 1 (noise).
    pub flatness: Vec<f32>,
    /// `[frames]`, root mean square of the samples.
    pub rms: Vec<f32>,
    /// `[frames]`, share of samples whose sign is not that of the one before.
    pub zero_crossing_rate: Vec<f32>,
    /// `[frames]`, mean rise of the mel bands since the frame before, in decibels.
    pub onset_strength: Vec<f32>,
    /// How far the sound is from A = 440 Hz, in semitones, -0.5 to 0.49: of magnitudes.
    pub tuning: f32,
    /// As `tuning`, but of powers, which is what librosa tunes its chroma by.
    pub chroma_tuning: f32,
    /// Beats per minute; 0 where nothing begins.
    pub tempo_bpm: f32,
    /// Frames at which there are beats, ascending.
    pub beat_frames: Vec<i32>,
    /// Times of `beat_frames`, in seconds.
    pub beat_times_s: Vec<f32>,
    /// 1 less the relative deviation of the intervals between beats, 0 to 1; 0 under three beats.
    pub beat_regularity: f32,
    /// `[frames]`, as `onset_strength`, of the bands below about 280 Hz alone.
    pub(crate) onset_low: Vec<f32>,
    /// `[frames]`, as `onset_strength`, of the bands above about 4.8 kHz alone.
    pub(crate) onset_high: Vec<f32>,
    /// Mean autocorrelation of the onsets by lag in frames; 1 at lag 0. Empty without onsets.
    pub(crate) onset_autocorrelation: Vec<f32>,
}

/// An array under the name that the oracles give it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<'a> {
    /// Name, as a key of an `npz`.
    pub key: &'static str,
    /// Lengths of the dimensions; empty for a single number.
    pub shape: Vec<usize>,
    /// The values, the last dimension running fastest.
    pub values: Values<'a>,
}

/// Values of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Real numbers.
    Floats(&'a [f32]),
    /// Whole numbers.
    Ints(&'a [i32]),
}

impl Sound {
    /// Whether the sound was longer than [`SAMPLES_MAX`], and its end left out.
    pub fn is_cut(&self) -> bool {
        self.samples_given > SAMPLES_MAX
    }

    /// Whether no frame is as loud as [`SILENCE_RMS`].
    pub fn is_silent(&self) -> bool {
        self.rms.iter().all(|&rms| rms < SILENCE_RMS)
    }

    /// Every array, keyed and shaped as librosa gives it.
    pub fn arrays<'a>(&'a self) -> Vec<Named<'a>> {
        let rows = |key, rows, values| Named {
            key,
            shape: vec![rows, self.frames],
            values: Values::Floats(values),
        };
        let list = |key, values: &'a [f32]| Named {
            key,
            shape: vec![values.len()],
            values: Values::Floats(values),
        };
        vec![
            rows("mel_power_128", 128, &self.mel_power),
            rows("mfcc_20", 20, &self.mfcc),
            rows("chroma_stft_tuning0", 12, &self.chroma_tuning0),
            rows("chroma_stft_auto", 12, &self.chroma_auto),
            rows("spectral_centroid", 1, &self.centroid_hz),
            rows("spectral_bandwidth", 1, &self.bandwidth_hz),
            rows("spectral_rolloff_085", 1, &self.rolloff_hz),
            rows("spectral_contrast", 7, &self.contrast_db),
            rows("spectral_flatness", 1, &self.flatness),
            rows("rms", 1, &self.rms),
            rows("zcr", 1, &self.zero_crossing_rate),
            list("onset_strength", &self.onset_strength),
            Named {
                key: "beat_frames",
                shape: vec![self.beat_frames.len()],
                values: Values::Ints(&self.beat_frames),
            },
            Named {
                key: "tempo_bpm",
                shape: Vec::new(),
                values: Values::Floats(std::slice::from_ref(&self.tempo_bpm)),
            },
            list("beat_times_s", &self.beat_times_s),
        ]
    }
}
