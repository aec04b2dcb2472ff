//! The models of a run, each loaded once.

use std::sync::Arc;

use vitrine_crds::library::{Algorithm, Device, EmbeddingSpec, Provider};
use vitrine_image::Preparation;

use super::records::{Plan, PlannedEmbedding};
use super::{Embedding, RunError, Settings};
use crate::asset::Content;
use crate::embed::{self, ImageEmbedder, Load, OpenError, Options, TextEmbedder};
use crate::model::uri::ModelUri;

/// The models of a run. Entries that name the same model share one.
#[derive(Default)]
pub(super) struct Embedders {
    texts: Loaded<dyn TextEmbedder>,
    pictures: Loaded<dyn ImageEmbedder>,
    /// By planned embedding: the place of its model among those of its kind.
    of_planned: Vec<usize>,
}

/// Models of one kind, each with what it was loaded by.
struct Loaded<M: ?Sized>(Vec<(EmbeddingSpec, Box<M>)>);

impl<M: ?Sized> Default for Loaded<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M: ?Sized> Loaded<M> {
    /// The place of the model of `spec`, opened where no entry before named it.
    fn place(
        &mut self,
        spec: &EmbeddingSpec,
        open: impl FnOnce(&EmbeddingSpec) -> Result<Box<M>, OpenError>,
    ) -> Result<usize, OpenError> {
        let same = |(other, _): &(EmbeddingSpec, _)| {
            (other.algorithm, &other.model, other.batch)
                == (spec.algorithm, &spec.model, spec.batch)
        };
        if let Some(place) = self.0.iter().position(same) {
            return Ok(place);
        }
        self.0.push((spec.clone(), open(spec)?));
        Ok(self.0.len() - 1)
    }
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
        let mut this = Self::default();
        let mut planned = Vec::new();
        for Embedding { spec, options } in &settings.embeddings {
            let options = on(options);
            let words = words(spec);
            let texts = this.texts.place(&words, |spec| embed::open(spec, &options))?;
            let (dims, fingerprint) = {
                let model = &this.texts.0[texts].1;
                (model.dims(), model.fingerprint())
            };
            if spec.algorithm == Algorithm::Text {
                planned.push(plan((spec, &words), Content::Description, dims, fingerprint));
                this.of_planned.push(texts);
                continue;
            }
            let pictures =
                this.pictures.place(spec, |spec| embed::open_pictures(spec, &options))?;
            let model = &this.pictures.0[pictures].1;
            if model.dims() != dims {
                return Err(RunError::Usage(format!(
                    "embedding `{}`: {} makes vectors of {dims} numbers of texts, and {} of {} of \
                     pictures: they share no space; name the `textModel` that belongs to it",
                    spec.name,
                    words.model.uri,
                    spec.model.uri,
                    model.dims()
                )));
            }
            planned.push(plan((spec, &words), Content::Caption, dims, fingerprint));
            planned.push(plan((spec, spec), Content::Views, dims, model.fingerprint()));
            this.of_planned.extend([texts, pictures]);
        }
        if let Some(clips) = &settings.clips {
            planned.extend(clips.planned()?);
        }
        Ok((this, planned))
    }

    /// Lets every model of texts say these now, and go: what it takes is free for others.
    pub(super) fn say(self, texts: &[String], options: &Options) -> Result<Self, RunError> {
        let mut spoken = Vec::new();
        for (spec, model) in self.texts.0 {
            let by = (spec.clone(), options.clone());
            spoken.push((spec, embed::said(model, texts, by)?));
        }
        Ok(Self { texts: Loaded(spoken), ..self })
    }

    /// One vector a text, for the planned embedding at place `planned`.
    pub(super) fn embed(
        &mut self,
        planned: usize,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, RunError> {
        Ok(self.texts.0[self.of_planned[planned]].1.embed(texts)?)
    }

    /// How busy each model of pictures was, by its URI.
    pub(super) fn loads(&self) -> impl Iterator<Item = (&str, Load)> {
        self.pictures.0.iter().map(|(spec, model)| (spec.model.uri.as_str(), model.load()))
    }

    /// What is done to pictures before each model of pictures sees them.
    pub(super) fn preparations(&self) -> Vec<Arc<Preparation>> {
        self.pictures.0.iter().map(|(_, model)| model.preparation()).collect()
    }

    /// The model of pictures for the planned embedding at place `planned`, and which of the
    /// preparations is its own.
    pub(super) fn pictures(&mut self, planned: usize) -> (usize, &mut dyn ImageEmbedder) {
        let place = self.of_planned[planned];
        (place, self.pictures.0[place].1.as_mut())
    }
}

/// What embeds the texts of an entry.
fn words(spec: &EmbeddingSpec) -> EmbeddingSpec {
    match &spec.text_model {
        None => spec.clone(),
        Some(model) => {
            let (algorithm, model) = (Algorithm::Text, model.clone());
            EmbeddingSpec { algorithm, model, ..spec.clone() }
        }
    }
}

/// * `made_by`: the entry, and the model that makes this field.
fn plan(
    (spec, made_by): (&EmbeddingSpec, &EmbeddingSpec),
    content: Content,
    dims: usize,
    fingerprint: &str,
) -> PlannedEmbedding {
    let suffix = match content {
        Content::Description | Content::Motion | Content::Sound => "embedding",
        Content::Caption => "text",
        Content::Views => "views",
    };
    PlannedEmbedding {
        field: format!("{}_{suffix}", spec.name),
        name: spec.name.clone(),
        algorithm: made_by.algorithm,
        content,
        model_uri: ModelUri::lasting(&made_by.model.uri),
        model_fingerprint: fingerprint.to_owned(),
        dims,
    }
}
