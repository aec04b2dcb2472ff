//! Printing answers to stdout.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::process;

use vitrine_crds::run::Exit;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

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

/// `text` on one line and without what steers a terminal: control characters and marks that turn
/// the direction of writing. Strangers named the files.
pub(super) fn harmless(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

/// As [`harmless`], but each line of `text` stays one. Lines after the first are set in, so that no
/// name of a file can look like a line of ours.
pub(super) fn harmless_lines(text: &str) -> String {
    let mut lines = text.lines().map(|line| harmless(line.trim_end()));
    let mut kept = lines.next().unwrap_or_default();
    for line in lines.filter(|line| !line.is_empty()) {
        kept.push_str(if line.starts_with("  ") { "\n" } else { "\n  " });
        kept.push_str(&line);
    }
    kept
}

/// [`print`] with the arguments of `println!`.
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::cli::output::print(format_args!("{}\n", format_args!($($argument)*)))
    };
}

pub(super) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_cannot_steer_the_terminal() {
        assert_eq!(harmless("esc\u{1b}[31mRED\u{7}\n\u{202e}x 叉车"), "esc [31mRED   x 叉车");
        let several = "2 mistakes\n  a:1: one\n  a:2: \u{1b}two\nerror: not ours\n";
        let kept = "2 mistakes\n  a:1: one\n  a:2:  two\n  error: not ours";
        assert_eq!(harmless_lines(several), kept);
    }
}
