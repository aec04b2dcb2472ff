//! What a run came to, for people and machines.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitrine_crds::run::Counts;

use super::Ground;
use super::merge::Merged;
use super::records::{Failure, Found, Plan};
use crate::catalog::packed::Current;

/// What a run came to: `.vitrine/runs/<run>/report.json` and `--output json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// Version of this shape: 1.
    pub v: u32,
    /// The run's number.
    pub run: u64,
    /// The library's id.
    pub library: String,
    /// Where the library is.
    pub source: String,
    /// Where the catalogue is; absent where the index alone holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// Where documents are indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexReport>,
    /// When it started, RFC 3339 in UTC.
    pub started_at: String,
    /// What was counted.
    pub counts: Counts,
    /// What scan found.
    pub found: Found,
    /// Where the time went.
    pub steps: Steps,
    /// Assets without a current document, by path.
    pub failures: Vec<Failure>,
    /// Assets of this run that could be read and not be drawn.
    #[serde(default)]
    pub undrawn: Undrawn,
}

/// Assets that have a document and no pictures, though some were wanted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Undrawn {
    /// How many.
    pub count: u64,
    /// The first of them: path and reason.
    pub samples: Vec<(String, String)>,
}

impl Undrawn {
    /// Samples kept.
    const SAMPLES_MAX: usize = 100;

    pub(super) fn note(&mut self, path: &str, reason: String) {
        self.count += 1;
        if self.samples.len() < Self::SAMPLES_MAX {
            self.samples.push((path.to_owned(), reason));
        }
    }
}

/// Where documents are indexed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IndexReport {
    /// The cluster.
    pub url: String,
    /// The name that searches use.
    pub alias: String,
    /// The index behind it.
    pub name: String,
    /// Documents in it.
    pub documents: u64,
}

/// Where the time went, in seconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Steps {
    /// Listing, comparing, and loading the model beside it.
    #[serde(with = "secs")]
    pub scan: Duration,
    /// Reading, describing, embedding and writing, all at once.
    #[serde(with = "secs")]
    pub work: Duration,
    /// Of `work`: time children spent on assets, all children added up.
    #[serde(with = "secs")]
    pub read_busy: Duration,
    /// Of `work`: time the model was busy.
    #[serde(with = "secs")]
    pub embed_busy: Duration,
    /// Of `work`: time documents, vectors and receipts were being written.
    #[serde(with = "secs")]
    pub write_busy: Duration,
    /// Merging receipts and packing.
    #[serde(with = "secs")]
    pub publish: Duration,
    /// From start to end.
    #[serde(with = "secs")]
    pub total: Duration,
}

impl Report {
    pub(super) fn new(
        ground: &Ground<'_>,
        plan: &Plan,
        steps: Steps,
        merged: Merged,
        newest: Option<&Current>,
    ) -> Self {
        let target = ground.target.as_ref();
        let indexed = newest.and_then(|current| current.index.as_ref());
        let index = target.zip(indexed).map(|(target, indexed)| target.report(indexed));
        Self {
            v: 1,
            run: plan.run,
            library: plan.library.clone(),
            source: ground.source.uri(""),
            catalog: ground.settings.writes_files.then(|| ground.out.uri("")),
            index,
            started_at: plan.started_at.clone(),
            counts: merged.counts,
            found: plan.found,
            steps,
            failures: merged.failures,
            undrawn: merged.undrawn,
        }
    }
}

impl Found {
    /// Whether there is anything for work to do.
    pub fn is_work(&self) -> bool {
        self.to_read + self.to_describe + self.to_send > 0
    }
}

/// Durations as seconds, to the millisecond.
mod secs {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let secs = f64::deserialize(from)?;
        Duration::try_from_secs_f64(secs).map_err(serde::de::Error::custom)
    }
}
