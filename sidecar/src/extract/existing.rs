//! Pictures that exist already: fetched and decoded within limits, and made into what a child would
//! have drawn.

use std::sync::Arc;

use vitrine_image::{Alpha, Filter, Limits, Preparation, Rgb, decode, memory_needed, resize};
use vitrine_render::Image;

use super::budget::{Budget, Permit};
use super::draw::prepare;
use super::pictures::Part;
use crate::storage::{Storage, StorageError};

/// What a picture may take.
const LIMITS: Limits = Limits::PHOTOGRAPH;
/// What stands behind what lets light through: the background of drawn pictures.
const BACKGROUND: [u8; 3] = [235, 235, 235];

/// What was made of an asset's pictures, or a sentence that says which of them is missing or broken;
/// outside of that, that the place of the pictures does not answer.
pub type Fetched = Result<Result<Vec<(Part, Vec<u8>)>, String>, StorageError>;

/// What is made of pictures, and how much memory that may take.
pub struct Taking<'a> {
    /// What is done to each before a model sees it, by model.
    pub preparations: &'a [Preparation],
    /// Memory that all who decode share.
    pub memory: Arc<Budget>,
}

/// Fetches the views of an asset and makes of them what models see and, where `side` is given, PNGs
/// whose longer side is at most so many pixels.
///
/// * `paths`: of the views inside `storage`, in order.
///
/// # Errors
///
/// When the place of the pictures does not answer.
pub fn parts(
    storage: &Storage,
    paths: &[String],
    taking: &Taking<'_>,
    side: Option<usize>,
) -> Fetched {
    let Taking { preparations, memory } = taking;
    let mut parts = Vec::new();
    let mut prepared: Vec<Vec<u8>> = preparations.iter().map(|_| Vec::new()).collect();
    for (number, path) in paths.iter().enumerate() {
        let (rgb, _permit) = match picture(storage, path, memory)? {
            Ok(picture) => picture,
            Err(reason) => return Ok(Err(reason)),
        };
        for (preparation, bytes) in preparations.iter().zip(&mut prepared) {
            prepare(preparation, &rgb, bytes);
        }
        if let Some(side) = side {
            match png(&rgb, side) {
                Ok(png) => parts.push((Part::View(number as u32), png)),
                Err(reason) => return Ok(Err(format!("{path}: {reason}"))),
            }
        }
    }
    let prepared = prepared.into_iter().enumerate();
    parts.extend(prepared.map(|(model, bytes)| (Part::Prepared(model), bytes)));
    Ok(Ok(parts))
}

/// A picture, and the memory that it and its decoder were promised.
fn picture(
    storage: &Storage,
    path: &str,
    memory: &Arc<Budget>,
) -> Result<Result<(Rgb, Permit), String>, StorageError> {
    let uri = storage.uri(path);
    let bytes = match storage.get_at_most(path, LIMITS.file_bytes_max) {
        Ok(Some(Ok(bytes))) => bytes,
        Ok(Some(Err(bytes))) => {
            let max = LIMITS.file_bytes_max;
            return Ok(Err(format!("its picture {uri} has {bytes} bytes, more than {max}")));
        }
        Ok(None) => return Ok(Err(format!("its picture {uri} is missing"))),
        Err(error) if is_of_one(&error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            return Ok(Err(format!("{error}{}", cause.unwrap_or_default())));
        }
        Err(error) => return Err(error),
    };
    let decoded = memory_needed(&uri, &bytes, &LIMITS).and_then(|needed| {
        let permit = memory.take(needed);
        Ok((decode(&uri, &bytes, Alpha::Over(BACKGROUND), &LIMITS)?, permit))
    });
    Ok(decoded.map_err(|error| format!("its picture {error}")))
}

/// Whether an error is of one picture: an id that leads out of the folder, a file that nobody may
/// read. A store that refuses may refuse everything, which is no news of an asset.
pub(super) fn is_of_one(error: &StorageError) -> bool {
    match error {
        StorageError::Location { .. } | StorageError::Glob { .. } | StorageError::Disk { .. } => {
            true
        }
        StorageError::Store { .. } => false,
    }
}

/// A PNG whose longer side is at most `side`.
fn png(rgb: &Rgb, side: usize) -> Result<Vec<u8>, String> {
    let (width, height) = (rgb.width(), rgb.height());
    let longer = width.max(height);
    let scaled = |length: usize| (length * side / longer).max(1);
    let to = if longer > side { (scaled(width), scaled(height)) } else { (width, height) };
    let canvas = resize(rgb, to, Filter::Bicubic, 0..to.0, 0..to.1);
    let pixels = canvas.rows().flatten();
    let rgba: Vec<u8> = pixels.flat_map(|&[red, green, blue, _]| [red, green, blue, 255]).collect();
    let (width, height) = (to.0 as u32, to.1 as u32);
    Image { width, height, rgba }.to_png().map_err(|error| error.to_string())
}
