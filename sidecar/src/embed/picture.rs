//! A model of pictures on one device.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::{Array4, Axis};
use vitrine_crds::library::{Device, Provider};
use vitrine_image::{Preparation, Rgb};

use super::device;
use super::network::{self, Network, Placed, Task};
use super::pool::PoolError;
use super::sides::{Feed, RunError, Side, Sides};
use super::{EmbedError, OpenError, Options};
use crate::model::ImageModel;

/// Changes with everything in this room and in `vitrine-image` that changes vectors beyond rounding.
const METHOD: &str = "image-1";

/// How busy a model was.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Load {
    /// Time that the runtime took for its runs, from pixels handed over to unit vectors.
    pub busy: Duration,
    /// Runs.
    pub runs: u64,
    /// Pictures of all runs.
    pub pictures: u64,
}

impl Load {
    /// What came since `earlier`, which is of the same model.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(earlier.busy),
            runs: self.runs.saturating_sub(earlier.runs),
            pictures: self.pictures.saturating_sub(earlier.pictures),
        }
    }

    /// The part of `wall` in which it ran: 0 to 1; 0 where no time passed.
    pub fn share(&self, wall: Duration) -> f64 {
        if wall.is_zero() { 0.0 } else { self.busy.as_secs_f64() / wall.as_secs_f64() }
    }

    /// Pictures of a run, on average; 0 where none ran.
    pub fn fill(&self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.pictures as f64 / self.runs as f64 }
    }
}

/// Bytes of weights that lanes may hold together: a CLIP ViT-B/32 has 350 MB.
const LANES_BYTES_MAX: u64 = 2 << 30;

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

    /// How busy it was since it was opened.
    fn load(&self) -> Load;

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

/// In how many lanes a batch runs on a processor, and the options of each.
///
/// Networks of one thread that share a batch beat one of several threads, which wait for each other
/// after each operator: by a third or more for convolutions. Each lane holds the weights once more.
fn lanes(model: &ImageModel, pictures_max: usize, options: &Options) -> (usize, Options) {
    let files = [Some(&model.weights), model.external_data.as_ref()].into_iter().flatten();
    let sizes = files.filter_map(|file| Some(std::fs::metadata(file).ok()?.len()));
    let affordable = LANES_BYTES_MAX / sizes.sum::<u64>().max(1);
    let threads = device::threads(&options.device);
    let is_onnx = model.weights.extension().is_some_and(|extension| extension == "onnx");
    let wanted = if is_onnx { threads.min(pictures_max) } else { 1 };
    let lanes = wanted.min(usize::try_from(affordable).unwrap_or(usize::MAX)).max(1);
    let threads = i32::try_from(threads / lanes).ok();
    let device = Device { threads, ..options.device.clone() };
    (lanes, Options { device, ..options.clone() })
}

/// One unit vector a picture, from as many networks at once as get one.
fn run(
    networks: &mut [Box<dyn Network>],
    sides: &Sides,
    pixels: Array4<f32>,
) -> Result<Vec<Vec<f32>>, RunError> {
    // For a file with both encoders: the shortest text there is.
    let texts = [vec![(0, true); 2]];
    let pictures = pixels.len_of(Axis(0));
    let share = pictures.div_ceil(networks.len().max(1)).max(1);
    let one = |network: &mut dyn Network, pixels: Array4<f32>| {
        let rows = pixels.len_of(Axis(0));
        sides.run(network, Feed { pixels: Some(pixels), texts: &texts }, rows)
    };
    if let ([network, ..], true) = (&mut *networks, share >= pictures) {
        return one(&mut **network, pixels);
    }
    let parts: Vec<Array4<f32>> =
        pixels.axis_chunks_iter(Axis(0), share).map(|part| part.to_owned()).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = networks
            .iter_mut()
            .zip(parts)
            .map(|(network, part)| scope.spawn(|| one(&mut **network, part)))
            .collect();
        let mut vectors = Vec::with_capacity(pictures);
        for lane in running {
            let ran = lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            vectors.extend(ran.map_err(|error| behind(error, vectors.len()))?);
        }
        Ok(vectors)
    })
}

/// The error of a part of a batch that begins at row `first`.
fn behind(error: RunError, first: usize) -> RunError {
    match error {
        RunError::Model(reason) => RunError::Model(reason),
        RunError::Row(PoolError::NotFinite { text }) => {
            RunError::Row(PoolError::NotFinite { text: first + text })
        }
        RunError::Row(PoolError::Zero { text }) => {
            RunError::Row(PoolError::Zero { text: first + text })
        }
    }
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
    /// One, or on the processor several that share a batch: see [`lanes`].
    networks: Vec<Box<dyn Network>>,
    sides: Sides,
    preparation: Arc<Preparation>,
    pictures_max: usize,
    dims: usize,
    fingerprint: String,
    load: Load,
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
        let (height, width) = (model.preparation.height(), model.preparation.width());
        let task = Task::Pictures { height, width };
        let (lanes, mut options) = lanes(model, pictures_max, options);
        let Placed { network, provider } = network::place(name, &model.weights, task, &options)?;
        let sides = Sides::read(&*network, Side::Image).map_err(unusable)?;
        let mut networks = vec![network];
        options.device.provider = provider; // Found once for all lanes.
        while provider == Provider::Cpu && networks.len() < lanes {
            networks.push(network::place(name, &model.weights, task, &options)?.network);
        }
        let mut loaded = Self {
            name: name.to_owned(),
            networks,
            sides,
            preparation: Arc::new(model.preparation.clone()),
            pictures_max,
            dims: 0,
            fingerprint: format!("{METHOD}:{sha256}"),
            load: Load::default(),
        };
        // A model that cannot answer should say so now, not after an hour of rendering.
        let probe = loaded.embed_prepared(vec![0.5; loaded.preparation.values()]);
        let probe = probe.map_err(|EmbedError::Model { reason, .. }| unusable(reason))?;
        loaded.dims = probe[0].len();
        loaded.load = Load::default();
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

    fn load(&self) -> Load {
        self.load
    }

    fn embed_prepared(&mut self, values: Vec<f32>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let failed = |reason: String| EmbedError::Model { model: self.name.clone(), reason };
        let pictures = values.len() / self.preparation.values();
        let (height, width) = (self.preparation.height(), self.preparation.width());
        let pixels = Array4::from_shape_vec((pictures, 3, height, width), values)
            .map_err(|error| failed(format!("prepared pictures: {error}")))?;
        let started = Instant::now();
        let ran = run(&mut self.networks, &self.sides, pixels);
        self.load.busy += started.elapsed();
        self.load.runs += 1;
        self.load.pictures += pictures as u64;
        ran.map_err(|error| {
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
