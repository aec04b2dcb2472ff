//! Where documents are indexed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::places::SecretRef;

/// Where documents are indexed, under which name. Exactly one of `url` and `eckRef`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.url) != has(self.eckRef)",
     "message": "name one Elasticsearch: either url or eckRef"},
    {"rule": "!has(self.url) || !self.url.contains('@')", "fieldPath": ".url",
     "message": "a URL holds no user name or password: put them into a Secret and name it in secretRef"},
    {"rule": "!has(self.eckRef) || (!has(self.secretRef) && !has(self.caRef))",
     "message": "eckRef brings its own login and authority: leave out secretRef and caRef"},
    {"rule": "has(self.index) == has(oldSelf.index) && (!has(self.index) || self.index == oldSelf.index)",
     "message": "the alias that searches use cannot be renamed; make a new resource"},
]))]
pub struct Elasticsearch {
    /// `https://host:9200`, without a user name; several nodes separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub url: Option<String>,
    /// An Elasticsearch that ECK runs, instead of `url`, `secretRef` and `caRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eck_ref: Option<EckRef>,
    /// Secret with `api-key`, or `username` and `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Secret with `ca.crt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<SecretRef>,
    /// Name of the alias that searches use. Default: `vitrine-<namespace>-<name>`; on a laptop the
    /// library's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub index: Option<String>,
    /// An alias over several libraries that this one joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub shared_alias: Option<String>,
    /// Takes over an index that another owner made.
    pub adopt: bool,
    /// How long an index that was replaced is kept, such as `24h`.
    #[schemars(extend("pattern" = super::check::PERIOD_PATTERN))]
    pub retain_old_index_for: String,
    /// How vectors are indexed.
    pub vectors: Vectors,
    /// Primary shards of an index; one holds some ten million assets.
    #[schemars(range(min = 1, max = 1024))]
    pub shards: i32,
    /// Copies of each shard. Absent: one where there is a second node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 32))]
    pub replicas: Option<i32>,
}

impl Elasticsearch {
    /// The alias of a resource that names no `index`.
    pub fn default_index(namespace: &str, name: &str) -> String {
        format!("vitrine-{namespace}-{name}")
    }
}

impl Default for Elasticsearch {
    fn default() -> Self {
        Self {
            url: None,
            eck_ref: None,
            secret_ref: None,
            ca_ref: None,
            index: None,
            shared_alias: None,
            adopt: false,
            retain_old_index_for: "24h".to_owned(),
            vectors: Vectors::default(),
            shards: 1,
            replicas: None,
        }
    }
}

/// How vectors are indexed. Another choice leads to a new index beside the old one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Vectors {
    /// The structure of the index.
    #[serde(rename = "type")]
    pub kind: VectorIndex,
    /// Neighbours of a node of the graph. Absent: Elasticsearch's default, 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4, max = 512))]
    pub m: Option<i32>,
    /// Candidates looked at while a node is added. Absent: Elasticsearch's default, 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4, max = 3200))]
    pub ef_construction: Option<i32>,
    /// How many times `k` quantized candidates are compared again by their exact vectors; 0 compares
    /// none. Absent: 2, and 10 where a number is one bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub oversample: Option<f64>,
}

/// Structures of vector indices, as Elasticsearch names them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorIndex {
    /// `flat` below 10,000 documents, then `int8_hnsw`, and `bbq_hnsw` from a million.
    #[default]
    Auto,
    /// Exact: every vector is compared.
    Flat,
    /// A graph over whole vectors.
    Hnsw,
    /// A graph over vectors of one byte a number.
    Int8Hnsw,
    /// A graph over vectors of half a byte a number.
    Int4Hnsw,
    /// A graph over vectors of one bit a number.
    BbqHnsw,
    /// Every vector is compared, by one byte a number.
    Int8Flat,
    /// Every vector is compared, by one bit a number.
    BbqFlat,
}

/// Names an Elasticsearch of the operator ECK.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EckRef {
    /// Name of the resource.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace. Default: the library's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}
