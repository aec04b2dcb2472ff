//! Pixels between two steps.

/// Pixels of a block: rows are whole blocks, so that no pass has a rest to do.
const BLOCK: usize = 8;

/// Pixels of red, green, blue and nothing, row by row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Canvas {
    width: usize,
    /// Pixels from row to row.
    stride: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    /// Black.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let stride = width.next_multiple_of(BLOCK);
        Self { width, stride, pixels: vec![[0; 4]; stride * height] }
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Row by row; the fourth byte means nothing.
    pub fn rows(&self) -> impl Iterator<Item = &[[u8; 4]]> {
        self.pixels.chunks_exact(self.stride).map(|row| &row[..self.width])
    }

    /// Row by row, each as long as its stride.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [[u8; 4]]> {
        self.pixels.chunks_exact_mut(self.stride)
    }

    /// Everything from row `y` on.
    pub(crate) fn bytes_from(&self, y: usize) -> &[u8] {
        self.pixels[y * self.stride..].as_flattened()
    }

    /// Bytes from row to row: a multiple of 32.
    pub(crate) fn stride_bytes(&self) -> usize {
        self.stride * 4
    }

    /// All pixels, and how many of them are from row to row.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only the wide pass asks"))]
    pub(crate) fn pixels_mut(&mut self) -> (&mut [[u8; 4]], usize) {
        (&mut self.pixels, self.stride)
    }
}
