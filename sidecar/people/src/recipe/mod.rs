//! What a model folder says.
//!
//! files (what lies where) -> description or mmdeploy (what is said) -> settle (with the ports)

mod description;
mod files;
mod mmdeploy;
mod ports;
mod said;
mod settle;

use std::path::{Path, PathBuf};

use crate::{Plan, Port, RecipeError};
use said::Said;

/// What a folder or file says of one network: where its weights are, and what of kind, input and
/// decoding is told. The rest is read from the network's ports by [`Recipe::settle`].
#[derive(Clone, Debug)]
pub struct Recipe {
    weights: PathBuf,
    /// The description, for messages; the weights where there is none.
    source: PathBuf,
    said: Said,
}

impl Recipe {
    /// Reads one model:
    ///
    /// * a folder with `vitrine.json`, `model.yaml` or `model.yml`;
    /// * a folder with MMDeploy's `deploy.json` and `pipeline.json`, as rtmlib's archives hold;
    /// * a folder with one `.onnx`, or with nothing but one folder of these kinds, 4 deep at most;
    /// * an `.onnx` file, described by `NAME.json`, `NAME.yaml` or the `vitrine.json` beside it, or
    ///   by nothing.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] names the file and the key.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let mut models = files::find(path)?;
        match (models.pop(), models.len()) {
            (Some(model), 0) => model,
            (None, _) => Err(files::no_weights(path, "holds no .onnx; name the folder of a model")),
            (Some(_), _) => Err(files::no_weights(
                path,
                "holds several models; name one of them, or its folder",
            )),
        }
    }

    /// Reads one model as [`Recipe::read`] does, or a folder of at most 4 models: folders, or
    /// several `.onnx` files.
    ///
    /// # Errors
    ///
    /// As [`Recipe::read`], of the first model that cannot be read.
    pub fn read_all(path: &Path) -> Result<Vec<Self>, RecipeError> {
        let models = files::find(path)?;
        if models.is_empty() {
            return Err(files::no_weights(path, "holds no .onnx; name the folder of a model"));
        }
        models.into_iter().collect()
    }

    /// The file of weights, `.onnx`; it exists.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    /// What is told of it, in a form that changes with what is told and not with where that is.
    pub fn told(&self) -> String {
        format!("{:?}", self.said)
    }

    /// Settles what is told with what the network takes and answers.
    ///
    /// # Errors
    ///
    /// [`RecipeError::Unknown`] when neither tells what the network is; [`RecipeError::Port`] when
    /// they contradict each other; [`RecipeError::Key`] when a value cannot be.
    pub fn settle(&self, inputs: &[Port], outputs: &[Port]) -> Result<Plan, RecipeError> {
        settle::settle(self, inputs, outputs)
    }
}
