use crate::constants::STANDARD;
use crate::{DIMS, Sound, numbers};

/// No number lies further from the mean than this many deviations: one odd number cannot decide.
const DEVIATIONS_MAX: f32 = 3.0;

impl Sound {
    /// [`DIMS`] numbers of L2 norm 1, so that a dot product is a cosine; `None` for silence.
    ///
    /// Each number is what [`numbers`] gives, less the mean that it has over the sounds of
    /// `examples/constants`, by its deviation, at most 3 either way. What a sound does not have
    /// counts as the mean. Loudness is not told: a louder sound has nearly the same numbers, as
    /// long as it is not so quiet that the floors of the formulas matter.
    pub fn embedding(&self) -> Option<Vec<f32>> {
        if self.is_silent() {
            return None;
        }
        let mut vector = Vec::with_capacity(DIMS);
        for (value, (mean, deviation)) in numbers(self).into_iter().zip(STANDARD) {
            let standard = value.map_or(0.0, |value| (value - mean) / deviation);
            vector.push(standard.clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX));
        }
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        // A sound that is the mean of all sounds has no direction.
        if norm < f32::MIN_POSITIVE {
            return None;
        }
        for value in &mut vector {
            *value /= norm;
        }
        Some(vector)
    }
}
