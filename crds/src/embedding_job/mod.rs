//! `EmbeddingJob`: a collection of dance videos that becomes searchable, once.
//!
//! The same shape is a laptop's file and a resource of a cluster. What the schema cannot express is in
//! [`check`].

pub mod annotations;
pub mod check;
pub mod status;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::library::embedding::DEFAULT_TEXT_MODEL;
use crate::library::places::{Captions, Credentials, SecretRef};
use crate::library::{
    API_VERSION, Catalog, DeletionGuard, DeletionPolicy, Device, Elasticsearch, Metadata,
    ModelSpec, PublishPolicy, Workers,
};

pub use status::{EmbeddingJobStatus, QualityStatus};

/// `kind` of [`EmbeddingJob`].
pub const KIND: &str = "EmbeddingJob";

/// The alias of a laptop's clips, where none is named.
pub const DEFAULT_INDEX: &str = "bachata_move_embeddings";

/// The report, in the place that `output` names.
pub const REPORT: &str = "embedding_generation_report.json";

/// A configuration file: what it is, its name, and what is wanted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbeddingJob {
    /// `vitrine.dev/v1alpha1`.
    #[serde(default = "api_version")]
    #[schemars(extend("enum" = [API_VERSION]))]
    pub api_version: String,
    /// `EmbeddingJob`.
    #[serde(default = "kind")]
    #[schemars(extend("enum" = [KIND]))]
    pub kind: String,
    /// Its name.
    #[serde(default)]
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: EmbeddingJobSpec,
}

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
        printcolumn(name = "Quality", type_ = "number", json_path = ".status.quality.meanScore"),
        printcolumn(name = "Index", type_ = "string", json_path = ".status.index.alias"),
        printcolumn(
            name = "Report",
            type_ = "string",
            priority = 1,
            json_path = ".status.reportUri"
        ),
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
    {"rule": "has(self.output)", "fieldPath": ".output",
     "message": "name a place for the report, such as s3://bucket/folder: it keeps the state of the run"},
    {"rule": "has(self.output) == has(oldSelf.output) && (!has(self.output) || self.output.uri == oldSelf.output.uri)",
     "fieldPath": ".output",
     "message": "the report's place keeps the state of runs and cannot move; make a new EmbeddingJob"},
    {"rule": "!has(self.output) || self.output.uri != self.videos.uri", "fieldPath": ".output",
     "message": "the report needs a place of its own: the videos stay as they are"},
    {"rule": "has(self.elasticsearch)", "fieldPath": ".elasticsearch",
     "message": "name an Elasticsearch: url or eckRef; clips are found there and nowhere else"},
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
    /// Where the report and the contact sheets go, and what the run keeps of itself. Default on a
    /// laptop: `./output`; required on a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Catalog>,
    /// Where documents are indexed; required on a cluster. Absent on a laptop: nowhere, the vectors
    /// are in `output` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<Elasticsearch>,
    /// The pods of the job.
    #[serde(default)]
    pub workers: Workers,
    /// Starts nothing while true, and ends the pods of a run that is under way; what they did stays, and
    /// is not done again.
    #[serde(default)]
    pub suspend: bool,
    /// Removes the job's own Jobs and configuration so many seconds after its end, never the
    /// EmbeddingJob. Absent: they stay until it goes, or runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ttl_seconds_after_finished: Option<i32>,
    /// What happens to index and report when the resource is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// Stops a run that would remove too many clips that were indexed before.
    #[serde(default)]
    pub deletion_guard: DeletionGuard,
    /// When a new index replaces an old one.
    #[serde(default)]
    pub publish_policy: PublishPolicy,
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
    /// Finds people in a frame. Absent: `pose` is one network that finds people and joints at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<ModelSpec>,
    /// Finds the joints of a person; without a `detector`, of everybody in the frame.
    pub pose: ModelSpec,
    /// Finds the joints of hands. Absent: hands are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands: Option<ModelSpec>,
    /// Reads the sentence that describes a clip. Default: all-MiniLM-L6-v2.
    #[serde(default = "text")]
    pub text: ModelSpec,
}

impl Models {
    /// Each model that is named, with its key.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &ModelSpec)> {
        let Self { detector, pose, hands, text } = self;
        let all = [
            ("detector", detector.as_ref()),
            ("pose", Some(pose)),
            ("hands", hands.as_ref()),
            ("text", Some(text)),
        ];
        all.into_iter().filter_map(|(key, model)| Some((key, model?)))
    }
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

/// Where the report of a job is whose `output` is at `output`.
pub fn report_uri(output: &str) -> String {
    format!("{}/{REPORT}", output.trim_end_matches('/'))
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind() -> String {
    KIND.to_owned()
}

fn videos() -> Vec<String> {
    ["mp4", "mov", "mkv", "avi", "webm"].map(|suffix| format!("**/*.{suffix}")).into()
}

fn text() -> ModelSpec {
    ModelSpec { uri: DEFAULT_TEXT_MODEL.to_owned(), sha256: None }
}

/// JSON Schema of the configuration file, draft 2020-12, indented, with a final newline.
pub fn schema_json() -> String {
    crate::library::schema_of::<EmbeddingJob>()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Editors check the file of a job against the committed schema.
    #[test]
    fn the_committed_schema_says_what_the_types_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/embeddingjob.json");
        let said = super::schema_json();
        // VITRINE_WRITE_SCHEMA=1 writes it instead.
        if std::env::var_os("VITRINE_WRITE_SCHEMA").is_some() {
            std::fs::write(&path, &said).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, said, "{path:?} is stale: run this test with VITRINE_WRITE_SCHEMA=1");
    }

    #[test]
    fn a_report_is_in_the_folder_of_the_output() {
        for output in ["s3://bachata/report", "s3://bachata/report/"] {
            let expected = "s3://bachata/report/embedding_generation_report.json";
            assert_eq!(super::report_uri(output), expected);
        }
    }
}
