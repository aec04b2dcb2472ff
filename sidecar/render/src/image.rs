//! A finished picture, and its PNG.

use crate::RenderError;

/// A picture: RGBA, 8 bits a channel in sRGB, straight alpha, rows from the top.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width · height · 4` bytes.
    pub rgba: Vec<u8>,
}

impl Image {
    /// The pixel in a column and a row, counted from the upper left; both inside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2], self.rgba[at + 3]]
    }

    /// The picture as a PNG file: the same picture gives the same bytes. One without transparency
    /// is stored as RGB.
    ///
    /// # Errors
    ///
    /// When the picture has no pixels or more than PNG can hold.
    pub fn to_png(&self) -> Result<Vec<u8>, RenderError> {
        let mut out = Vec::with_capacity(self.rgba.len() / 4 + 1024);
        let mut encoder = png::Encoder::new(&mut out, self.width, self.height);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_filter(png::Filter::Up);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        let pixels = self.rgba.as_chunks::<4>().0;
        if pixels.iter().all(|pixel| pixel[3] == 255) {
            encoder.set_color(png::ColorType::Rgb);
            let mut rgb = vec![0; pixels.len() * 3];
            for (out, [r, g, b, _]) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                *out = [*r, *g, *b];
            }
            encoder.write_header()?.write_image_data(&rgb)?;
        } else {
            encoder.set_color(png::ColorType::Rgba);
            encoder.write_header()?.write_image_data(&self.rgba)?;
        }
        Ok(out)
    }
}
