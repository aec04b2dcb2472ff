//! Frames into an H.264 video: by the program `ffmpeg`, else by OpenCV's own writer.
//!
//! OpenCV's writer cannot be told a quality: releases to 4.8 and later read options for the encoder
//! and do not pass them on (opencv issue 24570). So it is only what is left where there is no `ffmpeg`.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use opencv::core::{
    BORDER_REPLICATE, Mat, MatTraitConst, MatTraitConstManual, Scalar, Size, copy_make_border,
};
use opencv::prelude::{VideoCaptureTraitConst, VideoWriterTrait, VideoWriterTraitConst};
use opencv::{imgcodecs, videoio};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::{Job, SequenceError};

/// The quality that OpenCV's writer always asks of x264.
pub(super) const CRF_OF_OPENCV: u8 = 23;
/// What is kept of `ffmpeg`'s words, in bytes.
const WORDS_BYTES_MAX: u64 = 4 << 10;

/// Encodes and puts the video into its place; whether the quality asked for was used.
pub(super) fn encode(
    files: &[PathBuf],
    (width, height): (u32, u32),
    job: &Job,
    mut progress: impl FnMut(usize, usize),
) -> Result<bool, SequenceError> {
    let cannot_write = |source| SequenceError::Write { path: job.video.clone(), source };
    let folder = match job.video.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(cannot_write)?;
    let name = job.video.file_name().unwrap_or_default().to_string_lossy();
    // Its name must end so: encoders go by it. It may not begin with a dash, nor look like an address.
    let folder = folder.canonicalize().map_err(cannot_write)?;
    let part = Part::new(folder.join(format!(".{}.{name}", std::process::id())));
    let size = Size::new(width as i32, height as i32);
    let mut encoder = Encoder::open(&part.0, size, job)?; // Gone before its file is.
    for (done, file) in files.iter().enumerate() {
        progress(done, files.len());
        encoder.write(&frame_of(file, size)?, file)?;
    }
    let is_as_asked = encoder.finish()?;
    check(&part.0, files)?;
    std::fs::File::open(&part.0).and_then(|file| file.sync_all()).map_err(cannot_write)?;
    std::fs::rename(&part.0, &job.video).map_err(cannot_write)?;
    progress(files.len(), files.len());
    Ok(is_as_asked)
}

/// A frame of the size of the video.
fn frame_of(file: &Path, size: Size) -> Result<Mat, SequenceError> {
    let broken = || SequenceError::Frame { path: file.to_owned() };
    let name = file.to_str().ok_or_else(broken)?;
    let frame = imgcodecs::imread(name, imgcodecs::IMREAD_COLOR).map_err(|_| broken())?;
    let (right, below) = (size.width - frame.cols(), size.height - frame.rows());
    if frame.empty() || !(0..=1).contains(&right) || !(0..=1).contains(&below) {
        return Err(broken()); // Or it changed since its header was read.
    }
    if right == 0 && below == 0 {
        return Ok(frame);
    }
    let mut even = Mat::default();
    copy_make_border(&frame, &mut even, 0, below, 0, right, BORDER_REPLICATE, Scalar::all(0.0))
        .map_err(|error| failed(file, &error))?;
    Ok(even)
}

/// What encodes.
enum Encoder {
    Program(Ffmpeg),
    Library(videoio::VideoWriter),
}

