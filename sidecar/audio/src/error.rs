/// Why samples cannot be analysed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AudioError {
    /// There is nothing to analyse.
    #[error("the sound has no samples; leave it out as a clip without sound")]
    Empty,

    /// A sample is NaN or infinite.
    #[error(
        "sample {index} (at {time_s:.3} s) is {value}, not a number between -1 and 1; \
         check what decoded the sound"
    )]
    NotFinite {
        /// Which sample, from 0.
        index: usize,
        /// When it sounds, in seconds.
        time_s: f64,
        /// What it is.
        value: f32,
    },

    /// A sample is far beyond full scale.
    #[error(
        "sample {index} (at {time_s:.3} s) is {value}, beyond ±{}; \
         scale the samples so that full scale is 1",
        crate::SAMPLE_VALUE_MAX
    )]
    TooLarge {
        /// Which sample, from 0.
        index: usize,
        /// When it sounds, in seconds.
        time_s: f64,
        /// What it is.
        value: f32,
    },
}
