//! `vitrine-media`: what needs OpenCV, apart from `vitrine`, which starts it.

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vitrine_footage::WireError;
use vitrine_video::sequence::{CRF, FPS_MAX, Job, Made, compile};

/// Bytes that wait for the parent: frames go past it.
const ANSWER_BYTES: usize = 64 << 10;

/// Decodes videos for `vitrine`, and makes videos of frames.
#[derive(Parser)]
#[command(version)]
enum Cli {
    /// Answer requests from stdin on stdout, for `vitrine`.
    #[command(hide = true)]
    Worker,
    /// Make an H.264 video of the PNG frames of a render.
    #[command(after_help = EXAMPLES)]
    CompileSequence(SequenceArgs),
}

const EXAMPLES: &str = "\
Frames are taken in natural order: frame2.png before frame10.png. Missing numbers are said and left
out; frames of several sizes are an error. An odd width or height gets one more column or row.

Examples:
  vitrine compile-sequence render/frames turntable.mp4
  vitrine compile-sequence render/frames turntable.mp4 --fps 24 --crf 14

Exit codes:
  0  the video is written
  1  a file cannot be read or written: worth another try
  2  wrong use
  3  frames are missing, broken or of several sizes, or cannot be encoded";

#[derive(clap::Args)]
struct SequenceArgs {
    /// The folder of PNG files
    frames_dir: PathBuf,
    /// The MP4 file to write; it is replaced when the new one is whole
    out: PathBuf,
    /// Frames a second
    #[arg(long, default_value_t = 30.0, value_parser = frames_a_second)]
    fps: f64,
    /// Quality of x264: 0 is lossless, 18 looks like the source, 51 is worst
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u8).range(0..=i64::from(*CRF.end())))]
    crf: u8,
}

fn frames_a_second(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(fps) if fps > 0.0 && fps <= FPS_MAX => Ok(fps),
        _ => Err(format!("give a number over 0, to {FPS_MAX}")),
    }
}

fn main() -> ExitCode {
    match Cli::parse() {
        Cli::Worker => work(),
        Cli::CompileSequence(args) => compile_sequence(&args),
    }
}

fn work() -> ExitCode {
    let answers = BufWriter::with_capacity(ANSWER_BYTES, io::stdout().lock());
    match vitrine_video::worker::serve(&mut io::stdin().lock(), answers) {
        // A parent that has heard enough leaves.
        Ok(()) | Err(WireError::Ended) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

fn compile_sequence(args: &SequenceArgs) -> ExitCode {
    let SequenceArgs { frames_dir, out, fps, crf } = args;
    let job = Job { frames: frames_dir.clone(), video: out.clone(), fps: *fps, crf: *crf };
    let is_watched = io::stderr().is_terminal();
    let made = compile(&job, |done, all| {
        let is_tenth = done * 10 / all.max(1) != done.saturating_sub(1) * 10 / all.max(1);
        if is_watched {
            eprint!("\r{done} of {all} frames");
        } else if is_tenth {
            eprintln!("{done} of {all} frames");
        }
    });
    if is_watched {
        eprintln!();
    }
    match made {
        Ok(Made { frames, width, height, remarks }) => {
            for remark in remarks {
                eprintln!("note: {remark}");
            }
            let seconds = frames as f64 / args.fps;
            let out = args.out.display();
            println!("{out}: {frames} frames of {width} × {height}, {seconds:.2} s, H.264");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, if error.is_transient() { 1 } else { 3 }),
    }
}

/// Says an error with its causes, on one line.
fn failed(error: &dyn std::error::Error, code: u8) -> ExitCode {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line = format!("{line}: {source}");
        cause = source.source();
    }
    eprintln!("error: {line}");
    ExitCode::from(code)
}
