//! A texture in memory.

/// Pixels of red, green, blue and alpha as the file stores them, 8 bits each, row by row from the top
/// left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Texels {
    width: usize,
    height: usize,
    texels: Vec<[u8; 4]>,
}

impl Texels {
    /// Takes pixels over; `None` where there are none, or not `width · height`.
    pub fn new(width: usize, height: usize, texels: Vec<[u8; 4]>) -> Option<Self> {
        let fits = width.checked_mul(height) == Some(texels.len()) && !texels.is_empty();
        fits.then_some(Self { width, height, texels })
    }

    /// Pixels of a row; at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows; at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `[height, width]` of red, green, blue, alpha.
    pub fn texels(&self) -> &[[u8; 4]] {
        &self.texels
    }
}
