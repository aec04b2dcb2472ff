//! `vitrine compile-sequence`: numbered pictures to an MP4, by the program that knows video.

use std::ffi::OsString;
use std::process::Command;

use vitrine_crds::run::Exit;

use super::Failure;
use crate::extract::footage::program;

/// Arguments of `vitrine compile-sequence`: those of `vitrine-media compile-sequence`.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:
  vitrine compile-sequence frames out.mp4 --fps 30 --crf 18
  vitrine compile-sequence --help      all arguments, as vitrine-media tells them"
)]
pub struct Args {
    /// A folder of PNG pictures, the film to write, and how: see --help
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "FRAMES_DIR OUT.mp4 …"
    )]
    arguments: Vec<OsString>,
}

/// Runs `vitrine compile-sequence`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let program = program().map_err(|error| Failure::new(Exit::Usage, &error))?;
    let mut call = Command::new(&program);
    call.arg("compile-sequence").args(&args.arguments);
    let ended = call.status().map_err(|error| Failure {
        exit: Exit::Permanent,
        message: format!("cannot start {}: {error}; build it anew", program.display()),
    })?;
    match ended.code() {
        Some(0) => Ok(Exit::Done),
        // It has said why.
        Some(code @ (1 | 2 | 4)) => std::process::exit(code),
        Some(_) => std::process::exit(Exit::Permanent as i32),
        None => Err(Failure {
            exit: Exit::Permanent,
            message: format!("{} was ended from outside: {ended}", program.display()),
        }),
    }
}
