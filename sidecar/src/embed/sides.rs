//! What a dual encoder's file takes and gives, read from its network.
//!
//! A file with both encoders wants texts and pictures in every run: the side that is not asked gets one
//! row of nothing.

use ndarray::{Array2, Array4, ArrayViewD, Ix2};

use super::network::{Cells, Element, Network, Port};
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

/// How to call one side.
#[derive(Debug)]
pub(super) struct Sides {
    inputs: Vec<Role>,
    /// Position among the network's outputs, and its name.
    output: (usize, String),
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
    /// The runtime refused, or the answer has another shape than promised.
    Model(String),
    /// One row has no vector.
    Row(PoolError),
}

impl Sides {
    /// Reads names, types and ranks of a network.
    ///
    /// # Errors
    ///
    /// A sentence that names the input or output we cannot serve.
    pub(super) fn read(network: &dyn Network, side: Side) -> Result<Self, String> {
        let inputs: Vec<Role> =
            network.inputs().iter().map(read_input).collect::<Result<_, _>>()?;
        let (role, wanted) = match side {
            Side::Image => (Role::Pixels, "pixel_values"),
            Side::Text => (Role::Ids, "input_ids"),
        };
        if !inputs.contains(&role) {
            return Err(format!("it has no input `{wanted}`"));
        }
        Ok(Self { inputs, output: read_output(network.outputs(), side)? })
    }

    /// Whether the file wants pictures.
    pub(super) fn takes_pixels(&self) -> bool {
        self.inputs.contains(&Role::Pixels)
    }

    /// One unit vector a row of the side that is asked.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub(super) fn run(
        &self,
        network: &mut dyn Network,
        feed: Feed,
        rows: usize,
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let Feed { mut pixels, texts } = feed;
        let shape = (texts.len(), texts.first().map_or(0, Vec::len));
        let feed = self.inputs.iter().map(|role| {
            let cell = |(text, token): (usize, usize)| {
                let (id, counts) = texts[text][token];
                i64::from(if *role == Role::Mask { u32::from(counts) } else { id })
            };
            match role {
                Role::Pixels => Cells::Pixels(pixels.take().unwrap_or_default()),
                Role::Ids | Role::Mask => Cells::Tokens(Array2::from_shape_fn(shape, cell)),
            }
        });
        let feed: Vec<Cells> = feed.collect();
        let (output, name) = &self.output;
        let mut vectors = Err(RunError::Model("it gave no answer".to_owned()));
        let mut read = |answer: ArrayViewD<f32>| {
            let unexpected =
                format!("its output `{name}` has shape {:?} for {rows} rows", answer.shape());
            vectors = match answer.into_dimensionality::<Ix2>() {
                Ok(answer) if answer.nrows() == rows => {
                    pool::normalise(answer).map_err(RunError::Row)
                }
                _ => Err(RunError::Model(unexpected)),
            };
        };
        network.run(&feed, *output, &mut read).map_err(RunError::Model)?;
        vectors
    }
}

fn read_input(input: &Port) -> Result<Role, String> {
    let Port { name, element, rank, said } = input;
    let role = match name.as_str() {
        "input_ids" => Role::Ids,
        "attention_mask" => Role::Mask,
        // A bare vision model calls its one input as it likes.
        _ if *rank == 4 => Role::Pixels,
        _ => {
            return Err(format!(
                "its input `{name}` is not one we know (pixel_values, input_ids, attention_mask)"
            ));
        }
    };
    match (role, element) {
        (Role::Pixels, Element::Float32) | (Role::Ids | Role::Mask, Element::Integer) => Ok(role),
        (Role::Pixels, _) => Err(format!("its input `{name}` is {said}, but should be float32")),
        _ => Err(format!("its input `{name}` is {said}, but should be int64 or int32")),
    }
}

/// The projected vector, else the pooled one, else the only one there is.
fn read_output(outputs: &[Port], side: Side) -> Result<(usize, String), String> {
    let is_vector = |port: &&Port| port.element == Element::Float32 && port.rank == 2;
    let found: Vec<&str> = outputs.iter().filter(is_vector).map(|port| &*port.name).collect();
    let projected = match side {
        Side::Image => "image_embeds",
        Side::Text => "text_embeds",
    };
    let named = [projected, "pooler_output"].into_iter().find(|name| found.contains(name));
    let name = match (named, &found[..]) {
        (Some(name), _) | (None, &[name]) => name,
        _ => {
            return Err(format!(
                "it has neither an output `{projected}` nor `pooler_output` nor a single one of \
                 float32 [rows, dims], but {found:?}"
            ));
        }
    };
    let at = outputs.iter().position(|port| port.name == name).unwrap_or_default();
    Ok((at, name.to_owned()))
}
