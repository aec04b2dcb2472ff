//! A network whose batches shrink until they fit the device.
//!
//! What memory a batch needs depends on the model and on who else uses the GPU: nobody knows before
//! it is tried. So a batch that is refused is tried in halves, and later ones are as small from the start.

use ndarray::{ArrayD, ArrayViewD, Axis, Slice, concatenate};

use super::network::{Cells, Network, Port};

/// Runs batches on another network, in parts where the whole is refused.
pub(super) struct Halving {
    /// The model in messages.
    model: String,
    network: Box<dyn Network>,
    /// Rows of the largest batch that is still tried.
    rows_max: usize,
}

impl Halving {
    pub(super) fn new(model: &str, network: Box<dyn Network>) -> Self {
        Self { model: model.to_owned(), network, rows_max: usize::MAX }
    }

    /// The answers to all rows, in parts as small as it takes.
    fn parts(
        &mut self,
        feed: &[Cells],
        output: usize,
        rows: usize,
    ) -> Result<Vec<ArrayD<f32>>, String> {
        let mut answers = Vec::new();
        let mut at = 0;
        while at < rows {
            let next = rows.min(at.saturating_add(self.rows_max));
            let cut: Vec<Cells> = feed.iter().map(|cells| cells.rows(rows, at..next)).collect();
            let mut answer = None;
            let ran = self.network.run(&cut, output, &mut |view| answer = Some(view.to_owned()));
            match ran {
                Ok(()) => {
                    answers.extend(answer);
                    at = next;
                }
                Err(why) => self.shrink(next - at, why)?,
            }
        }
        Ok(answers)
    }

    /// Takes note that `rows` were too many.
    fn shrink(&mut self, rows: usize, why: String) -> Result<(), String> {
        if rows <= 1 {
            return Err(why);
        }
        self.rows_max = rows.div_ceil(2);
        tracing::warn!(
            model = self.model,
            "the device refused a batch of {rows} ({why}); going on with {} at a time",
            self.rows_max
        );
        Ok(())
    }
}

impl Network for Halving {
    fn inputs(&self) -> &[Port] {
        self.network.inputs()
    }

    fn outputs(&self) -> &[Port] {
        self.network.outputs()
    }

    fn finds_last_maximum(&self) -> bool {
        self.network.finds_last_maximum()
    }

    fn run(
        &mut self,
        feed: &[Cells],
        output: usize,
        read: &mut dyn FnMut(ArrayViewD<f32>),
    ) -> Result<(), String> {
        let rows = feed.iter().map(Cells::count).max().unwrap_or_default();
        if rows <= self.rows_max {
            match self.network.run(feed, output, read) {
                Ok(()) => return Ok(()),
                Err(why) => self.shrink(rows, why)?,
            }
        }
        let answers = self.parts(feed, output, rows)?;
        let views: Vec<_> = answers.iter().map(|answer| answer.view()).collect();
        // Texts of one batch are padded to one length, so that the parts' shapes agree.
        let whole = concatenate(Axis(0), &views).map_err(|error| error.to_string())?;
        read(whole.view());
        Ok(())
    }
}

impl Cells {
    /// Rows of the batch.
    fn count(&self) -> usize {
        match self {
            Self::Pixels(pixels) => pixels.len_of(Axis(0)),
            Self::Tokens(tokens) => tokens.len_of(Axis(0)),
        }
    }

    /// Some rows of a batch of `all`; what has another number of rows belongs to every part, whole.
    fn rows(&self, all: usize, wanted: std::ops::Range<usize>) -> Self {
        let rows = match self.count() == all {
            true => Slice::from(wanted),
            false => Slice::from(..),
        };
        match self {
            Self::Pixels(pixels) => Self::Pixels(pixels.slice_axis(Axis(0), rows).to_owned()),
            Self::Tokens(tokens) => Self::Tokens(tokens.slice_axis(Axis(0), rows).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// A device on which so many rows find room; it answers each with the row's first token.
    struct Small {
        rows_max: usize,
        tried: std::sync::Arc<std::sync::Mutex<Vec<usize>>>,
    }

    impl Network for Small {
        fn inputs(&self) -> &[Port] {
            &[]
        }

        fn outputs(&self) -> &[Port] {
            &[]
        }

        fn run(
            &mut self,
            feed: &[Cells],
            _output: usize,
            read: &mut dyn FnMut(ArrayViewD<f32>),
        ) -> Result<(), String> {
            let Cells::Tokens(tokens) = &feed[0] else { return Err("no tokens".to_owned()) };
            self.tried.lock().unwrap().push(tokens.nrows());
            if tokens.nrows() > self.rows_max {
                return Err("out of memory".to_owned());
            }
            read(
                tokens.mapv(|token| token as f32).slice_axis(Axis(1), Slice::from(..1)).into_dyn(),
            );
            Ok(())
        }
    }

    fn ask(network: &mut Halving, rows: usize) -> Result<Vec<f32>, String> {
        let tokens = Array2::from_shape_fn((rows, 3), |(row, _)| row as i64);
        let mut said = Vec::new();
        let mut calls = 0;
        network.run(&[Cells::Tokens(tokens)], 0, &mut |view| {
            calls += 1;
            said = view.iter().copied().collect();
        })?;
        assert_eq!(calls, 1, "the answer is shown once, whole");
        Ok(said)
    }

    #[test]
    fn a_batch_that_finds_no_room_is_done_in_parts_and_later_ones_start_as_small() {
        let tried = std::sync::Arc::default();
        let small = Small { rows_max: 3, tried: std::sync::Arc::clone(&tried) };
        let mut network = Halving::new("model", Box::new(small));
        let expected: Vec<f32> = (0..10).map(|row| row as f32).collect();
        assert_eq!(ask(&mut network, 10).unwrap(), expected);
        assert_eq!(*tried.lock().unwrap(), [10, 5, 3, 3, 3, 1]);
        tried.lock().unwrap().clear();
        assert_eq!(ask(&mut network, 4).unwrap(), expected[..4]);
        assert_eq!(*tried.lock().unwrap(), [3, 1]);
    }

    #[test]
    fn what_not_even_one_row_finds_room_for_is_an_error() {
        let mut network = Halving::new(
            "model",
            Box::new(Small { rows_max: 0, tried: std::sync::Arc::default() }),
        );
        assert_eq!(ask(&mut network, 4).unwrap_err(), "out of memory");
    }
}
