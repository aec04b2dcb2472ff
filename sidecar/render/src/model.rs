//! A scene as the passes want it: what is drawn, in which order, with which surface.

use std::collections::HashMap;

use vitrine_image::{Limits, texels};
use vitrine_scene::{AlphaMode, Mesh, Scene, Texture, Topology};

use crate::{
    Options, RenderError,
    material::{Surface, UV_SETS},
    normals::corner_normals,
    pyramid::Pyramid,
    space::V3,
};

/// Warnings kept; files can have more faults than anyone reads.
const WARNINGS_MAX: usize = 100;

/// Where a mesh's normals come from.
#[derive(Debug)]
pub(crate) enum Normals {
    /// The mesh's own, by vertex.
    Own,
    /// Made here, by corner.
    Corners(Vec<V3>),
    /// Segments and points are round.
    Round,
}

/// One part of one instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub(crate) instance: u32,
    pub(crate) surface: u32,
    /// Place of its first index in the mesh.
    pub(crate) first_index: u32,
    pub(crate) primitives: u32,
    /// Number of its first triangle among all of the scene; strokes have two each.
    pub(crate) first_id: u32,
}

/// A scene made ready.
#[derive(Debug)]
pub(crate) struct Model<'scene> {
    pub(crate) scene: &'scene Scene,
    pub(crate) normals: Vec<Normals>,
    pub(crate) surfaces: Vec<Surface>,
    pub(crate) pyramids: Vec<Pyramid>,
    /// In the order of instances, and of their parts.
    pub(crate) draws: Vec<Draw>,
    pub(crate) warnings: Vec<String>,
    shows_backs: bool,
    /// The widest instructions there are.
    pub(crate) arch: pulp::Arch,
}

/// Indices of one primitive.
pub(crate) fn corners_of(topology: Topology) -> u32 {
    match topology {
        Topology::Triangles => 3,
        Topology::Segments { .. } => 2,
        Topology::Points { .. } => 1,
    }
}

impl<'scene> Model<'scene> {
    pub(crate) fn new(scene: &'scene Scene, options: &Options) -> Result<Self, RenderError> {
        scene.check().map_err(RenderError::Scene)?;
        let found = primitives(scene);
        let max = options.primitives_max.min(u64::from(u32::MAX / 2 - 1));
        if found > max {
            return Err(RenderError::TooMany { found, max });
        }
        let mut warnings = Vec::new();
        let (pyramids, known) = decode_pictures(scene, options, &mut warnings);
        let mut surfaces: Vec<_> = scene
            .materials
            .iter()
            .map(|material| {
                Surface::new(material, |texture| {
                    known.get(&(texture.picture, texture.is_srgb)).copied()
                })
            })
            .collect();
        let (grey, own) = (surfaces.len() as u32, surfaces.len() as u32 + 1);
        surfaces.extend([Surface::neutral(false), Surface::neutral(true)]);
        let shown = shown(scene);
        let normals = scene
            .meshes
            .iter()
            .zip(&shown)
            .map(|(mesh, is_shown)| match (mesh.topology, &mesh.normals) {
                (Topology::Segments { .. } | Topology::Points { .. }, _) => Normals::Round,
                (Topology::Triangles, Some(_)) => Normals::Own,
                (Topology::Triangles, None) if !is_shown => Normals::Corners(Vec::new()),
                (Topology::Triangles, None) => {
                    let crease = options.crease_degrees.to_radians();
                    Normals::Corners(corner_normals(&mesh.positions, &mesh.indices, crease))
                }
            })
            .collect();
        let mut draws = Vec::new();
        let mut first_id = 0;
        for (at, instance) in scene.instances.iter().enumerate() {
            let mesh = &scene.meshes[instance.mesh as usize];
            let neutral = if mesh.colours.is_some() { own } else { grey };
            let mut first_index = 0;
            for part in &mesh.parts {
                let primitives = part.indices / corners_of(mesh.topology);
                let surface = instance.material.or(part.material).unwrap_or(neutral);
                if primitives > 0 {
                    let instance = at as u32;
                    draws.push(Draw { instance, surface, first_index, primitives, first_id });
                }
                first_index += part.indices;
                first_id += primitives * triangles_of(mesh);
            }
        }
        Ok(Self {
            scene,
            normals,
            surfaces,
            pyramids,
            draws,
            warnings,
            shows_backs: options.shows_backs,
            arch: pulp::Arch::new(),
        })
    }

