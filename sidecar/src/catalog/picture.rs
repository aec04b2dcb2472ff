//! Reading a picture of a catalogue.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use vitrine_image::{Alpha, DecodeError, Limits, Rgb, decode};

use super::layout;

/// The picture at the path `inside` of the catalogue in the folder `root`, over white; `None` where
/// that is no file of the catalogue which can be read.
pub fn read(root: &Path, inside: &str, limits: &Limits) -> Option<Result<Rgb, DecodeError>> {
    let file = File::open(layout::is_inside(inside).then(|| root.join(inside))?).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    // A byte above what is taken, so that the decoder refuses what is larger.
    file.take(limits.file_bytes_max + 1).read_to_end(&mut bytes).ok()?;
    Some(decode(inside, &bytes, Alpha::TRANSFORMERS, limits))
}
