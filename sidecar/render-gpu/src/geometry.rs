//! Where each array of a scene's meshes lies in the one buffer that the shaders read, and the draws.

use vitrine_render::parts::Parts;
use vitrine_scene::{AlphaMode, Mesh, Topology};

use crate::{NONE, words::Words};

/// Most primitives in one draw: their numbers are kept as floats, exact below 2²⁴.
const PRIMITIVES_MAX: u32 = 1 << 23;

/// Most draws of one scene, likewise.
pub(crate) const DRAWS_MAX: u64 = 1 << 23;

/// How a run of draws is rasterised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pass {
    /// Every sample inside is covered.
    Solid,
    /// Samples are asked, one by one.
    Cut,
    /// What is behind shines through.
    Veil,
}

/// One draw of the GPU's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) pass: Pass,
    /// Whether backs are seen.
    pub(crate) both: bool,
    pub(crate) instance: u32,
    /// Place of its first index in the mesh.
    pub(crate) first_index: u32,
    /// Triangles on the picture.
    pub(crate) triangles: u32,
}

/// Places of a mesh's arrays, in words.
#[derive(Clone, Debug)]
struct Placed {
    indices: u32,
    positions: u32,
    normals: u32,
    by_corner: bool,
    colours: u32,
    uvs: Vec<u32>,
}

/// All that is drawn.
#[derive(Debug)]
pub(crate) struct Geometry<'a> {
    /// What is to be written, in order and without gaps.
    pub(crate) arrays: Vec<&'a [u8]>,
    /// Their length together.
    pub(crate) bytes: u64,
    pub(crate) draws: Words,
    pub(crate) runs: Vec<Run>,
}

impl<'a> Geometry<'a> {
    /// Bytes of what would be written; places are only right where that is within 32 bits of words.
    pub(crate) fn new(parts: &'a Parts<'a>) -> Self {
        let mut made =
            Self { arrays: Vec::new(), bytes: 0, draws: Words::default(), runs: Vec::new() };
        let scene = parts.scene;
        let mut placed: Vec<Option<Placed>> = vec![None; scene.meshes.len()];
        for draw in &parts.draws {
            let instance = &scene.instances[draw.instance as usize];
            let at = instance.mesh as usize;
            let mesh = &scene.meshes[at];
            let surface = &parts.surfaces[draw.surface as usize];
            if placed[at].is_none() {
                placed[at] = Some(made.mesh(mesh, parts.corner_normals[at]));
            }
            let Some(place) = &mut placed[at] else { continue };
            let mut uvs = [NONE; 2];
            for (slot, set) in uvs.iter_mut().zip(&surface.uv_sets) {
                let Some(uv) = mesh.uvs.get(*set as usize) else { continue };
                let known = &mut place.uvs[*set as usize];
                if *known == NONE {
                    *known = made.array(bytemuck::cast_slice(uv));
                }
                *slot = *known;
            }
            let (kind, width, corners, each) = match mesh.topology {
                Topology::Triangles => (0, 0.0, 3, 1),
                Topology::Segments { width } => (1, width, 2, 2),
                Topology::Points { width } => (2, width, 1, 2),
            };
            let pass = match surface.alpha {
                AlphaMode::Blend => Pass::Veil,
                AlphaMode::Mask(_) => Pass::Cut,
                AlphaMode::Opaque if kind == 0 => Pass::Solid,
                AlphaMode::Opaque => Pass::Cut,
            };
            let both = kind != 0 || mesh.is_double_sided || parts.options.shows_backs;
            let mut done = 0;
            while done < draw.primitives {
                let primitives = (draw.primitives - done).min(PRIMITIVES_MAX);
                let first_index = draw.first_index + done * corners;
                let corner = 3 * first_index * u32::from(place.by_corner);
                made.draws.whole(&[
                    draw.instance,
                    draw.surface,
                    place.indices.wrapping_add(first_index),
                    place.positions,
                    if place.normals == NONE { NONE } else { place.normals.wrapping_add(corner) },
                    uvs[0],
                    uvs[1],
                    place.colours,
                    kind | u32::from(place.by_corner) << 2,
                    width.to_bits(),
                    0,
                    0,
                ]);
                let triangles = primitives * each;
                made.runs.push(Run { pass, both, instance: draw.instance, first_index, triangles });
                done += primitives;
            }
        }
        made
    }

    fn mesh(&mut self, mesh: &'a Mesh, corners: Option<&'a [[f32; 3]]>) -> Placed {
        let colours = mesh.colours.as_deref().map(bytemuck::cast_slice);
        let own = mesh.normals.as_deref().map(bytemuck::cast_slice);
        let normals = corners.map(bytemuck::cast_slice).or(own);
        Placed {
            indices: self.array(bytemuck::cast_slice(&mesh.indices)),
            positions: self.array(bytemuck::cast_slice(&mesh.positions)),
            normals: normals.map_or(NONE, |normals| self.array(normals)),
            by_corner: corners.is_some(),
            colours: colours.map_or(NONE, |colours| self.array(colours)),
            uvs: vec![NONE; mesh.uvs.len()],
        }
    }

    /// Its place in words.
    fn array(&mut self, bytes: &'a [u8]) -> u32 {
        let at = self.bytes / 4;
        self.bytes += bytes.len() as u64;
        self.arrays.push(bytes);
        at as u32
    }
}
