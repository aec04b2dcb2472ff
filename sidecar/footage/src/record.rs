//! What the decoder answers.

use serde::{Deserialize, Serialize};

/// One part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The first record of a child.
    Hello(Hello),
    /// What the file says of its pictures.
    Header(Header),
    /// A sampled frame.
    Frame(Frame),
    /// What the file says of its sound.
    SoundHeader(SoundHeader),
    /// The next samples.
    Sound(SoundBlock),
    /// There is no sound to send, and why.
    NoSound(NoSound),
    /// The answer ends well.
    End(End),
    /// The answer ends: nothing came of it.
    Failure(Failure),
}

/// Who answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Hello {
    /// [`PROTOCOL`](crate::PROTOCOL) of the child.
    pub protocol: u32,
    /// Version of the program.
    pub version: String,
    /// What decodes, with versions: a part of fingerprints.
    pub decoder: String,
}

/// What a file says of its pictures. Sizes are checked by decoding the first frame; claims are not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// The container by its first bytes: `mp4`, `mov`, `matroska`, `webm`, `avi`.
    pub container: String,
    /// The codec's four letters, such as `avc1`; empty where there are none.
    pub codec: String,
    /// Columns of an upright frame before it is reduced, in pixels.
    pub width: u32,
    /// Rows of an upright frame before it is reduced, in pixels.
    pub height: u32,
    /// Degrees by which frames were turned to be upright, clockwise: 0, 90, 180 or 270.
    pub rotation_degrees: u32,
    /// Claimed length in seconds, where one is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Claimed average of frames a second, where one is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Claimed number of frames, where one is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
}

/// A sampled frame, upright.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Number of the frame in the file, from 0: frames that were not kept count too.
    pub index: u64,
    /// Seconds since the first frame; never less than that of the frame before.
    pub time_s: f64,
    /// Columns, in pixels.
    pub width: u32,
    /// Rows, in pixels.
    pub height: u32,
    /// `[height, width, 3]`, rows from the top: red, green, blue.
    pub rgb: Vec<u8>,
}

/// What a file says of its sound.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SoundHeader {
    /// The codec, such as `aac`.
    pub codec: String,
    /// Channels in the file, of which the mean is sent.
    pub channels: u32,
    /// Samples a second in the file.
    pub rate_hz: u32,
}

/// The next samples of the sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoundBlock {
    /// One channel at [`SOUND_RATE_HZ`](crate::SOUND_RATE_HZ), −1 to 1 with rare overshoots, finite.
    pub samples: Vec<f32>,
}

/// There is no sound to send.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct NoSound {
    /// `no sound: …`, for people.
    pub reason: String,
    /// Whether there is a track that could not be read: a file that is silent by intent says no.
    pub is_unread: bool,
}

/// How far an answer came.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct End {
    /// Source frames that were decoded, or sampled.
    pub frames_read: u64,
    /// Frames that were sent.
    pub frames_sent: u64,
    /// Samples that were sent.
    pub samples_sent: u64,
    /// Seconds from the first frame to the end of the last, or of sound that was sent.
    pub seconds: f64,
    /// Whether the file claims more than could be decoded.
    pub is_truncated: bool,
    /// What people should know of it: how far it came, frames that could not be decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Nothing came of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// What kind of reason.
    pub kind: FailureKind,
    /// The reason, for people: lowercase, without the file's name.
    pub reason: String,
}

/// Kinds of reasons. All are the file's own but [`Self::Unreachable`] and [`Self::BadRequest`]:
/// asking again does not help.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The file cannot be opened or read.
    Unreachable,
    /// Its content is no video, or one of a kind that is not read.
    NotVideo,
    /// A video of which no frame could be decoded.
    NoFrames,
    /// Its frames are smaller than [`SIDE_MIN`](crate::SIDE_MIN).
    TooSmall,
    /// It is over one of the [`Limits`](crate::Limits).
    TooLarge,
    /// The request was not understood: parent and child are of different versions.
    BadRequest,
}
