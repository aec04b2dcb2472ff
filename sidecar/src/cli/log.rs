//! Where log lines go: to stderr, and of a run over clips to a file too.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{SecondsFormat, Utc};
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::Failure;
use super::output::harmless;
use super::progress::Noun;
use crate::run::watch::{Ending, Watch};

/// How much goes to stderr where `VITRINE_LOG` says nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Loudness {
    /// Warnings and errors.
    Warnings,
    /// What is being done too.
    Telling,
    /// Everything of ours.
    Debug,
}

/// The file that log lines also go to, once a command names one.
static FILE: OnceLock<LogFile> = OnceLock::new();

struct LogFile {
    file: Mutex<File>,
    takes_all: bool,
}

/// Sends log lines to stderr; `VITRINE_LOG` chooses them in the words of `RUST_LOG`.
pub(super) fn start(loudness: Loudness) {
    let default = match loudness {
        Loudness::Warnings => "warn",
        Loudness::Telling => "warn,vitrine=info",
        Loudness::Debug => "info,vitrine=debug",
    };
    let chosen = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .with_env_var("VITRINE_LOG");
    let filter = match std::env::var_os("VITRINE_LOG") {
        Some(_) => chosen.from_env_lossy(),
        None => EnvFilter::new(default),
    };
    let ansi = console::Term::stderr().is_term();
    let plain = fmt::layer().without_time().with_target(false).with_ansi(ansi);
    let plain = plain.with_writer(std::io::stderr).with_filter(filter);
    let file = fmt::layer().with_ansi(false).with_writer(ToFile);
    let file = file.with_filter(tracing_subscriber::filter::dynamic_filter_fn(|line, _| {
        let Some(LogFile { takes_all, .. }) = FILE.get() else { return false };
        let most = match (*takes_all, line.target().starts_with("vitrine")) {
            (true, true) => LevelFilter::DEBUG,
            (_, true) | (true, false) => LevelFilter::INFO,
            (false, false) => LevelFilter::WARN,
        };
        *line.level() <= most
    }));
    tracing_subscriber::registry().with(plain).with(file).init();
}

/// Sends log lines to the end of the file at `path` too.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn to_file(path: &Path, takes_all: bool) -> Result<(), Failure> {
    let refuse = |error: std::io::Error| {
        Failure::usage(format!(
            "cannot write the log to {}: {error}; name another with --log-file",
            path.display()
        ))
    };
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(refuse)?;
    let _ = FILE.set(LogFile { file: Mutex::new(file), takes_all });
    Ok(())
}

/// Writes to the file, where there is one.
struct ToFile;

impl<'a> MakeWriter<'a> for ToFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for ToFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match FILE.get() {
            // One line a call, as the formatter hands them over.
            Some(log) => log.file.lock().unwrap_or_else(PoisonError::into_inner).write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A watch whose news go to the log file too.
pub(super) struct Logged<'a> {
    /// What shows them to whoever waits.
    pub(super) inner: &'a dyn Watch,
}

/// Writes lines to the log file alone: the terminal has them already.
pub(super) fn tell(level: Level, text: &str) {
    let Some(log) = FILE.get() else { return };
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let lines = text.lines().map(|line| format!("{now} {level:>5} {}\n", harmless(line)));
    let mut file = log.file.lock().unwrap_or_else(PoisonError::into_inner);
    // A full disk is told by the report, which is on the same.
    let _ = file.write_all(lines.collect::<String>().as_bytes());
}

impl Watch for Logged<'_> {
    fn step(&self, name: &str, assets: Option<u64>) {
        match assets {
            None => tell(Level::INFO, name),
            Some(count) => tell(Level::INFO, &format!("{name}: {}", Noun::Clips.count(count))),
        }
        self.inner.step(name, assets);
    }

    fn asset(&self, ending: Ending<'_>) {
        if let Ending::Failed { path: _, reason } = ending {
            tell(Level::WARN, &format!("failed: {reason}"));
        }
        self.inner.asset(ending);
    }

    fn frames(&self, path: &str, count: u64) {
        self.inner.frames(path, count);
    }
}
