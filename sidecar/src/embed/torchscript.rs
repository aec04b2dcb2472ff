//! A network that libtorch runs: a TorchScript module, as `torch.jit.save` writes it.
//!
//! A module names no inputs. It is called with what `transformers` calls the encoder with, in this
//! order, and gives one tensor, or a tuple whose first is it:
//!
//! | task | inputs | output |
//! |---|---|---|
//! | pictures | `pixel_values` float32 `[n, 3, height, width]` | `[n, dims]` |
//! | texts of CLIP | `input_ids`, `attention_mask` int64 `[n, tokens]` | `[n, dims]` |
//! | texts of SigLIP | `input_ids` int64 `[n, tokens]` | `[n, dims]` |
//! | sentences | `input_ids`, `attention_mask` int64 `[n, tokens]` | `[n, tokens, dims]` or `[n, dims]` |

use std::path::Path;

use ndarray::{Array2, Array4, ArrayViewD, IxDyn};
use tch::{CModule, IValue, Kind, Tensor};
use vitrine_crds::library::{Device, Provider};

use super::network::{Cells, Element, Network, Placed, Port, Task};
use super::{OpenError, device};
use crate::model::dual::Family;

/// Tokens that a sentence model is asked about to learn what it gives.
const PROBE_TOKENS: usize = 8;

struct ScriptNetwork {
    module: CModule,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

/// Loads `weights` onto `on`: the processor, or a GPU where libtorch knows one.
///
/// # Errors
///
/// [`OpenError::Device`] where a demanded device is absent, [`OpenError::Unusable`] where libtorch
/// refuses the file or the module wants to be called otherwise.
pub(super) fn place(
    model: &str,
    weights: &Path,
    task: Task,
    on: &Device,
) -> Result<Placed, OpenError> {
    // The libtorch of a build may know CUDA; a build without it is what is tested.
    if !matches!(on.provider, Provider::Auto | Provider::Cpu) {
        let reason = "TorchScript runs on the processor only; export the model to ONNX for a GPU, or \
                      configure `cpu`";
        return Err(OpenError::Device { provider: on.provider, reason: reason.to_owned() });
    }
    let unusable = |reason: String| OpenError::Unusable {
        model: model.to_owned(),
        reason: format!("libtorch does not take {}: {reason}", weights.display()),
    };
    // One setting for the process, as libtorch has it.
    tch::set_num_threads(i32::try_from(device::threads(on)).unwrap_or(1));
    let mut module = CModule::load(weights).map_err(|error| unusable(said(&error)))?;
    module.f_set_eval().map_err(|error| unusable(said(&error)))?;
    let mut network = ScriptNetwork { module, inputs: inputs(task), outputs: Vec::new() };
    let mut rank = 0;
    let mut read = |answer: ArrayViewD<f32>| rank = answer.ndim();
    network.call(&probe(task), &mut read).map_err(unusable)?;
    network.outputs = vec![Port {
        name: "output".to_owned(),
        element: Element::Float32,
        rank,
        said: format!("float32 of {rank} dimensions"),
    }];
    Ok(Placed { network: Box::new(network), provider: Provider::Cpu })
}

fn inputs(task: Task) -> Vec<Port> {
    let port = |name: &str, element, rank| Port {
        name: name.to_owned(),
        element,
        rank,
        said: format!("{element:?}"),
    };
    let tokens = |name| port(name, Element::Integer, 2);
    match task {
        Task::Pictures { .. } => vec![port("pixel_values", Element::Float32, 4)],
        Task::Texts { family: Family::Siglip, .. } => vec![tokens("input_ids")],
        Task::Texts { family: Family::Clip, .. } | Task::Sentences => {
            vec![tokens("input_ids"), tokens("attention_mask")]
        }
    }
}

/// One row of nothing.
fn probe(task: Task) -> Vec<Cells> {
    let tokens = |tokens: usize| Cells::Tokens(Array2::ones((1, tokens)));
    match task {
        Task::Pictures { height, width } => {
            vec![Cells::Pixels(Array4::zeros((1, 3, height, width)))]
        }
        Task::Texts { family: Family::Siglip, tokens: many } => vec![tokens(many)],
        Task::Texts { family: Family::Clip, tokens: many } => vec![tokens(many), tokens(many)],
        Task::Sentences => vec![tokens(PROBE_TOKENS), tokens(PROBE_TOKENS)],
    }
}

impl ScriptNetwork {
    fn call(
        &mut self,
        feed: &[Cells],
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String> {
        tch::no_grad(|| {
            let inputs: Vec<IValue> = feed.iter().map(tensor).collect::<Result<_, _>>()?;
            let answer = self.module.forward_is(&inputs).map_err(|error| said(&error))?;
            let answer = match answer {
                IValue::Tensor(tensor) => tensor,
                IValue::Tuple(parts) => match parts.into_iter().next() {
                    Some(IValue::Tensor(tensor)) => tensor,
                    _ => {
                        return Err("it gives a tuple that does not begin with a tensor".to_owned());
                    }
                },
                _ => return Err("it gives neither a tensor nor a tuple of some".to_owned()),
            };
            let shape: Vec<usize> =
                answer.size().iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
            let answer = answer.f_to_kind(Kind::Float).and_then(|answer| answer.f_contiguous());
            let answer = answer.map_err(|error| said(&error))?;
            let mut numbers = vec![0_f32; shape.iter().product()];
            let many = numbers.len();
            answer.f_copy_data(&mut numbers, many).map_err(|error| said(&error))?;
            let view = ArrayViewD::from_shape(IxDyn(&shape), &numbers);
            read(view.map_err(|error| error.to_string())?);
            Ok(())
        })
    }
}

impl Network for ScriptNetwork {
    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(
        &mut self,
        feed: &[Cells],
        _output: usize,
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String> {
        self.call(feed, read)
    }
}

fn tensor(cells: &Cells) -> Result<IValue, String> {
    let made = match cells {
        Cells::Pixels(pixels) => {
            shaped(pixels.shape(), &pixels.iter().copied().collect::<Vec<f32>>())
        }
        Cells::Tokens(ids) => shaped(ids.shape(), &ids.iter().copied().collect::<Vec<i64>>()),
    };
    made.map(IValue::Tensor).map_err(|error| said(&error))
}

fn shaped<T: tch::kind::Element>(shape: &[usize], cells: &[T]) -> Result<Tensor, tch::TchError> {
    let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
    Tensor::f_from_slice(cells)?.f_reshape(shape)
}

/// The first lines that say something: libtorch adds its own stack behind.
fn said(error: &tch::TchError) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(4).collect::<Vec<_>>().join(" ").chars().take(400).collect()
}
