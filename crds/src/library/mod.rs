//! `AssetLibrary`: a folder or bucket of 3D assets that becomes searchable.
//!
//! The same shape is a laptop's `vitrine.yaml` and, later, a resource of a cluster. Integers are
//! `i32` and `i64`: an API server knows no unsigned formats. The ranges that the schema cannot
//! express are in [`check`].

pub mod check;
pub mod elasticsearch;
pub mod embedding;
pub mod extraction;
pub mod places;
pub mod status;
pub mod views;
pub mod workers;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use elasticsearch::{EckRef, Elasticsearch, VectorIndex, Vectors};
pub use embedding::{Algorithm, Device, EmbeddingSpec, ModelSpec, Provider};
pub use extraction::Extraction;
pub use places::{Captions, Catalog, Credentials, SecretRef, Source};
pub use status::AssetLibraryStatus;
pub use views::{Views, ViewsFrom};
pub use workers::{Gpu, Pod, Resources, Toleration, Workers};

/// `apiVersion` of every kind.
pub const API_VERSION: &str = "vitrine.dev/v1alpha1";

/// `kind` of [`AssetLibrary`].
pub const KIND: &str = "AssetLibrary";

/// A configuration file: what it is, its name, and what is wanted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssetLibrary {
    /// `vitrine.dev/v1alpha1`.
    #[serde(default = "api_version")]
    #[schemars(extend("enum" = [API_VERSION]))]
    pub api_version: String,
    /// `AssetLibrary`.
    #[serde(default = "kind")]
    #[schemars(extend("enum" = [KIND]))]
    pub kind: String,
    /// Its name.
    #[serde(default)]
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: AssetLibrarySpec,
}

/// The part of Kubernetes' `metadata` that a file needs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// Name of the library. On a laptop the default is the name of the source's last folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub name: Option<String>,
    /// Namespace; means nothing on a laptop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Catalogs every asset of one library and makes it searchable.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[cfg_attr(feature = "kubernetes", derive(kube::CustomResource))]
#[cfg_attr(
    feature = "kubernetes",
    kube(
        group = "vitrine.dev",
        version = "v1alpha1",
        kind = "AssetLibrary",
        plural = "assetlibraries",
        shortname = "al",
        category = "vitrine",
        namespaced,
        root = "Resource",
        status = "AssetLibraryStatus",
        doc = "A folder or bucket of 3D assets that becomes searchable.",
        printcolumn(
            name = "Ready",
            type_ = "string",
            json_path = ".status.conditions[?(@.type=='Ready')].status"
        ),
        printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
        printcolumn(name = "Assets", type_ = "integer", json_path = ".status.counts.read"),
        printcolumn(name = "Failed", type_ = "integer", json_path = ".status.counts.failed"),
        printcolumn(name = "Index", type_ = "string", json_path = ".status.index.alias"),
        printcolumn(name = "Last run", type_ = "date", json_path = ".status.lastSuccessfulTime"),
        printcolumn(
            name = "Message",
            type_ = "string",
            priority = 1,
            json_path = ".status.conditions[?(@.type=='Ready')].message"
        ),
        printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.catalog)", "fieldPath": ".catalog",
     "message": "name a place for the catalogue, such as s3://bucket/folder: it keeps the state of runs"},
    {"rule": "has(self.libraryID) == has(oldSelf.libraryID) && (!has(self.libraryID) || self.libraryID == oldSelf.libraryID)",
     "message": "libraryID is part of every asset's id and cannot change; make a new AssetLibrary"},
    {"rule": "!has(self.catalog) || self.catalog.uri != self.source.uri", "fieldPath": ".catalog",
     "message": "the catalogue needs a place of its own: the source stays as it is"},
]))]
pub struct AssetLibrarySpec {
    /// Names the library in asset ids; must never change. Default: the name on a laptop,
    /// `<namespace>-<name>` on a cluster.
    #[serde(default, rename = "libraryID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub library_id: Option<String>,
    /// Where the assets are.
    pub source: Source,
    /// Captions written elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<Captions>,
    /// Where the catalogue goes. Default on a laptop: `./catalog`; required on a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Catalog>,
    /// The pictures taken of each asset.
    #[serde(default)]
    pub views: Views,
    /// The vectors to make. Default: `text`, by all-MiniLM-L6-v2. An empty list makes none.
    #[serde(default = "embedding::default_embeddings")]
    #[schemars(length(max = 16), extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]
    ))]
    pub embeddings: Vec<EmbeddingSpec>,
    /// What runs the models.
    #[serde(default)]
    pub device: Device,
    /// How much one asset may ask for. Strangers wrote the files.
    #[serde(default)]
    pub extraction: Extraction,
    /// Where documents are indexed. Absent: nowhere; the catalogue alone can be searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<Elasticsearch>,
    /// How often the source is compared with the catalogue, such as `1h` or `1h30m`. Absent: only
    /// when something changes or asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = check::PERIOD_PATTERN))]
    pub sync_interval: Option<String>,
    /// Starts no new runs while true.
    #[serde(default)]
    pub suspend: bool,
    /// Reads no more than this many assets, first paths first. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_assets: Option<i64>,
    /// What happens to index and catalogue when the resource is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// Stops a run that would delete too much.
    #[serde(default)]
    pub deletion_guard: DeletionGuard,
    /// When a new index replaces the old.
    #[serde(default)]
    pub publish_policy: PublishPolicy,
    /// The pods of a run.
    #[serde(default)]
    pub workers: Workers,
    /// The search service beside the library.
    #[serde(default)]
    pub search: Search,
}

/// What happens to index and catalogue when the resource is deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum DeletionPolicy {
    /// They stay.
    #[default]
    Retain,
    /// They go too.
    Delete,
}

/// Stops a run that would delete too much.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionGuard {
    /// Share of the library that one run may delete, in percent.
    #[schemars(range(min = 0, max = 100))]
    pub max_percent: i32,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { max_percent: 10 }
    }
}

/// When a new index replaces the old.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishPolicy {
    /// Share of the assets that must have succeeded, in percent.
    #[schemars(range(min = 0, max = 100))]
    pub min_success_percent: i32,
}

impl Default for PublishPolicy {
    fn default() -> Self {
        Self { min_success_percent: 99 }
    }
}

/// The search service beside the library.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Search {
    /// Whether there is one.
    pub enabled: bool,
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind() -> String {
    KIND.to_owned()
}

/// JSON Schema of the configuration file, draft 2020-12, indented, with a final newline.
///
/// Nested types are written in place: an API server accepts no references, and a reader needs to
/// follow none.
pub fn schema_json() -> String {
    schema_of::<AssetLibrary>()
}

/// JSON Schema of a configuration file, as [`schema_json`] writes it.
pub(crate) fn schema_of<T: JsonSchema>() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema)
        .expect("a schema is made of strings, numbers and lists");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Editors check `vitrine.yaml` against the committed file.
    #[test]
    fn the_committed_schema_says_what_the_types_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/assetlibrary.json");
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed,
            super::schema_json(),
            "{path:?} is stale: run `cargo run -p vitrine -- config schema > {path:?}`"
        );
    }
}
