//! `vitrine-media`: what needs OpenCV, apart from `vitrine`, which starts it.

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use vitrine_footage::WireError;
use vitrine_video::sequence::{CRF, FPS_MAX, Job, Made, abandon, compile};

/// Bytes that wait for the parent: frames go past it.
const ANSWER_BYTES: usize = 64 << 10;

/// Decodes videos for `vitrine`, and makes videos of frames.
#[derive(Parser)]
#[command(version)]
enum Cli {
    /// Answer requests from stdin on stdout, for `vitrine`.
    #[command(hide = true)]
    Worker,
    /// Make an H.264 video of the PNG frames of a render: `vitrine compile-sequence --help` says more.
    CompileSequence(SequenceArgs),
}

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
    std::thread::spawn(end_when_told);
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
        Err(error) => failed(&error, error.exit()),
    }
}

/// Ends the process at Ctrl-C, SIGTERM or the end of its terminal, and leaves no half of a video.
fn end_when_told() {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
    let told = runtime.block_on(async {
        let [mut broken, mut asked, mut alone] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
                .map(|kind| signal(kind).ok().map(|told| (kind, told)));
        tokio::select! {
            Some(kind) = heard(&mut broken) => Some(kind),
            Some(kind) = heard(&mut asked) => Some(kind),
            Some(kind) = heard(&mut alone) => Some(kind),
            else => None,
        }
    });
    let Some(code) = told.and_then(|kind| u8::try_from(128 + kind.as_raw_value()).ok()) else {
        return;
    };
    eprintln!("ended: the video is not written");
    abandon(code);
}

/// Waits for a signal; nothing where the system does not tell of it.
async fn heard(told: &mut Option<(SignalKind, Signal)>) -> Option<SignalKind> {
    let (kind, told) = told.as_mut()?;
    told.recv().await.map(|()| *kind)
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
