//! What an asset is: its identity and its document.

pub mod annotations;
pub mod assigned;
pub mod captions;
pub mod clip;
mod content;
pub mod naming;
pub mod placed;
mod subject;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vitrine_usd::Metadata;

pub use content::Content;
pub use subject::Subject;

/// Stable name of an asset: the first 16 hex digits of SHA-256 over the library's id, a NUL and
/// the path inside the library. Known without reading the file.
pub fn asset_id(library_id: &str, path: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(library_id.as_bytes());
    hash.update([0]);
    hash.update(path.as_bytes());
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Captions of an asset, written by people or by a model.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Caption {
    /// English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
    /// Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
}

/// Everything known of one asset but its vectors: what `individual/<pack>/<name>.json` holds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Document {
    /// See [`asset_id`].
    pub asset_id: String,
    /// File stem, made unique within its pack.
    pub name: String,
    /// The library's id.
    pub library: String,
    /// First folder below the root; the library's name for a file at the root.
    pub pack: String,
    /// Where the asset is, as a URI a reader can open.
    pub uri: String,
    /// Path inside the library.
    pub path: String,
    /// Lower-case words from path and name.
    pub tags: Vec<String>,
    /// Size of the file itself.
    pub size_bytes: u64,
    /// Time of last change, RFC 3339 in UTC.
    pub modified: String,
    /// Covers the asset, its dependencies (missing ones too), the extractor and its options.
    pub fingerprint: String,
    /// By embedding: covers the text, the model and its options.
    pub embedding_fingerprint: BTreeMap<String, String>,
    /// Version of the extractor that wrote `usd`.
    pub extractor_version: String,
    /// When this document was written, RFC 3339 in UTC.
    pub indexed_at: String,
    /// How many other assets of the library reference this one.
    pub used_by: u64,
    /// Captions, where there are any.
    pub caption: Caption,
    /// The sentence that `text_embedding` embeds.
    pub description: String,
    /// Facts of the stage.
    pub usd: Metadata,
    /// Path of the thumbnail inside the catalogue, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_uri: Option<String>,
    /// Path of the GLB inside the catalogue, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_uri: Option<String>,
    /// Whether the asset has image vectors.
    pub has_visual_embedding: bool,
}
