//! Which frames of a video are looked at.

/// Keeps, of frames that come in order, those nearest to the instants `0, 1/fps, 2/fps, …`.
///
/// Timestamps alone decide, so that the same dance filmed at 24, 25, 29.97, 30, 60 or a varying number
/// of frames a second gives as many samples at the same times, each within half of a source frame's
/// duration. How long a frame lasts is taken from the frame before: what headers claim plays no part.
/// A source slower than `fps` is kept whole; no frame is sent twice.
///
/// The first frame is always kept, and is at time 0.
#[derive(Clone, Debug)]
pub struct Sampler {
    interval_s: f64,
    /// Number of the instant that waits for its frame.
    next: f64,
    last_s: Option<f64>,
}

impl Sampler {
    /// A sampler of `fps` frames a second; a number that is not over 0 keeps every frame.
    pub fn new(fps: f64) -> Self {
        let interval_s = if fps.is_finite() && fps > 0.0 { 1.0 / fps } else { 0.0 };
        Self { interval_s, next: 0.0, last_s: None }
    }

    /// Whether the frame at `time_s` seconds is kept. Times do not fall from call to call; one that is
    /// not finite is never kept.
    pub fn keeps(&mut self, time_s: f64) -> bool {
        if !time_s.is_finite() {
            return false;
        }
        let lasts_s = self.last_s.map_or(0.0, |last_s| (time_s - last_s).max(0.0));
        self.last_s = Some(time_s);
        if self.interval_s == 0.0 {
            return true;
        }
        // A frame after a gap is not nearest to all instants of the gap: it stands for one.
        let reach_s = time_s + lasts_s.min(self.interval_s) / 2.0;
        if reach_s < self.next * self.interval_s {
            return false;
        }
        self.next = (reach_s / self.interval_s).floor() + 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FPS: f64 = 15.0;

    fn kept(times: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut sampler = Sampler::new(FPS);
        times.into_iter().filter(|time| sampler.keeps(*time)).collect()
    }

    fn at_rate(rate: f64, seconds: f64) -> impl Iterator<Item = f64> {
        (0..(rate * seconds).round() as u32).map(move |frame| f64::from(frame) / rate)
    }

    #[test]
    fn every_rate_gives_as_many_samples_at_the_same_times() {
        for rate in [15.0, 24.0, 25.0, 30_000.0 / 1001.0, 30.0, 50.0, 59.94, 60.0, 120.0] {
            let times = kept(at_rate(rate, 10.0));
            assert_eq!(times.len(), 150, "{rate}");
            for (k, time) in times.iter().enumerate() {
                let off_s = (time - k as f64 / FPS).abs();
                assert!(off_s <= 0.5 / rate + 1e-9, "{rate}: sample {k} at {time}");
            }
        }
    }

    #[test]
    fn timestamps_in_whole_milliseconds_give_the_same_frames() {
        for rate in [15.0, 24.0, 25.0, 29.97, 30.0, 60.0] {
            let rounded = at_rate(rate, 10.0).map(|time| (time * 1000.0).round() / 1000.0);
            let (exact, rounded) = (kept(at_rate(rate, 10.0)), kept(rounded));
            assert_eq!(exact.len(), rounded.len(), "{rate}");
            for (exact, rounded) in exact.iter().zip(&rounded) {
                assert!((exact - rounded).abs() < 1.0 / rate + 0.001, "{rate}: {exact} {rounded}");
            }
        }
    }

    #[test]
    fn a_rate_that_varies_gives_as_many_samples() {
        // Two seconds at 60, two at 24, two at 30.
        let times = at_rate(60.0, 2.0)
            .chain(at_rate(24.0, 2.0).map(|time| time + 2.0))
            .chain(at_rate(30.0, 2.0).map(|time| time + 4.0));
        let times = kept(times);
        assert_eq!(times.len(), 90);
        for (k, time) in times.iter().enumerate() {
            assert!((time - k as f64 / FPS).abs() < 0.5 / 24.0 + 1e-9, "sample {k} at {time}");
        }
    }

    #[test]
    fn a_slow_source_is_kept_whole() {
        assert_eq!(kept(at_rate(10.0, 3.0)).len(), 30);
    }

    #[test]
    fn a_gap_costs_its_own_samples_and_no_others() {
        let times = kept(at_rate(30.0, 10.0).filter(|time| !(2.0..4.0).contains(time)));
        let after: Vec<f64> = times.iter().copied().filter(|time| *time >= 4.0).collect();
        assert_eq!((times.len(), after[0]), (120, 4.0));
    }

    #[test]
    fn frames_that_share_a_time_are_kept_once() {
        assert_eq!(kept([0.0, 0.0, 0.0, 0.1, 0.1]), [0.0, 0.1]);
        assert_eq!(kept([0.0, f64::NAN, 0.1, f64::INFINITY]), [0.0, 0.1]);
    }
}
