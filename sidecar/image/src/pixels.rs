//! A picture in memory.

/// Pixels of red, green and blue, 8 bits each in sRGB, row by row from the top left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rgb {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Rgb {
    /// Takes pixels over; `None` where a side is 0 or above 2^24, or where `pixels` is not
    /// `width · height · 3` bytes.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        const SIDE_MAX: usize = 1 << 24;
        let sides = (1..=SIDE_MAX).contains(&width) && (1..=SIDE_MAX).contains(&height);
        let bytes = width.checked_mul(height)?.checked_mul(3)?;
        (sides && pixels.len() == bytes).then_some(Self { width, height, pixels })
    }

    /// Pixels of a row; at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows; at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// One row, `[width, 3]`.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width * 3..][..self.width * 3]
    }
}
