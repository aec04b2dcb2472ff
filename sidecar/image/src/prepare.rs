//! Pixels to what an image model takes, number for number as `transformers` makes it.
//!
//! picture → resized as Pillow does → cut out of the middle → rescaled and normalised by table

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config;
use crate::filter::Filter;
use crate::resize::resize;
use crate::{ConfigError, Rgb};

/// How large a picture is made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Size {
    /// Width and height, whatever the picture's shape.
    Exact(usize, usize),
    /// The shorter side; the longer one follows.
    Shortest(usize),
}

/// What a model wants done to pictures, read from its `preprocessor_config.json`.
///
/// The result has one shape for every picture, so that pictures can share a batch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Preparation {
    pub(crate) resize: Option<(Size, Filter)>,
    /// Width and height cut out of the middle.
    pub(crate) crop: Option<(usize, usize)>,
    /// By colour and pixel: the number that the model sees.
    #[serde(with = "tables")]
    pub(crate) tables: Box<[[f32; 256]; 3]>,
    /// Width and height of the result.
    pub(crate) out: (usize, usize),
}

/// Where the pixels of one axis of the result come from.
struct Axis {
    /// Pixels of the resized picture.
    from: Range<usize>,
    /// Where they begin in the result; what is before and behind them is black.
    at: usize,
}

impl Preparation {
    /// Reads `preprocessor_config.json`, or a `processor_config.json` that holds an image processor.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which field asks for what this cannot do.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        config::read(json)
    }

    /// Width of the result.
    pub fn width(&self) -> usize {
        self.out.0
    }

    /// Height of the result.
    pub fn height(&self) -> usize {
        self.out.1
    }

    /// Numbers of one picture: `3 · height · width`.
    pub fn values(&self) -> usize {
        3 * self.out.0 * self.out.1
    }

    /// One picture's `pixel_values`, `[3, height, width]`, into `out`.
    ///
    /// # Panics
    ///
    /// When `out` is not [`Preparation::values`] long.
    ///
    /// # Source
    ///
    /// `transformers` 5.23, `image_processing_backends.py`, `PilBackend`; `image_transforms.py`.
    pub fn prepare_into(&self, picture: &Rgb, out: &mut [f32]) {
        assert_eq!(out.len(), self.values(), "three planes of the result");
        let own = (picture.width(), picture.height());
        let (to, filter) = match self.resize {
            None => (own, Filter::Nearest),
            Some((Size::Exact(width, height), filter)) => ((width, height), filter),
            Some((Size::Shortest(side), filter)) => (shortest(own, side), filter),
        };
        let (x, y) = (axis(to.0, self.out.0), axis(to.1, self.out.1));
        let (left, top, columns) = (x.at, y.at, x.from.len());
        if (x.from.len(), y.from.len()) != self.out {
            let planes = out.chunks_exact_mut(self.out.0 * self.out.1);
            planes.zip(&*self.tables).for_each(|(plane, table)| plane.fill(table[0]));
        }
        let canvas = resize(picture, to, filter, x.from, y.from);
        let planes = out.chunks_exact_mut(self.out.0 * self.out.1).zip(&*self.tables);
        for (colour, (plane, table)) in planes.enumerate() {
            let rows = plane.chunks_exact_mut(self.out.0).skip(top);
            for (pixels, row) in canvas.rows().zip(rows) {
                for (pixel, value) in pixels.iter().zip(&mut row[left..left + columns]) {
                    *value = table[usize::from(pixel[colour])];
                }
            }
        }
    }

    /// As [`Preparation::prepare_into`], into memory of its own.
    pub fn prepare(&self, picture: &Rgb) -> Vec<f32> {
        let mut out = vec![0.0; self.values()];
        self.prepare_into(picture, &mut out);
        out
    }
}

/// Width and height with the shorter side `side` long; the longer one is cut to whole pixels.
fn shortest((width, height): (usize, usize), side: usize) -> (usize, usize) {
    let longer = |long: usize, short: usize| ((side * long) as f64 / short as f64) as usize;
    if width <= height { (side, longer(height, width)) } else { (longer(width, height), side) }
}

/// The middle `wanted` of `has` pixels, or all of them with black around.
fn axis(has: usize, wanted: usize) -> Axis {
    if has >= wanted {
        let first = (has - wanted) / 2;
        return Axis { from: first..first + wanted, at: 0 };
    }
    Axis { from: 0..has, at: (wanted - has).div_ceil(2) }
}

/// Tables as lists: serde knows no arrays of this length.
mod tables {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Tables = Box<[[f32; 256]; 3]>;

    pub(super) fn serialize<S: Serializer>(tables: &Tables, to: S) -> Result<S::Ok, S::Error> {
        tables.each_ref().map(|table| table.as_slice()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tables, D::Error> {
        let mut tables = Box::new([[0.0; 256]; 3]);
        let read: [Vec<f32>; 3] = Deserialize::deserialize(from)?;
        for (table, read) in tables.iter_mut().zip(read) {
            *table = read.try_into().map_err(|_| D::Error::custom("a table has 256 numbers"))?;
        }
        Ok(tables)
    }
}
