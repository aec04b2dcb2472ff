//! What bounds a tracker, and the count of what it did not take.

/// How tracks are made, and how much is kept. [`Options::default`] suits clips of dancers sampled
/// 15 times a second. Values that cannot be (not a number, negative) count as the default.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seconds that a track waits for its person to appear again before it ends.
    pub gap_s: f64,
    /// Seconds between the end of a track and the start of another that may still be joined.
    pub stitch_s: f64,
    /// People whose score is less are dropped, 0 to 1.
    pub person_score_min: f32,
    /// Joints whose score is less count as not seen, 0 to 1.
    pub joint_score_min: f32,
    /// People taken of one moment: those of the best score.
    pub people_per_moment_max: usize,
    /// Tracks kept: when there are more, the shortest that has ended is forgotten.
    pub tracks_max: usize,
    /// Moments taken; later ones are dropped. An hour at 15 a second is 54,000.
    pub moments_max: usize,
    /// Sightings kept over all tracks, each of 240 bytes, 750 with both hands.
    pub sightings_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gap_s: 1.2,
            stitch_s: 4.0,
            person_score_min: 0.1,
            joint_score_min: 0.15,
            people_per_moment_max: 32,
            tracks_max: 256,
            moments_max: 54_000,
            sightings_max: 150_000,
        }
    }
}

impl Options {
    /// The same with each value that cannot be replaced by its default.
    pub(crate) fn sound(self) -> Self {
        let usual = Self::default();
        let seconds =
            |value: f64, usual: f64| if (0.0..=3600.0).contains(&value) { value } else { usual };
        let share =
            |value: f32, usual: f32| if (0.0..=1.0).contains(&value) { value } else { usual };
        Self {
            gap_s: seconds(self.gap_s, usual.gap_s),
            stitch_s: seconds(self.stitch_s, usual.stitch_s),
            person_score_min: share(self.person_score_min, usual.person_score_min),
            joint_score_min: share(self.joint_score_min, usual.joint_score_min),
            people_per_moment_max: self.people_per_moment_max.clamp(1, 128),
            tracks_max: self.tracks_max.clamp(2, 4096),
            moments_max: self.moments_max.clamp(1, 1_000_000),
            sightings_max: self.sightings_max.clamp(16, 10_000_000),
        }
    }
}

/// What a tracker did not take, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Moments whose time is not a number, is negative or past 1,000,000 s, or is not after the
    /// moment before.
    pub moments_out_of_order: usize,
    /// Moments past `moments_max`.
    pub moments_over_limit: usize,
    /// People with a box that cannot be, without a score, or with no joint seen.
    pub people_invalid: usize,
    /// People whose score is less than `person_score_min`.
    pub people_unsure: usize,
    /// People found twice: the lesser of two nearly equal poses.
    pub people_twice: usize,
    /// People past `people_per_moment_max`.
    pub people_over_limit: usize,
    /// Tracks forgotten because of `tracks_max` or `sightings_max`.
    pub tracks_forgotten: usize,
}
