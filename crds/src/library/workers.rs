//! The pods of a run. A typed allow-list: no image, command, volumes or security context.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::places::SecretRef;

/// How many pods work on a run, and on what. Means nothing on a laptop.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Workers {
    /// Pods at once.
    #[schemars(range(min = 1, max = 1000))]
    pub parallelism: i32,
    /// GPUs of each pod that embeds or renders. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
    /// Requests and limits of each pod.
    pub resources: Resources,
    /// Queue of Kueue that admits the Jobs; empty: none.
    pub queue_name: String,
    /// Longest time of one step, in seconds.
    #[schemars(range(min = 60))]
    pub active_deadline_seconds: i64,
    /// Service account of the pods; empty: the namespace's default, without a token.
    pub service_account_name: String,
    /// What else the pods may say.
    pub pod: Pod,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            parallelism: 4,
            gpu: None,
            resources: Resources::default(),
            queue_name: String::new(),
            active_deadline_seconds: 21_600,
            service_account_name: String::new(),
            pod: Pod::default(),
        }
    }
}

/// GPUs of a pod.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Gpu {
    /// How many.
    #[schemars(range(min = 1, max = 16))]
    pub count: i32,
    /// The extended resource that counts them.
    pub resource_name: String,
}

impl Default for Gpu {
    fn default() -> Self {
        Self { count: 1, resource_name: "nvidia.com/gpu".to_owned() }
    }
}

/// Requests and limits, by resource name, as Kubernetes quantities in quotes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// What the scheduler sets aside.
    pub requests: BTreeMap<String, String>,
    /// What the node allows.
    pub limits: BTreeMap<String, String>,
}

/// What else the pods may say.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Pod {
    /// Labels of the pods.
    pub labels: BTreeMap<String, String>,
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that the pods bear.
    pub tolerations: Vec<Toleration>,
    /// Kubernetes' `affinity`, as it stands there.
    #[schemars(schema_with = "anything")]
    pub affinity: serde_json::Map<String, serde_json::Value>,
    /// Runtime class; empty: the cluster's default.
    pub runtime_class_name: String,
    /// Priority class; empty: the cluster's default.
    pub priority_class_name: String,
    /// Secrets with which images are pulled.
    pub image_pull_secrets: Vec<SecretRef>,
}

/// A taint that the pods bear.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// Key of the taint; absent: every key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How `value` is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// Value of the taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Effect of the taint; absent: every effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
    /// How long a `NoExecute` taint is borne, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub toleration_seconds: Option<i64>,
}

/// How a toleration compares.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TolerationOperator {
    /// The key alone.
    Exists,
    /// Key and value.
    Equal,
}

/// What a taint does to pods that do not bear it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TaintEffect {
    /// They are not scheduled.
    NoSchedule,
    /// They are scheduled elsewhere where possible.
    PreferNoSchedule,
    /// They are evicted.
    NoExecute,
}

/// An object of which the API server keeps all: beside `additionalProperties` it keeps no more than the
/// first level.
fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
