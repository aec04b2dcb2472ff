//! How a run is shown to whoever waits for it.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::watch::{Ending, Watch};

/// How often a plain line tells of progress.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Failures told one by one; the report holds all.
const FAILURES_TOLD: u64 = 20;

/// A bar on a terminal, lines elsewhere; nothing when `quiet`.
pub fn watch(quiet: bool) -> Box<dyn Watch> {
    if quiet {
        Box::new(crate::run::watch::Nobody)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar { bar: ProgressBar::new_spinner(), failed: AtomicU64::new(0) })
    } else {
        Box::new(Lines { state: Mutex::new(State::default()) })
    }
}

/// One line that moves.
struct Bar {
    bar: ProgressBar,
    failed: AtomicU64,
}

impl Watch for Bar {
    fn step(&self, name: &str, assets: Option<u64>) {
        let style = match assets {
            None => ProgressStyle::with_template("{spinner} {msg}"),
            Some(count) => {
                self.bar.set_length(count);
                self.bar.set_position(0);
                ProgressStyle::with_template(
                    "{msg} {wide_bar} {pos}/{len} assets, {per_sec}, {eta} left",
                )
            }
        };
        self.bar.set_style(style.expect("the templates are ours"));
        self.bar.set_message(name.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    fn asset(&self, ending: Ending<'_>) {
        if let Ending::Failed { path: _, reason } = ending {
            let before = self.failed.fetch_add(1, Ordering::Relaxed);
            match before {
                ..FAILURES_TOLD => self.bar.println(format!("failed: {reason}")),
                FAILURES_TOLD => self.bar.println("more assets failed: the report names them all"),
                _ => {}
            }
        }
        self.bar.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Lines for logs.
struct Lines {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: u64,
    failed: u64,
    of: Option<u64>,
    told: Option<Instant>,
}

impl Watch for Lines {
    fn step(&self, name: &str, assets: Option<u64>) {
        match assets {
            None => eprintln!("{name}"),
            Some(count) => eprintln!("{name}: {count} assets"),
        }
        let mut state = self.state.lock().unwrap_or_else(|poison| poison.into_inner());
        *state = State { of: assets, told: Some(Instant::now()), ..State::default() };
    }

    fn asset(&self, ending: Ending<'_>) {
        let mut state = self.state.lock().unwrap_or_else(|poison| poison.into_inner());
        state.done += 1;
        if let Ending::Failed { path: _, reason } = ending {
            match state.failed {
                ..FAILURES_TOLD => eprintln!("failed: {reason}"),
                FAILURES_TOLD => eprintln!("more assets failed: the report names them all"),
                _ => {}
            }
            state.failed += 1;
        }
        if state.told.is_none_or(|told| told.elapsed() >= LINE_EVERY) {
            let of = state.of.map(|of| format!(" of {of}")).unwrap_or_default();
            eprintln!("{}{of} assets done", state.done);
            state.told = Some(Instant::now());
        }
    }
}
