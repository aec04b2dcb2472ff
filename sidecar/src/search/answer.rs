//! What is asked and what is answered.

use serde::Serialize;
use serde_json::Value;

use super::error::SearchError;
use super::filter::Filter;
use super::words;

/// Longest query, in bytes.
pub(super) const QUERY_BYTES_MAX: usize = 8 << 10;
/// Most hits of one answer.
const TOP_K_MAX: usize = 10_000;

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

impl Request {
    /// Whether it can be answered at all.
    ///
    /// # Errors
    ///
    /// [`SearchError::Request`].
    pub fn check(&self) -> Result<(), SearchError> {
        let Self { query, top_k, .. } = self;
        let message = if query.trim().is_empty() {
            "the query is empty; say what you look for".to_owned()
        } else if query.len() > QUERY_BYTES_MAX {
            format!("the query has more than {QUERY_BYTES_MAX} bytes; shorten it")
        } else if !(1..=TOP_K_MAX).contains(top_k) {
            format!("--top-k {top_k} is not a number from 1 to {TOP_K_MAX}")
        } else {
            return Ok(());
        };
        Err(SearchError::Request(message))
    }
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

impl Hit {
    /// Fields of a document that a hit needs.
    pub const FIELDS: [&str; 7] =
        ["asset_id", "name", "pack", "uri", "tags", "usd.bounds.size_m", "thumbnail_uri"];

    /// The hit of a document.
    pub fn of(document: &Value, query: &str, score: f64, legs: Vec<Leg>) -> Self {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sides = document["usd"]["bounds"]["size_m"].as_array();
        Self {
            asset_id: text("asset_id"),
            name: text("name"),
            pack: text("pack"),
            uri: text("uri"),
            score,
            legs,
            matched_tags: words::shared(query, tags.iter().filter_map(Value::as_str)),
            size_m: sides.and_then(|sides| sides.iter().filter_map(Value::as_f64).reduce(f64::max)),
            thumbnail_uri: document["thumbnail_uri"].as_str().map(str::to_owned),
        }
    }
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
