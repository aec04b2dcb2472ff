//! A contact sheet: the thumbnails of a catalogue side by side, each above its name.

use std::convert::Infallible;
use std::io::Cursor;
use std::path::Path;

use embedded_graphics::Drawable;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_6X10;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Alignment, Text};
use serde::Deserialize;
use vitrine_image::{Filter, Limits, Rgb, resize};

use super::index::MASTER_INDEX;
use super::picture;

/// Pixels between tiles, and around them.
const GAP: usize = 8;
/// Pixels of a name below its picture.
const LABEL: usize = 14;
/// Width of one letter, in pixels.
const LETTER: usize = 6;
const PAPER: [u8; 3] = [255; 3];
const BLANK: [u8; 3] = [246, 243, 236];
const INK: Rgb888 = Rgb888::new(60, 60, 60);
/// Largest index that is read, in bytes: several million assets.
const INDEX_BYTES_MAX: u64 = 4 << 30;

/// How a sheet is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Tiles of a row, 1 to 100.
    pub columns: usize,
    /// Width and height of a tile, in pixels, 16 to 1024.
    pub tile: usize,
    /// Most assets on it.
    pub assets_max: usize,
}

/// A sheet, and what is not on it.
#[derive(Debug)]
pub struct Sheet {
    /// The picture.
    pub png: Vec<u8>,
    /// Assets on it.
    pub shown: usize,
    /// Of these: those without a picture.
    pub blank: usize,
    /// Assets that found no room.
    pub left_out: usize,
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// There is no index, or it is none.
    #[error("{file}: {reason}; `vitrine catalog` writes it")]
    Index {
        /// The file.
        file: String,
        /// A sentence.
        reason: String,
    },
    /// The catalogue has no pictures at all.
    #[error("no asset of {catalog} has a picture: catalogue it without --no-thumbnails")]
    NoPictures {
        /// The catalogue.
        catalog: String,
    },
    /// The picture could not be written down.
    #[error("cannot make a PNG of {width} × {height} pixels: {reason}")]
    Png {
        /// Pixels.
        width: usize,
        /// Pixels.
        height: usize,
        /// What the encoder said.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Index {
    assets: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    pack: String,
    thumbnail: Option<String>,
}

/// Draws the assets of the catalogue in the folder `root`, by pack and name. A thumbnail that cannot
/// be read leaves its tile blank.
///
/// # Errors
///
/// See [`SheetError`].
pub fn draw(root: &Path, layout: &Layout) -> Result<Sheet, SheetError> {
    let mut entries = entries(root)?;
    if !entries.iter().any(|entry| entry.thumbnail.is_some()) {
        return Err(SheetError::NoPictures { catalog: root.display().to_string() });
    }
    entries.sort_by(|a, b| (&a.pack, &a.name).cmp(&(&b.pack, &b.name)));
    let left_out = entries.len().saturating_sub(layout.assets_max);
    entries.truncate(layout.assets_max);
    let columns = layout.columns.clamp(1, entries.len().max(1));
    let mut paper = Paper::new(columns, entries.len().div_ceil(columns), layout.tile);
    let mut blank = 0;
    for (at, entry) in entries.iter().enumerate() {
        let picture = entry.thumbnail.as_deref().and_then(|path| thumbnail(root, path));
        blank += usize::from(picture.is_none());
        paper.put((at % columns, at / columns), picture.as_ref(), &entry.name);
    }
    Ok(Sheet { png: paper.png()?, shown: entries.len(), blank, left_out })
}

fn entries(root: &Path) -> Result<Vec<Entry>, SheetError> {
    let file = root.join(MASTER_INDEX);
    let wrong = |reason: String| SheetError::Index { file: file.display().to_string(), reason };
    let size = std::fs::metadata(&file).map_err(|error| wrong(error.to_string()))?.len();
    if size > INDEX_BYTES_MAX {
        return Err(wrong(format!("has {size} bytes, more than {INDEX_BYTES_MAX}")));
    }
    let bytes = std::fs::read(&file).map_err(|error| wrong(error.to_string()))?;
    let index: Index = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(index.assets)
}

fn thumbnail(root: &Path, path: &str) -> Option<Rgb> {
    let picture = picture::read(root, path, &Limits::PHOTOGRAPH)?;
    picture.inspect_err(|error| tracing::warn!("a tile stays blank: {error}")).ok()
}

/// The sheet while it is drawn on.
struct Paper {
    width: usize,
    height: usize,
    tile: usize,
    pixels: Vec<[u8; 3]>,
}

impl Paper {
    fn new(columns: usize, rows: usize, tile: usize) -> Self {
        let width = columns * (tile + GAP) + GAP;
        let height = rows * (tile + LABEL + GAP) + GAP;
        Self { width, height, tile, pixels: vec![PAPER; width * height] }
    }