impl Encoder {
    fn open(path: &Path, size: Size, job: &Job) -> Result<Self, SequenceError> {
        let Size { width, height } = size;
        let started = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24"])
            .args(["-s", &format!("{width}x{height}"), "-r", &job.fps.to_string(), "-i", "pipe:0"])
            .args(["-c:v", "libx264", "-crf", &job.crf.to_string(), "-pix_fmt", "yuv420p"])
            .args(["-movflags", "+faststart", "-f", "mp4"])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0) // Ctrl-C is for us alone, who tidy up.
            .spawn();
        match started {
            Ok(child) => Ok(Self::Program(Ffmpeg::new(child))),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::library(path, size, job.fps),
            Err(source) => Err(SequenceError::Write { path: job.video.clone(), source }),
        }
    }

    fn library(path: &Path, size: Size, fps: f64) -> Result<Self, SequenceError> {
        let refused = |reason: &str| SequenceError::Encode {
            frame: "the start".to_owned(),
            reason: reason.to_owned(),
        };
        let letters = videoio::VideoWriter::fourcc('a', 'v', 'c', '1');
        let letters = letters.map_err(|error| failed(path, &error))?;
        let name = path.to_str().ok_or_else(|| refused("the video's name is not UTF-8"))?;
        let ffmpeg = videoio::CAP_FFMPEG;
        let writer = videoio::VideoWriter::new_with_backend(name, ffmpeg, letters, fps, size, true);
        let writer = writer.map_err(|error| failed(path, &error))?;
        match writer.is_opened() {
            Ok(true) => Ok(Self::Library(writer)),
            _ => Err(refused("OpenCV has no encoder of H.264 here: install the program ffmpeg")),
        }
    }

    fn write(&mut self, frame: &Mat, file: &Path) -> Result<(), SequenceError> {
        match self {
            Self::Library(writer) => writer.write(frame).map_err(|error| failed(file, &error)),
            Self::Program(Ffmpeg(child)) => {
                let bytes = frame.data_bytes().map_err(|error| failed(file, &error))?;
                let written = child.stdin.as_mut().map(|stdin| stdin.write_all(bytes));
                match written {
                    Some(Ok(())) => Ok(()),
                    // It is gone: what it said is why.
                    _ => Err(refused_by(child, file)),
                }
            }
        }
    }

    /// Ends the file; whether the quality asked for was used.
    fn finish(self) -> Result<bool, SequenceError> {
        match self {
            Self::Library(mut writer) => {
                writer.release().map_err(|error| failed(Path::new("the end"), &error))?;
                Ok(false)
            }
            Self::Program(mut ffmpeg) => {
                let child = &mut ffmpeg.0;
                drop(child.stdin.take());
                let words = words_of(child);
                match child.wait() {
                    Ok(status) if status.success() => Ok(true),
                    _ => Err(SequenceError::Encode { frame: "the end".to_owned(), reason: words }),
                }
            }
        }
    }
}

fn refused_by(child: &mut Child, file: &Path) -> SequenceError {
    drop(child.stdin.take());
    let reason = words_of(child);
    let _ = child.wait();
    SequenceError::Encode { frame: file.display().to_string(), reason }
}

/// What `ffmpeg` said, on one line.
fn words_of(child: &mut Child) -> String {
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(WORDS_BYTES_MAX).read_to_end(&mut words);
    }
    let words = String::from_utf8_lossy(&words);
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { "ffmpeg ended without a word".to_owned() } else { lines.join("; ") }
}

fn failed(at: &Path, error: &opencv::Error) -> SequenceError {
    let reason = error.message.split_whitespace().collect::<Vec<_>>().join(" ");
    SequenceError::Encode { frame: at.display().to_string(), reason }
}

/// Reads back what was written: OpenCV reports no error of a full disk, nor of a lost frame.
fn check(path: &Path, files: &[PathBuf]) -> Result<(), SequenceError> {
    let refused = |reason: String| SequenceError::Encode { frame: "the end".to_owned(), reason };
    let video = videoio::VideoCapture::from_file(path.to_str().unwrap_or(""), videoio::CAP_FFMPEG);
    let Some(video) = video.ok().filter(|video| video.is_opened().unwrap_or(false)) else {
        return Err(refused("the written file cannot be read back: is the disk full?".to_owned()));
    };
    let get = |property| video.get(property).unwrap_or(0.0);
    let frames = get(videoio::CAP_PROP_FRAME_COUNT).round();
    if frames != files.len() as f64 {
        let all = files.len();
        return Err(refused(format!("{frames} of {all} frames were written: is the disk full?")));
    }
    let letters = (get(videoio::CAP_PROP_FOURCC) as u32).to_le_bytes();
    if !matches!(&letters, b"avc1" | b"h264" | b"H264") {
        let letters = String::from_utf8_lossy(&letters).into_owned();
        return Err(refused(format!("this build of FFmpeg wrote `{letters}` and not H.264")));
    }
    Ok(())
}

/// The program while it runs; who lets go of it ends it.
struct Ffmpeg(Child);

impl Ffmpeg {
    fn new(child: Child) -> Self {
        unfinished().program = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Self(child)
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        unfinished().program = None;
        // It would end its file behind our back; where it has ended, nothing happens.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file that is deleted unless it was moved away.
struct Part(PathBuf);

impl Part {
    fn new(path: PathBuf) -> Self {
        unfinished().file = Some(path.clone());
        Self(path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        unfinished().file = None;
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What is left over where the process ends at once.
struct Unfinished {
    program: Option<Pid>,
    file: Option<PathBuf>,
}

static UNFINISHED: Mutex<Unfinished> = Mutex::new(Unfinished { program: None, file: None });

fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what encodes, removes the unfinished video, and ends the process with `code`.
pub fn abandon(code: u8) -> ! {
    let mut unfinished = unfinished(); // Held to the end: nothing new begins.
    if let Some(program) = unfinished.program.take() {
        let _ = kill_process(program, Signal::KILL);
        let _ = waitpid(Some(program), WaitOptions::empty());
    }
    if let Some(file) = unfinished.file.take() {
        let _ = std::fs::remove_file(file);
    }
    signal_hook::low_level::exit(i32::from(code));
}
