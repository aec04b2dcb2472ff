//! Moments to tracks, one after the other.

use crate::{Dropped, Moment, Options, Tracks};

/// Follows people from moment to moment. Memory is bounded by [`Options`].
#[derive(Debug)]
pub struct Tracker {
    options: Options,
    times_s: Vec<f64>,
    dropped: Dropped,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(options: Options) -> Self {
        Self { options: options.sound(), times_s: Vec::new(), dropped: Dropped::default() }
    }

    /// Takes the next moment. Times must rise; what cannot be is dropped and counted.
    pub fn push(&mut self, moment: Moment) {
        let _ = (&self.options, moment);
    }

    /// What was not taken so far.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Ends every track and joins those that broke.
    pub fn finish(self) -> Tracks {
        Tracks { times_s: self.times_s, tracks: Vec::new(), dropped: self.dropped }
    }
}
