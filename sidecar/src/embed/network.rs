//! One network, whatever runs it: tensors in, one tensor of numbers out.
//!
//! `.onnx` runs on ONNX Runtime, or in Rust alone where that is not there; `.pt` runs on libtorch.

use std::path::Path;

use ndarray::{Array2, Array4, ArrayViewD};
use vitrine_crds::library::Provider;

use super::halving::Halving;
#[cfg(feature = "pure")]
use super::options::Runtime;
use super::{OpenError, Options, device};
use crate::model::dual::Family;

/// What a tensor holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Element {
    Float32,
    /// int64 or int32: exports differ, callers need not.
    Integer,
    Other,
}

/// An input or an output.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) element: Element,
    /// Dimensions; 0 where the file does not say.
    pub(super) rank: usize,
    /// The type in the runtime's words, for a message.
    pub(super) said: String,
}

/// What goes into one input.
pub(super) enum Cells {
    /// `[rows, channels, height, width]`.
    Pixels(Array4<f32>),
    /// `[rows, tokens]`, as wide as the input wants them.
    Tokens(Array2<i64>),
}

/// A network that is loaded.
pub(super) trait Network: Send {
    /// In the order that [`Network::run`] takes them.
    fn inputs(&self) -> &[Port];

    fn outputs(&self) -> &[Port];

    /// Whether its `ArgMax` finds the last of equal maxima, where ONNX and torch find the first.
    fn finds_last_maximum(&self) -> bool {
        false
    }

    /// Runs one batch.
    ///
    /// * `feed`: one entry an input, in their order.
    /// * `output`: position in [`Network::outputs`].
    /// * `read`: is shown the answer, once.
    ///
    /// # Errors
    ///
    /// What the runtime said.
    fn run(
        &mut self,
        feed: &[Cells],
        output: usize,
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String>;
}

/// What a network is asked. TorchScript names neither inputs nor outputs, so it decides them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Task {
    /// Pictures of this height and width to vectors.
    Pictures { height: usize, width: usize },
    /// Texts of this many tokens to vectors.
    Texts { family: Family, tokens: usize },
    /// Sentences to token vectors, or to vectors.
    Sentences,
}

/// A network, and where it runs in the end: never [`Provider::Auto`].
pub(super) struct Placed {
    pub(super) network: Box<dyn Network>,
    pub(super) provider: Provider,
}

/// Loads `weights` with what runs files of their kind.
///
/// * `model`: its name in messages.
///
/// # Errors
///
/// See [`OpenError`].
pub(super) fn place(
    model: &str,
    weights: &Path,
    task: Task,
    options: &Options,
) -> Result<Placed, OpenError> {
    if weights.extension().is_some_and(|extension| extension == "pt") {
        return place_script(model, weights, task, options);
    }
    #[cfg(feature = "pure")]
    if options.runtime == Runtime::Pure {
        return super::pure::place(model, weights, &options.device);
    }
    let placed =
        device::place(model, weights, &options.device).map(|placed| match placed.provider {
            Provider::Cpu => placed,
            // A GPU's memory is small, and others use it too.
            _ => Placed { network: Box::new(Halving::new(model, placed.network)), ..placed },
        });
    #[cfg(feature = "pure")]
    if let Err(error @ OpenError::Runtime { .. }) = &placed
        && matches!(options.device.provider, Provider::Auto | Provider::Cpu)
    {
        static SAID: std::sync::Once = std::sync::Once::new(); // A model has several lanes.
        SAID.call_once(|| {
            tracing::info!(%error, "vectors are computed in Rust alone");
        });
        return super::pure::place(model, weights, &options.device);
    }
    placed
}

#[cfg(feature = "torch")]
fn place_script(
    model: &str,
    weights: &Path,
    task: Task,
    options: &Options,
) -> Result<Placed, OpenError> {
    super::torchscript::place(model, weights, task, &options.device)
}

#[cfg(not(feature = "torch"))]
fn place_script(
    model: &str,
    weights: &Path,
    _task: Task,
    _options: &Options,
) -> Result<Placed, OpenError> {
    let reason = format!(
        "{} is TorchScript, which this program was built without; export the model to ONNX, or build \
         with `--features torch`",
        weights.display()
    );
    Err(OpenError::Unusable { model: model.to_owned(), reason })
}
