//! Whatever a decoder gives to 8-bit red, green and blue, in Pillow's arithmetic, or with alpha.

use image::DynamicImage;

use crate::{Alpha, Rgb, Texels};

/// `None` where there is not one pixel.
pub(crate) fn to_rgb(picture: &DynamicImage, alpha: Alpha) -> Option<Rgb> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let grey = |value: u8| [value; 3];
    let pixels = match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.as_raw().clone(),
        DynamicImage::ImageLuma8(luma) => flat(luma.as_raw(), |&[value]| grey(value)),
        DynamicImage::ImageLumaA8(luma) => {
            flat(luma.as_raw(), |&[value, a]| over(grey(value), a, alpha))
        }
        DynamicImage::ImageRgba8(rgba) => {
            flat(rgba.as_raw(), |&[r, g, b, a]| over([r, g, b], a, alpha))
        }
        DynamicImage::ImageLuma16(luma) => flat(luma.as_raw(), |&[value]| grey(top(value))),
        DynamicImage::ImageLumaA16(luma) => {
            flat(luma.as_raw(), |&[value, a]| over(grey(top(value)), top(a), alpha))
        }
        DynamicImage::ImageRgb16(rgb) => flat(rgb.as_raw(), |&rgb: &[u16; 3]| rgb.map(top)),
        DynamicImage::ImageRgba16(rgba) => {
            flat(rgba.as_raw(), |&[r, g, b, a]| over([r, g, b].map(top), top(a), alpha))
        }
        // Floating point, of TIFF: 0 to 1.
        other => other.to_rgb8().into_raw(),
    };
    Rgb::new(width, height, pixels)
}

/// With alpha, opaque where there is none; `None` where there is not one pixel.
pub(crate) fn to_texels(picture: DynamicImage) -> Option<Texels> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let texels = match picture {
        DynamicImage::ImageLuma8(luma) => four(luma.as_raw(), |&[v]| [v, v, v, 255]),
        DynamicImage::ImageLumaA8(luma) => four(luma.as_raw(), |&[v, a]| [v, v, v, a]),
        DynamicImage::ImageRgb8(rgb) => four(rgb.as_raw(), |&[r, g, b]| [r, g, b, 255]),
        DynamicImage::ImageLuma16(luma) => four(luma.as_raw(), |&[v]| [v, v, v, u16::MAX].map(top)),
        DynamicImage::ImageLumaA16(luma) => four(luma.as_raw(), |&[v, a]| [v, v, v, a].map(top)),
        DynamicImage::ImageRgb16(rgb) => {
            four(rgb.as_raw(), |&[r, g, b]| [r, g, b, u16::MAX].map(top))
        }
        DynamicImage::ImageRgba16(rgba) => four(rgba.as_raw(), |rgba: &[u16; 4]| rgba.map(top)),
        other => four(other.into_rgba8().as_raw(), |rgba| *rgba),
    };
    Texels::new(width, height, texels)
}

fn four<T, const CHANNELS: usize>(
    values: &[T],
    each: impl Fn(&[T; CHANNELS]) -> [u8; 4],
) -> Vec<[u8; 4]> {
    values.as_chunks::<CHANNELS>().0.iter().map(each).collect()
}

/// Each pixel of `CHANNELS` values to three bytes.
fn flat<T, const CHANNELS: usize>(
    values: &[T],
    each: impl Fn(&[T; CHANNELS]) -> [u8; 3],
) -> Vec<u8> {
    values.as_chunks::<CHANNELS>().0.iter().flat_map(each).collect()
}

fn top(value: u16) -> u8 {
    (value >> 8) as u8
}

/// One pixel over the background.
///
/// # Source
///
/// Pillow 13, `src/libImaging/AlphaComposite.c`, where what lies below is opaque.
fn over(colour: [u8; 3], alpha: u8, how: Alpha) -> [u8; 3] {
    let Alpha::Over(background) = how else { return colour };
    const BITS: u32 = 7;
    let above = u32::from(alpha) << BITS;
    let below = (255 << BITS) - above;
    std::array::from_fn(|at| {
        let sum = u32::from(colour[at]) * above + u32::from(background[at]) * below;
        let sum = sum + (0x80 << BITS);
        ((((sum >> 8) + sum) >> 8) >> BITS) as u8
    })
}
