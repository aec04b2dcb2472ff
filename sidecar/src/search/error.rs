//! Why a search gives no answer.

use super::filter::{DslError, WhereError};
use crate::index::IndexError;
use vitrine_crds::run::Exit;

/// Why a search gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The folder holds no published catalogue.
    #[error(
        "no catalogue at {path}; make one with `vitrine catalog SOURCE --out {path}`, \
         name another with --catalog, or ask an index with --elasticsearch URL --index NAME"
    )]
    Absent {
        /// The folder.
        path: String,
    },
    /// The catalogue is in a store.
    #[error("{uri} is not a folder; copy the catalogue here and name the folder with --catalog")]
    Remote {
        /// As given.
        uri: String,
    },
    /// A file of the catalogue cannot be read.
    #[error(
        "cannot read {path}; remove the folder `.vitrine` of the catalogue and run `vitrine catalog` again"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the catalogue is not what it should be.
    #[error(
        "{path} {reason}; remove the folder `.vitrine` of the catalogue and run `vitrine catalog` again"
    )]
    Broken {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer program wrote the catalogue.
    #[error("{path} has version {version} and this program reads 1; use a newer `vitrine`")]
    Version {
        /// The file.
        path: String,
        /// What it says.
        version: u32,
    },
    /// Nothing is behind the alias.
    #[error(
        "no index `{alias}`; name another with --index, or fill it with \
         `vitrine catalog SOURCE --elasticsearch --index {alias}`"
    )]
    NoIndex {
        /// As given.
        alias: String,
    },
    /// The index says nothing of models.
    #[error("`vitrine catalog` did not make the index {index}: its mapping has no `_meta.vitrine`")]
    NotOurs {
        /// The index.
        index: String,
    },
    /// The alias moved each time that it was asked.
    #[error("the index `{alias}` was replaced again and again during the search; try again")]
    Moving {
        /// As given.
        alias: String,
    },
    /// Elasticsearch does not answer as it should.
    #[error(transparent)]
    Index(IndexError),
    /// The expression cannot be asked of an index.
    #[error(transparent)]
    Dsl(#[from] DslError),
    /// There is no such way of searching.
    #[error("there is no `{wanted}` to search by; use one of {known}")]
    Algorithm {
        /// As given.
        wanted: String,
        /// What there is, separated by commas.
        known: String,
    },
    /// Nothing is asked for.
    #[error("{0}")]
    Request(String),
    /// The expression is wrong.
    #[error(transparent)]
    Where(#[from] WhereError),
    /// The model that made the vectors cannot be used.
    #[error(
        "cannot embed the query with {uri}, the model that made the vectors; \
         `--algorithm words` searches without a model"
    )]
    Model {
        /// The model.
        uri: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Whether the same call may succeed later.
        transient: bool,
    },
    /// The model is not the one that made the vectors.
    #[error(
        "{uri} is not the model that made the vectors any more, so scores would mean \
         nothing; run `vitrine catalog` again to embed with the present one (expected {expected}, \
         found {found})"
    )]
    OtherModel {
        /// The model.
        uri: String,
        /// Fingerprint of the model that made the vectors.
        expected: String,
        /// Fingerprint of the model that is there.
        found: String,
    },
    /// The file is not there, or is no picture.
    #[error("cannot search by the picture {file}; name another with --image")]
    Picture {
        /// As given.
        file: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model that made the vectors cannot be used on the picture.
    #[error("cannot embed the picture with {uri}, the model that made the vectors")]
    PictureModel {
        /// The model.
        uri: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Whether the same call may succeed later.
        transient: bool,
    },
    /// Which model makes comparable vectors is not known.
    #[error(
        "nothing says which model makes vectors that may be compared with `{field}`; run \
         `vitrine catalog` again"
    )]
    Unpaired {
        /// The field.
        field: String,
    },
    /// The model makes vectors of another length than it made.
    #[error(
        "`{field}` holds vectors of {held} numbers and its model makes {made}; run \
         `vitrine catalog` again to embed with the present one"
    )]
    Dims {
        /// The field.
        field: String,
        /// Length of the vectors that are there.
        held: usize,
        /// Length of the query's.
        made: usize,
    },
    /// No asset has this name.
    #[error("no asset `{wanted}`{nearest}; `vitrine search` finds assets by what they are")]
    NoAsset {
        /// As given.
        wanted: String,
        /// `; did you mean …?` or nothing.
        nearest: String,
    },
    /// Several assets have this name.
    #[error("`{wanted}` names several assets; write one of {candidates}")]
    Ambiguous {
        /// As given.
        wanted: String,
        /// Separated by commas.
        candidates: String,
    },
}

impl SearchError {
    /// What a program that ends with this error should exit with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Dsl(error) => error.exit(),
            Self::Index(error) => error.exit(),
            Self::Absent { .. }
            | Self::NoIndex { .. }
            | Self::NotOurs { .. }
            | Self::Remote { .. }
            | Self::Algorithm { .. }
            | Self::Request(_)
            | Self::Where(_)
            | Self::Picture { .. }
            | Self::NoAsset { .. }
            | Self::Ambiguous { .. } => Exit::Usage,
            Self::Model { transient: true, .. }
            | Self::PictureModel { transient: true, .. }
            | Self::Moving { .. } => Exit::Retry,
            Self::Unreadable { .. }
            | Self::Broken { .. }
            | Self::Version { .. }
            | Self::Model { transient: false, .. }
            | Self::PictureModel { transient: false, .. }
            | Self::Unpaired { .. }
            | Self::OtherModel { .. }
            | Self::Dims { .. } => Exit::Permanent,
        }
    }
}
