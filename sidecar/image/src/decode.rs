//! Files to pixels.
//!
//! bytes → format by content → header within limits → decoder → turned upright → 8-bit RGB

use std::io::Cursor;

use image::codecs::{bmp, gif, jpeg, png, tga, tiff, webp};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, error::LimitErrorKind};

use crate::{Limits, Rgb, Texels, convert, whole};

/// What stands behind pixels that let light through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alpha {
    /// This colour, as Pillow's `alpha_composite` lays a picture over it.
    Over([u8; 3]),
    /// Nothing: alpha is forgotten, as Pillow's `convert("RGB")` does.
    Dropped,
}

impl Alpha {
    /// What `transformers` does since version 5: over white. Version 4 dropped alpha.
    pub const TRANSFORMERS: Self = Self::Over([255; 3]);
}

/// Why a file gives no picture.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No format we know.
    #[error("{name} is no picture we can read (PNG, JPEG, WebP, GIF, BMP, TIFF or TGA)")]
    Unknown {
        /// The file.
        name: String,
    },
    /// It asks for more than a limit.
    #[error("{name} {asks}, above the limit of {limit}")]
    TooLarge {
        /// The file.
        name: String,
        /// What it asks for.
        asks: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// It ends before its picture does.
    #[error("{name} is cut short")]
    Truncated {
        /// The file.
        name: String,
    },
    /// It is not what its format says.
    #[error("{name} cannot be decoded: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// What the decoder said.
        reason: String,
    },
}

/// Reads a picture: the first one of a file that holds many, upright as its camera saw it (EXIF).
///
/// 16-bit channels lose their lower byte; grey becomes red, green and blue; CMYK is converted without
/// a colour profile, as Pillow does. Profiles are not applied, as nowhere in `transformers`.
///
/// * `name`: how errors call the file.
///
/// # Errors
///
/// See [`DecodeError`]. Never panics: strangers wrote the bytes.
pub fn decode(name: &str, bytes: &[u8], alpha: Alpha, limits: &Limits) -> Result<Rgb, DecodeError> {
    let (mut picture, orientation) = open(name, bytes, limits)?;
    picture.apply_orientation(orientation);
    convert::to_rgb(&picture, alpha).ok_or_else(|| no_pixels(name))
}

/// Reads a texture: as [`decode`], but with its alpha, and as it is stored: texture coordinates were
/// made for that, whatever a camera noted.
///
/// * `name`: how errors call the file; one that ends in `.tga` may be TGA, which no bytes tell.
///
/// # Errors
///
/// See [`DecodeError`]. Never panics: strangers wrote the bytes.
pub fn texels(name: &str, bytes: &[u8], limits: &Limits) -> Result<Texels, DecodeError> {
    let (picture, _) = open(name, bytes, limits)?;
    convert::to_texels(picture).ok_or_else(|| no_pixels(name))
}

fn no_pixels(name: &str) -> DecodeError {
    DecodeError::Broken { name: name.to_owned(), reason: "it has no pixels".to_owned() }
}

/// The memory that [`decode`] takes for a file, in bytes, by what its header says.
///
/// # Errors
///
/// See [`DecodeError`]: what is above `limits` is refused here too.
pub fn memory_needed(name: &str, bytes: &[u8], limits: &Limits) -> Result<u64, DecodeError> {
    let plain = whole::without_extras(bytes);
    needed(name, &decoder(name, &plain, limits)?, limits)
}

/// The first picture of a file as it is stored, and how it would stand upright.
fn open(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(DynamicImage, Orientation), DecodeError> {
    let plain = whole::without_extras(bytes);
    read(name, decoder(name, &plain, limits)?, limits)
}

fn decoder<'a>(
    name: &str,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Box<dyn ImageDecoder + 'a>, DecodeError> {
    let file_bytes = bytes.len() as u64;
    if file_bytes > limits.file_bytes_max {
        return Err(DecodeError::TooLarge {
            name: name.to_owned(),
            asks: format!("has {file_bytes} bytes"),
            limit: format!("{} bytes", limits.file_bytes_max),
        });
    }
    let unknown = || DecodeError::Unknown { name: name.to_owned() };
    let is_tga = name.len() >= 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".tga");
    let format = match image::guess_format(bytes) {
        Ok(format) => format,
        Err(_) if is_tga => ImageFormat::Tga,
        Err(_) => return Err(unknown()),
    };
    let failed = |error: ImageError| explain(name, error);
    let cursor = Cursor::new(bytes);
    match format {
        ImageFormat::Png => {
            let bounds = decoder_limits(limits);
            Ok(Box::new(png::PngDecoder::with_limits(cursor, bounds).map_err(failed)?))
        }
        ImageFormat::Jpeg => {
            if !whole::jpeg(bytes) {
                return Err(DecodeError::Truncated { name: name.to_owned() });
            }
            Ok(Box::new(jpeg::JpegDecoder::new(cursor).map_err(failed)?))
        }
        ImageFormat::WebP => Ok(Box::new(webp::WebPDecoder::new(cursor).map_err(failed)?)),
        ImageFormat::Gif => Ok(Box::new(gif::GifDecoder::new(cursor).map_err(failed)?)),
        ImageFormat::Bmp => Ok(Box::new(bmp::BmpDecoder::new(cursor).map_err(failed)?)),
        ImageFormat::Tiff => Ok(Box::new(tiff::TiffDecoder::new(cursor).map_err(failed)?)),
        ImageFormat::Tga => Ok(Box::new(tga::TgaDecoder::new(cursor).map_err(failed)?)),
        _ => Err(unknown()),
    }
}

/// What decoding takes, where that is within the limits.
fn needed(name: &str, decoder: &impl ImageDecoder, limits: &Limits) -> Result<u64, DecodeError> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let too_large = |asks: String, limit: String| {
        Err(DecodeError::TooLarge { name: name.to_owned(), asks, limit })
    };
    if pixels > limits.pixels_max {
        let limit = format!("{} pixels", limits.pixels_max);
        return too_large(format!("is {width} × {height} pixels"), limit);
    }
    // The decoder's result, the same turned upright, and ours; a decoder's own work is counted by it.
    let result = decoder.total_bytes();
    let needed = result.saturating_mul(2).saturating_add(pixels.saturating_mul(3));
    if needed > limits.memory_bytes_max {
        let limit = format!("{} bytes of memory", limits.memory_bytes_max);
        return too_large(format!("needs {needed} bytes of memory"), limit);
    }
    Ok(needed)
}

/// Decodes within the limits.
fn read(
    name: &str,
    mut decoder: impl ImageDecoder,
    limits: &Limits,
) -> Result<(DynamicImage, Orientation), DecodeError> {
    needed(name, &decoder, limits)?;
    let failed = |error: ImageError| explain(name, error);
    decoder.set_limits(decoder_limits(limits)).map_err(failed)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    Ok((picture, orientation))
}

fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.memory_bytes_max);
    bounds
}

fn explain(name: &str, error: ImageError) -> DecodeError {
    let name = name.to_owned();
    match &error {
        ImageError::Limits(limit) => {
            let asks = match limit.kind() {
                LimitErrorKind::DimensionError => "is larger than a decoder takes",
                _ => "needs more memory than a decoder may have",
            };
            let limit = "this program's settings".to_owned();
            DecodeError::TooLarge { name, asks: asks.to_owned(), limit }
        }
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { name }
        }
        _ => DecodeError::Broken { name, reason: error.to_string() },
    }
}
