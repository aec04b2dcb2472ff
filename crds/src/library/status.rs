//! What the operator says of an `AssetLibrary`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::run::{Counts, FailureSample, IndexState, Step};

/// What the operator says of a library. Written by it alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AssetLibraryStatus {
    /// The library in one word: `Pending`, `Scanning`, `Working`, `Publishing`, `Ready`, `Suspended`,
    /// `Waiting`, `Failed` or `Deleting`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// `Ready`, `Reconciling`, `Stalled`, `Syncing`, `Scanned`, `Worked`, `Published`.
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
    /// Number of the last run that was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_successful_run: Option<i64>,
    /// The `metadata.generation` that the last published run was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_successful_generation: Option<i64>,
    /// When it was published, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_successful_time: Option<String>,
    /// When the next run starts unless something asks for one before, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub next_sync_time: Option<String>,
    /// Runs in a row that failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: i32,
    /// The value of the annotation `vitrine.dev/sync-requested` that was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_sync_request: Option<String>,
    /// Where documents are, after the last published run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexStatus>,
    /// What the last published run came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsStatus>,
    /// Some assets that could not be read, with reasons; the report has all.
    #[schemars(length(max = 10))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failure_samples: Vec<FailureSample>,
    /// By vector field: the digest of the model, and of what changes its vectors, that the last
    /// published run used.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_digests: BTreeMap<String, String>,
}

/// A run.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    /// Its number; names its Jobs.
    pub number: i64,
    /// Where it is.
    pub phase: Phase,
    /// The `metadata.generation` that it is made of.
    pub generation: i64,
    /// When it began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub start_time: String,
    /// The number that its catalogue knows it by: scan's answer, which is higher where the catalogue has
    /// seen more runs than this resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<i64>,
    /// Whether any number of assets may leave, as the annotation `vitrine.dev/approve-deletions` said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletions_approved: bool,
    /// Whether its work has assets to read or pictures to see; without, it asks for no GPU.
    #[serde(default)]
    pub needs_gpu: bool,
    /// Its chunks of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<Chunks>,
    /// What its finished steps came to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["step"]
    ))]
    pub results: Vec<StepResult>,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Phase {
    /// The source is listed and compared.
    Scanning,
    /// Assets are worked on.
    Working,
    /// The result is made visible.
    Publishing,
    /// It is visible.
    Succeeded,
    /// It ended before it was visible.
    Failed,
    /// A changed spec ends it: its pods are on their way out.
    Cancelling,
}

impl Phase {
    /// The step that is under way; none where none is.
    pub fn step(self) -> Option<Step> {
        match self {
            Self::Scanning => Some(Step::Scan),
            Self::Working => Some(Step::Work),
            Self::Publishing => Some(Step::Publish),
            Self::Succeeded | Self::Failed | Self::Cancelling => None,
        }
    }
}

/// Chunks of a run's work.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Chunks {
    /// All.
    pub total: i32,
    /// Done.
    pub succeeded: i32,
    /// Given up.
    pub failed: i32,
}

/// What a finished step came to. A step that has one is never started again.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepResult {
    /// The step.
    pub step: Step,
    /// `done`, `retry` or `failed`.
    pub outcome: String,
    /// One word in CamelCase.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// Where documents are.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IndexStatus {
    /// Name of the index.
    pub name: String,
    /// The index before it, while that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// When a run removes an index that is kept, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub kept_until: Option<String>,
    /// The alias that searches use.
    pub alias: String,
    /// Documents in it.
    pub documents: i64,
}

impl From<IndexState> for IndexStatus {
    fn from(said: IndexState) -> Self {
        let IndexState { name, alias, documents, previous, kept_until } = said;
        let documents = documents.try_into().unwrap_or(i64::MAX);
        Self { name, previous, kept_until, alias, documents }
    }
}

/// How many assets a run saw: `read = indexed + skipped + failed`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CountsStatus {
    /// Assets that the source lists.
    pub read: i64,
    /// Documents that the run wrote.
    pub indexed: i64,
    /// Documents that were current already.
    pub skipped: i64,
    /// Assets that could not be read.
    pub failed: i64,
    /// Assets that left the source.
    pub deleted: i64,
}

impl From<Counts> for CountsStatus {
    fn from(counts: Counts) -> Self {
        let Counts { read, indexed, skipped, failed, deleted } = counts;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            read: number(read),
            indexed: number(indexed),
            skipped: number(skipped),
            failed: number(failed),
            deleted: number(deleted),
        }
    }
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}
