//! The index that a configuration asks for.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use vitrine_crds::library::{Algorithm, Vectors};

use super::analyzers::Analyzers;
use super::{mapping, names};
use crate::asset::Content;

/// Whose an index is. On a laptop the name is the library's id, and the rest is empty.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Owner {
    /// The Kubernetes cluster.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// The resource, or the library.
    pub name: String,
    /// The resource's UID: one made anew under the same name is another.
    pub uid: String,
    /// Where its assets come from, of a library that nobody named: two folders of one name are not
    /// one library.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Owner {
    /// Whether both are one. A name that somebody gave stands for itself, wherever the assets lie.
    pub fn is(&self, other: &Self) -> bool {
        let Self { cluster, namespace, name, uid, source } = other;
        let is_named = self.source.is_empty() || source.is_empty();
        (&self.cluster, &self.namespace) == (cluster, namespace)
            && (&self.name, &self.uid) == (name, uid)
            && (is_named || self.source == *source)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, namespace, name, uid, source } = self;
        let parts =
            [("cluster", cluster), ("namespace", namespace), ("uid", uid), ("from", source)];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        match said.is_empty() {
            true => write!(f, "`{name}`"),
            false => write!(f, "`{name}` ({})", said.join(", ")),
        }
    }
}

/// One vector field.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FieldWanted {
    /// Its name.
    pub field: String,
    /// Length of a vector.
    pub dims: usize,
    /// Name of the embedding.
    pub embedding: String,
    /// How its model is used.
    #[serde(default, skip_serializing_if = "Algorithm::is_text")]
    pub algorithm: Algorithm,
    /// What of an asset its vectors are made from.
    #[serde(default, skip_serializing_if = "Content::is_default")]
    pub content: Content,
    /// The model, as configured.
    pub model_uri: String,
    /// Names the model and what changes its vectors.
    pub model_fingerprint: String,
}

/// What the documents of an index are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Holds {
    /// Assets: see [`crate::asset::Document`].
    #[default]
    Assets,
    /// Clips: see [`crate::asset::clip::Clip`].
    Clips,
}

impl Holds {
    /// The field that holds what `_id` says.
    pub fn id_field(self) -> &'static str {
        match self {
            Self::Assets => "asset_id",
            Self::Clips => "clip_id",
        }
    }
}

/// The index that a configuration asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What its documents are.
    pub holds: Holds,
    /// The name that searches use.
    pub alias: String,
    /// Whose it is.
    pub owner: Owner,
    /// Vector fields.
    pub fields: Vec<FieldWanted>,
    /// How vectors are indexed.
    pub vectors: Vectors,
    /// Primary shards.
    pub shards: u32,
    /// Copies of each; none: one where there is a second node.
    pub replicas: Option<u32>,
    /// An alias over several libraries that this one joins.
    pub shared_alias: Option<String>,
    /// Whether to take over an index of another owner.
    pub adopt: bool,
    /// How long an index that was replaced is kept.
    pub retain_old: Duration,
}

impl Wanted {
    /// Name of the index: another model, mapping or choice of vector index leads to another. The same
    /// model at another place does not.
    pub(super) fn target(&self, analyzers: &Analyzers) -> String {
        let placeless =
            |field: &FieldWanted| FieldWanted { model_uri: String::new(), ..field.clone() };
        let fields: Vec<FieldWanted> = self.fields.iter().map(placeless).collect();
        let version = json!({
            "mapping": mapping::properties((self.holds, &self.fields), analyzers, None),
            "fields": fields,
            "vectors": self.vectors,
            "shards": self.shards,
        });
        names::physical(&self.alias, &version.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_told_by_all_that_is_known_of_it() {
        let mut owner = Owner { name: "demo".to_owned(), ..Owner::default() };
        assert_eq!(owner.to_string(), "`demo`");
        owner.namespace = "assets".to_owned();
        assert_eq!(owner.to_string(), "`demo` (namespace assets)");
    }
}
