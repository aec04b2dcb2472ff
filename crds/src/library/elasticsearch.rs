//! Where documents are indexed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::places::SecretRef;

/// Where documents are indexed, under which name. Exactly one of `url` and `eckRef`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Elasticsearch {
    /// `https://host:9200`, without a user name.
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
        }
    }
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
