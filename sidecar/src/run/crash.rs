//! Places where a test can kill the program, to prove that the next run mends what is left.
//!
//! `VITRINE_CRASH_AT=after-plan` ends the process with SIGKILL when it comes by;
//! `VITRINE_CRASH_AT=after-bulk:3` when it comes by for the third time. `VITRINE_TEST_WAIT_SECS`
//! shortens the waits of a load, which are minutes. Release builds have none of this.

use vitrine_bulk::Options;

/// A place in a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Point {
    /// The run has its number; nothing is written under it.
    AfterClaim,
    /// The index is made or taken over; there is no plan.
    AfterPrepare,
    /// The plan is written; nothing is worked on.
    AfterPlan,
    /// Documents are in every sink; their receipts are not written. Once a batch.
    AfterBulk,
    /// Receipts of a batch are written. Once a batch.
    AfterReceipts,
    /// Documents whose number of users changed are in the index again.
    AfterResend,
    /// What left is gone from the index.
    AfterDeletes,
    /// The index is whole, searchable, and not yet behind the alias.
    AfterGraph,
    /// The alias points at the index; the catalogue still names the run before.
    AfterSwap,
    /// The catalogue names this run.
    AfterCurrent,
    /// Everything is done but taking away what is old.
    BeforeRetention,
}

impl Point {
    /// Every place, in the order of a run.
    #[cfg(debug_assertions)]
    const ALL: [Self; 11] = [
        Self::AfterClaim,
        Self::AfterPrepare,
        Self::AfterPlan,
        Self::AfterBulk,
        Self::AfterReceipts,
        Self::AfterResend,
        Self::AfterDeletes,
        Self::AfterGraph,
        Self::AfterSwap,
        Self::AfterCurrent,
        Self::BeforeRetention,
    ];

    #[cfg(debug_assertions)]
    fn name(self) -> &'static str {
        match self {
            Self::AfterClaim => "after-claim",
            Self::AfterPrepare => "after-prepare",
            Self::AfterPlan => "after-plan",
            Self::AfterBulk => "after-bulk",
            Self::AfterReceipts => "after-receipts",
            Self::AfterResend => "after-resend",
            Self::AfterDeletes => "after-deletes",
            Self::AfterGraph => "after-graph",
            Self::AfterSwap => "after-swap",
            Self::AfterCurrent => "after-current",
            Self::BeforeRetention => "before-retention",
        }
    }
}

/// Kills the process where it was asked to.
#[cfg(debug_assertions)]
pub(super) fn at(point: Point) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("VITRINE_CRASH_AT") else { return };
    let (name, times) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    let known = Point::ALL.iter().find(|point| point.name() == name);
    assert!(known.is_some(), "VITRINE_CRASH_AT={wanted} names no place");
    if known == Some(&point)
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == times.parse().unwrap_or(1)
    {
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        // The signal may arrive a moment later; nothing more may happen before it does.
        loop {
            std::thread::park();
        }
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn at(_point: Point) {}

/// How long a load waits for a cluster that is busy or takes no writes.
#[cfg(debug_assertions)]
pub(super) fn patience(options: Options) -> Options {
    let wanted = std::env::var("VITRINE_TEST_WAIT_SECS").ok().and_then(|secs| secs.parse().ok());
    let Some(wait) = wanted.map(std::time::Duration::from_secs) else { return options };
    Options { retry_for: wait, blocked_for: wait, ..options }
}

/// What it says, in a release build.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn patience(options: Options) -> Options {
    options
}
