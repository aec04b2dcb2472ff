//! Frames into an H.264 video, by OpenCV's writer.

use std::path::{Path, PathBuf};

use opencv::core::{BORDER_REPLICATE, Mat, MatTraitConst, Scalar, Size, copy_make_border};
use opencv::prelude::{VideoCaptureTraitConst, VideoWriterTrait, VideoWriterTraitConst};
use opencv::{imgcodecs, videoio};

use super::{Job, SequenceError};

/// Where OpenCV reads options of its encoder: in the environment, once, when it starts.
pub const OPTIONS_VARIABLE: &str = "OPENCV_FFMPEG_WRITER_OPTIONS";

/// What [`OPTIONS_VARIABLE`] must say for a quality.
pub fn options(crf: u8) -> String {
    format!("crf;{crf}")
}

pub(super) fn encode(
    files: &[PathBuf],
    (width, height): (u32, u32),
    job: &Job,
    mut progress: impl FnMut(usize, usize),
) -> Result<(), SequenceError> {
    let cannot_write = |source| SequenceError::Write { path: job.video.clone(), source };
    let folder = match job.video.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(cannot_write)?;
    let name = job.video.file_name().unwrap_or_default().to_string_lossy();
    // Its name must end so: FFmpeg goes by it.
    let part = Part(folder.join(format!(".{}.{name}", std::process::id())));
    write_frames(files, (width, height), (&part.0, job.fps), &mut progress)?;
    check(&part.0, files)?;
    std::fs::File::open(&part.0).and_then(|file| file.sync_all()).map_err(cannot_write)?;
    std::fs::rename(&part.0, &job.video).map_err(cannot_write)
}

fn write_frames(
    files: &[PathBuf],
    (width, height): (u32, u32),
    (path, fps): (&Path, f64),
    progress: &mut impl FnMut(usize, usize),
) -> Result<(), SequenceError> {
    let failed = |frame: &Path, error: &opencv::Error| SequenceError::Encode {
        frame: frame.display().to_string(),
        reason: error.message.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let first = files.first().map(PathBuf::as_path).unwrap_or(path);
    let refused = |reason: &str| SequenceError::Encode {
        frame: first.display().to_string(),
        reason: reason.to_owned(),
    };
    let letters = videoio::VideoWriter::fourcc('a', 'v', 'c', '1');
    let letters = letters.map_err(|error| failed(first, &error))?;
    let size = Size::new(width as i32, height as i32);
    let name = path.to_str().ok_or_else(|| refused("its name is not UTF-8"))?;
    let ffmpeg = videoio::CAP_FFMPEG;
    let writer = videoio::VideoWriter::new_with_backend(name, ffmpeg, letters, fps, size, true);
    let mut writer = writer.map_err(|error| failed(first, &error))?;
    if !writer.is_opened().unwrap_or(false) {
        return Err(refused(
            "this build of FFmpeg has no encoder for H.264, or the file cannot be written",
        ));
    }
    for (done, file) in files.iter().enumerate() {
        progress(done, files.len());
        let broken = || SequenceError::Frame { path: file.clone() };
        let name = file.to_str().ok_or_else(broken)?;
        let frame = imgcodecs::imread(name, imgcodecs::IMREAD_COLOR).map_err(|_| broken())?;
        if frame.empty() {
            return Err(broken());
        }
        let (right, below) = (size.width - frame.cols(), size.height - frame.rows());
        if right == 0 && below == 0 {
            writer.write(&frame).map_err(|error| failed(file, &error))?;
            continue;
        }
        if !(0..=1).contains(&right) || !(0..=1).contains(&below) {
            return Err(broken()); // It changed since its header was read.
        }
        let mut even = Mat::default();
        copy_make_border(&frame, &mut even, 0, below, 0, right, BORDER_REPLICATE, Scalar::all(0.0))
            .map_err(|error| failed(file, &error))?;
        writer.write(&even).map_err(|error| failed(file, &error))?;
    }
    writer.release().map_err(|error| failed(first, &error))?;
    progress(files.len(), files.len());
    Ok(())
}

/// Reads back what was written: OpenCV reports no error of a full disk, nor of a lost frame.
fn check(path: &Path, files: &[PathBuf]) -> Result<(), SequenceError> {
    let last = files.last().map(|file| file.display().to_string()).unwrap_or_default();
    let refused = |reason: String| SequenceError::Encode { frame: last, reason };
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

/// A file that is deleted unless it was moved away.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
