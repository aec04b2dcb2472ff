//! What a model folder says.

use std::path::{Path, PathBuf};

use crate::{Plan, Port, RecipeError};

/// What a folder or file says of one network: where its weights are, and what of kind, input and
/// decoding is told. The rest is read from the network's ports by [`Recipe::settle`].
#[derive(Clone, Debug)]
pub struct Recipe {
    weights: PathBuf,
}

impl Recipe {
    /// Reads one model: a folder with `vitrine.json`, `model.yaml` or MMDeploy's `deploy.json` and
    /// `pipeline.json` (rtmlib's archives hold the same), a folder with one `.onnx`, or an `.onnx`
    /// file, whose neighbours of the same stem (`NAME.json`, `NAME.yaml`) or `vitrine.json` describe it.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] names the file and the key.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        Ok(Self { weights: path.to_owned() })
    }

    /// Reads one model, or a folder of at most 4: subfolders, or several `.onnx` files.
    ///
    /// # Errors
    ///
    /// As [`Recipe::read`].
    pub fn read_all(path: &Path) -> Result<Vec<Self>, RecipeError> {
        Ok(vec![Self::read(path)?])
    }

    /// The file of weights, `.onnx`; it exists.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    /// Settles what is told with what the network takes and answers.
    ///
    /// # Errors
    ///
    /// [`RecipeError::Unknown`] when neither tells what the network is; [`RecipeError::Port`] when
    /// they contradict each other.
    pub fn settle(&self, inputs: &[Port], outputs: &[Port]) -> Result<Plan, RecipeError> {
        let _ = (inputs, outputs);
        Err(RecipeError::Unknown { weights: self.weights.clone(), ports: String::new() })
    }
}
