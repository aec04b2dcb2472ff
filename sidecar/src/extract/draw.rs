//! The child's side of pictures: an asset's scene to PNGs, a GLB and what models see.

use vitrine_image::{Preparation, Rgb};
use vitrine_render::{Image, Options, Renderer, View};
use vitrine_scene::Scene;

use super::DrawnBy;
use super::easel::Easel;
use super::pictures::{Part, Wanted};

/// Pictures of an asset's own cameras, at most.
const CAMERAS_MAX: usize = 16;
/// Largest GLB, in bytes.
const MODEL_BYTES_MAX: u64 = 256 << 20;

/// What came of drawing one asset.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// What was made.
    pub(super) parts: Vec<(Part, Vec<u8>)>,
    /// What drew.
    pub(super) by: Option<DrawnBy>,
    /// Why there is no picture, where there is none.
    pub(super) reason: Option<String>,
    /// What was taken in another way, for people.
    pub(super) warnings: Vec<String>,
}

/// Draws an asset, where there is a scene of it. That it cannot be drawn is an answer.
pub(super) fn draw(scene: Result<Scene, String>, easel: &mut Easel, wanted: &Wanted) -> Drawn {
    let mut drawn = Drawn::default();
    match scene {
        Ok(scene) => {
            if let Err(reason) = draw_scene(&scene, easel, wanted, &mut drawn) {
                drawn.parts.clear();
                drawn.reason = Some(reason);
            }
            drawn.warnings.extend(scene.warnings);
        }
        Err(reason) => drawn.reason = Some(reason),
    }
    drawn
}

fn draw_scene(
    scene: &Scene,
    easel: &mut Easel,
    wanted: &Wanted,
    drawn: &mut Drawn,
) -> Result<(), String> {
    let is_seen = match wanted.is_drawn() {
        true => draw_views(scene, easel, wanted, drawn)?,
        // A scene that is not sound is refused by whoever takes it.
        false => scene.check().is_err() || scene.bounds().is_some(),
    };
    // Lights alone, or parts for others: nothing is to be seen, and that is right.
    if !wanted.files || !is_seen {
        return Ok(());
    }
    let options = vitrine_gltf::Options { bytes_max: MODEL_BYTES_MAX, ..Default::default() };
    match vitrine_gltf::write_with_warnings(scene, &options) {
        Ok(written) => {
            drawn.parts.push((Part::Model, written.glb));
            drawn.warnings.extend(written.warnings);
        }
        // Too large for a viewer is no reason against pictures.
        Err(error) => drawn.warnings.push(format!("it has no GLB: {error}")),
    }
    Ok(())
}

/// Draws the views and the cameras that are wanted; whether there is anything to be seen.
fn draw_views(
    scene: &Scene,
    easel: &mut Easel,
    wanted: &Wanted,
    drawn: &mut Drawn,
) -> Result<bool, String> {
    let options = Options { size: wanted.size, shows_backs: true, ..Options::default() };
    let renderer = Renderer::new(scene, &options).map_err(|error| error.to_string())?;
    if renderer.bounds().is_none() {
        return Ok(false);
    }
    drawn.warnings.extend_from_slice(renderer.warnings());
    let views = match wanted.draws_views {
        true => renderer.views(wanted.views as usize),
        false => Vec::new(),
    };
    let count = views.len();
    let own = renderer.camera_views().take(CAMERAS_MAX).map(|(_, view)| view);
    let own = own.filter(|_| wanted.files && wanted.cameras);
    let all: Vec<View> = views.into_iter().chain(own).collect();
    let put = |made: &mut Made, number: usize, image: Image| match number.checked_sub(count) {
        None => made.take_view(wanted, number as u32, &image),
        Some(camera) => made.take(Part::Camera(camera as u32), &image),
    };
    let (made, by) = easel.draw(&renderer, wanted.size, &all, put)?;
    if count > 0 && !made.shows_something {
        // Of no extent, or without a surface: the background alone is no picture of it.
        return Ok(false);
    }
    drawn.by = (!all.is_empty()).then_some(by);
    drawn.parts.extend(made.parts);
    let prepared = made.prepared.into_iter().enumerate();
    drawn.parts.extend(prepared.map(|(model, bytes)| (Part::Prepared(model), bytes)));
    Ok(true)
}

/// What is made of an asset's pictures.
#[derive(Default)]
struct Made {
    parts: Vec<(Part, Vec<u8>)>,
    /// By model: what it sees of all views.
    prepared: Vec<Vec<u8>>,
    /// Whether there is more in any view than the background.
    shows_something: bool,
}

impl Made {
    fn take(&mut self, part: Part, image: &Image) -> Result<(), String> {
        let png = image.to_png().map_err(|error| error.to_string())?;
        self.parts.push((part, png));
        Ok(())
    }

    fn take_view(&mut self, wanted: &Wanted, number: u32, image: &Image) -> Result<(), String> {
        let pixels = image.rgba.as_chunks::<4>().0;
        self.shows_something |= pixels.windows(2).any(|pair| pair[0] != pair[1]);
        if wanted.files {
            self.take(Part::View(number), image)?;
        }
        self.prepared.resize_with(wanted.preparations.len(), Vec::new);
        let Some(rgb) = rgb(image).filter(|_| !self.prepared.is_empty()) else { return Ok(()) };
        for (preparation, bytes) in wanted.preparations.iter().zip(&mut self.prepared) {
            prepare(preparation, &rgb, bytes);
        }
        Ok(())
    }
}

fn rgb(image: &Image) -> Option<Rgb> {
    let (width, height) = (image.width as usize, image.height as usize);
    let pixels = image.rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    Rgb::new(width, height, pixels.collect())
}

/// Appends what a model sees of `rgb`.
pub(super) fn prepare(preparation: &Preparation, rgb: &Rgb, out: &mut Vec<u8>) {
    let values = preparation.prepare(rgb);
    out.reserve(4 * values.len());
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}