    fn put(&mut self, (column, row): (usize, usize), picture: Option<&Rgb>, name: &str) {
        let tile = self.tile;
        let (left, top) = (GAP + column * (tile + GAP), GAP + row * (tile + LABEL + GAP));
        for y in top..top + tile {
            self.pixels[y * self.width + left..][..tile].fill(BLANK);
        }
        if let Some(picture) = picture {
            let longer = picture.width().max(picture.height()).max(1);
            let fitted = |side: usize| (side * tile / longer).clamp(1, tile);
            let (width, height) = (fitted(picture.width()), fitted(picture.height()));
            let canvas = resize(picture, (width, height), Filter::Bilinear, 0..width, 0..height);
            let (left, top) = (left + (tile - width) / 2, top + (tile - height) / 2);
            for (y, from) in canvas.rows().enumerate() {
                let to = &mut self.pixels[(top + y) * self.width + left..][..width];
                for (to, &[red, green, blue, _]) in to.iter_mut().zip(from) {
                    *to = [red, green, blue];
                }
            }
        }
        let letters = tile / LETTER;
        let mut label: String = name.chars().take(letters).collect();
        if label.len() < name.len() && letters > 1 {
            label.pop();
            label.push('~');
        }
        let style = MonoTextStyle::new(&FONT_6X10, INK);
        let middle = Point::new((left + tile / 2) as i32, (top + tile + LABEL - 4) as i32);
        let Ok(_) = Text::with_alignment(&label, middle, style, Alignment::Center).draw(self);
    }

    fn png(&self) -> Result<Vec<u8>, SheetError> {
        let (width, height) = (self.width, self.height);
        let mut png = Vec::new();
        image::write_buffer_with_format(
            &mut Cursor::new(&mut png),
            self.pixels.as_flattened(),
            width as u32,
            height as u32,
            image::ExtendedColorType::Rgb8,
            image::ImageFormat::Png,
        )
        .map_err(|error| SheetError::Png { width, height, reason: error.to_string() })?;
        Ok(png)
    }
}

impl OriginDimensions for Paper {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Paper {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = embedded_graphics::Pixel<Rgb888>>,
    {
        for embedded_graphics::Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else { continue };
            if x < self.width && y < self.height {
                self.pixels[y * self.width + x] = [colour.r(), colour.g(), colour.b()];
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { columns: 2, tile: 32, assets_max: 3 };

    fn red(path: &Path) {
        image::RgbImage::from_pixel(64, 64, image::Rgb([200, 0, 0])).save(path).unwrap();
    }

    #[test]
    fn each_asset_has_a_tile_in_order_of_names_and_a_broken_picture_leaves_it_blank() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        red(&root.join("a.png"));
        std::fs::write(root.join("b.png"), b"no picture").unwrap();
        let index = serde_json::json!({"total_assets": 4, "assets": [
            {"name": "two", "pack": "p", "thumbnail": "b.png"},
            {"name": "one", "pack": "p", "thumbnail": "a.png"},
            {"name": "three", "pack": "p", "thumbnail": "../a.png"},
            {"name": "left out", "pack": "q", "thumbnail": null},
        ]});
        std::fs::write(root.join(MASTER_INDEX), index.to_string()).unwrap();
        let sheet = draw(root, &LAYOUT).unwrap();
        assert_eq!((sheet.shown, sheet.blank, sheet.left_out), (3, 2, 1));
        let picture = image::load_from_memory(&sheet.png).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (2 * (32 + 8) + 8, 2 * (32 + 14 + 8) + 8));
        let at =
            |column: u32, row: u32| picture.get_pixel(8 + column * 40 + 16, 8 + row * 54 + 16).0;
        assert_eq!(at(0, 0), [200, 0, 0], "`one` comes first");
        assert_eq!(at(1, 0), BLANK);
        assert_eq!(at(0, 1), BLANK);
        let label = (40..54).flat_map(|y| (8..40).map(move |x| (x, y)));
        assert!(label.clone().any(|(x, y)| picture.get_pixel(x, y).0 == [60; 3]), "its name");
    }

    #[test]
    fn a_catalogue_without_pictures_says_how_to_get_some() {
        let folder = tempfile::tempdir().unwrap();
        let said = |root: &Path| draw(root, &LAYOUT).unwrap_err().to_string();
        assert!(said(folder.path()).contains("`vitrine catalog` writes it"));
        let index =
            r#"{"total_assets": 1, "assets": [{"name": "a", "pack": "p", "thumbnail": null}]}"#;
        std::fs::write(folder.path().join(MASTER_INDEX), index).unwrap();
        assert!(said(folder.path()).contains("without --no-thumbnails"));
    }
}
