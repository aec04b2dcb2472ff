//! Pillow's `Image.resize` for RGB, bit for bit, for as much of the result as is wanted.
//!
//! rows → columns weighted ([`columns`]) → rows weighted
//!
//! Between the two passes pixels are rounded to 8 bits, as Pillow does. Where a side keeps its length
//! Pillow leaves its pass out, and so does this.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::filter::{Filter, WEIGHT_BITS, Weights, nearest};
use crate::{Rgb, columns};

/// Bytes of a row that are summed side by side: one vector.
const LANES: usize = 32;
/// One half, so that cutting rounds.
pub(crate) const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// Pixels of red, green, blue and nothing, row by row: four bytes keep them aligned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Canvas {
    width: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, pixels: vec![[0; 4]; width * height] }
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Row by row; the fourth byte means nothing.
    pub fn rows(&self) -> impl Iterator<Item = &[[u8; 4]]> {
        self.pixels.chunks_exact(self.width)
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [[u8; 4]]> {
        self.pixels.chunks_exact_mut(self.width)
    }

    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only the wide pass asks"))]
    pub(crate) fn pixels_mut(&mut self) -> &mut [[u8; 4]] {
        &mut self.pixels
    }
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
) -> Canvas {
    assert!(!x.is_empty() && x.end <= to.0, "columns {x:?} of {}", to.0);
    assert!(!y.is_empty() && y.end <= to.1, "rows {y:?} of {}", to.1);
    let from = (picture.width(), picture.height());
    if filter == Filter::Nearest && from != to {
        return pick(picture, &nearest(from.0, to.0)[x], nearest(from.1, to.1)[y].iter().copied());
    }
    let across = (from.0 != to.0).then(|| Weights::new(filter, from.0, to.0, x.clone()));
    let down = (from.1 != to.1).then(|| Weights::new(filter, from.1, to.1, y.clone()));
    let rows = down.as_ref().map_or(y, Weights::reads);
    let narrow = match &across {
        Some(weights) => columns::weigh(picture, rows.clone(), weights),
        None => pick(picture, &x.collect::<Vec<_>>(), rows.clone()),
    };
    match &down {
        Some(weights) => Arch::new().dispatch(Rows { narrow: &narrow, top: rows.start, weights }),
        None => narrow,
    }
}

#[inline(always)]
pub(crate) fn to_byte(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
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

/// The second pass: a canvas becomes as high as there are windows. A type and no closure, so that
/// it is compiled for the processor's vectors.
struct Rows<'a> {
    narrow: &'a Canvas,
    /// The row of the picture that is the first of `narrow`.
    top: usize,
    weights: &'a Weights,
}

impl WithSimd for Rows<'_> {
    type Output = Canvas;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Canvas {
        let Self { narrow, top, weights } = self;
        let mut canvas = Canvas::new(narrow.width, weights.windows.len());
        let stride = narrow.width * 4;
        let from = narrow.pixels.as_flattened();
        for (window, out) in weights.windows.iter().zip(canvas.rows_mut()) {
            let rows = &from[(window.first - top) * stride..][..window.count * stride];
            weigh_row(rows, stride, weights.of(window), out.as_flattened_mut());
        }
        canvas
    }
}

#[inline(always)]
fn weigh_row(rows: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    let (blocks, rest) = out.as_chunks_mut::<LANES>();
    for (block, out) in blocks.iter_mut().enumerate() {
        let mut sums = [HALF; LANES];
        for (row, &weight) in rows.chunks_exact(stride).zip(weights) {
            let values = &row[block * LANES..][..LANES];
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += i32::from(value) * weight;
            }
        }
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = to_byte(sum);
        }
    }
    let done = blocks.len() * LANES;
    for (x, out) in rest.iter_mut().enumerate() {
        let mut sum = HALF;
        for (value, &weight) in rows[done + x..].iter().step_by(stride).zip(weights) {
            sum += i32::from(*value) * weight;
        }
        *out = to_byte(sum);
    }
}
