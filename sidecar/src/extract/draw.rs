//! The child's side of pictures: an asset's scene to PNGs, a GLB and what models see.

use vitrine_image::{Preparation, Rgb};
use vitrine_render::{Image, Options, Renderer};
use vitrine_scene::Scene;

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
    /// Why there is no picture, where there is none.
    pub(super) reason: Option<String>,
    /// What was taken in another way, for people.
    pub(super) warnings: Vec<String>,
}

/// Draws an asset, where there is a scene of it. That it cannot be drawn is an answer.
pub(super) fn draw(scene: Result<Scene, String>, wanted: &Wanted) -> Drawn {
    let mut drawn = Drawn::default();
    match scene {
        Ok(scene) => {
            if let Err(reason) = draw_scene(&scene, wanted, &mut drawn) {
                drawn.parts.clear();
                drawn.reason = Some(reason);
            }
            drawn.warnings.extend(scene.warnings);
        }
        Err(reason) => drawn.reason = Some(reason),
    }
    drawn
}

fn draw_scene(scene: &Scene, wanted: &Wanted, drawn: &mut Drawn) -> Result<(), String> {
    if scene.check().is_ok() && scene.bounds().is_none() {
        return Ok(()); // Lights alone, or parts for others: nothing is to be seen, and that is right.
    }
    if wanted.draws_views || (wanted.files && wanted.cameras) {
        draw_views(scene, wanted, drawn)?;
    }
    if !wanted.files {
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

fn draw_views(scene: &Scene, wanted: &Wanted, drawn: &mut Drawn) -> Result<(), String> {
    let options = Options { size: wanted.size, shows_backs: true, ..Options::default() };
    let renderer = Renderer::new(scene, &options).map_err(|error| error.to_string())?;
    let mut views = renderer.views(wanted.views as usize);
    if !wanted.draws_views {
        views.clear();
    }
    drawn.warnings.extend_from_slice(renderer.warnings());
    let png = |image: &Image| image.to_png().map_err(|error| error.to_string());
    let mut prepared: Vec<Vec<u8>> = wanted.preparations.iter().map(|_| Vec::new()).collect();
    for (number, view) in views.iter().enumerate() {
        let image = renderer.render(view);
        if wanted.files {
            drawn.parts.push((Part::View(number as u32), png(&image)?));
        }
        let Some(rgb) = rgb(&image).filter(|_| !prepared.is_empty()) else { continue };
        for (preparation, bytes) in wanted.preparations.iter().zip(&mut prepared) {
            prepare(preparation, &rgb, bytes);
        }
    }
    let prepared = prepared.into_iter().enumerate();
    drawn.parts.extend(prepared.map(|(model, bytes)| (Part::Prepared(model), bytes)));
    if wanted.files && wanted.cameras {
        for (at, (_, view)) in renderer.camera_views().take(CAMERAS_MAX).enumerate() {
            drawn.parts.push((Part::Camera(at as u32), png(&renderer.render(&view))?));
        }
    }
    Ok(())
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
