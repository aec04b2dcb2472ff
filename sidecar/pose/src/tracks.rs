//! What a tracker found: who was where when.

use crate::{Couple, Dropped, Person, RoleHint};

/// Somebody in one moment of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Index into [`Tracks::times_s`].
    pub moment: usize,
    /// As the network saw them; joints that cannot be have score 0.
    pub person: Person,
}

/// One person over time. Sightings are in the order of time, at most one a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Counts from 0 in the order of first sightings; a forgotten or joined track leaves a hole.
    pub id: usize,
    /// At least one.
    pub sightings: Vec<Sighting>,
}

/// Who was where when, over a whole clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracks {
    pub(crate) times_s: Vec<f64>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) dropped: Dropped,
}

/// A track in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackSummary {
    /// As [`Track::id`].
    pub id: usize,
    /// Seconds since the clip's first frame.
    pub first_s: f64,
    /// Seconds since the clip's first frame.
    pub last_s: f64,
    /// Moments in which they were seen.
    pub sightings: usize,
    /// Average score of their joints, 0 to 1.
    pub confidence: f32,
}

/// The tracks of a clip in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Moments taken.
    pub moments: usize,
    /// In the order of their ids.
    pub tracks: Vec<TrackSummary>,
    /// What was not taken.
    pub dropped: Dropped,
}

impl Tracks {
    /// Seconds since the clip's first frame, of each moment taken, rising.
    pub fn times_s(&self) -> &[f64] {
        &self.times_s
    }

    /// Every track, broken ones joined, in the order of their ids.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// What was not taken.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Chooses the two dancers and says who leads.
    pub fn couple(&self, hint: &RoleHint) -> Couple {
        Couple::of(self, *hint)
    }

    /// What a report says of the tracks.
    pub fn summary(&self) -> Summary {
        let time = |sighting: Option<&Sighting>| {
            sighting.and_then(|s| self.times_s.get(s.moment)).copied().unwrap_or_default()
        };
        let tracks = self.tracks.iter().map(|track| TrackSummary {
            id: track.id,
            first_s: time(track.sightings.first()),
            last_s: time(track.sightings.last()),
            sightings: track.sightings.len(),
            confidence: track.confidence(),
        });
        Summary { moments: self.times_s.len(), tracks: tracks.collect(), dropped: self.dropped }
    }
}

impl Track {
    /// Average score of the joints over all sightings, 0 to 1.
    pub fn confidence(&self) -> f32 {
        let scores = self.sightings.iter().flat_map(|s| s.person.joints.iter().map(|j| j.score));
        let sum: f64 = scores.map(f64::from).sum();
        (sum / (self.sightings.len().max(1) * 17) as f64) as f32
    }
}
