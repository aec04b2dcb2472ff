//! What is asked and what is answered.

use serde::Serialize;

use super::filter::Filter;

/// What is asked of a catalogue.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is looked for, in words.
    pub query: String,
    /// `words`, `hybrid` or the name of an embedding. None: by meaning where the catalogue has
    /// vectors, else by words.
    pub algorithm: Option<String>,
    /// Which documents may be in the answer; none: all.
    pub filter: Option<Filter>,
    /// How many at most, 1 to 10,000.
    pub top_k: usize,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// As asked.
    pub query: String,
    /// How it was searched.
    pub algorithm: String,
    /// Documents that the filter let through.
    pub total: u64,
    /// Time from request to answer, loading and running the model included, in milliseconds.
    pub took_ms: f64,
    /// What a reader should know, such as that there are no vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// One asset of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// See [`crate::asset::asset_id`].
    pub asset_id: String,
    /// Name of the asset, unique in its pack.
    pub name: String,
    /// Its pack.
    pub pack: String,
    /// Where it is.
    pub uri: String,
    /// Higher is better. By meaning: cosine, −1 to 1. By words: BM25, from 0. Hybrid: reciprocal
    /// ranks.
    pub score: f64,
    /// What the score is made of.
    pub legs: Vec<Leg>,
    /// Tags that the query names.
    pub matched_tags: Vec<String>,
    /// Longest side in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_m: Option<f64>,
    /// Path of the thumbnail inside the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_uri: Option<String>,
}

/// One ranking that an asset is in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leg {
    /// The vector field, or `words`.
    pub field: String,
    /// The field's own score.
    pub score: f64,
    /// Place in the field's own ranking, from 1.
    pub rank: usize,
}
