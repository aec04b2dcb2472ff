//! From a composed stage to a [`Scene`]: what a picture of it needs, at the earliest time.
//!
//! `walk` finds what is shown and where; `shape` makes one prim's meshes, once for all prims that
//! say the same, from `mesh` (with `polygons`, `primvar`, `triangulate`, `subdivide`, `skin`), `shapes` and
//! `curves`; `instancer` multiplies; `binding` tells which material, `material`, `surface`,
//! `nodes` and `texture` what it looks like, along `network` and `coordinates`; `cameras` adds the authored ones. The steps share [`Build`] and nothing else.

mod binding;
mod cameras;
mod coordinates;
mod curves;
mod instancer;
mod material;
mod mesh;
mod network;
mod nodes;
mod polygons;
mod primvar;
mod read;
mod shape;
mod shapes;
mod skin;
mod subdivide;
mod surface;
mod texture;
mod triangulate;
mod walk;

use std::collections::HashMap;
use std::rc::Rc;

use vitrine_scene::{Instance, Mesh, Scene, Up};

use crate::compose::Stage;
use crate::layer::LayerError;
use crate::matrix::Matrix;
use crate::names::Name;
use crate::value::Value;
use walk::Shown;

/// What of a stage becomes part of its scene.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SceneOptions {
    /// Whether subdivision surfaces are refined; else they are their polygons, shaded smoothly.
    pub subdivide: bool,
    /// Whether the pictures of textures are read.
    pub pictures: bool,
}

impl Default for SceneOptions {
    fn default() -> Self {
        Self { subdivide: true, pictures: true }
    }
}

/// A scene while it is made.
pub(crate) struct Build<'b, 's> {
    stage: &'b mut Stage<'s>,
    options: &'b SceneOptions,
    scene: Scene,
    /// Meshes made, by all that they depend on.
    made: HashMap<Vec<u64>, Rc<[u32]>>,
    /// What prototypes of instancers show; `None` while one is gathered.
    prototypes: HashMap<u32, Option<Rc<[Shown]>>>,
    looks: material::Looks,
    pictures: texture::Pictures,
    triangles: u64,
    vertices: u64,
    texture_bytes: u64,
    /// Where the points of the mesh that is being made have their origin, where it was moved.
    origin: Option<[f64; 3]>,
    /// The same of meshes that are made, by number.
    origins: HashMap<u32, [f64; 3]>,
    /// Places made, those inside prototypes too.
    places: u64,
    /// Nodes of the material at hand that may still be looked at.
    nodes_left: u32,
}

/// Makes the scene of a stage.
///
/// # Errors
///
/// When the stage passes a limit of composition. A prim that cannot be shown is left out with a
/// warning.
pub(crate) fn build(stage: &mut Stage, options: &SceneOptions) -> Result<Scene, LayerError> {
    let layer = Rc::clone(&stage.stacks[0].layers[0]);
    let up = match layer.root().field(Name::UP_AXIS) {
        Some(Value::Token(axis)) if stage.names.text(*axis) == "Z" => Up::Z,
        _ => Up::Y,
    };
    let metres_per_unit = layer.root().field(Name::METERS_PER_UNIT).and_then(Value::as_f64);
    let metres_per_unit = metres_per_unit.filter(|metres| *metres > 0.0 && metres.is_finite());
    let mut build = Build {
        stage,
        options,
        scene: Scene { up, metres_per_unit: metres_per_unit.unwrap_or(0.01), ..Scene::default() },
        made: HashMap::new(),
        prototypes: HashMap::new(),
        looks: material::Looks::default(),
        pictures: texture::Pictures::default(),
        triangles: 0,
        vertices: 0,
        texture_bytes: 0,
        origin: None,
        origins: HashMap::new(),
        places: 0,
        nodes_left: 0,
    };
    build.walk_stage()?;
    let mut scene = build.scene;
    scene.warnings = std::mem::take(&mut stage.warnings);
    Ok(scene)
}

impl Build<'_, '_> {
    /// Adds a mesh, if the limits have room for it and all of its numbers are finite.
    fn add_mesh(&mut self, mesh: Mesh) -> Option<u32> {
        let limits = &self.stage.store.limits;
        let corners = match mesh.topology {
            vitrine_scene::Topology::Triangles => 3,
            vitrine_scene::Topology::Segments { .. } => 2,
            vitrine_scene::Topology::Points { .. } => 1,
        };
        let triangles = self.triangles + mesh.indices.len() as u64 / corners;
        let vertices = self.vertices + mesh.positions.len() as u64;
        let full = if triangles > limits.triangles_max {
            Some(format!("more than {} triangles (limit trianglesMax)", limits.triangles_max))
        } else if vertices > limits.vertices_max {
            Some(format!("more than {} vertices (limit verticesMax)", limits.vertices_max))
        } else {
            None
        };
        if let Some(full) = full {
            self.stage.warn(format!("{} is left out: the scene would have {full}", mesh.name));
            return None;
        }
        if mesh.indices.is_empty() {
            return None;
        }
        if !mesh.positions.iter().flatten().all(|value| value.is_finite()) {
            self.stage.warn(format!("{} is left out: a point is not finite", mesh.name));
            return None;
        }
        (self.triangles, self.vertices) = (triangles, vertices);
        self.scene.meshes.push(mesh);
        Some(self.scene.meshes.len() as u32 - 1)
    }

    /// Puts what is shown into the scene. Beyond the limit of triangles, of every mesh only each
    /// n-th place is kept, the first one always.
    fn place(&mut self, shown: Vec<Shown>) {
        let max = self.stage.store.limits.shown_triangles_max;
        let triangles = |mesh: u32| self.scene.meshes[mesh as usize].indices.len() as u64 / 3;
        let total: u64 = shown.iter().map(|shown| triangles(shown.mesh)).sum();
        let step = total.div_ceil(max.max(1)).max(1);
        if step > 1 {
            self.stage.warn(format!(
                "of meshes in many places one in {step} is shown: all together would be {total} \
                 triangles (limit shownTrianglesMax: {max})"
            ));
        }
        let mut places = vec![0u64; self.scene.meshes.len()];
        for shown in shown {
            let place = &mut places[shown.mesh as usize];
            *place += 1;
            if !(*place - 1).is_multiple_of(step) {
                continue;
            }
            if shown.to_root.0.iter().flatten().all(|value| value.is_finite()) {
                let to_world = match self.origins.get(&shown.mesh) {
                    Some(&origin) => Matrix::translate(origin).then(&shown.to_root),
                    None => shown.to_root,
                };
                let (mesh, to_world) = (shown.mesh, to_world.0);
                self.scene.instances.push(Instance { mesh, to_world, material: None });
            } else {
                self.stage.warn("something stands in a place that is not finite".to_owned());
            }
        }
    }
}
