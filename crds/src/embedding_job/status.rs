//! What the operator says of an `EmbeddingJob`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::library::status::{CountsStatus, IndexStatus, RunStatus};
use crate::run::{FailureSample, QualityState};

/// What the operator says of a job. Written by it alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EmbeddingJobStatus {
    /// The job in one word: `Pending`, `Scanning`, `Working`, `Publishing`, `Complete`, `Suspended`,
    /// `Waiting` or `Failed`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// `Complete`, `Failed`, `Ready`, `Reconciling`, `Stalled`, `Scanned`, `Worked`, `Published`.
    #[schemars(extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]
    ))]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that all of this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The newest run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunStatus>,
    /// Digest of the part of the spec that the newest run is made of: another one makes another run;
    /// `suspend`, `ttlSecondsAfterFinished` and `deletionPolicy` are not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_digest: Option<String>,
    /// Number of the last run that was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_successful_run: Option<i64>,
    /// Runs in a row that failed for a cause that may pass.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: i32,
    /// When a run that failed so is tried again, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub next_try_time: Option<String>,
    /// The value of the annotation `vitrine.dev/sync-requested` that was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_sync_request: Option<String>,
    /// When it ended, complete or failed, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub completion_time: Option<String>,
    /// Where documents are, after the last published run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexStatus>,
    /// What the last published run came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsStatus>,
    /// How good its clips are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityStatus>,
    /// Where its report is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_uri: Option<String>,
    /// Some clips that could not be read, with reasons; the report has all.
    #[schemars(length(max = 10))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failure_samples: Vec<FailureSample>,
    /// By vector field: the digest of the model, and of what changes its vectors, that the last
    /// published run used.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_digests: BTreeMap<String, String>,
}

/// How good the clips of a run are.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct QualityStatus {
    /// Mean of the clips' quality, 0 to 1: 0.6 · detection rate + 0.4 · mean confidence of joints.
    pub mean_score: f64,
    /// Mean of the clips' detection rate, 0 to 1: sampled frames with both dancers by sampled frames.
    pub mean_detection_rate: f64,
}

impl From<QualityState> for QualityStatus {
    /// To four digits: what is beyond changes from processor to processor.
    fn from(said: QualityState) -> Self {
        let QualityState { mean_score, mean_detection_rate } = said;
        let rounded = |number: f64| (number * 1e4).round() / 1e4;
        Self { mean_score: rounded(mean_score), mean_detection_rate: rounded(mean_detection_rate) }
    }
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}
