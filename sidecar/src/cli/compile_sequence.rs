//! `vitrine compile-sequence`: numbered pictures to an MP4, by the program that knows video.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use vitrine_crds::run::Exit;

use super::Failure;
use crate::extract::footage::program;

/// Arguments of `vitrine compile-sequence`, which `vitrine-media` checks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Frames are taken in natural order: frame2.png before frame10.png. Missing numbers are said and left
out; frames of several sizes are an error. An odd width or height gets one more column or row. The
program ffmpeg encodes where there is one; else OpenCV does, always with crf 23.

Examples:
  vitrine compile-sequence render/frames turntable.mp4
  vitrine compile-sequence render/frames turntable.mp4 --fps 24 --crf 14

Exit codes: 0 the video is written; 1 a file cannot be read or written: worth another try; 2 usage:
also a folder that is not there, or an OUT that does not end in .mp4; 3 permanent: no frames, broken
ones or ones of several sizes, or they cannot be encoded, or vitrine-media is broken; 130 ended by
Ctrl-C, 143 by SIGTERM. Whatever it ends with but 0, a video of before stays as it was, and no
unfinished one is left.")]
pub struct Args {
    /// The folder of PNG files
    frames_dir: PathBuf,
    /// The MP4 file to write; it is replaced when the new one is whole
    out: PathBuf,
    /// Frames a second, over 0, to 240
    #[arg(long, value_name = "N", default_value = "30")]
    fps: String,
    /// Quality of x264, 0 to 51: 0 is lossless, 18 looks like the source, 51 is worst
    #[arg(long, value_name = "N", default_value = "18")]
    crf: String,
}

/// Runs `vitrine compile-sequence`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let program = program().map_err(|error| Failure::new(Exit::Permanent, &error))?;
    let Args { frames_dir, out, fps, crf } = args;
    // It takes our place: signals and exit codes are its own, and its words name us.
    let error = Command::new(&program)
        .arg0("vitrine")
        .arg("compile-sequence")
        .args([format!("--fps={fps}"), format!("--crf={crf}")])
        .arg("--")
        .args([frames_dir, out])
        .exec();
    Err(Failure {
        exit: Exit::Permanent,
        message: format!("cannot start {}: {error}; build it anew", program.display()),
    })
}
