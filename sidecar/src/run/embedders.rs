//! The models of a run, each loaded once.

use vitrine_crds::library::{Device, Provider};

use super::records::{Plan, PlannedEmbedding};
use super::{RunError, Settings};
use crate::embed::{self, Options, TextEmbedder};

/// The models of a run. Entries that name the same model share one session.
#[derive(Default)]
pub(super) struct Embedders {
    loaded: Vec<Box<dyn TextEmbedder>>,
    /// By entry of the configuration: its place in `loaded`.
    of_entry: Vec<usize>,
}

impl Embedders {
    /// Loads every model that `settings` name.
    pub(super) fn open(settings: &Settings) -> Result<Self, RunError> {
        Self::open_as(settings, |options| options.clone())
    }

    /// As [`Embedders::open`], to learn what the models are and not to run them: a pod that scans
    /// has no GPU.
    pub(super) fn open_on_processor(settings: &Settings) -> Result<Self, RunError> {
        Self::open_as(settings, |options| {
            let device = Device { provider: Provider::Cpu, index: 0, ..options.device.clone() };
            Options { device, ..options.clone() }
        })
    }

    fn open_as(settings: &Settings, on: impl Fn(&Options) -> Options) -> Result<Self, RunError> {
        let entries = &settings.embeddings;
        let mut loaded = Vec::new();
        let mut of_entry: Vec<usize> = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let spec = &entry.spec;
            let same = |other: &&super::Embedding| {
                let other = &other.spec;
                (other.algorithm, &other.model, other.batch)
                    == (spec.algorithm, &spec.model, spec.batch)
            };
            let earlier = entries[..at].iter().position(|other| same(&other));
            let place = match earlier {
                Some(earlier) => of_entry[earlier],
                None => {
                    loaded.push(embed::open(spec, &on(&entry.options))?);
                    loaded.len() - 1
                }
            };
            of_entry.push(place);
        }
        Ok(Self { loaded, of_entry })
    }

    /// What these models make, in the order of the configuration.
    pub(super) fn planned(&self, settings: &Settings) -> Vec<PlannedEmbedding> {
        let entries = settings.embeddings.iter().zip(&self.of_entry);
        entries
            .map(|(entry, &place)| PlannedEmbedding {
                field: format!("{}_embedding", entry.spec.name),
                name: entry.spec.name.clone(),
                model_uri: entry.spec.model.uri.clone(),
                model_fingerprint: self.loaded[place].fingerprint().to_owned(),
                dims: self.loaded[place].dims(),
            })
            .collect()
    }

    /// As [`Embedders::open`], of a run that another process planned.
    pub(super) fn open_planned(settings: &Settings, plan: &Plan) -> Result<Self, RunError> {
        let embedders = Self::open(settings)?;
        let found = embedders.planned(settings);
        if found == plan.embeddings {
            return Ok(embedders);
        }
        let names = |planned: &[PlannedEmbedding]| {
            let each = planned.iter().map(|one| {
                let model = one.model_fingerprint.get(..12).unwrap_or(&one.model_fingerprint);
                format!("{} ({} {model})", one.field, one.model_uri)
            });
            match planned {
                [] => "no embeddings".to_owned(),
                _ => each.collect::<Vec<_>>().join(", "),
            }
        };
        let planned = format!("{}, and now has {}", names(&plan.embeddings), names(&found));
        Err(RunError::Replanned { run: plan.run, planned })
    }

    /// One vector a text, by the model of the entry at place `entry`.
    pub(super) fn embed(
        &mut self,
        entry: usize,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, RunError> {
        Ok(self.loaded[self.of_entry[entry]].embed(texts)?)
    }
}
