//! Pillow's `Image.resize` for RGB, bit for bit, for as much of the result as is wanted.
//!
//! rows → columns weighted, sixteen rows side by side → rows weighted → planes
//!
//! Between the two passes pixels are rounded to 8 bits, as Pillow does. Where a side keeps its length
//! Pillow leaves its pass out, and so does this.

use std::ops::Range;

use pulp::Arch;

use crate::Rgb;
use crate::filter::{Filter, WEIGHT_BITS, Weights, nearest};

/// Rows that go through the first pass side by side: one vector of bytes.
const LANES: usize = 16;
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// A part of a picture, its colours apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planes {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[3, height, width]`.
    pub values: Vec<u8>,
}

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
) -> Planes {
    assert!(!x.is_empty() && x.end <= to.0, "columns {x:?} of {}", to.0);
    assert!(!y.is_empty() && y.end <= to.1, "rows {y:?} of {}", to.1);
    let from = (picture.width(), picture.height());
    if filter == Filter::Nearest {
        let columns = &nearest(from.0, to.0)[x];
        let rows = &nearest(from.1, to.1)[y];
        return pick(picture, columns, rows);
    }
    let across = (from.0 != to.0).then(|| Weights::new(filter, from.0, to.0, x.clone()));
    let down = (from.1 != to.1).then(|| Weights::new(filter, from.1, to.1, y.clone()));
    let rows = down.as_ref().map_or(y, Weights::reads);
    let arch = Arch::new();
    let narrow = match &across {
        Some(weights) => arch.dispatch(|| weigh_columns(picture, rows.clone(), weights)),
        None => {
            let columns: Vec<usize> = x.collect();
            pick(picture, &columns, &rows.clone().collect::<Vec<_>>())
        }
    };
    match &down {
        Some(weights) => arch.dispatch(|| weigh_rows(&narrow, rows.start, weights)),
        None => narrow,
    }
}

/// Takes pixels as they are.
fn pick(picture: &Rgb, columns: &[usize], rows: &[usize]) -> Planes {
    let (width, height) = (columns.len(), rows.len());
    let mut values = vec![0; 3 * width * height];
    for (colour, plane) in values.chunks_exact_mut(width * height).enumerate() {
        for (&y, out) in rows.iter().zip(plane.chunks_exact_mut(width)) {
            let row = picture.row(y);
            for (&x, out) in columns.iter().zip(out) {
                *out = row[x * 3 + colour];
            }
        }
    }
    Planes { width, height, values }
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// The first pass: every row of `rows` becomes as wide as there are windows.
#[inline(always)]
fn weigh_columns(picture: &Rgb, rows: Range<usize>, weights: &Weights) -> Planes {
    let (width, height) = (weights.windows.len(), rows.len());
    let reads = weights.reads();
    let mut values = vec![0; 3 * width * height];
    let mut turned = vec![[0_u8; LANES]; reads.len() * 3];
    for top in (0..height).step_by(LANES) {
        let lanes = LANES.min(height - top);
        for lane in 0..lanes {
            let row = picture.row(rows.start + top + lane);
            let row = &row[reads.start * 3..reads.end * 3];
            for (turned, &value) in turned.iter_mut().zip(row) {
                turned[lane] = value;
            }
        }
        for (x, window) in weights.windows.iter().enumerate() {
            let weights = weights.of(window);
            let pixels = &turned[(window.first - reads.start) * 3..][..window.count * 3];
            let mut sums = [[HALF; LANES]; 3];
            for (pixel, &weight) in pixels.as_chunks::<3>().0.iter().zip(weights) {
                for (sums, values) in sums.iter_mut().zip(pixel) {
                    for (sum, &value) in sums.iter_mut().zip(values) {
                        *sum += i32::from(value) * weight;
                    }
                }
            }
            for (colour, sums) in sums.iter().enumerate() {
                let start = (colour * height + top) * width + x;
                for lane in 0..lanes {
                    values[start + lane * width] = to_byte(sums[lane]);
                }
            }
        }
    }
    Planes { width, height, values }
}

/// The second pass: planes become as high as there are windows.
///
/// * `top`: the row of the picture that is the first of `narrow`.
#[inline(always)]
fn weigh_rows(narrow: &Planes, top: usize, weights: &Weights) -> Planes {
    let (width, height) = (narrow.width, weights.windows.len());
    let mut values = vec![0; 3 * width * height];
    let planes = narrow.values.chunks_exact(width * narrow.height);
    for (plane, out) in planes.zip(values.chunks_exact_mut(width * height)) {
        for (window, out) in weights.windows.iter().zip(out.chunks_exact_mut(width)) {
            let weights = weights.of(window);
            let rows = &plane[(window.first - top) * width..][..window.count * width];
            let (blocks, rest) = out.as_chunks_mut::<LANES>();
            for (block, out) in blocks.iter_mut().enumerate() {
                let mut sums = [HALF; LANES];
                for (row, &weight) in rows.chunks_exact(width).zip(weights) {
                    let values = &row[block * LANES..][..LANES];
                    for (sum, &value) in sums.iter_mut().zip(values) {
                        *sum += i32::from(value) * weight;
                    }
                }
                *out = sums.map(to_byte);
            }
            let done = blocks.len() * LANES;
            for (x, out) in rest.iter_mut().enumerate() {
                let column = rows[done + x..].iter().step_by(width);
                let sum = column.zip(weights).map(|(&v, &w)| i32::from(v) * w).sum::<i32>();
                *out = to_byte(HALF + sum);
            }
        }
    }
    Planes { width, height, values }
}
