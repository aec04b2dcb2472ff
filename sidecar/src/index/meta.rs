//! What an index says of itself: `_meta.vitrine` of its mapping.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::analyzers::Analyzers;
use super::wanted::{FieldWanted, Owner};

/// The version of this shape.
pub const VERSION: u32 = 1;

/// `_meta.vitrine`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Meta {
    /// Version of this shape: 1.
    pub v: u32,
    /// Whose the index is.
    pub owner: Owner,
    /// The newest run that wrote to it, or began to.
    pub run: u64,
    /// The newest run that ended well; 0 where none has yet.
    #[serde(default)]
    pub published_run: u64,
    /// Documents it held then.
    #[serde(default)]
    pub documents: u64,
    /// Its vector fields.
    pub embeddings: Vec<FieldWanted>,
    /// Its analyzers.
    pub analyzers: Analyzers,
    /// When another took its place, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<String>,
}

impl Meta {
    /// Reads `mappings` of an index; none where it is none of ours.
    pub fn read(mappings: &Value) -> Option<Self> {
        let meta: Self = serde_json::from_value(mappings["_meta"]["vitrine"].clone()).ok()?;
        (meta.v == VERSION).then_some(meta)
    }

    /// As it stands in a mapping.
    pub fn to_value(&self) -> Value {
        json!({ "vitrine": self })
    }
}
