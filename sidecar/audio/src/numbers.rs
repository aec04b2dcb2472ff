//! The numbers of an embedding before they are standardised.
//!
//! Silent frames, a thousandth as loud as the loudest or less, have no colour and no harmony:
//! what is read of spectra is read of the others, so that silence before or after changes little.

mod harmony;
mod rhythm;
mod timbre;

use crate::names::FAMILIES;
use crate::{DIMS, Sound};

/// Frames that are quieter than the loudest by this factor are left out of spectral numbers.
const SOUNDING_SHARE: f32 = 1e-3;

/// The numbers of a sound in the units that [`names`](crate::names) tells; `None` where it has no
/// such thing, as an accent where there are no beats.
pub fn numbers(sound: &Sound) -> [Option<f32>; DIMS] {
    let mut numbers = Numbers::default();
    timbre::add(sound, &mut numbers);
    harmony::add(sound, &mut numbers);
    rhythm::add(sound, &mut numbers);
    numbers.finish()
}

/// Collects the numbers, family by family.
#[derive(Default)]
struct Numbers {
    values: Vec<Option<f32>>,
    families: usize,
}

impl Numbers {
    /// Adds the next family, which must be `key`.
    fn put<T: Into<Option<f32>>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let family = FAMILIES.get(self.families);
        debug_assert_eq!(family.map(|family| family.key), Some(key));
        let before = self.values.len();
        let finite = |value: T| value.into().filter(|value| value.is_finite());
        self.values.extend(values.into_iter().map(finite));
        debug_assert_eq!(family.map(|f| f.count()), Some(self.values.len() - before), "{key}");
        self.families += 1;
    }

    fn finish(self) -> [Option<f32>; DIMS] {
        self.values.try_into().expect("each family has the values that its names count")
    }
}

/// The frames that sound.
fn sounding(sound: &Sound) -> Vec<usize> {
    let least = sound.rms.iter().copied().fold(0.0, f32::max) * SOUNDING_SHARE;
    (0..sound.frames).filter(|&frame| sound.rms[frame] > least).collect()
}

fn at<'a>(values: &'a [f32], frames: &'a [usize]) -> impl Iterator<Item = f32> + Clone + 'a {
    frames.iter().map(|&frame| values[frame])
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (mut sum, mut count) = (0.0_f64, 0_u32);
    for value in values {
        sum += f64::from(value);
        count += 1;
    }
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}

fn deviation(values: impl Iterator<Item = f32> + Clone) -> Option<f32> {
    let mean_of = mean(values.clone())?;
    mean(values.map(|value| (value - mean_of).powi(2))).map(f32::sqrt)
}

/// Mean absolute change between neighbours, both of which sound.
fn change(values: &[f32], frames: &[usize]) -> Option<f32> {
    let pairs = frames.windows(2).filter(|pair| pair[0] + 1 == pair[1]);
    mean(pairs.map(|pair| (values[pair[1]] - values[pair[0]]).abs()))
}

/// The quotient in decibels of a power; `None` where there is none.
fn decibels(value: f32, by: f32) -> Option<f32> {
    (value > 0.0 && by > 0.0).then(|| 10.0 * (value / by).log10())
}
