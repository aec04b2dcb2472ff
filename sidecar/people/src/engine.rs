//! One network with its plan: crops in, checked outputs back, in batches.

use crate::geometry::Crop;
use crate::plan::{Layout, Plan};
use crate::sample::Sampler;
use crate::{Element, LookError, Network, Tensor, Values};

/// Most numbers that one output may hold: 256 MiB of floats.
const CELLS_MAX: usize = 64 << 20;

/// A network, its plan, and the room for its input.
pub(crate) struct Engine {
    network: Box<dyn Network>,
    pub(crate) plan: Plan,
    batch_max: usize,
    sampler: Sampler,
    /// The last input, to be filled again.
    room: Option<Values>,
}

impl Engine {
    pub(crate) fn new(network: Box<dyn Network>, plan: Plan, batch_max: usize) -> Self {
        Self { network, plan, batch_max: batch_max.max(1), sampler: Sampler::default(), room: None }
    }

    /// Runs every crop through the network.
    ///
    /// * `read`: takes one item of one batch's outputs; called once a crop, in order.
    pub(crate) fn run<'a, T>(
        &mut self,
        crops: &[Crop<'a>],
        mut read: impl FnMut(&Item, &Crop<'a>) -> Result<T, LookError>,
    ) -> Result<Vec<T>, LookError> {
        let mut answers = Vec::with_capacity(crops.len());
        let batch_max = self.plan.input.batch.unwrap_or(self.batch_max);
        for crops in crops.chunks(batch_max) {
            // A network of a fixed batch gets it full: what is over is drawn from the last crop.
            let batch = self.plan.input.batch.unwrap_or(crops.len());
            let outputs = self.run_batch(crops, batch)?;
            for (at, crop) in crops.iter().enumerate() {
                let item = Item { network: &self.plan.name, outputs: &outputs, batch, at };
                answers.push(read(&item, crop)?);
            }
        }
        Ok(answers)
    }

    fn run_batch(
        &mut self,
        crops: &[Crop],
        batch: usize,
    ) -> Result<Vec<(String, Tensor)>, LookError> {
        let input = &self.plan.input;
        let shape = match input.layout {
            Layout::Planes => vec![batch, 3, input.height, input.width],
            Layout::Pixels => vec![batch, input.height, input.width, 3],
        };
        let mut values = sized(self.room.take(), input.element, shape.iter().product());
        for at in 0..batch {
            if let Some(crop) = crops.get(at).or(crops.last()) {
                self.sampler.draw(&crop.drawing, input, &mut values, at);
            }
        }
        let feed = [(input.name.as_str(), Tensor { shape, values })];
        let answer = self.network.run(&feed);
        let [(_, tensor)] = feed;
        self.room = Some(tensor.values);
        answer.map_err(|reason| LookError::Run { network: self.plan.name.clone(), reason })
    }
}

/// Room for `count` numbers: `room` again where it fits.
fn sized(room: Option<Values>, element: Element, count: usize) -> Values {
    match (element, room) {
        (Element::I32, Some(Values::I32(mut cells))) => {
            cells.resize(count, 0);
            Values::I32(cells)
        }
        (Element::I32, _) => Values::I32(vec![0; count]),
        (Element::I64, Some(Values::I64(mut cells))) => {
            cells.resize(count, 0);
            Values::I64(cells)
        }
        (Element::I64, _) => Values::I64(vec![0; count]),
        (Element::U8, Some(Values::U8(mut cells))) => {
            cells.resize(count, 0);
            Values::U8(cells)
        }
        (Element::U8, _) => Values::U8(vec![0; count]),
        (Element::F32 | Element::Other, Some(Values::F32(mut cells))) => {
            cells.resize(count, 0.0);
            Values::F32(cells)
        }
        (Element::F32 | Element::Other, _) => Values::F32(vec![0.0; count]),
    }
}

/// What a dimension of an output should be, after the batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dim {
    Is(usize),
    /// Any count from 0 on, by the name it has in messages.
    Any(&'static str),
}

/// One item of a batch's outputs.
pub(crate) struct Item<'o> {
    network: &'o str,
    outputs: &'o [(String, Tensor)],
    batch: usize,
    at: usize,
}

