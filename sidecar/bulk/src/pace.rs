//! How many requests at once, and how long to pause: additive increase, multiplicative decrease.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many requests may be in flight.
#[derive(Debug)]
pub(crate) struct Pace {
    max: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// Requests that failed together count as one sign.
    halved_at: Option<Instant>,
}

/// Signs closer together than this are one.
const ONE_SIGN: Duration = Duration::from_millis(100);

impl Pace {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1) as f64;
        Self { max, state: Mutex::new(State { limit: max, halved_at: None }) }
    }

    pub(crate) fn limit(&self) -> usize {
        self.state().limit as usize
    }

    /// A request was taken whole.
    pub(crate) fn taken(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1.0 / state.limit).min(self.max);
    }

    /// A request, or some of its items, were turned away.
    pub(crate) fn pushed_back(&self, now: Instant) {
        let mut state = self.state();
        if state.halved_at.is_none_or(|at| now.duration_since(at) >= ONE_SIGN) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halved_at = Some(now);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The pause before a try: full jitter, so that clients that failed together do not come back
/// together (Brooker 2015, "Exponential Backoff And Jitter").
///
/// * `failed`: tries so far, from 1.
/// * `asked`: what the server wants at least, where it said so.
pub(crate) fn pause(
    options: &crate::Options,
    failed: u32,
    asked: Option<Duration>,
    jitter: f64,
) -> Duration {
    let doubled = 2_u32.saturating_pow(failed.saturating_sub(1).min(16));
    let longest = options.pause_first.saturating_mul(doubled).min(options.pause_max);
    let least = asked.unwrap_or_default().min(options.pause_max);
    least + longest.mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushing_back_halves_the_requests_once_a_moment_and_success_brings_them_back() {
        let pace = Pace::new(8);
        let begin = Instant::now();
        for _ in 0..5 {
            pace.pushed_back(begin); // One overload fails several requests.
        }
        assert_eq!(pace.limit(), 4);
        for moment in 1..9 {
            pace.pushed_back(begin + ONE_SIGN * moment);
        }
        assert_eq!(pace.limit(), 1);
        for _ in 0..100 {
            pace.taken();
        }
        assert_eq!(pace.limit(), 8);
    }

    #[test]
    fn pauses_double_up_to_their_bound_and_honour_what_the_server_asks() {
        let options = crate::Options::default();
        let of = |failed, asked| pause(&options, failed, asked, 1.0);
        assert_eq!(of(1, None), Duration::from_millis(200));
        assert_eq!(of(4, None), Duration::from_millis(1600));
        assert_eq!(of(60, None), options.pause_max);
        assert!(pause(&options, 1, Some(Duration::from_secs(3)), 0.0) >= Duration::from_secs(3));
        assert_eq!(pause(&options, 1, Some(Duration::from_secs(900)), 0.0), options.pause_max);
    }
}
