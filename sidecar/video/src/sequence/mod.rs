//! The frames of a render, PNG files in a folder, become an H.264 video.
//!
//! names (which files, in which order) -> sizes (all alike, made even) -> encode -> into place

mod encode;
mod names;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use encode::abandon;
pub use names::{Sequence, natural};

/// Worst and best quality that x264 knows: the constant rate factor, 0 is lossless.
pub const CRF: std::ops::RangeInclusive<u8> = 0..=51;
/// Frames a second at most.
pub const FPS_MAX: f64 = 240.0;
/// Longest side that H.264 has levels for, in pixels.
const SIDE_MAX: u32 = 8192;

/// What to make of which frames.
#[derive(Clone, Debug)]
pub struct Job {
    /// The folder of PNG files.
    pub frames: PathBuf,
    /// The video, replaced when it is whole.
    pub video: PathBuf,
    /// Frames a second.
    pub fps: f64,
    /// Constant rate factor of x264, in [`CRF`]: lower is finer.
    pub crf: u8,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// Frames in the video.
    pub frames: usize,
    /// Columns, in pixels.
    pub width: u32,
    /// Rows, in pixels.
    pub height: u32,
    /// What people should know: gaps in the numbers, padding.
    pub remarks: Vec<String>,
}

/// Why no video was made.
#[derive(Debug, thiserror::Error)]
pub enum SequenceError {
    /// There is no such folder.
    #[error("there is no folder {folder}: give the folder that holds the frames of one render")]
    NoFolder {
        /// As given.
        folder: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The video cannot be put in its place.
    #[error("cannot write {path}")]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to make a video of.
    #[error("no PNG files in {folder}: give the folder that holds the frames of one render")]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// The name does not end in `.mp4`.
    #[error("{path} is not the name of an MP4 file: end it in .mp4")]
    Name {
        /// The name.
        path: PathBuf,
    },
    /// A file is not what its name says.
    #[error("{path} is not a whole PNG file: render it again, or take it away")]
    Frame {
        /// The file.
        path: PathBuf,
    },
    /// Frames of several sizes.
    #[error(
        "{count} of {all} frames differ in size from the first, {width} × {height}: {path} is \
         {its_width} × {its_height}; render all at one size"
    )]
    Mixed {
        /// Frames that differ.
        count: usize,
        /// All frames.
        all: usize,
        /// Columns of the first.
        width: u32,
        /// Rows of the first.
        height: u32,
        /// The first that differs.
        path: PathBuf,
        /// Its columns.
        its_width: u32,
        /// Its rows.
        its_height: u32,
    },
    /// A size that H.264 does not hold.
    #[error(
        "frames of {width} × {height} do not fit H.264, which ends at {SIDE_MAX} pixels a side"
    )]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The encoder failed.
    #[error("the video cannot be encoded at {frame}: {reason}")]
    Encode {
        /// The frame it came to.
        frame: String,
        /// Its own words.
        reason: String,
    },
}

impl SequenceError {
    /// What a program that ends with this error exits with: 1 worth another try (disks fill and shares
    /// vanish), 2 wrong use, 3 permanent.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Write { .. } => 1,
            Self::NoFolder { .. } | Self::Name { .. } => 2,
            Self::Empty { .. }
            | Self::Frame { .. }
            | Self::Mixed { .. }
            | Self::Size { .. }
            | Self::Encode { .. } => 3,
        }
    }
}

/// Makes the video; `progress` is told how many frames are done, of how many.
///
/// The video appears whole or not at all. Frames of odd width or height get one more column or row,
/// a copy of their last: H.264 for players (4:2:0) holds even sizes only.
///
/// # Errors
///
/// When frames are missing, broken or of several sizes, or the video cannot be written. Each error
/// names the file.
pub fn compile(job: &Job, progress: impl FnMut(usize, usize)) -> Result<Made, SequenceError> {
    let is_named = job.video.extension().is_some_and(|end| end.eq_ignore_ascii_case("mp4"));
    if !is_named || job.video.file_name().is_none() {
        return Err(SequenceError::Name { path: job.video.clone() });
    }
    let Sequence { files, gaps } = Sequence::find(&job.frames)?;
    let (width, height) = one_size(&files)?;
    if width.max(height) > SIDE_MAX {
        return Err(SequenceError::Size { width, height });
    }
    let mut remarks = gaps;
    let even = (width.next_multiple_of(2), height.next_multiple_of(2));
    if even != (width, height) {
        let said = "H.264 holds even sizes: its last column or row is repeated";
        remarks.push(format!("{width} × {height} became {} × {}: {said}", even.0, even.1));
    }
    let is_as_asked = encode::encode(&files, even, job, progress)?;
    if !is_as_asked && job.crf != encode::CRF_OF_OPENCV {
        let (asked, used) = (job.crf, encode::CRF_OF_OPENCV);
        remarks.push(format!("crf {asked} needs the program ffmpeg: OpenCV's own {used} was used"));
    }
    Ok(Made { frames: files.len(), width: even.0, height: even.1, remarks })
}

/// The size of all frames.
fn one_size(files: &[PathBuf]) -> Result<(u32, u32), SequenceError> {
    let mut sizes = Vec::with_capacity(files.len());
    for path in files {
        sizes.push(size_of(path)?);
    }
    let Some(&(width, height)) = sizes.first() else { return Ok((0, 0)) };
    let differ = || sizes.iter().zip(files).filter(|(size, _)| **size != (width, height));
    match differ().next() {
        None => Ok((width, height)),
        Some((&(its_width, its_height), path)) => Err(SequenceError::Mixed {
            count: differ().count(),
            all: files.len(),
            width,
            height,
            path: path.clone(),
            its_width,
            its_height,
        }),
    }
}

/// Width and height by the header of a PNG file.
fn size_of(path: &Path) -> Result<(u32, u32), SequenceError> {
    let mut head = [0; 24];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Err(SequenceError::Frame { path: path.to_owned() });
        }
        Err(source) => return Err(SequenceError::Read { path: path.to_owned(), source }),
    }
    let number =
        |at: usize| head[at..at + 4].iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
    let is_png = head.starts_with(b"\x89PNG\r\n\x1a\n") && &head[12..16] == b"IHDR";
    match (number(16), number(20)) {
        (width @ 1.., height @ 1..) if is_png => Ok((width, height)),
        _ => Err(SequenceError::Frame { path: path.to_owned() }),
    }
}
