//! Texts and pictures to vectors.
//!
//! model folder → session on a device → tokens → batches of like length → pooled unit vectors
//!
//! model folder → session on a device → prepared pictures → batches across assets → unit vectors

mod batch;
mod device;
mod freed;
mod halving;
mod network;
mod onnx;
mod options;
mod paired;
pub mod people;
mod picture;
mod pool;
#[cfg(feature = "pure")]
mod pure;
mod runtime;
mod said;
mod session;
mod sides;
mod text;
#[cfg(feature = "torch")]
mod torchscript;

pub use options::{Options, Runtime};
pub use picture::{ImageEmbedder, Load};
pub use said::said;

use std::path::Path;

use vitrine_crds::library::embedding::default_embeddings;
use vitrine_crds::library::{Algorithm, EmbeddingSpec, Provider};
use vitrine_crds::run::Exit;

use crate::model::dual::Family;
use crate::model::{Access, DualModel, ImageModel, ModelError, PairedText, digest};

/// Pictures of one batch where nobody names a number: enough for a processor's caches to be reused,
/// and 5 MB of pixels at 224 × 224.
const PICTURES_MAX_DEFAULT: usize = 8;
/// Texts of one batch where the configuration names no number.
const TEXTS_MAX_DEFAULT: usize = 64;

/// Turns sentences into vectors of one space.
///
/// An implementation is one model on one device. It batches by itself: callers hand over as many
/// texts as they have at hand.
pub trait TextEmbedder: Send {
    /// Length of a vector.
    fn dims(&self) -> usize;

    /// Names the model and everything that changes its vectors: weights, pooling, prefix.
    fn fingerprint(&self) -> &str;

    /// One unit vector a text, in the order given.
    ///
    /// # Errors
    ///
    /// When the model itself is broken: no text can cause one.
    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why a model gave no vectors. Always permanent: the run ends.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The runtime refused the batch or the answer has the wrong shape.
    #[error("model {model}: {reason}")]
    Model {
        /// The model's URI or folder.
        model: String,
        /// A sentence.
        reason: String,
    },
}

/// Why there is no embedder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The model could not be found, fetched or read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// ONNX Runtime is not there, or is too old.
    #[error("ONNX Runtime is not usable: {reason}")]
    Runtime {
        /// What is wrong and what to do.
        reason: String,
    },
    /// The device that was asked for is not there.
    #[error("{} is not usable: {reason}", device::name(*.provider))]
    Device {
        /// What runs models on it.
        provider: Provider,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The files are there but make no embedder.
    #[error("model {model}: {reason}")]
    Unusable {
        /// The model's URI or folder.
        model: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl OpenError {
    /// Whether opening the same model again can succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Model(error) => error.is_transient(),
            Self::Runtime { .. } | Self::Device { .. } | Self::Unusable { .. } => false,
        }
    }

    /// What a program that ends because of this exits with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Model(error) => error.exit(),
            Self::Runtime { .. } | Self::Device { .. } | Self::Unusable { .. } => Exit::Permanent,
        }
    }
}

/// The embedding a library has when its configuration names none.
pub fn default_text() -> EmbeddingSpec {
    default_embeddings().remove(0) // One entry, as its documentation says.
}

/// Finds the model, fetches it where it is remote and not cached, and loads it onto the device.
///
/// # Errors
///
/// See [`OpenError`]; its `is_transient` says whether a retry can help.
pub fn open(spec: &EmbeddingSpec, options: &Options) -> Result<Box<dyn TextEmbedder>, OpenError> {
    let access = options.access()?;
    open_from(&access, spec, options)
}

/// Like [`open`], with the places where models come from named by the caller.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open_from(
    access: &Access,
    spec: &EmbeddingSpec,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, OpenError> {
    match spec.algorithm {
        Algorithm::Text => {
            let model = access.resolve(&spec.model)?;
            let texts_max = spec.batch.and_then(|batch| usize::try_from(batch).ok());
            let texts_max = texts_max.filter(|&texts| texts > 0).unwrap_or(TEXTS_MAX_DEFAULT);
            Ok(Box::new(text::OnnxText::load(&model, texts_max, options)?))
        }
        Algorithm::Clip => paired(access, spec, Family::Clip, options),
        Algorithm::Siglip => paired(access, spec, Family::Siglip, options),
    }
}

