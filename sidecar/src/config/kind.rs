//! What a file may configure: the resources, by what the loader has to know of them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vitrine_crds::embedding_job::{self, EmbeddingJob};
use vitrine_crds::library::check::Mistake;
use vitrine_crds::library::{self, AssetLibrary, embedding};

/// A resource that a file configures.
pub trait Configured: Clone + DeserializeOwned + Serialize {
    /// Its `kind`.
    const KIND: &'static str;
    /// Keys that a command may give instead: for showing a file they may be absent.
    const GIVEN: &'static [&'static str];
    /// Variables of other programs and the keys that they set where the file says nothing.
    const VARIABLES: &'static [(&'static str, &'static str)];

    /// JSON Schema of its file.
    fn schema_json() -> String;

    /// Every mistake that its types let through.
    fn mistakes(&self) -> Vec<Mistake>;

    /// A list that has a default with items, and that default: so that an item of it can be changed
    /// alone.
    fn default_list() -> Option<(&'static str, Value)>;
}

impl Configured for AssetLibrary {
    const KIND: &'static str = library::KIND;
    const GIVEN: &'static [&'static str] = &["source.uri"];
    const VARIABLES: &'static [(&'static str, &'static str)] = &[];

    fn schema_json() -> String {
        library::schema_json()
    }

    fn mistakes(&self) -> Vec<Mistake> {
        library::check::mistakes(self)
    }

    fn default_list() -> Option<(&'static str, Value)> {
        let default = serde_json::to_value(embedding::default_embeddings());
        Some(("embeddings", default.expect("the default is made of texts")))
    }
}

impl Configured for EmbeddingJob {
    const KIND: &'static str = embedding_job::KIND;
    const GIVEN: &'static [&'static str] = &["videos.uri", "models.pose.uri"];
    const VARIABLES: &'static [(&'static str, &'static str)] =
        &[("MMPOSE_CHECKPOINT_PATH", "models.pose.uri")];

    fn schema_json() -> String {
        embedding_job::schema_json()
    }

    fn mistakes(&self) -> Vec<Mistake> {
        embedding_job::check::mistakes(self)
    }

    fn default_list() -> Option<(&'static str, Value)> {
        None
    }
}
