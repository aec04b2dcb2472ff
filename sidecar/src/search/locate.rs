//! Where a catalogue is, and what embeds queries for it.

use std::path::PathBuf;

use vitrine_crds::library::{Algorithm, EmbeddingSpec, ModelSpec};
use vitrine_image::Rgb;

use super::answer::Query;
use super::error::SearchError;
use super::plan::{Maker, Space};
use crate::asset::Content;
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

/// The vector of `query` by the model that made the vectors of `space`, or by the other half of it.
///
/// # Errors
///
/// As [`embedder`].
pub fn embed_query(
    space: &Space,
    query: &Query,
    options: &Options,
) -> Result<Vec<f32>, SearchError> {
    let text = match query {
        Query::Words(text) => text.clone(),
        Query::Picture(picture) => return embed_picture(space, &picture.pixels, options),
    };
    let mut embedder = embedder(space, options)?;
    let vectors = embed_all(embedder.as_mut(), &space.model_uri, &[text])?;
    Ok(vectors.into_iter().next().unwrap_or_default())
}

/// The model of texts whose vectors may be compared with those of `space`, loaded.
///
/// # Errors
///
/// [`SearchError::Model`] when that model cannot be used, [`SearchError::OtherModel`] when what
/// its URI names has changed since.
pub fn embedder(space: &Space, options: &Options) -> Result<Box<dyn TextEmbedder>, SearchError> {
    let maker = space.maker_of(match space.content {
        Content::Caption | Content::Views => Content::Caption,
        own @ (Content::Description | Content::Motion | Content::Sound) => own,
    })?;
    let embedder = open_spec(&spec(&space.embedding, &maker.uri, maker.algorithm), options)?;
    is_same(&maker, embedder.fingerprint())?;
    Ok(embedder)
}

/// The vector of a picture, to be compared with those of `space`.
///
/// # Errors
///
/// [`SearchError::PictureModel`] when the model cannot be used, [`SearchError::OtherModel`] when what
/// its URI names has changed since.
pub fn embed_picture(
    space: &Space,
    picture: &Rgb,
    options: &Options,
) -> Result<Vec<f32>, SearchError> {
    let maker = space.maker_of(Content::Views)?;
    let uri = &maker.uri;
    let opened = embed::open_pictures(&spec(&space.embedding, uri, maker.algorithm), options);
    let mut embedder = opened.map_err(|error| SearchError::PictureModel {
        uri: uri.clone(),
        transient: error.is_transient(),
        source: Box::new(error),
    })?;
    is_same(&maker, embedder.fingerprint())?;
    let vectors = embedder.embed(std::slice::from_ref(picture));
    let vectors = vectors.map_err(|error| SearchError::PictureModel {
        uri: uri.clone(),
        transient: false,
        source: Box::new(error),
    })?;
    Ok(vectors.into_iter().next().unwrap_or_default())
}

fn is_same(maker: &Maker, found: &str) -> Result<(), SearchError> {
    if maker.fingerprint == found {
        return Ok(());
    }
    Err(SearchError::OtherModel {
        uri: maker.uri.clone(),
        expected: maker.fingerprint.clone(),
        found: found.to_owned(),
    })
}

fn spec(name: &str, uri: &str, algorithm: Algorithm) -> EmbeddingSpec {
    EmbeddingSpec {
        name: name.to_owned(),
        algorithm,
        model: ModelSpec { uri: uri.to_owned(), sha256: None },
        text_model: None,
        batch: None,
    }
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
    open_spec(&spec(name, uri, Algorithm::Text), options)
}

fn open_spec(
    spec: &EmbeddingSpec,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, SearchError> {
    embed::open(spec, options).map_err(|error| SearchError::Model {
        uri: spec.model.uri.clone(),
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
