//! A network that ONNX Runtime runs.

use ndarray::ArrayViewD;
use ort::session::{Session, SessionInputValue};
use ort::value::{Tensor, TensorElementType, TensorRef, ValueType};

use super::network::{Cells, Element, Network, Port};

/// A session with its ports.
pub(super) struct OnnxNetwork {
    session: Session,
    inputs: Vec<Port>,
    /// By input: whether its integers have 64 bits.
    is_wide: Vec<bool>,
    outputs: Vec<Port>,
}

impl OnnxNetwork {
    pub(super) fn new(session: Session) -> Self {
        let inputs =
            session.inputs().iter().map(|input| port(input.name(), input.dtype())).collect();
        let outputs = session.outputs().iter().map(|out| port(out.name(), out.dtype())).collect();
        let is_wide = |kind: &ValueType| kind.tensor_type() == Some(TensorElementType::Int64);
        let is_wide = session.inputs().iter().map(|input| is_wide(input.dtype())).collect();
        Self { session, inputs, is_wide, outputs }
    }
}

impl Network for OnnxNetwork {
    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(
        &mut self,
        feed: &[Cells],
        output: usize,
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String> {
        let refused = |error: ort::Error| error.message().to_owned();
        let mut values: Vec<(&str, SessionInputValue)> = Vec::with_capacity(self.inputs.len());
        for ((input, is_wide), cells) in self.inputs.iter().zip(&self.is_wide).zip(feed) {
            let value: SessionInputValue = match cells {
                Cells::Pixels(pixels) => {
                    TensorRef::from_array_view(pixels).map_err(refused)?.into()
                }
                Cells::Tokens(cells) if *is_wide => {
                    TensorRef::from_array_view(cells).map_err(refused)?.into()
                }
                Cells::Tokens(cells) => {
                    Tensor::from_array(cells.mapv(|cell| cell as i32)).map_err(refused)?.into()
                }
            };
            values.push((&input.name, value));
        }
        let outputs = self.session.run(values).map_err(refused)?;
        let output = outputs[self.outputs[output].name.as_str()].try_extract_array::<f32>();
        read(output.map_err(refused)?);
        Ok(())
    }
}

fn port(name: &str, kind: &ValueType) -> Port {
    let element = match kind.tensor_type() {
        Some(TensorElementType::Float32) => Element::Float32,
        Some(TensorElementType::Int64 | TensorElementType::Int32) => Element::Integer,
        _ => Element::Other,
    };
    let rank = kind.tensor_shape().map_or(0, |shape| shape.len());
    Port { name: name.to_owned(), element, rank, said: kind.to_string() }
}
