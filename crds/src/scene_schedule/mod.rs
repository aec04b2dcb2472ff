//! `SceneGenSchedule`: scene images that are made on a schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::library::places::SecretRef;
use crate::library::{Catalog, Elasticsearch};

/// Five fields of cron: minute, hour, day of month, month, day of week, with names of months and days.
const CRON_PATTERN: &str = r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|([0-9*,/?-]+)\s+([0-9*,/?-]+)\s+([0-9*,/?LW-]+)\s+([0-9A-Za-z*,/?-]+)\s+([0-9A-Za-z*,/?#L-]+))$";
/// A name of the IANA time zone database.
const ZONE_PATTERN: &str = r"^[A-Za-z]+(/[A-Za-z0-9_+-]+){0,2}$";

/// Makes scene images on a schedule, by prompts that differ from those of the last days.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[cfg_attr(feature = "kubernetes", derive(kube::CustomResource))]
#[cfg_attr(
    feature = "kubernetes",
    kube(
        group = "vitrine.dev",
        version = "v1alpha1",
        kind = "SceneGenSchedule",
        plural = "scenegenschedules",
        shortname = "sgs",
        category = "vitrine",
        namespaced,
        root = "Resource",
        status = "SceneGenScheduleStatus",
        doc = "Scene images that are made on a schedule.",
        printcolumn(name = "Schedule", type_ = "string", json_path = ".spec.schedule"),
        printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend"),
        printcolumn(
            name = "Ready",
            type_ = "string",
            json_path = ".status.conditions[?(@.type=='Ready')].status"
        ),
        printcolumn(name = "Last run", type_ = "date", json_path = ".status.lastScheduleTime"),
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
pub struct SceneGenScheduleSpec {
    /// When, as cron writes it: `0 8 * * *` is every day at 8.
    #[schemars(length(min = 1, max = 100), extend("pattern" = CRON_PATTERN))]
    pub schedule: String,
    /// Time zone of `schedule`, such as `America/Los_Angeles`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 64), extend("pattern" = ZONE_PATTERN))]
    pub time_zone: String,
    /// Starts nothing while true. It is, until somebody has looked at what a run would cost.
    #[serde(default = "yes")]
    pub suspend: bool,
    /// Images of one run.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1000))]
    pub scenes_per_run: i32,
    /// Kinds of scene, each chosen as often as its weight says. Absent: the built-in ones.
    #[serde(default)]
    #[schemars(length(max = 100), extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]
    ))]
    pub archetypes: Vec<Archetype>,
    /// Who makes the images.
    pub provider: Provider,
    /// Where images go.
    pub output: Catalog,
    /// What was made before, so that prompts differ from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// Writes prompts and makes no images.
    #[serde(default)]
    pub dry_run: bool,
    /// What happens after a run.
    #[serde(default)]
    pub downstream: Downstream,
    /// Longest time of a run, in seconds.
    #[serde(default = "hour")]
    #[schemars(range(min = 60, max = 86400))]
    pub active_deadline_seconds: i64,
    /// Tries of a run after the first.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 6))]
    pub backoff_limit: i32,
}

/// A kind of scene.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Archetype {
    /// Its name.
    #[schemars(length(min = 1, max = 63), extend("pattern" = "^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$"))]
    pub name: String,
    /// How often it is chosen, beside the others' weights.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub weight: i32,
    /// What such a scene shows, in a sentence that prompts are made from.
    #[schemars(length(min = 1, max = 4096))]
    pub description: String,
    /// What varies from scene to scene: light, place, season.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 200)))]
    pub variations: Vec<String>,
}

/// Who makes the images.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// Google's Gemini.
    pub gemini: Gemini,
}

/// Google's Gemini.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!has(self.baseUrl) || self.baseUrl.matches('^https?://[^@/]+(/[^@]*)?$')", "fieldPath": ".baseUrl",
     "message": "write a URL such as https://generativelanguage.googleapis.com, without a user name"},
]))]
pub struct Gemini {
    /// Secret with `api-key`.
    pub secret_ref: SecretRef,
    /// Model that makes images. Absent: a current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub image_model: Option<String>,
    /// Model that writes prompts. Absent: a current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub prompt_model: Option<String>,
    /// Where it answers. Absent: at Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub base_url: Option<String>,
}

/// What was made before.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct History {
    /// Where it is indexed.
    pub elasticsearch: Elasticsearch,
    /// Days that are looked back.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0, max = 365))]
    pub lookback_days: i32,
}

/// What happens after a run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Downstream {
    /// An AssetLibrary of this namespace that is asked to sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub asset_library: Option<String>,
}

/// What the operator says of a schedule. Written by it alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SceneGenScheduleStatus {
    /// `Ready`, `Reconciling`, `Stalled`.
    #[schemars(extend(
        "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]
    ))]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that all of this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When a run was last due, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_schedule_time: Option<String>,
    /// When a run last came to its end, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_successful_time: Option<String>,
    /// Scenes of the last run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenes: Option<Scenes>,
}

/// Scenes of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scenes {
    /// Made.
    pub succeeded: i32,
    /// Not made.
    pub failed: i32,
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

fn yes() -> bool {
    true
}

fn ten() -> i32 {
    10
}

fn thirty() -> i32 {
    30
}

fn hour() -> i64 {
    3600
}

fn one() -> i32 {
    1
}
