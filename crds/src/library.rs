//! `AssetLibrary`: a folder or bucket of 3D assets that becomes searchable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One embedding: a model, and the name its vector fields carry.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Name of the embedding: an entry named N makes the field `N_embedding` for `text`, and
    /// `N_text`, `N_views` or `N_image` for others.
    pub name: String,
    /// How the model is used.
    pub algorithm: Algorithm,
    /// The model.
    pub model: ModelSpec,
    /// Texts or pictures embedded at once, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub batch: Option<i32>,
}

/// How a model turns input into vectors.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// A sentence encoder such as all-MiniLM-L6-v2.
    Text,
}

/// Where a model is, and what it must be.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelSpec {
    /// A folder, `hf://owner/name[@revision]`, or an object-store URI of a folder.
    pub uri: String,
    /// SHA-256 of the weights file, 64 hex digits. Remote models should be pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
