//! People in frames to tracks, to a couple, to vectors: pure numbers.
//!
//! [`Tracker`] (moment after moment) -> [`Tracks`] -> [`Couple`] (lead, follow) -> [`Embeddings`]
//! and [`Quality`]
//!
//! Strangers made the videos and networks made the people: whatever cannot be is dropped and
//! counted in [`Dropped`], everything kept is bounded by [`Options`], and nothing panics. The
//! numbers of each vector are named one by one in `docs/poses.md`.

mod assign;
mod body;
mod choose;
mod constants;
mod couple;
mod curve;
mod duo;
mod embed;
mod figure;
mod forecast;
mod options;
mod person;
mod roles;
mod sheet;
mod solo;
mod standard;
mod stitch;
mod tracker;
mod tracks;

pub use couple::{Couple, Dancer, Embeddings, Measures, Quality};
pub use embed::{couple_names, dancer_names};
pub use options::{Dropped, Options};
pub use person::{Bounds, Joint, Moment, Person};
pub use roles::{RoleHint, RolesFrom, Side};
pub use tracker::Tracker;
pub use tracks::{Sighting, Summary, Track, TrackSummary, Tracks};

/// Numbers in the vector of one dancer.
pub const DANCER_DIMS: usize = 512;

/// Numbers in the vector of the couple.
pub const COUPLE_DIMS: usize = 256;

/// Names how vectors are made: vectors of different versions cannot be compared.
pub const VERSION: &str = "1";

/// COCO's 17 keypoints, in its order. Left and right are the person's own.
pub const JOINT_NAMES: [&str; 17] = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
];
