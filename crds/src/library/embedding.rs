//! Which vectors are made, by which model, on what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The text model of a library that names none.
pub const DEFAULT_TEXT_MODEL: &str = "hf://sentence-transformers/all-MiniLM-L6-v2";

/// One embedding: a model, and the name its vector fields carry.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Name of the embedding: an entry named N makes the field `N_embedding` for `text`, and
    /// `N_text`, `N_views` or `N_image` for others. Lower-case letters, digits and `_`.
    #[schemars(length(min = 1, max = 32), extend("pattern" = super::check::NAME_PATTERN))]
    pub name: String,
    /// How the model is used.
    pub algorithm: Algorithm,
    /// The model.
    pub model: ModelSpec,
    /// For `clip` and `siglip`: a sentence encoder that shares the space of the model's pictures, such
    /// as `hf://sentence-transformers/clip-ViT-B-32-multilingual-v1`. Absent: the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_model: Option<ModelSpec>,
    /// Texts or pictures embedded at once, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub batch: Option<i32>,
}

/// How a model turns input into vectors.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// A sentence encoder such as all-MiniLM-L6-v2.
    #[default]
    Text,
    /// A CLIP dual encoder: pictures and texts in one space.
    Clip,
    /// A SigLIP or SigLIP 2 dual encoder: pictures and texts in one space.
    Siglip,
}

impl Algorithm {
    /// Whether it is a sentence encoder, which records leave out.
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// Where a model is, and what it must be.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelSpec {
    /// A folder, `hf://owner/name[@revision]`, or an object-store URI of a folder.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// SHA-256 of the weights file, 64 hex digits. Remote models should be pinned. A dual encoder of
    /// several files is pinned by the digest over all of them that `vitrine models pull` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = super::check::SHA256_PATTERN))]
    pub sha256: Option<String>,
}

/// What runs the models.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Device {
    /// Kind of device.
    pub provider: Provider,
    /// Which of several devices of that kind, from 0.
    #[schemars(range(min = 0, max = 63))]
    pub index: i32,
    /// Threads of one model session on a CPU. Absent: one per core this process may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub threads: Option<i32>,
}

/// Kinds of device that models run on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The best device there is: a GPU where CUDA works, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, by CUDA.
    Cuda,
    /// An NVIDIA GPU, by TensorRT: slower to start, faster to run.
    Tensorrt,
}

/// The default list: one sentence vector an asset.
pub fn default_embeddings() -> Vec<EmbeddingSpec> {
    vec![EmbeddingSpec {
        name: "text".to_owned(),
        algorithm: Algorithm::Text,
        model: ModelSpec { uri: DEFAULT_TEXT_MODEL.to_owned(), sha256: None },
        text_model: None,
        batch: None,
    }]
}
