//! Where a catalogue is, and what embeds queries for it.

use std::path::PathBuf;

use vitrine_crds::library::{Algorithm, EmbeddingSpec, ModelSpec};

use super::error::SearchError;
use super::plan::Space;
use crate::embed::{self, Options};

/// The folder that `catalog` names: a path or a `file://` URI.
///
/// # Errors
///
/// [`SearchError::Remote`]: vectors are mapped from disk.
pub fn locate(catalog: &str) -> Result<PathBuf, SearchError> {
    match catalog.split_once("://") {
        None => Ok(PathBuf::from(catalog)),
        Some(("file", path)) => Ok(PathBuf::from(path)),
        Some(_) => Err(SearchError::Remote { uri: catalog.to_owned() }),
    }
}

/// The vector of `query` by the model that made the vectors of `space`.
///
/// # Errors
///
/// [`SearchError::Model`] when that model cannot be used, [`SearchError::OtherModel`] when what
/// its URI names has changed since.
pub fn embed_query(space: &Space, query: &str, options: &Options) -> Result<Vec<f32>, SearchError> {
    let spec = EmbeddingSpec {
        name: space.embedding.clone(),
        algorithm: Algorithm::Text,
        model: ModelSpec { uri: space.model_uri.clone(), sha256: None },
        batch: None,
    };
    let uri = || space.model_uri.clone();
    let mut embedder = embed::open(&spec, options).map_err(|error| SearchError::Model {
        uri: uri(),
        transient: error.is_transient(),
        source: Box::new(error),
    })?;
    if embedder.fingerprint() != space.model_fingerprint {
        return Err(SearchError::OtherModel {
            uri: uri(),
            expected: space.model_fingerprint.clone(),
            found: embedder.fingerprint().to_owned(),
        });
    }
    let vectors = embedder.embed(&[query.to_owned()]).map_err(|error| SearchError::Model {
        uri: uri(),
        transient: false,
        source: Box::new(error),
    })?;
    Ok(vectors.into_iter().next().unwrap_or_default())
}