/// Finds the dual encoder, fetches it where it is remote and not cached, and loads its encoder of
/// pictures onto the device. [`open`] of the same `spec` gives the texts of the same space.
///
/// # Errors
///
/// See [`OpenError`]; [`OpenError::Unusable`] for the algorithm `text`, which has no pictures.
pub fn open_pictures(
    spec: &EmbeddingSpec,
    options: &Options,
) -> Result<Box<dyn ImageEmbedder>, OpenError> {
    let access = options.access()?;
    open_pictures_from(&access, spec, options)
}

/// Like [`open_pictures`], with the places where models come from named by the caller.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open_pictures_from(
    access: &Access,
    spec: &EmbeddingSpec,
    options: &Options,
) -> Result<Box<dyn ImageEmbedder>, OpenError> {
    let family = match spec.algorithm {
        Algorithm::Text => {
            let reason = format!(
                "embedding `{}` is of algorithm `text`, which embeds no pictures; configure `clip` or \
                 `siglip` with a dual encoder",
                spec.name
            );
            return Err(OpenError::Unusable { model: spec.model.uri.clone(), reason });
        }
        Algorithm::Clip => Family::Clip,
        Algorithm::Siglip => Family::Siglip,
    };
    let dual = dual(access, spec, family)?;
    let pictures_max = spec.batch.and_then(|batch| usize::try_from(batch).ok());
    load_pictures(access, &dual.uri, &dual.files.folder, pictures_max, options)
}

/// The dual encoder of `spec`, which is of `family` as far as it says what it is.
fn dual(access: &Access, spec: &EmbeddingSpec, family: Family) -> Result<DualModel, OpenError> {
    let dual = access.resolve_dual(&spec.model)?;
    match dual.files.family {
        Some(said) if said != family => {
            let (said, asked) = (said.name(), family.name());
            let reason = format!(
                "its config.json says it is {said}, but embedding `{}` is of algorithm `{asked}`; \
                 configure `{said}`",
                spec.name
            );
            Err(OpenError::Unusable { model: dual.uri, reason })
        }
        _ => Ok(dual),
    }
}

fn paired(
    access: &Access,
    spec: &EmbeddingSpec,
    family: Family,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, OpenError> {
    let dual = dual(access, spec, family)?;
    load_paired(access, &dual.uri, &dual.files.folder, options)
}

/// Loads the model of pictures in `folder` onto the device.
///
/// * `pictures_max`: pictures of one batch; `None` takes what suits a processor.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open_images(
    access: &Access,
    folder: &Path,
    pictures_max: Option<usize>,
    options: &Options,
) -> Result<Box<dyn ImageEmbedder>, OpenError> {
    load_pictures(access, &folder.display().to_string(), folder, pictures_max, options)
}

/// Loads the text encoder of the dual encoder in `folder`: its vectors share the space of
/// [`open_images`]'s of the same folder.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open_paired(
    access: &Access,
    folder: &Path,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, OpenError> {
    load_paired(access, &folder.display().to_string(), folder, options)
}

/// * `name`: the model in messages.
fn load_pictures(
    access: &Access,
    name: &str,
    folder: &Path,
    pictures_max: Option<usize>,
    options: &Options,
) -> Result<Box<dyn ImageEmbedder>, OpenError> {
    let model = ImageModel::read(folder)?;
    let mut files = vec![&model.weights];
    files.extend(&model.external_data);
    // Not the file of the preparation: what it comes to.
    let sha256 = sha256(access, &files, &format!("{:?}", model.preparation))?;
    let pictures_max = pictures_max.filter(|&most| most > 0).unwrap_or(PICTURES_MAX_DEFAULT);
    let about = picture::About { name, sha256: &sha256, pictures_max };
    Ok(Box::new(picture::OnnxPicture::load(&model, about, options)?))
}

/// * `name`: the model in messages.
fn load_paired(
    access: &Access,
    name: &str,
    folder: &Path,
    options: &Options,
) -> Result<Box<dyn TextEmbedder>, OpenError> {
    let model = PairedText::read(folder)?;
    let mut files = vec![&model.weights, &model.tokenizer];
    files.extend(&model.external_data);
    let sha256 = sha256(access, &files, "")?;
    Ok(Box::new(paired::OnnxPaired::load(&model, name, &sha256, options)?))
}

/// One digest of files and words.
fn sha256(
    access: &Access,
    files: &[&std::path::PathBuf],
    words: &str,
) -> Result<String, ModelError> {
    let mut all = words.to_owned();
    for file in files {
        all.push(' ');
        all.push_str(&digest::of_file_remembered(file, access.cache.root())?);
    }
    Ok(digest::of_bytes(all.as_bytes()))
}
