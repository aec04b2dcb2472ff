//! Decodes videos and sound, in a program of its own.
//!
//! `vitrine-media worker` answers the requests of [`vitrine_footage`]. OpenCV (by FFmpeg) reads
//! pictures, symphonia reads sound. Both read files that strangers made, so the parent bounds this
//! process from outside: memory, CPU time, and its death with the parent's. Nothing here takes memory
//! by what a file claims: frames are held one at a time, sound a block at a time.
//!
//! `vitrine-media compile-sequence` is the way back: the frames of a render become an H.264 video.

mod avi;
mod boxes;
mod capture;
pub mod container;
mod listen;
mod resample;
pub mod sequence;
mod stop;
mod watch;
pub mod worker;

pub use stop::Stop;

/// What decodes, with versions.
pub fn decoder() -> String {
    let opencv = opencv::core::get_version_string().unwrap_or_default();
    format!("opencv {opencv}, symphonia 0.6")
}
