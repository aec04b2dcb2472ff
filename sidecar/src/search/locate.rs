//! Where a catalogue is, and what embeds queries for it.

use std::path::PathBuf;

use vitrine_crds::library::{Algorithm, EmbeddingSpec, ModelSpec};

use super::error::SearchError;
use super::plan::Space;
use crate::embed::{self, Options, TextEmbedder};

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
/// As [`embedder`].
pub fn embed_query(space: &Space, query: &str, options: &Options) -> Result<Vec<f32>, SearchError> {
    let mut embedder = embedder(space, options)?;
    let vectors = embed_all(embedder.as_mut(), &space.model_uri, &[query.to_owned()])?;
    Ok(vectors.into_iter().next().unwrap_or_default())
}

/// The model that made the vectors of `space`, loaded.
///
/// # Errors
///
/// [`SearchError::Model`] when that model cannot be used, [`SearchError::OtherModel`] when what
/// its URI names has changed since.
pub fn embedder(space: &Space, options: &Options) -> Result<Box<dyn TextEmbedder>, SearchError> {
    let embedder = open(&space.embedding, &space.model_uri, options)?;
    if embedder.fingerprint() != space.model_fingerprint {
        return Err(SearchError::OtherModel {
            uri: space.model_uri.clone(),
            expected: space.model_fingerprint.clone(),
            found: embedder.fingerprint().to_owned(),
        });
    }
    Ok(embedder)
}

/// The model at `uri`, loaded.
///
/// # Errors
///
/// [`SearchError::Model`].
pub fn open(
    name: &str,
    uri: &str,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, SearchError> {
    let spec = EmbeddingSpec {
        name: name.to_owned(),
        algorithm: Algorithm::Text,
        model: ModelSpec { uri: uri.to_owned(), sha256: None },
        text_model: None,
        batch: None,
    };
    embed::open(&spec, options).map_err(|error| SearchError::Model {
        uri: uri.to_owned(),
        transient: error.is_transient(),
        source: Box::new(error),
    })
}

/// The vectors of `texts` by the model at `uri`.
///
/// # Errors
///
/// [`SearchError::Model`].
pub fn embed_all(
    embedder: &mut dyn TextEmbedder,
    uri: &str,
    texts: &[String],
) -> Result<Vec<Vec<f32>>, SearchError> {
    embedder.embed(texts).map_err(|error| SearchError::Model {
        uri: uri.to_owned(),
        transient: false,
        source: Box::new(error),
    })
}
