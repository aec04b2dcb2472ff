//! Printing answers to stdout.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::process;

use vitrine_crds::run::Exit;

/// Prints to stdout. A reader that has seen enough, as `head` has, ends the program quietly; a full
/// disk ends it with a sentence.
pub(super) fn print(text: Arguments) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            process::exit(Exit::Done as i32);
        }
        eprintln!("error: cannot print the answer: {error}");
        process::exit(Exit::Retry as i32);
    }
}

/// [`print`] with the arguments of `println!`.
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::cli::output::print(format_args!("{}\n", format_args!($($argument)*)))
    };
}

pub(super) use say;
