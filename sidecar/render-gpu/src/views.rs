//! What changes from view to view: where instances stand, and the camera with its light.

use vitrine_render::{
    Background, View,
    parts::{ALIKE, FAR_AWAY, LIGHT, NEAR, Parts, Placement, Projection, THINNEST_PX, linear},
};
use vitrine_scene::{Bounds, Mesh};

use crate::{GpuError, words::Words};

/// Magnitudes beyond which 32-bit floats of GPUs, which may know no subnormal numbers, are not
/// trusted: products of two still fit.
const SIZES: std::ops::Range<f32> = 1e-15..1e15;

/// The instances of a scene in one view.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) placements: Vec<Placement>,
    pub(crate) words: Words,
}

/// Of each mesh, the greatest magnitude of its coordinates.
pub(crate) fn reaches(meshes: &[Mesh]) -> Vec<f32> {
    let most = |mesh: &Mesh| {
        mesh.positions.iter().flatten().fold(0.0_f32, |most, value| most.max(value.abs()))
    };
    meshes.iter().map(most).collect()
}

fn fits(value: f32) -> bool {
    value == 0.0 || SIZES.contains(&value)
}

impl Places {
    /// # Errors
    ///
    /// When coordinates are beyond what GPUs compute with.
    pub(crate) fn new(parts: &Parts, view: &View, reaches: &[f32]) -> Result<Self, GpuError> {
        let mut placements = Vec::with_capacity(parts.scene.instances.len());
        let mut words = Words::default();
        for instance in &parts.scene.instances {
            let place = Placement::new(&instance.to_world, view);
            let [a, b, c, shift] = place.points;
            let largest = [a, b, c].as_flattened().iter().fold(0.0_f32, |m, v| m.max(v.abs()));
            let reach = reaches[instance.mesh as usize];
            let finite = place.points.iter().chain(&place.normals).flatten().all(|v| v.is_finite());
            if !(finite && fits(largest) && fits(reach)) {
                return Err(GpuError::OutOfRange);
            }
            let away = shift.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            // Three products and the shift; one too many is only slower.
            let is_wild = 4.0 * largest * reach + away >= FAR_AWAY;
            words.four(a, f32::from(u8::from(place.mirrors)));
            words.four(b, f32::from(u8::from(is_wild)));
            words.four(c, 0.0);
            words.four(shift, place.stretch);
            place.normals.iter().for_each(|row| words.four(*row, 0.0));
            placements.push(place);
        }
        Ok(Self { placements, words })
    }
}

/// The camera and the light, as `View` of `scene.wgsl`.
pub(crate) fn camera(parts: &Parts, view: &View, bounds: Option<&Bounds>, veiled: bool) -> Words {
    let options = parts.options;
    let Projection { is_perspective, focal, middle, sky } = Projection::new(view, options.size);
    let mut words = Words::default();
    words.all(&[focal, middle]);
    words.whole(&[options.size, u32::from(is_perspective)]);
    words.all(&[NEAR, farthest(view, bounds), THINNEST_PX, FAR_AWAY]);
    words.all(&[ALIKE, LIGHT.lamp_roughness]);
    let (behind, [r, g, b, a]) = match options.background {
        Background::Transparent => ([0.0; 3], [0; 4]),
        Background::Plain(srgb @ [r, g, b]) => (linear(srgb), [r, g, b, 255]),
    };
    words.whole(&[u32::from(a == 0), u32::from(veiled)]);
    words.four(sky, 0.0);
    words.four(behind, 0.0);
    words.whole(&[u32::from_le_bytes([r, g, b, a]), 0, 0, 0]);
    words.four(LIGHT.sky, 0.0);
    words.four(LIGHT.ground, 0.0);
    LIGHT.lights.iter().for_each(|(towards, _)| words.four(unit(*towards), 0.0));
    LIGHT.lights.iter().for_each(|(_, colour)| words.four(*colour, 0.0));
    LIGHT.panels.iter().for_each(|(towards, ..)| words.four(unit(*towards), 0.0));
    LIGHT.panels.iter().for_each(|(_, sharp, bright)| words.all(&[*sharp, *bright, 0.0, 0.0]));
    words
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let long = v.iter().map(|value| value * value).sum::<f32>().sqrt();
    v.map(|value| value / long)
}

/// A little beyond the farthest z of the scene in the camera's space, where depth ends without
/// perspective.
fn farthest(view: &View, bounds: Option<&Bounds>) -> f32 {
    let m = &view.to_camera;
    let least = bounds.map_or(0.0, |bounds| {
        // Of each axis the side that lies farther away.
        let axes = (0..3).map(|k| (bounds.min[k] * m[k][2]).min(bounds.max[k] * m[k][2]));
        axes.sum::<f64>() + m[3][2]
    });
    let far = (least - least.abs() * 1e-3) as f32;
    far.clamp(-FAR_AWAY, -2.0 * NEAR)
}