    pub(crate) fn mesh_of(&self, draw: &Draw) -> &'scene Mesh {
        let instance = &self.scene.instances[draw.instance as usize];
        &self.scene.meshes[instance.mesh as usize]
    }

    /// Whether a mesh is seen from behind too.
    pub(crate) fn shows_backs(&self, mesh: &Mesh) -> bool {
        self.shows_backs || mesh.is_double_sided
    }

    /// The mesh's place in the scene.
    pub(crate) fn mesh_at(&self, draw: &Draw) -> usize {
        self.scene.instances[draw.instance as usize].mesh as usize
    }

    /// Whether a draw lets what is behind shine through.
    pub(crate) fn is_blended(&self, draw: &Draw) -> bool {
        self.surfaces[draw.surface as usize].alpha == AlphaMode::Blend
    }

    /// The draw that a triangle belongs to; the model must have one.
    pub(crate) fn draw_of(&self, id: u32) -> usize {
        self.draws.partition_point(|draw| draw.first_id <= id) - 1
    }
}

/// Triangles drawn for one primitive.
pub(crate) fn triangles_of(mesh: &Mesh) -> u32 {
    if mesh.topology == Topology::Triangles { 1 } else { 2 }
}

/// Primitives that all instances show together.
fn primitives(scene: &Scene) -> u64 {
    let of = |mesh: &Mesh| mesh.indices.len() as u64 / u64::from(corners_of(mesh.topology));
    let counts: Vec<u64> = scene.meshes.iter().map(of).collect();
    scene
        .instances
        .iter()
        .map(|instance| counts[instance.mesh as usize])
        .fold(0, u64::saturating_add)
}

/// Which meshes any instance shows.
fn shown(scene: &Scene) -> Vec<bool> {
    let mut shown = vec![false; scene.meshes.len()];
    scene.instances.iter().for_each(|instance| shown[instance.mesh as usize] = true);
    shown
}

/// Which materials any instance shows.
fn worn(scene: &Scene) -> Vec<bool> {
    let mut worn = vec![false; scene.materials.len()];
    for instance in &scene.instances {
        let parts = scene.meshes[instance.mesh as usize].parts.iter();
        for material in parts.filter_map(|part| instance.material.or(part.material)) {
            worn[material as usize] = true;
        }
    }
    worn
}

/// Decodes every picture that is seen, once for colours and once for numbers where both are wanted.
fn decode_pictures(
    scene: &Scene,
    options: &Options,
    warnings: &mut Vec<String>,
) -> (Vec<Pyramid>, HashMap<(u32, bool), usize>) {
    let mut wanted: Vec<(u32, bool)> = Vec::new();
    let worn = worn(scene);
    for (material, _) in scene.materials.iter().zip(worn).filter(|(_, worn)| *worn) {
        let sets: Vec<u32> = material.textures().map(|texture| texture.uv_set).collect();
        if sets.iter().collect::<std::collections::BTreeSet<_>>().len() > UV_SETS {
            warn(
                warnings,
                format!(
                    "material {}: more than {UV_SETS} sets of texture coordinates",
                    material.name
                ),
            );
        }
        wanted.extend(
            material.textures().map(|Texture { picture, is_srgb, .. }| (*picture, *is_srgb)),
        );
    }
    wanted.sort_unstable();
    wanted.dedup();
    // Every picture gets an equal part of the memory, and no more than the views can show.
    let texels_max = (options.texels_max / wanted.len().max(1) as u64)
        .min((u64::from(options.size) * 2).pow(2))
        .max(64 * 64);
    let mut pyramids = Vec::new();
    let mut known = HashMap::new();
    for (at, &(picture, is_srgb)) in wanted.iter().enumerate() {
        let file = &scene.pictures[picture as usize];
        let limits = Limits { pixels_max: options.picture_pixels_max, ..Limits::default() };
        match texels(&file.name, &file.bytes, &limits) {
            Ok(decoded) => {
                known.insert((picture, is_srgb), pyramids.len());
                pyramids.push(Pyramid::new(&decoded, is_srgb, texels_max as usize));
            }
            Err(error) => {
                let said = at > 0 && wanted[at - 1].0 == picture;
                if !said {
                    warn(warnings, format!("texture {error}"));
                }
            }
        }
    }
    (pyramids, known)
}

fn warn(warnings: &mut Vec<String>, sentence: String) {
    if warnings.len() < WARNINGS_MAX {
        warnings.push(sentence);
    }
}
