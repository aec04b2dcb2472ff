//! Pictures of textures: PNG and JPEG to RGBA of 8 bits, within limits, whatever the bytes.

use std::io::Cursor;

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// A decoded picture, rows from the top.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) texels: Vec<[u8; 4]>,
}

/// Why a picture cannot be used; the rest of a sentence that begins with its name.
pub(crate) type Reason = String;

/// Decodes a file of at most `pixels_max` pixels.
pub(crate) fn decode(bytes: &[u8], pixels_max: u64) -> Result<Decoded, Reason> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        decode_png(bytes, pixels_max)
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        decode_jpeg(bytes, pixels_max)
    } else {
        Err("is neither PNG nor JPEG".into())
    }
}

fn within(width: u64, height: u64, pixels_max: u64) -> Result<(), Reason> {
    if width == 0 || height == 0 {
        return Err("has no pixels".into());
    }
    if width.saturating_mul(height) > pixels_max {
        return Err(format!("is {width} × {height}, beyond the limit of {pixels_max} pixels"));
    }
    Ok(())
}

fn decode_png(bytes: &[u8], pixels_max: u64) -> Result<Decoded, Reason> {
    let broken = |error: png::DecodingError| format!("is a broken PNG: {error}");
    // What the decoder may allocate beside the picture itself, such as one row.
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 64 << 20 });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width, reader.info().height);
    within(width.into(), height.into(), pixels_max)?;
    let size = reader.output_buffer_size().ok_or("is too large a PNG")?;
    let mut data = vec![0; size];
    let info = reader.next_frame(&mut data).map_err(broken)?;
    let texels = match info.color_type {
        png::ColorType::Grayscale => data.iter().map(|&v| [v, v, v, 255]).collect(),
        png::ColorType::GrayscaleAlpha => {
            data.chunks_exact(2).map(|p| [p[0], p[0], p[0], p[1]]).collect()
        }
        png::ColorType::Rgb => data.chunks_exact(3).map(|p| [p[0], p[1], p[2], 255]).collect(),
        png::ColorType::Rgba => data.chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect(),
        png::ColorType::Indexed => return Err("is a PNG whose palette was not resolved".into()),
    };
    finished(width as usize, height as usize, texels)
}

fn decode_jpeg(bytes: &[u8], pixels_max: u64) -> Result<Decoded, Reason> {
    let broken = |error: zune_jpeg::errors::DecodeErrors| format!("is a broken JPEG: {error:?}");
    let options = DecoderOptions::default()
        .set_max_width(1 << 16)
        .set_max_height(1 << 16)
        .set_strict_mode(false)
        .jpeg_set_max_scans(64);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = decoder.dimensions().ok_or("is a JPEG without a size")?;
    within(width as u64, height as u64, pixels_max)?;
    let wanted = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => ColorSpace::Luma,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let data = decoder.decode().map_err(broken)?;
    let texels = match wanted {
        ColorSpace::Luma => data.iter().map(|&v| [v, v, v, 255]).collect(),
        _ => data.chunks_exact(3).map(|p| [p[0], p[1], p[2], 255]).collect(),
    };
    finished(width, height, texels)
}

fn finished(width: usize, height: usize, texels: Vec<[u8; 4]>) -> Result<Decoded, Reason> {
    if texels.len() == width * height {
        Ok(Decoded { width, height, texels })
    } else {
        Err(format!("has {} pixels instead of {}", texels.len(), width * height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RGB: &[u8] = include_bytes!("decode_samples/rgb.jpg");

    fn made(colour: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == png::ColorType::Indexed {
            encoder.set_palette(vec![9, 8, 7, 1, 2, 3]);
            encoder.set_trns(vec![255, 64]);
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    #[test]
    fn every_form_of_png_becomes_rgba_of_8_bits() {
        use png::{BitDepth::*, ColorType::*};
        let cases: &[(png::ColorType, png::BitDepth, &[u8], [[u8; 4]; 2])] = &[
            (Grayscale, Eight, &[10, 20], [[10, 10, 10, 255], [20, 20, 20, 255]]),
            (Grayscale, One, &[0b0100_0000], [[0, 0, 0, 255], [255; 4]]),
            (Grayscale, Sixteen, &[10, 0, 20, 0], [[10, 10, 10, 255], [20, 20, 20, 255]]),
            (GrayscaleAlpha, Eight, &[10, 1, 20, 2], [[10, 10, 10, 1], [20, 20, 20, 2]]),
            (Rgb, Eight, &[1, 2, 3, 4, 5, 6], [[1, 2, 3, 255], [4, 5, 6, 255]]),
            (Rgba, Eight, &[1, 2, 3, 4, 5, 6, 7, 8], [[1, 2, 3, 4], [5, 6, 7, 8]]),
            (Indexed, Eight, &[0, 1], [[9, 8, 7, 255], [1, 2, 3, 64]]),
        ];
        for (colour, depth, data, expected) in cases {
            let found = decode(&made(*colour, *depth, data), 2).unwrap();
            assert_eq!(found.texels, expected, "{colour:?} {depth:?}");
        }
    }

    #[test]
    fn every_form_of_jpeg_shows_its_colours() {
        // What Pillow 13 reads at (2, 4) and (13, 4); decoders differ by a few levels.
        let cases: &[(&str, &[u8], [[u8; 3]; 2])] = &[
            ("colour", RGB, [[200, 40, 40], [40, 40, 200]]),
            (
                "progressive",
                include_bytes!("decode_samples/progressive.jpg"),
                [[200, 40, 40], [40, 40, 200]],
            ),
            ("grey", include_bytes!("decode_samples/grey.jpg"), [[88; 3], [58; 3]]),
            ("ink", include_bytes!("decode_samples/cmyk.jpg"), [[200, 40, 40], [40, 40, 200]]),
        ];
        for (name, bytes, expected) in cases {
            let found = decode(bytes, 128).unwrap();
            for (texel, expected) in [found.texels[66], found.texels[77]].iter().zip(expected) {
                for k in 0..3 {
                    assert!(texel[k].abs_diff(expected[k]) <= 12, "{name}: {texel:?}");
                }
            }
        }
    }

    #[test]
    fn damage_and_size_are_reasons() {
        let png = made(png::ColorType::Rgb, png::BitDepth::Eight, &[0; 6]);
        assert!(decode(&png, 1).unwrap_err().contains("limit"));
        assert!(decode(RGB, 127).unwrap_err().contains("limit"));
        for whole in [RGB, &png] {
            // Cut or changed anywhere, bytes give a picture within the limit or a reason.
            for at in 0..whole.len() {
                let mut changed = whole.to_vec();
                changed[at] ^= 0x5a;
                for bytes in [&whole[..at], &changed] {
                    if let Ok(found) = decode(bytes, 1 << 20) {
                        assert_eq!(found.texels.len(), found.width * found.height);
                    }
                }
            }
        }
    }
}
