//! Why a run ended early.

use vitrine_bulk::BulkError;
use vitrine_crds::run::Exit;

use crate::embed::{EmbedError, OpenError};
use crate::extract::footage::{MediaError, ViewError};
use crate::extract::pool::PoolError;
use crate::index::IndexError;
use crate::storage::StorageError;

/// Why a run ended early. A broken asset is never the reason.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A folder or bucket cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No model, so no vectors.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The model broke.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// No child can be started.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// No video can be decoded.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// Somebody else writes to the catalogue.
    #[error("{owner} is writing to the same output since {since}; wait until it is done")]
    Locked {
        /// Who.
        owner: String,
        /// Since when, RFC 3339 in UTC.
        since: String,
    },
    /// The lock was taken over by somebody else.
    #[error("lost the lock of {catalog}: another run took it over; nothing was published")]
    LockLost {
        /// The catalogue.
        catalog: String,
    },
    /// The command or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// The source lists nothing, and the catalogue holds something.
    #[error(
        "{source_uri} lists no {nouns} ({filter}), so none of the {known} that are known was touched; \
         check the source and its include and exclude, or run again with --approve-deletions if all are to go"
    )]
    Empty {
        /// What is missed: `assets`, `clips`.
        nouns: &'static str,
        /// Which files would be taken.
        filter: String,
        /// The library.
        source_uri: String,
        /// Assets in the catalogue.
        known: u64,
    },
    /// Too many assets would leave at once.
    #[error(
        "{gone} of {known} {nouns} are gone from the source, and at most {allowed} may leave in one \
         run; if that is right, run again with --approve-deletions"
    )]
    Deletions {
        /// What would leave: `assets`, `clips`.
        nouns: &'static str,
        /// Assets that are gone.
        gone: u64,
        /// Assets in the catalogue.
        known: u64,
        /// How many may leave.
        allowed: u64,
    },
    /// Work or publish was asked for, and nothing was planned.
    #[error(
        "{catalog} has no plan of {run}; call `vitrine run scan` first, with the same configuration: \
         processes on several machines need an output that all of them reach"
    )]
    NoPlan {
        /// `run 7`, or `a run`.
        run: String,
        /// The catalogue.
        catalog: String,
    },
    /// Elasticsearch did not do what was asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Documents could not be sent.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// Too much failed for a new index to take the place of the old one.
    #[error(
        "{failed} of {read} {nouns} failed, and a new index replaces the old one when {percent} % \
         are there (publishPolicy.minSuccessPercent): the old index still answers; mend the \
         {nouns}, or lower the percentage"
    )]
    TooFew {
        /// What failed: `assets`, `clips`.
        nouns: &'static str,
        /// Assets that failed.
        failed: u64,
        /// Assets listed.
        read: u64,
        /// How many must have succeeded.
        percent: u32,
    },
    /// Somebody else goes on where this process was.
    #[error("run {run} is superseded by {by}; nothing more was written")]
    Superseded {
        /// The run that ends here.
        run: u64,
        /// What goes on instead.
        by: String,
    },
    /// The configuration is not the one that the run was planned with.
    #[error("run {run} was planned with {planned}; call `vitrine run scan` anew")]
    Replanned {
        /// The run.
        run: u64,
        /// What was, and what is.
        planned: String,
    },
    /// A file of the catalogue's own is not what was written.
    #[error("{file} is damaged ({reason}); remove the folder .vitrine of the output to start anew")]
    Damaged {
        /// Path inside the catalogue.
        file: String,
        /// What was wrong.
        reason: String,
    },
    /// A local file of the run cannot be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// A verb: `read`, `write`.
        action: &'static str,
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl RunError {
    /// Says what was being done with which file.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<String>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// A folder of the run's own, for copies of a store's files.
    pub(super) fn scratch() -> Result<tempfile::TempDir, Self> {
        let made = tempfile::tempdir();
        made.map_err(Self::io("write", std::env::temp_dir().display().to_string()))
    }

    /// How a program ends on this error.
    pub fn exit(&self) -> Exit {
        self.ending().0
    }

    /// One word in CamelCase for the kind of error, for machines.
    pub fn reason(&self) -> &'static str {
        self.ending().1
    }

    fn ending(&self) -> (Exit, &'static str) {
        match self {
            Self::Storage(error) => (error.exit(), "StorageFailed"),
            Self::Open(error) => (error.exit(), "ModelUnavailable"),
            Self::Embed(_) => (Exit::Permanent, "ModelFailed"),
            Self::Damaged { .. } => (Exit::Permanent, "CatalogDamaged"),
            Self::Deletions { .. } => (Exit::Permanent, "DeletionsNeedApproval"),
            Self::Empty { .. } => (Exit::Permanent, "SourceEmpty"),
            Self::Superseded { .. } => (Exit::Permanent, "Superseded"),
            Self::TooFew { .. } => (Exit::Permanent, "TooManyFailed"),
            Self::Index(IndexError::Superseded { .. }) => (Exit::Permanent, "Superseded"),
            Self::Index(error) => (error.exit(), index_reason(error)),
            Self::Bulk(error) => match error.is_transient() {
                true => (Exit::Retry, bulk_reason(error)),
                false => (Exit::Permanent, bulk_reason(error)),
            },
            Self::Replanned { .. } => (Exit::Permanent, "ConfigurationChanged"),
            Self::NoPlan { .. } => (Exit::Usage, "NotPlanned"),
            Self::Pool(PoolError::NoGpu { .. }) => (Exit::Permanent, "GpuUnavailable"),
            Self::Pool(PoolError::Spawn { .. } | PoolError::Stillborn { .. }) => {
                (Exit::Retry, "ReaderFailed")
            }
            Self::Media(MediaError::Missing { .. } | MediaError::Protocol { .. }) => {
                (Exit::Permanent, "DecoderMissing")
            }
            Self::Media(MediaError::Spawn { .. } | MediaError::Stillborn { .. }) => {
                (Exit::Retry, "DecoderFailed")
            }
            Self::Locked { .. } => (Exit::Retry, "Locked"),
            Self::LockLost { .. } => (Exit::Retry, "LockLost"),
            Self::Io { .. } => (Exit::Retry, "DiskFailed"),
            Self::Usage(_) => (Exit::Usage, "ConfigurationWrong"),
        }
    }
}

