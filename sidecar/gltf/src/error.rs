//! Why a file could not be read or made.

/// Why a glTF could not be read or made. The caller knows the file's name.
#[derive(Debug, thiserror::Error)]
pub enum GltfError {
    /// Neither GLB nor JSON.
    #[error("this is no glTF: {0}")]
    Container(String),
    /// JSON that glTF does not know.
    #[error("its JSON cannot be read")]
    Json(#[from] serde_json::Error),
    /// A later or earlier glTF.
    #[error("it is glTF {0}; 2.x is read")]
    Version(String),
    /// What the file says it cannot be shown without.
    #[error("it requires the extension {0}, which is not read")]
    Extension(String),
    /// Parts that do not fit together.
    #[error("{0}")]
    Broken(String),
    /// More than the caller allows.
    #[error("it holds more than {max} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The most that is allowed.
        max: u64,
    },
    /// The scene to write breaks its promises.
    #[error("the scene cannot be written")]
    Scene(#[from] vitrine_scene::Wrong),
    /// GLB counts bytes in 32 bits.
    #[error("it would be {bytes} bytes; a GLB of at most {max} is made")]
    TooLarge {
        /// Bytes it would have, at least.
        bytes: u64,
        /// The most that is allowed.
        max: u64,
    },
}

impl GltfError {
    /// A part that does not fit; the sentence names it.
    pub(crate) fn broken(sentence: impl Into<String>) -> Self {
        Self::Broken(sentence.into())
    }
}
