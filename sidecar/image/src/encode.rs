//! Small copies of pictures, for pages.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::{Filter, Rgb, resize};

/// Of 1 to 100: edges of rendered views stay clean.
const QUALITY: u8 = 88;

/// `picture` as a JPEG file, made smaller where a side is above `side_max` pixels. What a photograph
/// says of where and when it was taken is not in it. `None` where a side is above 65,535.
pub fn to_jpeg(picture: &Rgb, side_max: usize) -> Option<Vec<u8>> {
    let longest = picture.width().max(picture.height());
    let side = |side: usize| (side * side_max.max(1)).div_ceil(longest);
    let small = (longest > side_max).then(|| {
        let (width, height) = (side(picture.width()), side(picture.height()));
        let canvas = resize(picture, (width, height), Filter::Bilinear, 0..width, 0..height);
        canvas.rows().flatten().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<u8>>()
    });
    let (width, height, pixels) = match &small {
        Some(pixels) => (side(picture.width()), side(picture.height()), pixels.as_slice()),
        None => (picture.width(), picture.height(), picture.pixels()),
    };
    let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
    encoder.encode(pixels, width.into(), height.into(), ExtendedColorType::Rgb8).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alpha, Limits, decode};

    fn half_red_half_blue(width: usize, height: usize) -> Rgb {
        let pixel = |at: usize| if at % width < width / 2 { [200, 0, 0] } else { [0, 0, 200] };
        let pixels = (0..width * height).flat_map(pixel).collect();
        Rgb::new(width, height, pixels).unwrap()
    }

    #[test]
    fn a_large_picture_is_made_smaller_and_shows_the_same() {
        for (side_max, size) in [(100, (100, 25)), (400, (400, 100)), (1_000, (400, 100))] {
            let jpeg = to_jpeg(&half_red_half_blue(400, 100), side_max).unwrap();
            let read = decode("x", &jpeg, Alpha::Dropped, &Limits::default()).unwrap();
            assert_eq!((read.width(), read.height()), size);
            let row = read.row(size.1 / 2);
            let (left, right) = (&row[..3], &row[row.len() - 3..]);
            // JPEG keeps flat colours to within some levels.
            assert!(left[0] > 190 && left[2] < 10, "{left:?}");
            assert!(right[2] > 190 && right[0] < 10, "{right:?}");
        }
    }

    #[test]
    fn a_line_of_pixels_keeps_at_least_one() {
        let jpeg = to_jpeg(&half_red_half_blue(5_000, 1), 320).unwrap();
        let read = decode("x", &jpeg, Alpha::Dropped, &Limits::default()).unwrap();
        assert_eq!((read.width(), read.height()), (320, 1));
    }
}
