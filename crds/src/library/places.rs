//! Where things are: the source, the captions, the catalogue, and how to get in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the assets are, and which of them are meant.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// A folder, or `file://`, `s3://`, `gs://`, `az://`, `https://`, `pvc://claim/path`.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Secret with the store's usual variables. Absent: anonymous, unless `credentials` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// How to get in without a secret.
    #[serde(default)]
    pub credentials: Credentials,
    /// Glob patterns over paths inside the library; an asset matches at least one. USD and GLB are
    /// read, and `.gltf` files whose buffers and pictures are inside.
    #[serde(default = "default_include")]
    #[schemars(length(min = 1, max = 100))]
    pub include: Vec<String>,
    /// Glob patterns over paths inside the library; an asset matches none.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub exclude: Vec<String>,
    /// Leaves out files that other assets of the library reference.
    #[serde(default)]
    pub roots_only: bool,
}

fn default_include() -> Vec<String> {
    vec!["**/*.usd*".to_owned(), "**/*.glb".to_owned()]
}

/// Captions written elsewhere: by asset id or by path, in English and Chinese.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Captions {
    /// A `.csv`, `.json` or `.jsonl` file.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Secret with the store's usual variables. Absent: the login of `source`, or else of `catalog`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// How to get in without a secret.
    #[serde(default)]
    pub credentials: Credentials,
}

/// Where the catalogue goes.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Catalog {
    /// A folder or an object store.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Secret with the store's usual variables. Absent: anonymous, unless `credentials` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// How to get in without a secret.
    #[serde(default)]
    pub credentials: Credentials,
}

/// Names a Secret of the same namespace.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// How to get into a store without a secret.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Credentials {
    /// Without a name. On a laptop the usual variables are still read where they are set.
    #[default]
    Anonymous,
    /// As the pod's service account, by the cloud's own exchange.
    WorkloadIdentity,
}
