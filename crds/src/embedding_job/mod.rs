//! `EmbeddingJob`: a collection of dance videos that becomes searchable, once.

pub mod annotations;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::library::places::{Captions, Credentials, SecretRef};
use crate::library::status::{CountsStatus, IndexStatus, RunStatus};
use crate::library::{Catalog, Device, Elasticsearch, ModelSpec, Workers};
use crate::run::FailureSample;

/// Embeds every dance video of one collection: 512 numbers of who leads, 512 of who follows, 256 of
/// both together, 128 of the sound, 384 of the words.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[cfg_attr(feature = "kubernetes", derive(kube::CustomResource))]
#[cfg_attr(
    feature = "kubernetes",
    kube(
        group = "vitrine.dev",
        version = "v1alpha1",
        kind = "EmbeddingJob",
        plural = "embeddingjobs",
        shortname = "ej",
        category = "vitrine",
        namespaced,
        root = "Resource",
        status = "EmbeddingJobStatus",
        doc = "A collection of dance videos that becomes searchable, once.",
        printcolumn(
            name = "Complete",
            type_ = "string",
            json_path = ".status.conditions[?(@.type=='Complete')].status"
        ),
        printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
        printcolumn(name = "Clips", type_ = "integer", json_path = ".status.counts.read"),
        printcolumn(name = "Failed", type_ = "integer", json_path = ".status.counts.failed"),
        printcolumn(name = "Index", type_ = "string", json_path = ".status.index.alias"),
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
    {"rule": "self.videos.uri == oldSelf.videos.uri", "fieldPath": ".videos",
     "message": "a job reads one collection; make a new EmbeddingJob for another"},
]))]
pub struct EmbeddingJobSpec {
    /// Where the videos are.
    pub videos: Videos,
    /// What people know of the clips: an array or a map of `clip_id` or `video_path`, `move_label`,
    /// `difficulty`, `energy_level`, `lead_follow_roles`, `estimated_tempo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Captions>,
    /// The networks that look, listen and read.
    pub models: Models,
    /// What runs the models.
    #[serde(default)]
    pub device: Device,
    /// Which frames are looked at.
    #[serde(default)]
    pub sampling: Sampling,
    /// Where the report and the contact sheets go.
    pub output: Catalog,
    /// Where documents are indexed.
    pub elasticsearch: Elasticsearch,
    /// The pods of the job.
    #[serde(default)]
    pub workers: Workers,
    /// Starts nothing while true.
    #[serde(default)]
    pub suspend: bool,
    /// Removes the job's own Jobs so many seconds after its end, never the EmbeddingJob. Absent: they
    /// stay until it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ttl_seconds_after_finished: Option<i32>,
}

/// Where the videos are, and which of them are meant.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Videos {
    /// `s3://`, `gs://`, `az://`, `https://`, `pvc://claim/path`; on a laptop a folder too.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Secret with the store's usual variables. Absent: anonymous, unless `credentials` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// How to get in without a secret.
    #[serde(default)]
    pub credentials: Credentials,
    /// Glob patterns over paths inside the collection; a clip matches at least one.
    #[serde(default = "videos")]
    #[schemars(length(min = 1, max = 100))]
    pub include: Vec<String>,
    /// Glob patterns over paths inside the collection; a clip matches none.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub exclude: Vec<String>,
}

/// The networks that look, listen and read.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Models {
    /// Finds people in a frame.
    pub detector: ModelSpec,
    /// Finds the joints of a person.
    pub pose: ModelSpec,
    /// Finds the joints of hands. Absent: hands are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands: Option<ModelSpec>,
    /// Reads the sentence that describes a clip.
    pub text: ModelSpec,
}

/// Which frames are looked at.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Sampling {
    /// Frames a second.
    #[schemars(range(min = 1, max = 120))]
    pub fps: i32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { fps: 15 }
    }
}

/// What the operator says of a job. Written by it alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EmbeddingJobStatus {
    /// The job in one word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// `Ready`, `Reconciling`, `Stalled`, `Scanned`, `Worked`, `Published`, `Complete`, `Failed`.
    #[schemars(extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]
    ))]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that all of this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunStatus>,
    /// When it ended, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub completion_time: Option<String>,
    /// Where documents are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexStatus>,
    /// What it came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsStatus>,
    /// Some clips that could not be read, with reasons; the report has all.
    #[schemars(length(max = 10))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failure_samples: Vec<FailureSample>,
}

fn videos() -> Vec<String> {
    vec!["**/*.mp4".to_owned()]
}
