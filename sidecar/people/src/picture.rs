//! A picture to look at.

use crate::LookError;

/// Longest side of a picture, in pixels.
pub const SIDE_MAX: u32 = 16_384;

/// Rows of RGB bytes. Invariants: both sides are 1 to 16,384 pixels and there are exactly
/// `width * height * 3` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    width: u32,
    height: u32,
    rgb: &'a [u8],
}

impl<'a> Picture<'a> {
    /// Takes `height` rows of `width` pixels of red, green, blue, from the top, nothing between rows.
    ///
    /// # Errors
    ///
    /// [`LookError::Picture`] when a side is 0 or above 16,384, or when the bytes are not as many
    /// as the sides say.
    pub fn new(width: u32, height: u32, rgb: &'a [u8]) -> Result<Self, LookError> {
        let fits = |side: u32| (1..=SIDE_MAX).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(LookError::Picture {
                reason: format!("its sides are {width} x {height}, but 1 to {SIDE_MAX} are read"),
            });
        }
        let expected = width as usize * height as usize * 3;
        if rgb.len() != expected {
            return Err(LookError::Picture {
                reason: format!(
                    "{width} x {height} pixels of RGB are {expected} bytes, but {} were given",
                    rgb.len()
                ),
            });
        }
        Ok(Self { width, height, rgb })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, `width * height * 3` of them.
    pub fn rgb(&self) -> &'a [u8] {
        self.rgb
    }
}
