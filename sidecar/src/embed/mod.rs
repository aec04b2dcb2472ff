//! Text to vectors.

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
