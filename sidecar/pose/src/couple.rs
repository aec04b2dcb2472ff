//! The two who dance, and what is computed of them.

use crate::choose::{Chosen, choose, shared};
use crate::{RoleHint, RolesFrom, Track, Tracks, embed};

/// One of the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Dancer {
    /// Where they were seen.
    pub track: Track,
}

/// The two dancers of a clip, or the one that was found, or nobody.
#[derive(Clone, Debug, PartialEq)]
pub struct Couple {
    /// Who leads. One dancer alone counts as the lead.
    pub lead: Option<Dancer>,
    /// Who follows.
    pub follow: Option<Dancer>,
    /// How the two were told apart.
    pub roles_from: RolesFrom,
    /// Seconds since the clip's first frame, of every sampled moment.
    pub(crate) times_s: Vec<f64>,
}

/// Vectors of L2 norm 1, every number finite; `None` where there is nothing to compute them of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// [`crate::DANCER_DIMS`] numbers of the lead.
    pub lead: Option<Vec<f32>>,
    /// [`crate::DANCER_DIMS`] numbers of the follow.
    pub follow: Option<Vec<f32>>,
    /// [`crate::COUPLE_DIMS`] numbers of both together; `None` when one dances alone.
    pub interaction: Option<Vec<f32>>,
}

/// The numbers before they are standardised, in torsos, seconds and radians; `None` for a number
/// that too little was seen for. Named by [`crate::dancer_names`] and [`crate::couple_names`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// [`crate::DANCER_DIMS`] numbers of the lead.
    pub lead: Option<Vec<Option<f64>>>,
    /// [`crate::DANCER_DIMS`] numbers of the follow.
    pub follow: Option<Vec<Option<f64>>>,
    /// [`crate::COUPLE_DIMS`] numbers of both together.
    pub interaction: Option<Vec<Option<f64>>>,
}

/// How well the dancers were seen. Every value is 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Sampled moments with both dancers, of all sampled moments.
    pub detection_rate: f32,
    /// Average score of the dancers' joints where they were seen.
    pub confidence: f32,
    /// 0.6 · `detection_rate` + 0.4 · `confidence`.
    pub score: f32,
}

impl Couple {
    pub(crate) fn of(tracks: &Tracks, hint: RoleHint) -> Self {
        let Chosen { lead, follow, roles_from } = choose(tracks, hint);
        let dancer = |at: Option<usize>| {
            at.and_then(|at| tracks.tracks.get(at)).map(|track| Dancer { track: track.clone() })
        };
        Self {
            lead: dancer(lead),
            follow: dancer(follow),
            roles_from,
            times_s: tracks.times_s.clone(),
        }
    }

    /// The vectors. The same couple gives the same numbers on every run.
    pub fn embeddings(&self) -> Embeddings {
        embed::embeddings(self)
    }

    /// The numbers that the vectors are made of.
    pub fn measures(&self) -> Measures {
        embed::measures(self)
    }

    /// How well the two were seen; all 0 when nobody was.
    pub fn quality(&self) -> Quality {
        let dancers = [&self.lead, &self.follow];
        let sightings: usize =
            dancers.iter().filter_map(|d| d.as_ref()).map(|d| d.track.sightings.len()).sum();
        let scored = dancers.iter().filter_map(|dancer| dancer.as_ref()).map(|dancer| {
            f64::from(dancer.track.confidence()) * dancer.track.sightings.len() as f64
        });
        let confidence = scored.sum::<f64>() / sightings.max(1) as f64;
        let both = match dancers {
            [Some(lead), Some(follow)] => shared(&lead.track, &follow.track).len(),
            _ => 0,
        };
        let detection_rate = both as f64 / self.times_s.len().max(1) as f64;
        let score = 0.6 * detection_rate + 0.4 * confidence;
        Quality {
            detection_rate: detection_rate as f32,
            confidence: confidence as f32,
            score: score as f32,
        }
    }
}
