//! A network that runs in Rust alone, by the crate rten: for machines without ONNX Runtime.
//!
//! Of the runtimes in pure Rust it is the nearest in speed; it knows no GPU and no custom operator.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayViewD, IxDyn};
use rten::{DataType, Model, NodeId, RunOptions, ThreadPool, Value, ValueType};
use rten_tensor::prelude::*;
use vitrine_crds::library::{Device, Provider};

use super::network::{Cells, Element, Network, Placed, Port};
use super::{OpenError, device};

struct PureNetwork {
    model: Model,
    threads: Arc<ThreadPool>,
    inputs: Vec<(NodeId, Port)>,
    outputs: Vec<(NodeId, Port)>,
    /// The ports alone, as callers see them.
    ports: (Vec<Port>, Vec<Port>),
}

/// Loads `weights` onto the processor.
///
/// # Errors
///
/// [`OpenError::Device`] where another device is demanded, [`OpenError::Unusable`] where the file is
/// broken or holds an operator that the runtime does not know.
pub(super) fn place(model: &str, weights: &Path, on: &Device) -> Result<Placed, OpenError> {
    if !matches!(on.provider, Provider::Auto | Provider::Cpu) {
        let reason =
            "the runtime in Rust alone knows no GPU; install ONNX Runtime, or configure `cpu`";
        return Err(OpenError::Device { provider: on.provider, reason: reason.to_owned() });
    }
    let loaded = Model::load_file(weights).map_err(|error| OpenError::Unusable {
        model: model.to_owned(),
        reason: format!("the runtime in Rust alone does not take {}: {error}", weights.display()),
    })?;
    let ports = |ids: &[NodeId]| -> Vec<(NodeId, Port)> {
        ids.iter().map(|&id| (id, port(&loaded, id))).collect()
    };
    let (inputs, outputs) = (ports(loaded.input_ids()), ports(loaded.output_ids()));
    let alone = |ports: &[(NodeId, Port)]| ports.iter().map(|(_, port)| port.clone()).collect();
    let network = PureNetwork {
        threads: Arc::new(ThreadPool::with_num_threads(device::threads(on))),
        ports: (alone(&inputs), alone(&outputs)),
        inputs,
        outputs,
        model: loaded,
    };
    Ok(Placed { network: Box::new(network), provider: Provider::Cpu })
}

fn port(model: &Model, id: NodeId) -> Port {
    let info = model.node_info(id);
    let kind = info.as_ref().and_then(|info| info.dtype());
    let element = match kind {
        // What the file calls int64 is int32 here.
        Some(ValueType::Tensor(DataType::Int32)) => Element::Integer,
        Some(ValueType::Tensor(DataType::Float)) => Element::Float32,
        _ => Element::Other,
    };
    let shape = info.as_ref().and_then(|info| info.shape());
    Port {
        name: info.and_then(|info| info.name()).unwrap_or_default().to_owned(),
        element,
        rank: shape.as_ref().map_or(0, Vec::len),
        said: format!("{kind:?} {shape:?}"),
    }
}

impl Network for PureNetwork {
    fn inputs(&self) -> &[Port] {
        &self.ports.0
    }

    fn outputs(&self) -> &[Port] {
        &self.ports.1
    }

    /// rten 0.27 reads no `select_last_index` and keeps the last.
    fn finds_last_maximum(&self) -> bool {
        true
    }

    fn run(
        &mut self,
        feed: &[Cells],
        output: usize,
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String> {
        let mut values = Vec::with_capacity(feed.len());
        for ((id, _), cells) in self.inputs.iter().zip(feed) {
            let value = match cells {
                Cells::Pixels(pixels) => {
                    let shape = pixels.shape().to_vec();
                    Value::from_shape(shape, pixels.iter().copied().collect::<Vec<f32>>())
                        .map_err(|error| error.to_string())?
                }
                Cells::Tokens(tokens) => {
                    let shape = tokens.shape().to_vec();
                    let tokens = tokens.iter().map(|&token| token as i32).collect::<Vec<i32>>();
                    Value::from_shape(shape, tokens).map_err(|error| error.to_string())?
                }
            };
            values.push((*id, value.into()));
        }
        let (id, _) = self.outputs[output];
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let answers = self.model.run(values, &[id], Some(options));
        let answer = answers.map_err(|error| error.to_string())?.into_iter().next();
        let Some(Value::FloatTensor(answer)) = answer else {
            return Err("its answer is not float32".to_owned());
        };
        let shape = answer.shape().to_vec();
        let numbers = answer.to_vec();
        let view = ArrayViewD::from_shape(IxDyn(&shape), &numbers);
        read(view.map_err(|error| error.to_string())?);
        Ok(())
    }
}
