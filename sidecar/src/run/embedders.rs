//! The models of a run, each loaded once.

use std::sync::Arc;

use vitrine_crds::library::{Algorithm, Device, Provider};
use vitrine_image::Preparation;

use super::records::{Plan, PlannedEmbedding};
use super::{RunError, Settings};
use crate::asset::Content;
use crate::embed::{self, ImageEmbedder, Options, TextEmbedder};

/// The models of a run. Entries that name the same model share one.
#[derive(Default)]
pub(super) struct Embedders {
    loaded: Vec<Model>,
    /// By planned embedding: the place of its model in `loaded`.
    of_planned: Vec<usize>,
}

/// What one entry of the configuration loads.
struct Model {
    texts: Box<dyn TextEmbedder>,
    /// The other half of a dual encoder.
    pictures: Option<Box<dyn ImageEmbedder>>,
}

impl Embedders {
    /// Loads every model that `settings` name, and says what they make in the order of the
    /// configuration.
    pub(super) fn open(settings: &Settings) -> Result<(Self, Vec<PlannedEmbedding>), RunError> {
        Self::open_as(settings, |options| options.clone())
    }

    /// As [`Embedders::open`], to learn what the models are and not to run them: a pod that scans
    /// has no GPU.
    pub(super) fn plan(settings: &Settings) -> Result<Vec<PlannedEmbedding>, RunError> {
        let (_, planned) = Self::open_as(settings, |options| {
            let device = Device { provider: Provider::Cpu, index: 0, ..options.device.clone() };
            Options { device, ..options.clone() }
        })?;
        Ok(planned)
    }

    /// As [`Embedders::open`], of a run that another process planned.
    pub(super) fn open_planned(settings: &Settings, plan: &Plan) -> Result<Self, RunError> {
        let (embedders, found) = Self::open(settings)?;
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

    fn open_as(
        settings: &Settings,
        on: impl Fn(&Options) -> Options,
    ) -> Result<(Self, Vec<PlannedEmbedding>), RunError> {
        let entries = &settings.embeddings;
        let mut this = Self::default();
        let mut planned = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let spec = &entry.spec;
            let same = |other: &super::Embedding| {
                let other = &other.spec;
                (other.algorithm, &other.model, other.batch)
                    == (spec.algorithm, &spec.model, spec.batch)
            };
            let place = match entries[..at].iter().position(same) {
                Some(earlier) => places[earlier],
                None => {
                    let options = on(&entry.options);
                    let texts = embed::open(spec, &options)?;
                    let pictures = match spec.algorithm {
                        Algorithm::Text => None,
                        Algorithm::Clip | Algorithm::Siglip => {
                            Some(embed::open_pictures(spec, &options)?)
                        }
                    };
                    this.loaded.push(Model { texts, pictures });
                    this.loaded.len() - 1
                }
            };
            places.push(place);
            for one in this.loaded[place].makes(entry) {
                planned.push(one);
                this.of_planned.push(place);
            }
        }
        Ok((this, planned))
    }

    /// One vector a text, for the planned embedding at place `planned`.
    pub(super) fn embed(
        &mut self,
        planned: usize,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, RunError> {
        Ok(self.loaded[self.of_planned[planned]].texts.embed(texts)?)
    }

    /// The models of pictures, each once, in the order of their preparations.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &dyn ImageEmbedder> {
        self.loaded.iter().filter_map(|model| model.pictures.as_deref())
    }

    /// What is done to pictures before each model of pictures sees them.
    pub(super) fn preparations(&self) -> Vec<Arc<Preparation>> {
        self.pictures().map(|model| model.preparation()).collect()
    }

    /// The model of pictures for the planned embedding at place `planned`, and which of the
    /// preparations is its own.
    pub(super) fn picture_model(
        &mut self,
        planned: usize,
    ) -> Option<(usize, &mut dyn ImageEmbedder)> {
        let place = self.of_planned[planned];
        let which = self.loaded[..place].iter().filter(|model| model.pictures.is_some()).count();
        Some((which, self.loaded[place].pictures.as_deref_mut()?))
    }
}

impl Model {
    /// The embeddings that this model makes for one entry of the configuration.
    fn makes(&self, entry: &super::Embedding) -> Vec<PlannedEmbedding> {
        let spec = &entry.spec;
        let one = |suffix: &str, content, dims, fingerprint: &str| PlannedEmbedding {
            field: format!("{}_{suffix}", spec.name),
            name: spec.name.clone(),
            algorithm: spec.algorithm,
            content,
            model_uri: spec.model.uri.clone(),
            model_fingerprint: fingerprint.to_owned(),
            dims,
        };
        let texts = (self.texts.dims(), self.texts.fingerprint());
        match &self.pictures {
            None => vec![one("embedding", Content::Description, texts.0, texts.1)],
            Some(pictures) => vec![
                one("text", Content::Caption, texts.0, texts.1),
                one("views", Content::Views, pictures.dims(), pictures.fingerprint()),
            ],
        }
    }
}
