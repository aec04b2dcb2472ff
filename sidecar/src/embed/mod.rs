//! Text to vectors.

mod options;

pub use options::{Device, Options};

use vitrine_crds::library::{Algorithm, EmbeddingSpec, ModelSpec};

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
    /// ONNX Runtime, the device or the model folder is not usable as it is.
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
            Self::Unusable { .. } => false,
        }
    }
}

/// The embedding a library has when its configuration names none.
pub fn default_text() -> EmbeddingSpec {
    EmbeddingSpec {
        name: "text".to_owned(),
        algorithm: Algorithm::Text,
        model: ModelSpec {
            uri: "hf://sentence-transformers/all-MiniLM-L6-v2".to_owned(),
            sha256: None,
        },
        batch: None,
    }
}

/// Finds the model, fetches it where it is remote and not cached, and loads it onto the device.
///
/// # Errors
///
/// See [`OpenError`]; its `is_transient` says whether a retry can help.
pub fn open(spec: &EmbeddingSpec, _options: &Options) -> Result<Box<dyn TextEmbedder>, OpenError> {
    Err(OpenError::Unusable {
        model: spec.model.uri.clone(),
        reason: "models cannot be loaded yet".to_owned(),
    })
}
