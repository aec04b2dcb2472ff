//! What a sentence model takes and gives, read from its network.

use ndarray::{Array2, ArrayViewD, Ix2, Ix3};

use super::network::{Cells, Element, Network, Port};
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
    inputs: Vec<Role>,
    /// Position among the network's outputs, and its name.
    output: (usize, String),
    shape: Shape,
}

/// Why a run gave no vectors.
#[derive(Debug)]
pub enum RunError {
    /// The runtime refused, or the answer has another shape than promised.
    Model(String),
    /// One text has no vector.
    Text(PoolError),
}

impl Signature {
    /// Reads the names, types and ranks of a network.
    ///
    /// # Errors
    ///
    /// A sentence that names the input or output we cannot serve.
    pub(super) fn read(network: &dyn Network) -> Result<Self, String> {
        let inputs: Vec<Role> =
            network.inputs().iter().map(read_input).collect::<Result<_, _>>()?;
        if !inputs.contains(&Role::Ids) {
            return Err("it has no input `input_ids`; is it a text model?".to_owned());
        }
        let (output, shape) = read_output(network.outputs())?;
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
    pub(super) fn run(
        &self,
        network: &mut dyn Network,
        rows: &[&[u32]],
        pad_id: u32,
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let feed = self.inputs.iter().map(|role| {
            let cell = |(text, token): (usize, usize)| {
                let real = token < lengths[text];
                i64::from(match role {
                    Role::Ids if real => rows[text][token],
                    Role::Ids => pad_id,
                    Role::Mask => u32::from(real),
                    Role::Types => 0,
                    Role::Positions => token as u32,
                })
            };
            Cells::Tokens(Array2::from_shape_fn((rows.len(), longest), cell))
        });
        let (output, name) = &self.output;
        let mut vectors = Err(RunError::Model("it gave no answer".to_owned()));
        let mut read = |answer: ArrayViewD<f32>| {
            let unexpected = format!(
                "its output `{name}` has shape {:?} for {} texts of {longest} tokens",
                answer.shape(),
                rows.len()
            );
            let rows_agree = answer.shape().first() == Some(&rows.len());
            vectors = match self.shape {
                Shape::Tokens => match answer.into_dimensionality::<Ix3>() {
                    Ok(answer) if rows_agree && answer.dim().1 == longest => {
                        pool::pool(answer, &lengths, pooling).map_err(RunError::Text)
                    }
                    _ => Err(RunError::Model(unexpected)),
                },
                Shape::Sentence => match answer.into_dimensionality::<Ix2>() {
                    Ok(answer) if rows_agree => pool::normalise(answer).map_err(RunError::Text),
                    _ => Err(RunError::Model(unexpected)),
                },
            };
        };
        let feed: Vec<Cells> = feed.collect();
        network.run(&feed, *output, &mut read).map_err(RunError::Model)?;
        vectors
    }
}

fn read_input(input: &Port) -> Result<Role, String> {
    let name = &input.name;
    let role = match name.as_str() {
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
    match input.element {
        Element::Integer => Ok(role),
        Element::Float32 | Element::Other => {
            Err(format!("its input `{name}` is {}, but should be int64 or int32", input.said))
        }
    }
}

/// Token vectors where there are some: what the folder says of pooling is then ours to do.
fn read_output(outputs: &[Port]) -> Result<((usize, String), Shape), String> {
    let floats = |rank: usize| {
        let fits = move |port: &Port| port.element == Element::Float32 && port.rank == rank;
        outputs.iter().enumerate().filter(move |(_, output)| fits(output))
    };
    let named = |(at, port): (usize, &Port)| (at, port.name.clone());
    let known =
        floats(3).find(|(_, o)| matches!(&*o.name, "last_hidden_state" | "token_embeddings"));
    if let Some(output) = known.or_else(|| floats(3).next()) {
        return Ok((named(output), Shape::Tokens));
    }
    if let Some(output) = floats(2).next() {
        return Ok((named(output), Shape::Sentence));
    }
    let found: Vec<String> = outputs.iter().map(|o| format!("{}: {}", o.name, o.said)).collect();
    Err(format!(
        "none of its outputs ({}) is float32 of [texts, tokens, dims] or [texts, dims]; export it \
         for feature extraction",
        found.join(", ")
    ))
}
