//! How a run is shown to whoever waits for it.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::harmless;
use crate::run::Settings;
use crate::run::watch::{Ending, Watch};

/// How often a plain line tells of progress.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// A rate over less time says nothing.
const RATE_FROM: Duration = Duration::from_millis(500);
/// Failures told one by one; the report holds all.
const FAILURES_TOLD: u64 = 20;
/// Letters of a clip's name beside the bar; of a longer one the end is shown.
const NAME_CHARS_MAX: usize = 32;

/// What a run is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Noun {
    Assets,
    Clips,
}

impl Noun {
    /// What a run of these settings is over.
    pub(super) fn of(settings: &Settings) -> Self {
        match settings.clips {
            None => Self::Assets,
            Some(_) => Self::Clips,
        }
    }

    /// What became of those that succeeded.
    pub(super) fn done(self, has_index: bool) -> &'static str {
        match (self, has_index) {
            (Self::Clips, false) => "embedded",
            (Self::Clips, true) | (Self::Assets, _) => "indexed",
        }
    }

    /// For many.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Assets => "assets",
            Self::Clips => "clips",
        }
    }

    /// `1 clip`, `2 clips`.
    pub(super) fn count(self, count: u64) -> String {
        let one = match self {
            Self::Assets => "asset",
            Self::Clips => "clip",
        };
        match count {
            1 => format!("1 {one}"),
            many => format!("{many} {}", self.plural()),
        }
    }
}

/// A bar on a terminal, lines elsewhere; nothing when `quiet`.
pub(super) fn watch(quiet: bool, noun: Noun) -> Box<dyn Watch> {
    let pace = Mutex::default();
    if quiet {
        Box::new(crate::run::watch::Nobody)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar { bar: ProgressBar::new_spinner(), noun, failed: AtomicU64::new(0), pace })
    } else {
        Box::new(Lines { noun, state: Mutex::new(State::default()), pace })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frames since the step began, and whose.
#[derive(Debug, Default)]
struct Pace {
    step: String,
    began: Option<Instant>,
    frames: u64,
    clip: String,
}

impl Pace {
    fn begin(&mut self, step: &str) {
        *self = Self { step: step.to_owned(), ..Self::default() };
    }

    fn add(&mut self, path: &str, count: u64) {
        self.began.get_or_insert_with(Instant::now);
        self.frames += count;
        if self.clip != path {
            path.clone_into(&mut self.clip);
        }
    }

    /// `a/step_03.mp4, 118 frames/s`; empty before the first frame.
    fn told(&self) -> String {
        let Some(began) = self.began else { return String::new() };
        let rate = match began.elapsed() {
            short if short < RATE_FROM => String::new(),
            long => format!(", {:.0} frames/s", self.frames as f64 / long.as_secs_f64()),
        };
        let name = harmless(&self.clip);
        let over = name.chars().count().saturating_sub(NAME_CHARS_MAX);
        let shown: String = name.chars().skip(over).collect();
        format!("{}{shown}{rate}", if over > 0 { "…" } else { "" })
    }
}

/// One line that moves.
struct Bar {
    bar: ProgressBar,
    noun: Noun,
    failed: AtomicU64,
    pace: Mutex<Pace>,
}

impl Watch for Bar {
    fn step(&self, name: &str, assets: Option<u64>) {
        lock(&self.pace).begin(name);
        let style = match (assets, self.noun) {
            (None, _) => ProgressStyle::with_template("{spinner} {msg}"),
            (Some(count), noun) => {
                self.bar.set_length(count);
                self.bar.set_position(0);
                ProgressStyle::with_template(match noun {
                    Noun::Assets => "{msg} {wide_bar} {pos}/{len} assets, {per_sec}, {eta} left",
                    Noun::Clips => "{msg} {wide_bar} {pos}/{len} clips, {eta} left",
                })
            }
        };
        self.bar.set_style(style.expect("the templates are ours"));
        self.bar.set_message(name.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    fn asset(&self, ending: Ending<'_>) {
        if let Ending::Failed { path: _, reason } = ending {
            let before = self.failed.fetch_add(1, Ordering::Relaxed);
            let noun = self.noun.plural();
            match before {
                ..FAILURES_TOLD => self.bar.println(format!("failed: {}", harmless(reason))),
                FAILURES_TOLD => {
                    self.bar.println(format!("more {noun} failed: the report names them all"));
                }
                _ => {}
            }
        }
        self.bar.inc(1);
    }

    fn frames(&self, path: &str, count: u64) {
        let mut pace = lock(&self.pace);
        pace.add(path, count);
        self.bar.set_message(format!("{}: {}", pace.step, pace.told()));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Lines for logs.
struct Lines {
    noun: Noun,
    state: Mutex<State>,
    pace: Mutex<Pace>,
}

#[derive(Default)]
struct State {
    done: u64,
    failed: u64,
    of: Option<u64>,
    told: Option<Instant>,
}

impl Lines {
    /// Tells how far it is, unless that was told a moment ago.
    fn tell(&self, state: &mut State) {
        if state.told.is_some_and(|told| told.elapsed() < LINE_EVERY) {
            return;
        }
        let of = state.of.map(|of| format!(" of {of}")).unwrap_or_default();
        let pace = lock(&self.pace).told();
        let pace = if pace.is_empty() { pace } else { format!("; {pace}") };
        eprintln!("{}{of} {} done{pace}", state.done, self.noun.plural());
        state.told = Some(Instant::now());
    }
}

impl Watch for Lines {
    fn step(&self, name: &str, assets: Option<u64>) {
        match assets {
            None => eprintln!("{name}"),
            Some(count) => eprintln!("{name}: {}", self.noun.count(count)),
        }
        lock(&self.pace).begin(name);
        let mut state = lock(&self.state);
        *state = State { of: assets, told: Some(Instant::now()), ..State::default() };
    }

    fn asset(&self, ending: Ending<'_>) {
        let mut state = lock(&self.state);
        state.done += 1;
        if let Ending::Failed { path: _, reason } = ending {
            match state.failed {
                ..FAILURES_TOLD => eprintln!("failed: {}", harmless(reason)),
                FAILURES_TOLD => {
                    eprintln!("more {} failed: the report names them all", self.noun.plural());
                }
                _ => {}
            }
            state.failed += 1;
        }
        self.tell(&mut state);
    }

    fn frames(&self, path: &str, count: u64) {
        lock(&self.pace).add(path, count);
        self.tell(&mut lock(&self.state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_names_the_clip_by_its_end() {
        let mut pace = Pace::default();
        assert_eq!(pace.told(), "");
        pace.add("a/very/long/path/to/some/folder/of/clips/step_03.mp4", 15);
        let told = pace.told();
        assert!(told.starts_with('…') && told.ends_with("clips/step_03.mp4"), "{told}");
        pace.began = Instant::now().checked_sub(Duration::from_secs(3));
        assert!(pace.told().ends_with("/step_03.mp4, 5 frames/s"), "{}", pace.told());
    }
}
