//! What a text model takes and gives, read from its session.

use ndarray::{Array2, Ix2, Ix3};
use ort::session::Session;
use ort::session::SessionInputValue;
use ort::value::{Tensor, TensorElementType, ValueType};

use super::pool::{self, PoolError};
use crate::model::folder::Pooling;

/// What an input of the model wants to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Ids,
    Mask,
    Types,
    Positions,
}

#[derive(Debug)]
struct Input {
    name: String,
    role: Role,
    /// int64 or int32: exports differ.
    wide: bool,
}

/// What the output holds for each text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    /// `[texts, tokens, dims]`: ours to pool.
    Tokens,
    /// `[texts, dims]`: pooled by the model.
    Sentence,
}

/// How to call one model.
#[derive(Debug)]
pub struct Signature {
    inputs: Vec<Input>,
    output: String,
    shape: Shape,
}

/// Why a run gave no vectors.
#[derive(Debug)]
pub enum RunError {
    /// ONNX Runtime refused, or the answer has another shape than promised.
    Model(String),
    /// One text has no vector.
    Text(PoolError),
}

impl Signature {
    /// Reads the names, types and ranks of a session.
    ///
    /// # Errors
    ///
    /// A sentence that names the input or output we cannot serve.
    pub fn read(session: &Session) -> Result<Self, String> {
        let mut inputs = Vec::new();
        for input in session.inputs() {
            inputs.push(read_input(input.name(), input.dtype())?);
        }
        if !inputs.iter().any(|input| input.role == Role::Ids) {
            return Err("it has no input `input_ids`; is it a text model?".to_owned());
        }
        let (output, shape) = read_output(session)?;
        Ok(Self { inputs, output, shape })
    }

    /// Runs one batch.
    ///
    /// * `rows`: token ids of each text, at least one row, none empty.
    /// * `pad_id`: what fills shorter rows on the right.
    /// * returns one unit vector a row.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub fn run(
        &self,
        session: &mut Session,
        rows: &[&[u32]],
        pad_id: u32,
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let refused = |error: ort::Error| RunError::Model(error.message().to_owned());
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let mut values: Vec<(&str, SessionInputValue)> = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let cell = |(text, token): (usize, usize)| {
                let real = token < lengths[text];
                match input.role {
                    Role::Ids if real => rows[text][token],
                    Role::Ids => pad_id,
                    Role::Mask => u32::from(real),
                    Role::Types => 0,
                    Role::Positions => token as u32,
                }
            };
            let shape = (rows.len(), longest);
            let value: SessionInputValue = if input.wide {
                let cells = Array2::from_shape_fn(shape, |at| i64::from(cell(at)));
                Tensor::from_array(cells).map_err(refused)?.into()
            } else {
                let cells = Array2::from_shape_fn(shape, |at| cell(at) as i32);
                Tensor::from_array(cells).map_err(refused)?.into()
            };
            values.push((&input.name, value));
        }
        let outputs = session.run(values).map_err(refused)?;
        let answer = outputs[self.output.as_str()].try_extract_array::<f32>().map_err(refused)?;
        let unexpected = format!(
            "its output `{}` has shape {:?} for {} texts of {longest} tokens",
            self.output,
            answer.shape(),
            rows.len()
        );
        let rows_agree = answer.shape().first() == Some(&rows.len());
        let vectors = match self.shape {
            Shape::Tokens => {
                let answer = answer.into_dimensionality::<Ix3>();
                let answer = answer.ok().filter(|a| rows_agree && a.dim().1 == longest);
                let answer = answer.ok_or(RunError::Model(unexpected))?;
                pool::pool(answer, &lengths, pooling)
            }
            Shape::Sentence => {
                let answer = answer.into_dimensionality::<Ix2>().ok().filter(|_| rows_agree);
                pool::normalise(answer.ok_or(RunError::Model(unexpected))?)
            }
        };
        vectors.map_err(RunError::Text)
    }
}

fn read_input(name: &str, kind: &ValueType) -> Result<Input, String> {
    let role = match name {
        "input_ids" => Role::Ids,
        "attention_mask" => Role::Mask,
        "token_type_ids" => Role::Types,
        "position_ids" => Role::Positions,
        _ => {
            return Err(format!(
                "its input `{name}` is not one we know (input_ids, attention_mask, token_type_ids, \
                 position_ids); export it for feature extraction"
            ));
        }
    };
    let wide = match kind.tensor_type() {
        Some(TensorElementType::Int64) => true,
        Some(TensorElementType::Int32) => false,
        _ => return Err(format!("its input `{name}` is {kind}, but should be int64 or int32")),
    };
    Ok(Input { name: name.to_owned(), role, wide })
}

/// Token vectors where there are some: what the folder says of pooling is then ours to do.
fn read_output(session: &Session) -> Result<(String, Shape), String> {
    let floats = |rank: usize| {
        let fits = move |kind: &ValueType| {
            kind.tensor_type() == Some(TensorElementType::Float32)
                && kind.tensor_shape().is_some_and(|shape| shape.len() == rank)
        };
        session.outputs().iter().filter(move |output| fits(output.dtype()))
    };
    let named = floats(3).find(|o| matches!(o.name(), "last_hidden_state" | "token_embeddings"));
    if let Some(output) = named.or_else(|| floats(3).next()) {
        return Ok((output.name().to_owned(), Shape::Tokens));
    }
    if let Some(output) = floats(2).next() {
        return Ok((output.name().to_owned(), Shape::Sentence));
    }
    let found: Vec<String> =
        session.outputs().iter().map(|o| format!("{}: {}", o.name(), o.dtype())).collect();
    Err(format!(
        "none of its outputs ({}) is float32 of [texts, tokens, dims] or [texts, dims]; export it \
         for feature extraction",
        found.join(", ")
    ))
}
