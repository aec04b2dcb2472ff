//! Clips to what is seen and heard of them. Decoding happens in children, as of USD: hostile input
//! kills a child, never the run.
//!
//! ```text
//! projector (a thread) ──▶ child: `vitrine-media` ──▶ frames through a bounded channel ──▶ viewer
//!     └─ after the last frame the sound: analysed here ──────────────────────────────────▶   │
//!                                                 people in batches, tracks, a sheet ◀───────┘
//! ```
//!
//! A projector goes on with the next clip while the viewer still looks at this one. What is held of
//! a clip does not grow with its length, its sound aside: that is bounded by ten minutes.

mod alone;
mod child;
mod program;
mod projector;
mod sheet;
mod viewer;

use std::time::Duration;

pub use alone::{Alone, AloneError, inspect};
pub use child::{Child, Said};
pub use program::{MediaError, program};
pub use projector::{Projector, Reel, Task};
pub use viewer::{Audience, Seat, ViewError, view};
pub use vitrine_pose::{Quality, RolesFrom};

/// Changes when the same video would be sampled or listened to otherwise.
pub const FILM_VERSION: &str = "film-1";

/// Longest side of the frames that are looked at, in pixels: people's networks see 256 to 640.
pub const LOOK_SIDE_MAX: u32 = 960;

/// Limits on one clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Frames a second that are looked at.
    pub fps: f64,
    /// Longest one clip may take to decode, on the clock and of one CPU; waiting for those who look
    /// does not count.
    pub timeout: Duration,
    /// Most memory of a child, in bytes.
    pub memory_bytes_max: u64,
    /// What the decoder checks.
    pub limits: vitrine_footage::Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            fps: 15.0,
            timeout: Duration::from_secs(600),
            memory_bytes_max: 2 << 30,
            limits: vitrine_footage::Limits::default(),
        }
    }
}

/// What one clip came to.
#[derive(Clone, Debug, Default)]
pub struct Film {
    /// Columns of an upright frame, in pixels.
    pub width: u32,
    /// Rows of an upright frame, in pixels.
    pub height: u32,
    /// Frames of the file a second, as claimed; 0 where none are.
    pub frame_rate: f64,
    /// Seconds from the first frame to the end.
    pub duration_s: f64,
    /// Frames that were looked at.
    pub frame_count: u64,
    /// 512 numbers of the lead; of length 1, as the others.
    pub lead: Option<Vec<f32>>,
    /// 512 numbers of the follow.
    pub follow: Option<Vec<f32>>,
    /// 256 numbers of both.
    pub interaction: Option<Vec<f32>>,
    /// How well the dancers were seen.
    pub quality: Quality,
    /// What kind of network found the joints: `mmpose`, `movenet`.
    pub family: String,
    /// How it was found who leads.
    pub roles_from: Option<RolesFrom>,
    /// People who were followed over time.
    pub tracks: u32,
    /// What was heard; none where there is no sound.
    pub sound: Option<Heard>,
    /// Frames with the dancers drawn in, as JPEG.
    pub sheet: Option<Vec<u8>>,
    /// What of the clip was left out, for people.
    pub remarks: Vec<String>,
    /// From the first byte to the last number.
    pub took: Duration,
}

/// What was heard of a clip.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// 128 numbers of length 1; none of silence.
    pub vector: Option<Vec<f32>>,
    /// Beats a minute; none where nothing begins.
    pub tempo_bpm: Option<f32>,
    /// The first beats, in seconds.
    pub beat_times_s: Vec<f32>,
    /// How strongly notes begin, evenly over the sound, 0 to 1.
    pub onsets: Vec<f32>,
    /// Seconds.
    pub duration_s: f64,
}