impl From<ViewError> for RunError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Media(error) => error.into(),
            ViewError::Storage(error) => error.into(),
            ViewError::Embed(error) => error.into(),
        }
    }
}

fn index_reason(error: &IndexError) -> &'static str {
    match error {
        IndexError::Settings { .. } => "ConfigurationWrong",
        IndexError::Unreachable { .. } => "ElasticsearchUnreachable",
        IndexError::Tls { .. } => "ElasticsearchInsecure",
        IndexError::Unauthorized { .. } => "ElasticsearchLoginRefused",
        IndexError::Forbidden { .. } => "ElasticsearchForbidden",
        IndexError::Answer { .. } | IndexError::Protocol { .. } => "ElasticsearchFailed",
        IndexError::Foreign { .. } => "IndexOfAnother",
        IndexError::NotAnAlias { .. } | IndexError::Taken { .. } => "IndexNameTaken",
        IndexError::Blocked { .. } => "IndexBlocked",
        IndexError::Superseded { .. } => "Superseded",
        IndexError::Inconsistent { .. } => "IndexInconsistent",
    }
}

fn bulk_reason(error: &BulkError) -> &'static str {
    match error {
        BulkError::Unreachable { .. } => "ElasticsearchUnreachable",
        BulkError::Overloaded { .. } => "ElasticsearchOverloaded",
        BulkError::Blocked { .. } => "IndexBlocked",
        BulkError::IndexMissing { .. } => "IndexMissing",
        BulkError::Unauthorized { .. } => "ElasticsearchLoginRefused",
        BulkError::Forbidden { .. } => "ElasticsearchForbidden",
        BulkError::Protocol { .. } | BulkError::Stopped { .. } => "ElasticsearchFailed",
    }
}
