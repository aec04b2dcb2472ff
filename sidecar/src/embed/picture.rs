//! A model of pictures on one device.

use std::sync::Arc;

use ndarray::Array4;
use ort::session::Session;
use vitrine_image::{Preparation, Rgb};

use super::device::{self, Placed};
use super::pool::PoolError;
use super::sides::{Feed, RunError, Side, Sides};
use super::{EmbedError, OpenError, Options};
use crate::model::ImageModel;

/// Changes with everything in this room and in `vitrine-image` that changes vectors beyond rounding.
const METHOD: &str = "image-1";

/// Turns pictures into vectors of one space.
///
/// An implementation is one model on one device.
pub trait ImageEmbedder: Send {
    /// Length of a vector.
    fn dims(&self) -> usize;

    /// Names the model and everything that changes its vectors: weights, preprocessing.
    fn fingerprint(&self) -> &str;

    /// What is done to pictures before. Whoever has cores at hand may do it elsewhere.
    fn preparation(&self) -> Arc<Preparation>;

    /// Pictures of one batch.
    fn pictures_max(&self) -> usize;

    /// One unit vector a picture that was prepared, in the order given.
    ///
    /// * `values`: `[pictures, 3, height, width]` as [`Preparation::prepare_into`] writes them; at most
    ///   [`ImageEmbedder::pictures_max`] pictures.
    ///
    /// # Errors
    ///
    /// When the model itself is broken: no picture can cause one.
    fn embed_prepared(&mut self, values: Vec<f32>) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// One unit vector a picture, in the order given. It batches by itself, and prepares each batch
    /// while the one before is on the device: hand over pictures of as many assets as there are.
    ///
    /// # Errors
    ///
    /// See [`ImageEmbedder::embed_prepared`].
    fn embed(&mut self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let preparation = self.preparation();
        let mut batches = pictures.chunks(self.pictures_max().max(1));
        let Some(first) = batches.next() else { return Ok(Vec::new()) };
        let mut vectors = Vec::with_capacity(pictures.len());
        let mut ready = prepare(&preparation, first);
        std::thread::scope(|scope| {
            loop {
                let preparation = &preparation;
                let next = batches.next();
                let next = next.map(|batch| scope.spawn(move || prepare(preparation, batch)));
                vectors.extend(self.embed_prepared(std::mem::take(&mut ready))?);
                let Some(next) = next else { return Ok(()) };
                ready = next.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        })?;
        Ok(vectors)
    }
}

/// `[pictures, 3, height, width]`.
fn prepare(preparation: &Preparation, pictures: &[Rgb]) -> Vec<f32> {
    let mut values = vec![0.0; preparation.values() * pictures.len()];
    for (picture, out) in pictures.iter().zip(values.chunks_exact_mut(preparation.values())) {
        preparation.prepare_into(picture, out);
    }
    values
}

/// What a model of pictures is loaded with, beside its files.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The model in messages.
    pub name: &'a str,
    /// Of the weights, with what the preprocessing comes to.
    pub sha256: &'a str,
    /// Pictures of one batch.
    pub pictures_max: usize,
}

/// A model of pictures that is loaded and has answered once.
pub struct OnnxPicture {
    name: String,
    session: Session,
    sides: Sides,
    preparation: Arc<Preparation>,
    pictures_max: usize,
    dims: usize,
    fingerprint: String,
}

impl OnnxPicture {
    /// Loads the model and lets it answer once.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn load(model: &ImageModel, about: About, options: &Options) -> Result<Self, OpenError> {
        let About { name, sha256, pictures_max } = about;
        let unusable = |reason: String| OpenError::Unusable { model: name.to_owned(), reason };
        let Placed { session, provider } = device::place(name, &model.weights, &options.device)?;
        let sides = Sides::read(&session, Side::Image).map_err(unusable)?;
        let mut loaded = Self {
            name: name.to_owned(),
            session,
            sides,
            preparation: Arc::new(model.preparation.clone()),
            pictures_max,
            dims: 0,
            fingerprint: format!("{METHOD}:{sha256}"),
        };
        // A model that cannot answer should say so now, not after an hour of rendering.
        let probe = loaded.embed_prepared(vec![0.5; loaded.preparation.values()]);
        let probe = probe.map_err(|EmbedError::Model { reason, .. }| unusable(reason))?;
        loaded.dims = probe[0].len();
        tracing::debug!(
            model = name,
            dims = loaded.dims,
            provider = device::name(provider),
            "image model is loaded"
        );
        Ok(loaded)
    }
}

impl ImageEmbedder for OnnxPicture {
    fn dims(&self) -> usize {
        self.dims
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn preparation(&self) -> Arc<Preparation> {
        Arc::clone(&self.preparation)
    }

    fn pictures_max(&self) -> usize {
        self.pictures_max
    }

    fn embed_prepared(&mut self, values: Vec<f32>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let failed = |reason: String| EmbedError::Model { model: self.name.clone(), reason };
        let pictures = values.len() / self.preparation.values();
        let (height, width) = (self.preparation.height(), self.preparation.width());
        let pixels = Array4::from_shape_vec((pictures, 3, height, width), values)
            .map_err(|error| failed(format!("prepared pictures: {error}")))?;
        // For a file with both encoders: the shortest text there is.
        let texts = [vec![(0, true); 2]];
        let feed = Feed { pixels: Some(pixels), texts: &texts };
        self.sides.run(&mut self.session, feed, pictures).map_err(|error| {
            failed(match error {
                RunError::Model(reason) => reason,
                RunError::Row(PoolError::NotFinite { text }) => {
                    format!("its vector of picture {text} of a batch is not finite")
                }
                RunError::Row(PoolError::Zero { text }) => {
                    format!("its vector of picture {text} of a batch is all zeros")
                }
            })
        })
    }
}