impl<'o> Item<'o> {
    /// The item's part of an output: its dimensions after the batch, and its numbers, all finite.
    pub(crate) fn floats<const N: usize>(
        &self,
        output: &str,
        expected: [Dim; N],
    ) -> Result<([usize; N], &'o [f32]), LookError> {
        let tensor = self.tensor(output)?;
        let Values::F32(values) = &tensor.values else {
            return Err(self.unexpected(output, "float32", &expected, tensor));
        };
        let (dims, part) = self.part(output, "float32", expected, tensor)?;
        let values = &values[part];
        // Multiplying by 0 keeps NaN and makes NaN of infinity; a sum of eight lanes is wide.
        let mut lanes = [0.0f32; 8];
        let chunks = values.chunks_exact(8);
        let rest: f32 = chunks.remainder().iter().map(|value| value * 0.0).sum();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += value * 0.0;
            }
        }
        if !(rest + lanes.iter().sum::<f32>()).is_finite() {
            return Err(LookError::NotFinite {
                network: self.network.to_owned(),
                output: output.to_owned(),
            });
        }
        Ok((dims, values))
    }

    /// The item's part of an output of whole numbers: `[N]` classes.
    pub(crate) fn classes(&self, output: &str, count: usize) -> Result<Vec<i64>, LookError> {
        let tensor = self.tensor(output)?;
        let kind = "int64 or int32";
        let (_, part) = self.part(output, kind, [Dim::Is(count)], tensor)?;
        match &tensor.values {
            Values::I64(values) => Ok(values[part].to_vec()),
            Values::I32(values) => Ok(values[part].iter().map(|&class| class.into()).collect()),
            Values::F32(_) | Values::U8(_) => {
                Err(self.unexpected(output, kind, &[Dim::Is(count)], tensor))
            }
        }
    }

    /// That an output has another shape than its decoding needs, in the caller's words.
    pub(crate) fn wrong(&self, output: &str, expected: String, found: String) -> LookError {
        let (network, output) = (self.network.to_owned(), output.to_owned());
        LookError::Output { network, output, expected, found }
    }

    fn tensor(&self, output: &str) -> Result<&'o Tensor, LookError> {
        let found = self.outputs.iter().find(|(name, _)| name == output);
        found
            .map(|(_, tensor)| tensor)
            .ok_or_else(|| self.wrong(output, "among the answers".to_owned(), "missing".to_owned()))
    }

    fn part<const N: usize>(
        &self,
        output: &str,
        kind: &str,
        expected: [Dim; N],
        tensor: &Tensor,
    ) -> Result<([usize; N], std::ops::Range<usize>), LookError> {
        let refuse = || self.unexpected(output, kind, &expected, tensor);
        let (&batch, dims) = tensor.shape.split_first().ok_or_else(refuse)?;
        let dims: [usize; N] = dims.try_into().map_err(|_| refuse())?;
        let fits = |(dim, expected): (&usize, &Dim)| match expected {
            Dim::Is(count) => dim == count,
            Dim::Any(_) => true,
        };
        let size = dims.iter().try_fold(1usize, |size, &dim| size.checked_mul(dim));
        let size = size.filter(|&size| size <= CELLS_MAX).ok_or_else(refuse)?;
        let total = size.checked_mul(batch).ok_or_else(refuse)?;
        if batch != self.batch
            || total != tensor.values.len()
            || !dims.iter().zip(&expected).all(fits)
        {
            return Err(refuse());
        }
        Ok((dims, self.at * size..(self.at + 1) * size))
    }

    fn unexpected(&self, output: &str, kind: &str, expected: &[Dim], found: &Tensor) -> LookError {
        let dims = expected.iter().map(|dim| match dim {
            Dim::Is(count) => count.to_string(),
            Dim::Any(name) => (*name).to_owned(),
        });
        let dims: Vec<String> = std::iter::once(self.batch.to_string()).chain(dims).collect();
        let held = match &found.values {
            Values::F32(_) => "float32",
            Values::I32(_) => "int32",
            Values::I64(_) => "int64",
            Values::U8(_) => "uint8",
        };
        let count = found.values.len();
        let found = if found.shape.iter().try_fold(1usize, |all, &dim| all.checked_mul(dim))
            == Some(count)
        {
            format!("{held} {:?}", found.shape)
        } else {
            format!("{held} {:?} of {count} numbers", found.shape)
        };
        self.wrong(output, format!("{kind} [{}]", dims.join(", ")), found)
    }
}
