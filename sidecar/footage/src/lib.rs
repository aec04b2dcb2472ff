//! What passes between the program that decodes videos and a run.
//!
//! `vitrine-media worker` is a child process: it reads one [`Request`] a line from stdin and answers
//! each with [`Record`]s on stdout, in order. Its first record is [`Record::Hello`].
//!
//! ```text
//! Probe  -> Header                              -> SoundHeader | NoSound -> End
//! Watch  -> Header -> Frame*                                             -> End
//! Listen -> SoundHeader -> Sound*  | NoSound                             -> End
//! any of them, at any place                                              -> Failure
//! ```
//!
//! An answer ends with [`Record::End`] or [`Record::Failure`], and nothing else ends it: where the
//! stream stops before one of them, the child is gone. Frames and sound are sent as they are decoded,
//! so that neither side holds more than a few of them. A clip that fails after some frames has failed:
//! what came before is to be dropped. A clip that was cut short ([`End::is_truncated`]) has not: its
//! frames are good.
//!
//! This crate knows no decoder and no process: [`Reader`] reads from any [`std::io::Read`],
//! [`Writer`] writes to any [`std::io::Write`], and both check what they pass on.

mod limits;
mod record;
mod request;
mod sampling;
mod size;
mod wire;

pub use limits::{Limits, SIDE_MIN};
pub use record::{
    End, Failure, FailureKind, Frame, Header, Hello, NoSound, Record, SoundBlock, SoundHeader,
};
pub use request::{Request, RequestError};
pub use sampling::Sampler;
pub use size::reduced;
pub use wire::{Reader, SOUND_BLOCK_SAMPLES_MAX, WireError, Writer};

/// Name of the program that answers requests; it lies beside `vitrine`.
pub const PROGRAM: &str = "vitrine-media";
/// Names the program where it lies elsewhere.
pub const PROGRAM_VARIABLE: &str = "VITRINE_MEDIA";
/// Version of this protocol: a parent checks it in [`Hello`].
pub const PROTOCOL: u32 = 1;
/// Samples a second of all sound that is sent: one channel, the rate that librosa works at.
pub const SOUND_RATE_HZ: u32 = 22_050;
