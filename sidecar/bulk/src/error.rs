//! Why a load ended before its end.

/// Why a load ended before its end. What had no verdict by then may be in the index or not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BulkError {
    /// No answer, for longer than the options allow.
    #[error("Elasticsearch does not answer bulk requests: {reason} (tried {attempts} times)")]
    Unreachable {
        /// How often it was tried.
        attempts: u32,
        /// What the last try ended with.
        reason: String,
    },
    /// It pushed back for longer than the options allow.
    #[error(
        "Elasticsearch is too busy: {waiting} documents were turned away {attempts} times, at last \
         with {status} {kind}; try again later, or give the cluster more room"
    )]
    Overloaded {
        /// Documents of the request that still waited.
        waiting: usize,
        /// How often they were tried.
        attempts: u32,
        /// Last status.
        status: u16,
        /// Last `error.type`.
        kind: String,
    },
    /// The index takes no writes.
    #[error(
        "the index {index} takes no writes ({reason}); when the disk is full make room, and take \
         the block away: PUT /{index}/_settings {{\"index.blocks.read_only_allow_delete\": null}}, \
         or \"index.blocks.write\" where somebody set that"
    )]
    Blocked {
        /// The index.
        index: String,
        /// What Elasticsearch said.
        reason: String,
    },
    /// There is no such index any more.
    #[error("the index {index} is gone: somebody removed it while documents were being written")]
    IndexMissing {
        /// The index.
        index: String,
    },
    /// 401.
    #[error("Elasticsearch refused the login ({reason})")]
    Unauthorized {
        /// What Elasticsearch said.
        reason: String,
    },
    /// 403.
    #[error("the login may not write to {index} ({reason})")]
    Forbidden {
        /// The index.
        index: String,
        /// What Elasticsearch said.
        reason: String,
    },
    /// The answer is none to what was sent.
    #[error("Elasticsearch answered a bulk request with what is no answer to it: {reason}")]
    Protocol {
        /// What is wrong.
        reason: String,
    },
    /// Whatever drives the load went away: its runtime was shut down, or it failed within.
    #[error("the load was stopped while {waiting} documents had no verdict; run it again")]
    Stopped {
        /// Documents without a verdict.
        waiting: usize,
    },
}

impl BulkError {
    /// Whether the same load can succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Overloaded { .. }
            | Self::Blocked { .. }
            | Self::Stopped { .. } => true,
            Self::IndexMissing { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Protocol { .. } => false,
        }
    }
}
