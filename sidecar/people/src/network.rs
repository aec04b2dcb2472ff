//! One network, whatever runs it: plain tensors in, plain tensors out.

/// What a tensor holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers.
    I64,
    /// Bytes.
    U8,
    /// Something that people's networks do not use.
    Other,
}

/// An input or an output of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// As in the network's file.
    pub name: String,
    /// What its tensors hold.
    pub element: Element,
    /// Dimensions; `None` for one that the file leaves open.
    pub shape: Vec<Option<usize>>,
}

/// The numbers of a tensor, last dimension fastest.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Signed 32-bit integers.
    I32(Vec<i32>),
    /// Signed 64-bit integers.
    I64(Vec<i64>),
    /// Bytes.
    U8(Vec<u8>),
}

impl Values {
    /// How many numbers.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Numbers with a shape. What networks answer is checked before it is read, so an answer whose
/// `shape` does not multiply to the count of its `values` is an error of that network, not a panic.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// As many numbers as the dimensions multiply to.
    pub values: Values,
}

/// A network that is loaded.
pub trait Network: Send {
    /// What it takes.
    fn inputs(&self) -> &[Port];

    /// What it answers.
    fn outputs(&self) -> &[Port];

    /// Runs it once.
    ///
    /// * `inputs`: one tensor an input, by name, of the element that [`Network::inputs`] says.
    /// * returns every output, by name, in any order.
    ///
    /// # Errors
    ///
    /// The runtime's own words.
    fn run(&mut self, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, String>;
}
