//! `preprocessor_config.json`: what it says, what it leaves to its class, what is not for us.

use serde::Deserialize;

use crate::filter::Filter;
use crate::prepare::{Preparation, Size};

/// A model's preprocessing that cannot be done here; the sentence says why and what would help.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

/// Longest side of what a model takes; larger ones are a mistake of the file.
const SIDE_MAX: usize = 4_096;
const CLIP_MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];
const HALVES: [f64; 3] = [0.5; 3];

/// The fields of all classes that are read; anything else says nothing about the pixels.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    image_processor: Option<Box<File>>,
    image_processor_type: Option<String>,
    feature_extractor_type: Option<String>,
    do_resize: Option<bool>,
    size: Option<Sides>,
    resample: Option<u64>,
    do_center_crop: Option<bool>,
    crop_size: Option<Sides>,
    do_rescale: Option<bool>,
    rescale_factor: Option<f64>,
    rescale_offset: Option<bool>,
    do_normalize: Option<bool>,
    image_mean: Option<Colours>,
    image_std: Option<Colours>,
    include_top: Option<bool>,
    do_pad: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Sides {
    One(usize),
    Named {
        height: Option<usize>,
        width: Option<usize>,
        shortest_edge: Option<usize>,
        longest_edge: Option<usize>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Colours {
    One(f64),
    Each([f64; 3]),
}

impl Colours {
    fn each(self) -> [f64; 3] {
        match self {
            Self::One(value) => [value; 3],
            Self::Each(values) => values,
        }
    }
}

/// What a class does where its file is silent.
struct Class {
    name: &'static str,
    size: Size,
    filter: Filter,
    /// Width and height, and whether they are cut.
    crop: (usize, bool),
    mean: [f64; 3],
    std: [f64; 3],
    /// Whether a bare number as `size` is the shorter side.
    is_shortest: bool,
    /// EfficientNet divides by `image_std` once more.
    has_top: bool,
}

/// `transformers` 5.23: the class attributes of each `…ImageProcessorPil`.
#[rustfmt::skip]
const CLASSES: [Class; 6] = [
    Class { name: "CLIP",         size: Size::Shortest(224),   filter: Filter::Bicubic,  crop: (224, true),  mean: CLIP_MEAN, std: CLIP_STD, is_shortest: true,  has_top: false },
    Class { name: "Bit",          size: Size::Shortest(224),   filter: Filter::Bicubic,  crop: (224, true),  mean: CLIP_MEAN, std: CLIP_STD, is_shortest: true,  has_top: false },
    Class { name: "Siglip",       size: Size::Exact(224, 224), filter: Filter::Bicubic,  crop: (224, false), mean: HALVES,    std: HALVES,   is_shortest: true , has_top: false },
    Class { name: "ViT",          size: Size::Exact(224, 224), filter: Filter::Bilinear, crop: (224, false), mean: HALVES,    std: HALVES,   is_shortest: false, has_top: false },
    Class { name: "DeiT",         size: Size::Exact(256, 256), filter: Filter::Bicubic,  crop: (224, true),  mean: HALVES,    std: HALVES,   is_shortest: false, has_top: false },
    Class { name: "EfficientNet", size: Size::Exact(346, 346), filter: Filter::Bicubic,  crop: (289, false), mean: HALVES,    std: HALVES,   is_shortest: false, has_top: true },
];

/// See [`Preparation::from_json`].
pub(crate) fn read(json: &[u8]) -> Result<Preparation, ConfigError> {
    let file: File =
        serde_json::from_slice(json).map_err(|error| ConfigError(error.to_string()))?;
    let file = match file.image_processor {
        Some(inner) => *inner,
        None => file,
    };
    let class = class(&file)?;
    let resize = match file.do_resize.unwrap_or(true) {
        false => None,
        true => Some((size(&file, class)?, filter(&file, class)?)),
    };
    let crop = match file.do_center_crop.unwrap_or(class.crop.1) {
        false => None,
        true => Some(crop(&file, class)?),
    };
    if file.do_pad == Some(true) {
        return Err(ConfigError("do_pad is true, which no model here needs".to_owned()));
    }
    let out = match (crop, resize) {
        (Some(crop), _) => crop,
        (None, Some((Size::Exact(width, height), _))) => (width, height),
        (None, Some((Size::Shortest(_), _)) | None) => {
            let reason = "its pictures would come in many shapes, which cannot share a batch; set \
                          do_center_crop, or a size with height and width";
            return Err(ConfigError(reason.to_owned()));
        }
    };
    Ok(Preparation { resize, crop, tables: tables(&file, class)?, out })
}

fn class(file: &File) -> Result<&'static Class, ConfigError> {
    let named = file.image_processor_type.as_deref().or(file.feature_extractor_type.as_deref());
    let named = named.unwrap_or("CLIPImageProcessor");
    let short = ["Fast", "Pil"].iter().find_map(|end| named.strip_suffix(end)).unwrap_or(named);
    let short = ["ImageProcessor", "FeatureExtractor"]
        .iter()
        .find_map(|end| short.strip_suffix(end))
        .unwrap_or(short);
    CLASSES.iter().find(|class| class.name == short).ok_or_else(|| {
        let known: Vec<&str> = CLASSES.iter().map(|class| class.name).collect();
        ConfigError(format!(
            "image_processor_type {named} is not one we know ({}, each with ImageProcessor); write \
             a preprocessor_config.json of one of these that does the same",
            known.join(", ")
        ))
    })
}

fn filter(file: &File, class: &Class) -> Result<Filter, ConfigError> {
    let Some(number) = file.resample else { return Ok(class.filter) };
    Filter::from_number(number)
        .ok_or_else(|| ConfigError(format!("resample {number} is no filter of Pillow: 0 to 5")))
}

fn size(file: &File, class: &Class) -> Result<Size, ConfigError> {
    let bad = |what: &str| Err(ConfigError(format!("size {what}")));
    match file.size {
        None => Ok(class.size),
        Some(Sides::One(side)) => {
            let side = bounded("size", side)?;
            Ok(if class.is_shortest { Size::Shortest(side) } else { Size::Exact(side, side) })
        }
        Some(Sides::Named { longest_edge: Some(_), .. }) => {
            bad("has longest_edge, which keeps no shape for a batch")
        }
        Some(Sides::Named { shortest_edge: Some(side), .. }) => {
            Ok(Size::Shortest(bounded("size.shortest_edge", side)?))
        }
        Some(Sides::Named { height: Some(height), width: Some(width), .. }) => {
            Ok(Size::Exact(bounded("size.width", width)?, bounded("size.height", height)?))
        }
        Some(Sides::Named { .. }) => bad("needs height and width, or shortest_edge"),
    }
}

fn crop(file: &File, class: &Class) -> Result<(usize, usize), ConfigError> {
    match file.crop_size {
        None => Ok((class.crop.0, class.crop.0)),
        Some(Sides::One(side)) => {
            let side = bounded("crop_size", side)?;
            Ok((side, side))
        }
        Some(Sides::Named { height: Some(height), width: Some(width), .. }) => {
            Ok((bounded("crop_size.width", width)?, bounded("crop_size.height", height)?))
        }
        Some(Sides::Named { .. }) => {
            Err(ConfigError("crop_size needs height and width".to_owned()))
        }
    }
}

fn bounded(name: &str, side: usize) -> Result<usize, ConfigError> {
    if (1..=SIDE_MAX).contains(&side) {
        return Ok(side);
    }
    Err(ConfigError(format!("{name} is {side}, not between 1 and {SIDE_MAX}")))
}

/// Every pixel there can be, taken through `transformers`' own arithmetic once: rescaled in float64,
/// then float32; mean and deviation in float32.
fn tables(file: &File, class: &Class) -> Result<Box<[[f32; 256]; 3]>, ConfigError> {
    let factor =
        file.do_rescale.unwrap_or(true).then(|| file.rescale_factor.unwrap_or(1.0 / 255.0));
    let is_normalised = file.do_normalize.unwrap_or(true);
    let mean = file.image_mean.map_or(class.mean, Colours::each);
    let std = file.image_std.map_or(class.std, Colours::each);
    let is_shifted = class.has_top && file.rescale_offset.unwrap_or(false);
    let has_top = class.has_top && file.include_top.unwrap_or(true);
    let mut tables = Box::new([[0.0; 256]; 3]);
    for (colour, table) in tables.iter_mut().enumerate() {
        let (mean, std) = (mean[colour] as f32, std[colour] as f32);
        for (pixel, value) in table.iter_mut().enumerate() {
            *value = factor.map_or(pixel as f32, |factor| (pixel as f64 * factor) as f32);
            if is_shifted {
                *value -= 1.0;
            }
            if is_normalised {
                *value = (*value - mean) / std;
            }
            if has_top {
                *value /= std;
            }
        }
        if table.iter().any(|value| !value.is_finite()) {
            let reason =
                "image_std, image_mean and rescale_factor give numbers that are not finite";
            return Err(ConfigError(reason.to_owned()));
        }
    }
    Ok(tables)
}
