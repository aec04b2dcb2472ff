//! The two who dance, and what is computed of them.

use crate::{RoleHint, RolesFrom, Track, Tracks};

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
    pub(crate) fn of(tracks: &Tracks, hint: &RoleHint) -> Self {
        let _ = hint;
        Self {
            lead: None,
            follow: None,
            roles_from: RolesFrom::Nobody,
            times_s: tracks.times_s.clone(),
        }
    }

    /// The vectors. The same couple gives the same numbers on every run.
    pub fn embeddings(&self) -> Embeddings {
        Embeddings::default()
    }

    /// How well the two were seen; all 0 when nobody was.
    pub fn quality(&self) -> Quality {
        Quality::default()
    }
}
