//! One channel of sound at any rate becomes one at 22,050 Hz, a block at a time.

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{
    Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};
use vitrine_footage::SOUND_RATE_HZ;

/// Samples that go in at once.
const BLOCK_SAMPLES: usize = 4096;
/// Zero crossings of the filter, counted at the lower of the two rates.
const CROSSINGS: usize = 256;
/// Where the filter has fallen to a half, as a part of the lower rate's half: between what is kept
/// whole (0.913) and what is gone (1.0), as in soxr's high quality, which the references used.
const CUTOFF: f32 = 0.9565;

/// Places of the filter between two samples of the lower rate.
const STEPS: f64 = 8192.0;

/// Turns a stream of samples into one at [`SOUND_RATE_HZ`].
pub(crate) struct Resample {
    filter: Option<Async<f32>>,
    ratio: f64,
    waiting: Vec<f32>,
    made: Vec<Vec<f32>>,
    /// Samples that came in.
    taken: u64,
    /// Samples that went out.
    given: u64,
    /// Samples still to drop: what the filter makes before the sound begins.
    early: usize,
}

impl Resample {
    /// From `rate_hz`; nothing for a rate that no filter can be made for.
    pub fn new(rate_hz: u32) -> Option<Self> {
        let ratio = f64::from(SOUND_RATE_HZ) / f64::from(rate_hz);
        if rate_hz == SOUND_RATE_HZ {
            return Some(Self {
                filter: None,
                ratio,
                waiting: vec![],
                made: vec![],
                taken: 0,
                given: 0,
                early: 0,
            });
        }
        let length = (CROSSINGS as f64 / ratio.min(1.0)).ceil() as usize;
        let length = length.next_multiple_of(8); // As the filter rounds it.
        // The filter sits one step to the side: steps are so fine that it does not matter.
        let steps = (STEPS * ratio.min(1.0)).ceil() as usize;
        let shape = SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2)
            .f_cutoff(CUTOFF)
            .oversampling_factor(steps)
            .interpolation(SincInterpolationType::Cubic);
        let filter =
            Async::new_sinc(ratio, 1.0, &shape, BLOCK_SAMPLES, 1, FixedAsync::Input).ok()?;
        // The filter's output number `length / 2 · ratio - 1` is at the sound's first sample. Zeros come
        // before the sound so that this is a whole number, and no sample lies between two.
        let (over, under) = lowest(SOUND_RATE_HZ as usize, rate_hz as usize);
        let zeros = (length / 2).next_multiple_of(under) - length / 2;
        let early = (length / 2 + zeros) / under * over - 1;
        let made = vec![vec![0.0; filter.output_frames_max()]];
        let waiting = vec![0.0; zeros];
        Some(Self { filter: Some(filter), ratio, waiting, made, taken: 0, given: 0, early })
    }

    /// Takes samples and passes what they make to `give`.
    pub fn push<E>(
        &mut self,
        samples: &[f32],
        mut give: impl FnMut(&[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.taken += samples.len() as u64;
        if self.filter.is_none() {
            self.given += samples.len() as u64;
            return give(samples);
        }
        self.waiting.extend_from_slice(samples);
        let mut from = 0;
        while self.waiting.len() - from >= BLOCK_SAMPLES {
            let block = self.waiting[from..from + BLOCK_SAMPLES].to_vec();
            from += BLOCK_SAMPLES;
            self.block(block, u64::MAX, &mut give)?;
        }
        self.waiting.drain(..from);
        Ok(())
    }

    /// Passes the rest on: as many samples in all as the sound's length at the new rate, rounded up.
    pub fn finish<E>(&mut self, mut give: impl FnMut(&[f32]) -> Result<(), E>) -> Result<(), E> {
        if self.filter.is_none() {
            return Ok(());
        }
        let length = (self.taken as f64 * self.ratio).ceil() as u64;
        let mut rest = std::mem::take(&mut self.waiting);
        while self.given < length {
            rest.resize(BLOCK_SAMPLES, 0.0);
            self.block(std::mem::take(&mut rest), length, &mut give)?;
        }
        Ok(())
    }

    /// Samples that went out.
    pub fn given(&self) -> u64 {
        self.given
    }

    fn block<E>(
        &mut self,
        block: Vec<f32>,
        given_max: u64,
        give: &mut impl FnMut(&[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(filter) = &mut self.filter else { return Ok(()) };
        let block = [block];
        let room = self.made[0].len();
        let from = SequentialSliceOfVecs::new(&block, 1, BLOCK_SAMPLES).expect("one whole block");
        let mut to =
            SequentialSliceOfVecs::new_mut(&mut self.made, 1, room).expect("as long as it says");
        let (_, made) = filter
            .process_into_buffer(&from, &mut to, None::<&Indexing>)
            .expect("blocks are of the size that the filter was made for");
        let dropped = self.early.min(made);
        self.early -= dropped;
        let left = usize::try_from(given_max - self.given).unwrap_or(usize::MAX);
        let kept = (made - dropped).min(left);
        self.given += kept as u64;
        give(&self.made[0][dropped..dropped + kept])
    }
}

/// A fraction in lowest terms.
fn lowest(over: usize, under: usize) -> (usize, usize) {
    let (mut a, mut b) = (over, under);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (over / a.max(1), under / a.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(rate_hz: u32, samples: &[f32], piece: usize) -> Vec<f32> {
        let mut resample = Resample::new(rate_hz).unwrap();
        let mut made: Vec<f32> = Vec::new();
        let mut keep = |samples: &[f32]| -> Result<(), ()> {
            made.extend(samples);
            Ok(())
        };
        for piece in samples.chunks(piece) {
            resample.push(piece, &mut keep).unwrap();
        }
        resample.finish(&mut keep).unwrap();
        made
    }

    fn tone(rate_hz: u32, hz: f64, samples: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * hz / f64::from(rate_hz);
        (0..samples).map(|n| (0.5 * (step * n as f64).sin()) as f32).collect()
    }

    #[test]
    fn a_tone_keeps_its_height_phase_and_length_at_every_rate() {
        for rate_hz in [8_000, 11_025, 12_345, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
            let made = resampled(rate_hz, &tone(rate_hz, 1_000.0, rate_hz as usize), 1_000);
            let expected = tone(SOUND_RATE_HZ, 1_000.0, 22_050);
            assert_eq!(made.len(), expected.len(), "{rate_hz}");
            let inside = 1_000..20_000;
            for (n, (made, expected)) in made.iter().zip(&expected).enumerate() {
                let off = (made - expected).abs();
                assert!(!inside.contains(&n) || off < 3e-4, "{rate_hz}: {made} {expected} at {n}");
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        let made = resampled(48_000, &tone(48_000, 12_000.0, 48_000), 4_096);
        let loudest =
            made[2_000..20_000].iter().fold(0.0f32, |most, sample| most.max(sample.abs()));
        assert!(loudest < 1e-5, "{loudest}");
    }

    #[test]
    fn pieces_make_no_difference() {
        let sound = tone(44_100, 440.0, 30_001);
        let whole = resampled(44_100, &sound, sound.len());
        assert_eq!(whole.len(), 15_001);
        for piece in [1, 7, 1_024, 4_096, 5_000] {
            assert_eq!(resampled(44_100, &sound, piece), whole, "{piece}");
        }
    }

    #[test]
    fn no_sound_makes_no_sound() {
        assert_eq!(resampled(44_100, &[], 1), Vec::<f32>::new());
    }
}
