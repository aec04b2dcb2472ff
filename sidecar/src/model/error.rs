//! Why there is no model.

use std::path::PathBuf;

use vitrine_crds::run::Exit;

/// Why a model could not be found, fetched or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The URI itself is wrong, or has no meaning here.
    #[error("model `{uri}`: {reason}")]
    Uri {
        /// The URI as written.
        uri: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
    /// No connection, a cut one, or one that stood still.
    #[error("cannot reach {url}: {reason}; check the network, or fetch once where there is one")]
    Unreachable {
        /// The address, without its query.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// 401 or 403.
    #[error(
        "{url} refused us ({status}): it is private, gated, or does not exist; check the name, set \
         HF_TOKEN to a token that may read it, and accept its terms on the hub where it has some"
    )]
    Refused {
        /// The address, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// 404: the server is there, the file is not.
    #[error("{url} does not exist; check the owner, the name and the revision")]
    NotFound {
        /// The address, without its query.
        url: String,
    },
    /// An answer we have no use for.
    #[error("{url} answered {status}")]
    Status {
        /// The address, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// More bytes than we are ready to take.
    #[error("{what} is larger than the limit of {bytes_max} bytes")]
    TooLarge {
        /// The address or file.
        what: String,
        /// The limit.
        bytes_max: u64,
    },
    /// The bytes are not the pinned ones.
    #[error(
        "{what} has SHA-256 {actual}, but {expected} was asked for; correct the pin if the new file \
         is the one you mean, else fetch it again from a source you trust"
    )]
    Digest {
        /// The file.
        what: String,
        /// 64 hex digits, as pinned.
        expected: String,
        /// 64 hex digits, as found.
        actual: String,
    },
    /// Offline mode, and the cache has no such model.
    #[error(
        "model {uri} is not in the cache {cache} and HF_HUB_OFFLINE forbids the network; run \
         `vitrine models pull {uri}{used}` where there is one, or give a local folder"
    )]
    Offline {
        /// The URI as configured.
        uri: String,
        /// The flag that says how it is used, after a space; empty for a sentence model.
        used: &'static str,
        /// The cache folder.
        cache: PathBuf,
    },
    /// A model folder that lacks something or contradicts itself.
    #[error("model folder {folder}: {reason}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Maven's client failed.
    #[error("cannot fetch {artifact} with Maven: {reason}")]
    Maven {
        /// `group:artifact:version`.
        artifact: String,
        /// What it said, and what to do.
        reason: String,
    },
    /// Both ways to the default model failed.
    #[error("model {uri} cannot be fetched: {hub}; and {maven}")]
    Nowhere {
        /// The URI as configured.
        uri: String,
        /// What the hub said.
        hub: Box<ModelError>,
        /// What Maven said.
        maven: Box<ModelError>,
    },
    /// Another process holds the lock for too long.
    #[error(
        "another process has been fetching this model for {waited_secs} s and holds {lock}; wait \
         for it, or end it"
    )]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// How long we waited.
        waited_secs: u64,
    },
    /// A bucket or web folder said no.
    #[error("model {uri}: {reason}")]
    Store {
        /// The URI as configured.
        uri: String,
        /// What the store said.
        reason: String,
        /// Whether the same call may succeed later.
        transient: bool,
    },
    /// The disk.
    #[error("cannot {action} {path}")]
    Io {
        /// `read`, `write`, `lock`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ModelError {
    /// Wraps a failure of the disk.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the same call can succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Locked { .. } | Self::Io { .. } => true,
            Self::Status { status, .. } => *status == 408 || *status == 429 || *status >= 500,
            Self::Store { transient, .. } => *transient,
            Self::Nowhere { hub, maven, .. } => hub.is_transient() || maven.is_transient(),
            // Maven says in words, not by type, what failed; the network is the usual reason.
            Self::Maven { .. } => true,
            Self::Uri { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::Digest { .. }
            | Self::Offline { .. }
            | Self::Folder { .. } => false,
        }
    }

    /// What a program that ends because of this exits with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Uri { .. } => Exit::Usage,
            transient if transient.is_transient() => Exit::Retry,
            _ => Exit::Permanent,
        }
    }
}
