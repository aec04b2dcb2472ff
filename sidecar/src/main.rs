//! `vitrine`: turns libraries of 3D assets into vectors, and answers questions about them.

use std::process::ExitCode;

fn main() -> ExitCode {
    vitrine::cli::main()
}
