//! What a dual encoder's ONNX file takes and gives, read from its session.
//!
//! A file with both encoders wants texts and pictures in every run: the side that is not asked gets one
//! row of nothing.

use ndarray::{Array2, Array4, Ix2};
use ort::session::{Session, SessionInputValue};
use ort::value::{Tensor, TensorElementType, ValueType};

use super::pool::{self, PoolError};

/// The encoder that is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Image,
    Text,
}

/// What an input wants to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Pixels,
    Ids,
    Mask,
}

#[derive(Debug)]
struct Input {
    name: String,
    role: Role,
    /// int64 or int32: exports differ.
    is_wide: bool,
}

/// How to call one side.
#[derive(Debug)]
pub(super) struct Sides {
    inputs: Vec<Input>,
    output: String,
}

/// One batch.
pub(super) struct Feed<'a> {
    /// `[pictures, 3, height, width]`; for a text run one picture of zeros, if the file wants any.
    pub(super) pixels: Option<Array4<f32>>,
    /// Token ids of each text, all of one length, and whether each counts; for a run of pictures one
    /// short text.
    pub(super) texts: &'a [Vec<(u32, bool)>],
}

/// Why a run gave no vectors.
#[derive(Debug)]
pub(super) enum RunError {
    /// ONNX Runtime refused, or the answer has another shape than promised.
    Model(String),
    /// One row has no vector.
    Row(PoolError),
}

impl Sides {
    /// Reads names, types and ranks of a session.
    ///
    /// # Errors
    ///
    /// A sentence that names the input or output we cannot serve.
    pub(super) fn read(session: &Session, side: Side) -> Result<Self, String> {
        let mut inputs = Vec::new();
        for input in session.inputs() {
            inputs.push(read_input(input.name(), input.dtype())?);
        }
        let (role, wanted) = match side {
            Side::Image => (Role::Pixels, "pixel_values"),
            Side::Text => (Role::Ids, "input_ids"),
        };
        if !inputs.iter().any(|input| input.role == role) {
            return Err(format!("it has no input `{wanted}`"));
        }
        Ok(Self { inputs, output: read_output(session, side)? })
    }

    /// Whether the file wants pictures.
    pub(super) fn takes_pixels(&self) -> bool {
        self.inputs.iter().any(|input| input.role == Role::Pixels)
    }

    /// One unit vector a row of the side that is asked.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub(super) fn run(
        &self,
        session: &mut Session,
        feed: Feed,
        rows: usize,
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let refused = |error: ort::Error| RunError::Model(error.message().to_owned());
        let Feed { mut pixels, texts } = feed;
        let mut values: Vec<(&str, SessionInputValue)> = Vec::with_capacity(self.inputs.len());
        let shape = (texts.len(), texts.first().map_or(0, Vec::len));
        for input in &self.inputs {
            let cell = |(text, token): (usize, usize)| {
                let (id, counts) = texts[text][token];
                if input.role == Role::Mask { u32::from(counts) } else { id }
            };
            let value: SessionInputValue = match (input.role, input.is_wide) {
                (Role::Pixels, _) => {
                    let pixels = pixels.take().unwrap_or_default();
                    Tensor::from_array(pixels).map_err(refused)?.into()
                }
                (_, true) => {
                    let cells = Array2::from_shape_fn(shape, |at| i64::from(cell(at)));
                    Tensor::from_array(cells).map_err(refused)?.into()
                }
                (_, false) => {
                    let cells = Array2::from_shape_fn(shape, |at| cell(at) as i32);
                    Tensor::from_array(cells).map_err(refused)?.into()
                }
            };
            values.push((&input.name, value));
        }
        let outputs = session.run(values).map_err(refused)?;
        let answer = outputs[self.output.as_str()].try_extract_array::<f32>().map_err(refused)?;
        let unexpected =
            format!("its output `{}` has shape {:?} for {rows} rows", self.output, answer.shape());
        let answer = answer.into_dimensionality::<Ix2>().ok().filter(|a| a.nrows() == rows);
        pool::normalise(answer.ok_or(RunError::Model(unexpected))?).map_err(RunError::Row)
    }
}

fn read_input(name: &str, kind: &ValueType) -> Result<Input, String> {
    let rank = kind.tensor_shape().map_or(0, |shape| shape.len());
    let role = match name {
        "input_ids" => Role::Ids,
        "attention_mask" => Role::Mask,
        // A bare vision model calls its one input as it likes.
        _ if rank == 4 => Role::Pixels,
        _ => {
            return Err(format!(
                "its input `{name}` is not one we know (pixel_values, input_ids, attention_mask)"
            ));
        }
    };
    let is_wide = match (role, kind.tensor_type()) {
        (Role::Pixels, Some(TensorElementType::Float32)) => false,
        (Role::Pixels, _) => {
            return Err(format!("its input `{name}` is {kind}, but should be float32"));
        }
        (_, Some(TensorElementType::Int64)) => true,
        (_, Some(TensorElementType::Int32)) => false,
        _ => return Err(format!("its input `{name}` is {kind}, but should be int64 or int32")),
    };
    Ok(Input { name: name.to_owned(), role, is_wide })
}

/// The projected vector, else the pooled one, else the only one there is.
fn read_output(session: &Session, side: Side) -> Result<String, String> {
    let is_vector = |kind: &ValueType| {
        kind.tensor_type() == Some(TensorElementType::Float32)
            && kind.tensor_shape().is_some_and(|shape| shape.len() == 2)
    };
    let found: Vec<&str> =
        session.outputs().iter().filter(|o| is_vector(o.dtype())).map(|o| o.name()).collect();
    let projected = match side {
        Side::Image => "image_embeds",
        Side::Text => "text_embeds",
    };
    let named = [projected, "pooler_output"].into_iter().find(|name| found.contains(name));
    match (named, &found[..]) {
        (Some(name), _) | (None, &[name]) => Ok(name.to_owned()),
        _ => Err(format!(
            "it has neither an output `{projected}` nor `pooler_output` nor a single one of float32 \
             [rows, dims], but {found:?}"
        )),
    }
}
