//! What a load came to.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a load came to, so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Documents sent again.
    pub retried: u64,
    /// Documents written or removed.
    pub written: u64,
    /// Documents refused.
    pub refused: u64,
    /// Documents of which the index has a higher version.
    pub superseded: u64,
}

/// The same while it grows.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    bytes: AtomicU64,
    retried: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
    superseded: AtomicU64,
}

impl Counters {
    pub(crate) fn sent(&self, bytes: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self, documents: usize) {
        self.retried.fetch_add(documents as u64, Ordering::Relaxed);
    }

    pub(crate) fn settled(&self, verdict: &crate::Verdict) {
        let counter = match verdict {
            crate::Verdict::Written => &self.written,
            crate::Verdict::Refused { .. } => &self.refused,
            crate::Verdict::Superseded { .. } => &self.superseded,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            requests: of(&self.requests),
            bytes: of(&self.bytes),
            retried: of(&self.retried),
            written: of(&self.written),
            refused: of(&self.refused),
            superseded: of(&self.superseded),
        }
    }
}
