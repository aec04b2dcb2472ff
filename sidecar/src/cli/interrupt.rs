//! Ctrl-C and SIGTERM in the middle of a run: what is kept, and how to go on.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

use super::log;
use super::progress::Noun;
use crate::run::steps;
use crate::run::watch::{Ending, Watch};

/// What is done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Assets or clips that have a receipt: the next run does not do them again.
    done: AtomicU64,
    /// Which, once that is known.
    noun: OnceLock<Noun>,
}

impl Tally {
    /// A watch that counts for it.
    pub(super) fn counting<'a>(&'a self, noun: Noun, inner: &'a dyn Watch) -> Counted<'a> {
        let _ = self.noun.set(noun);
        Counted { inner, tally: self }
    }

    fn words(&self) -> String {
        let (done, noun) = (self.done.load(Ordering::Relaxed), self.noun.get());
        let Some(noun) = noun.filter(|_| done > 0) else {
            return "interrupted; the same command starts anew".to_owned();
        };
        let are = if done == 1 { "is" } else { "are" };
        let done = noun.count(done);
        format!("interrupted: {done} {are} done and kept; the same command goes on with the rest")
    }
}

/// A watch that counts what is done.
pub(super) struct Counted<'a> {
    inner: &'a dyn Watch,
    tally: &'a Tally,
}

impl Watch for Counted<'_> {
    fn step(&self, name: &str, assets: Option<u64>) {
        self.inner.step(name, assets);
    }

    fn asset(&self, ending: Ending<'_>) {
        self.tally.done.fetch_add(1, Ordering::Relaxed);
        self.inner.asset(ending);
    }

    fn frames(&self, path: &str, count: u64) {
        self.inner.frames(path, count);
    }
}

/// Ends the process when it is told to, in the middle of whatever it does: the next one goes on from
/// there. The first process of a pod would not end by itself, and a lock in a store would hold for
/// minutes.
pub(super) fn end_when_told() -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let counted = Arc::clone(&tally);
    std::thread::spawn(move || {
        let Some(kind) = told() else { return };
        let words = counted.words();
        // A bar ends without a line of its own.
        let gap = if std::io::stderr().is_terminal() { "\n" } else { "" };
        eprintln!("{gap}{words}");
        log::tell(Level::WARN, &words);
        steps::let_go();
        // At once: networks in the middle of their work would complain of being taken down.
        signal_hook::low_level::exit(128 + kind.as_raw_value());
    });
    tally
}

/// Waits for Ctrl-C or SIGTERM; nothing where the system does not tell of them.
fn told() -> Option<SignalKind> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let [mut broken, mut asked] = [SignalKind::interrupt(), SignalKind::terminate()]
            .map(|kind| signal(kind).ok().map(|told| (kind, told)));
        tokio::select! {
            Some(kind) = heard(&mut broken) => Some(kind),
            Some(kind) = heard(&mut asked) => Some(kind),
            else => None,
        }
    })
}

async fn heard(told: &mut Option<(SignalKind, Signal)>) -> Option<SignalKind> {
    let (kind, told) = told.as_mut()?;
    told.recv().await.map(|()| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_interrupts_is_told_what_is_kept() {
        for (done, expected) in [
            (0, "interrupted; the same command starts anew"),
            (1, "interrupted: 1 clip is done and kept; the same command goes on with the rest"),
            (7, "interrupted: 7 clips are done and kept; the same command goes on with the rest"),
        ] {
            let tally = Tally { done: done.into(), noun: Noun::Clips.into() };
            assert_eq!(tally.words(), expected);
        }
    }
}
