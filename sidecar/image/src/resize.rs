//! Pillow's `Image.resize` for RGB, bit for bit, for as much of the result as is wanted.
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
