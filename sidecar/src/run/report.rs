//! What a run came to, for people and machines.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitrine_crds::run::{Counts, QualityState};

use super::Ground;
use super::merge::Merged;
use super::records::{Failure, Found, Pictured, Plan};
use crate::catalog::packed::Current;
use crate::embed::Load;
use crate::extract::DrawnBy;

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
    /// By vector field: the digest of its model and of what changes its vectors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, String>,
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
    /// What drew the assets of the catalogue.
    #[serde(default)]
    pub drawn: Drawn,
    /// How good the clips are, where the library is a collection of clips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityState>,
}

/// Assets by what drew them, in this run or in one before.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Drawn {
    /// By the processor.
    pub processor: u64,
    /// By a GPU.
    pub gpu: u64,
}

impl Drawn {
    pub(super) fn note(&mut self, pictured: Pictured) {
        match pictured.by {
            None => {}
            Some(DrawnBy::Processor) => self.processor += 1,
            Some(DrawnBy::Gpu) => self.gpu += 1,
        }
    }
}

/// How busy a model of pictures was while assets were worked on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sight {
    /// The model, as configured.
    pub model: String,
    /// Pictures that it saw.
    pub pictures: u64,
    /// Batches that it ran.
    pub batches: u64,
    /// Time that its runtime took for them, in seconds.
    #[serde(with = "secs")]
    pub busy: Duration,
    /// Part of the work's time in which it ran, 0 to 1.
    pub share: f64,
}

impl Sight {
    pub(super) fn new(model: &str, load: &Load, work: Duration) -> Self {
        let Load { busy, runs, pictures } = *load;
        let share = (load.share(work) * 1000.0).round() / 1000.0;
        Self { model: model.to_owned(), pictures, batches: runs, busy, share }
    }
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
    /// The index that was replaced last, while it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// When a run may remove an index that is kept, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
}

/// Where the time went, in seconds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
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
    /// How busy the models of pictures were during `work`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picture_models: Vec<Sight>,
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
            models: plan
                .embeddings
                .iter()
                .map(|one| (one.field.clone(), one.model_fingerprint.clone()))
                .collect(),
            started_at: plan.started_at.clone(),
            counts: merged.counts,
            found: plan.found,
            steps,
            failures: merged.failures,
            undrawn: merged.undrawn,
            drawn: merged.drawn,
            quality: None,
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
