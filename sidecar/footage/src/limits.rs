//! How much of a stranger's file is read.

use serde::{Deserialize, Serialize};

/// Pixels that a side of a frame has at least: on fewer no person can be seen.
pub const SIDE_MIN: u32 = 16;

/// How much of one file is read. What is over a limit fails with
/// [`FailureKind::TooLarge`](crate::FailureKind::TooLarge) and names the limit.
///
/// They bound what is really there: a header that claims more than it has is not believed. Where one
/// claims more seconds than the limit, it is asked for a frame behind it before any is decoded.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most bytes of a file.
    pub file_bytes_max: u64,
    /// Most pixels of a decoded frame: width times height.
    pub frame_pixels_max: u64,
    /// Most source frames that are decoded.
    pub frames_max: u64,
    /// Most seconds between the first frame and the last, or of sound.
    pub seconds_max: u32,
}

impl Default for Limits {
    /// 4 GiB, frames of 8192 × 8192, ten minutes at 360 frames a second.
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            frame_pixels_max: 8192 * 8192,
            frames_max: 10 * 60 * 360,
            seconds_max: 10 * 60,
        }
    }
}
