//! Pillow's `Image.resize` for RGB, bit for bit, for as much of the result as is wanted.
//!
//! Of Pillow up to version 12, which is what published models were trained and measured with. Version
//! 13 weighs rows before columns where the height shrinks much more than the width; rounding between
//! the passes then falls otherwise.
//!
//! rows → columns weighted ([`columns`]) → rows weighted ([`rows`])
//!
//! Between the two passes pixels are rounded to 8 bits, as Pillow does. Where a side keeps its length
//! Pillow leaves its pass out, and so does this.

use std::ops::Range;

use crate::canvas::Canvas;
use crate::filter::{Filter, Weights, nearest};
use crate::{Rgb, columns, rows};

/// The pixels `x`, `y` of `picture` scaled to `to` (width, height).
///
/// # Panics
///
/// When `x` or `y` is empty or reaches beyond `to`.
pub fn resize(
    picture: &Rgb,
    to: (usize, usize),
    filter: Filter,
    x: Range<usize>,
    y: Range<usize>,
) -> Canvas {
    assert!(!x.is_empty() && x.end <= to.0, "columns {x:?} of {}", to.0);
    assert!(!y.is_empty() && y.end <= to.1, "rows {y:?} of {}", to.1);
    let from = (picture.width(), picture.height());
    if filter == Filter::Nearest && from != to {
        let (columns, rows) = (nearest(from.0, to.0, x), nearest(from.1, to.1, y));
        return pick(picture, &columns, rows.into_iter());
    }
    let across = (from.0 != to.0).then(|| Weights::new(filter, from.0, to.0, x.clone()));
    let down = (from.1 != to.1).then(|| Weights::new(filter, from.1, to.1, y.clone()));
    let read = down.as_ref().map_or(y, Weights::reads);
    let narrow = match &across {
        Some(weights) => columns::weigh(picture, read.clone(), weights),
        None => pick(picture, &x.collect::<Vec<_>>(), read.clone()),
    };
    match &down {
        Some(weights) => rows::weigh(&narrow, read.start, weights),
        None => narrow,
    }
}

/// Takes pixels as they are.
fn pick(picture: &Rgb, columns: &[usize], rows: impl ExactSizeIterator<Item = usize>) -> Canvas {
    let mut canvas = Canvas::new(columns.len(), rows.len());
    for (y, out) in rows.zip(canvas.rows_mut()) {
        let row = picture.row(y).as_chunks::<3>().0;
        for (&x, out) in columns.iter().zip(out) {
            let [red, green, blue] = row[x];
            *out = [red, green, blue, 0];
        }
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: usize, height: usize) -> Rgb {
        let byte = |at: usize| (at.wrapping_mul(2_654_435_761) >> 13) as u8;
        Rgb::new(width, height, (0..width * height * 3).map(byte).collect()).unwrap()
    }

    #[test]
    fn wide_and_plain_passes_agree_to_the_bit() {
        for (width, height, to) in [(1, 1, 7), (2, 5, 3), (9, 4, 31), (64, 33, 10), (301, 6, 17)] {
            let picture = noise(width, height);
            for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos, Filter::Box] {
                let across = Weights::new(filter, width, to, 0..to);
                let wide = columns::weigh(&picture, 0..height, &across);
                assert_eq!(wide, columns::weigh_plainly(&picture, 0..height, &across));
                let down = Weights::new(filter, height, to, 0..to);
                assert_eq!(rows::weigh(&wide, 0, &down), rows::weigh_plainly(&wide, 0, &down));
            }
        }
    }

    #[test]
    fn a_part_is_the_part_of_the_whole() {
        let picture = noise(61, 47);
        for filter in [Filter::Nearest, Filter::Bicubic] {
            for (to, x, y) in [((40, 90), 5..18, 33..80), ((224, 439), 0..224, 107..331)] {
                let whole = resize(&picture, to, filter, 0..to.0, 0..to.1);
                let part = resize(&picture, to, filter, x.clone(), y.clone());
                for (at, (row, whole)) in part.rows().zip(whole.rows().skip(y.start)).enumerate() {
                    assert_eq!(row, &whole[x.clone()], "row {at}");
                }
            }
        }
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let picture = Rgb::new(33, 20, [200, 0, 255].repeat(33 * 20)).unwrap();
        for filter in [Filter::Lanczos, Filter::Hamming, Filter::Box] {
            let canvas = resize(&picture, (13, 57), filter, 0..13, 0..57);
            assert_eq!(canvas.rows().count(), 57);
            assert!(canvas.rows().flatten().all(|pixel| pixel[..3] == [200, 0, 255]), "{filter:?}");
        }
    }
}
