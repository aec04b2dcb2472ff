//! What publish packs for search: every vector of a field in one file, beside its ids.
//!
//! ```text
//! .vitrine/current.json                          names the files of the newest run; replaced atomically, last
//! .vitrine/vectors/<run>/documents.jsonl         one Document a line, sorted by asset_id
//! .vitrine/vectors/<run>/known.jsonl             what the next run compares with, in the same order
//! .vitrine/vectors/<run>/<field>.f32             rows of little-endian float32, [count, dims], L2 norm 1
//! .vitrine/vectors/<run>/<field>.ids             one asset_id a line, 17 bytes each, in row order
//! ```
//!
//! A run writes a folder of its own, so a reader that opened the older one is never disturbed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vitrine_crds::library::Algorithm;

use crate::asset::Content;

/// Path of the [`Current`] file inside the catalogue.
pub const CURRENT: &str = ".vitrine/current.json";

/// Names the newest published run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Current {
    /// Version of this shape: 1.
    pub v: u32,
    /// The library's id.
    pub library: String,
    /// The run that wrote it.
    pub run: u64,
    /// When, RFC 3339 in UTC.
    pub published_at: String,
    /// Documents in all, with vectors or without.
    pub documents_count: u64,
    /// Path of `documents.jsonl` inside the catalogue.
    pub documents: String,
    /// Path of `known.jsonl` inside the catalogue.
    #[serde(default)]
    pub known: String,
    /// Packed fields by name, `text_embedding` for one.
    pub fields: BTreeMap<String, Packed>,
    /// The index that holds the same, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexedAs>,
}

/// The index that holds what a run published.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IndexedAs {
    /// The name that searches use.
    pub alias: String,
    /// The index behind it.
    pub name: String,
    /// Documents in it.
    pub documents: u64,
    /// Documents that it refused: fewer are there than here.
    pub refused: u64,
    /// How it is served: replicas, shared alias.
    #[serde(default)]
    pub served: String,
}

/// One packed vector field.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Packed {
    /// Length of a vector.
    pub dims: usize,
    /// Vectors in the file.
    pub count: usize,
    /// Path of the `.f32` file inside the catalogue.
    pub vectors: String,
    /// Path of the `.ids` file inside the catalogue. An asset with several vectors has as many
    /// lines: the vector of view 0 comes first.
    pub ids: String,
    /// Name of the embedding entry that made it, `text` for one.
    pub embedding: String,
    /// How its model is used.
    #[serde(default, skip_serializing_if = "Algorithm::is_text")]
    pub algorithm: Algorithm,
    /// What of an asset its vectors are made from.
    #[serde(default, skip_serializing_if = "Content::is_default")]
    pub content: Content,
    /// The model's URI as configured: what embeds the query too.
    pub model_uri: String,
    /// `TextEmbedder::fingerprint` of that model: a query by another is refused.
    pub model_fingerprint: String,
}
