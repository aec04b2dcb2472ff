//! Geometry, materials and pictures of one asset, as plain data.
//!
//! Readers (USD, GLB) make a [`Scene`]; the renderer and the GLB writer take one. Everything in it
//! was checked by whoever made it: [`Scene::check`] says what they promise.
//!
//! Conventions: matrices take row vectors, as USD writes them (`point · matrix`, the translation in
//! the last row); triangles are counter-clockwise from their front; texture coordinates have their
//! origin at the picture's lower left, as in USD; colours are linear Rec. 709 unless named otherwise.

mod bounds;
mod check;
mod material;

pub use bounds::Bounds;
pub use check::Wrong;
pub use material::{AlphaMode, Channel, Material, Picture, Texture, Wrap};

/// One asset, ready to be seen.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Which way is up.
    pub up: Up,
    /// Metres in one unit of length; above 0 and finite.
    pub metres_per_unit: f64,
    /// Shapes, each in its own space.
    pub meshes: Vec<Mesh>,
    /// What surfaces look like.
    pub materials: Vec<Material>,
    /// Textures' pictures, as the files had them.
    pub pictures: Vec<Picture>,
    /// What stands where.
    pub instances: Vec<Instance>,
    /// Cameras that the asset brings.
    pub cameras: Vec<Camera>,
    /// What was left out or taken in another way, for people; bounded.
    pub warnings: Vec<String>,
}

/// The axis that points up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Up {
    /// +Y; the front is seen from +Z.
    #[default]
    Y,
    /// +Z; the front is seen from −Y.
    Z,
}

/// A shape. Arrays of vertices have one length.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// Of the prim or node, for GLB.
    pub name: String,
    /// Where vertices are; finite.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals of vertices; where absent, they follow from the faces.
    pub normals: Option<Vec<[f32; 3]>>,
    /// Texture coordinates, by set; materials name a set by its index.
    pub uvs: Vec<Vec<[f32; 2]>>,
    /// Colour of vertices and its opacity, 0…1; multiplies the material's base colour.
    pub colours: Option<Vec<[f32; 4]>>,
    /// What the indices make.
    pub topology: Topology,
    /// Corners, below the number of vertices: three a triangle, two a segment, one a point.
    pub indices: Vec<u32>,
    /// Runs of indices by material, in order and without gaps.
    pub parts: Vec<Part>,
    /// Whether backs are seen too.
    pub is_double_sided: bool,
}

/// What indices make.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Topology {
    /// Three corners each.
    #[default]
    Triangles,
    /// Two ends each, as thick as `width` units of length.
    Segments {
        /// Thickness; not negative, finite.
        width: f32,
    },
    /// One each, `width` units of length across.
    Points {
        /// Diameter; not negative, finite.
        width: f32,
    },
}

/// Indices with one material.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// Number of indices.
    pub indices: u32,
    /// Index of the material; none: a neutral one.
    pub material: Option<u32>,
}

/// A mesh in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Index of the mesh.
    pub mesh: u32,
    /// From the mesh's space to the world; finite.
    pub to_world: [[f64; 4]; 4],
    /// A material for the whole of it instead of the parts' own.
    pub material: Option<u32>,
}

/// A camera in its place. It looks along −Z of its own space, +Y is up.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Path of the prim or name of the node; unique in the scene.
    pub name: String,
    /// From its space to the world, without scale.
    pub to_world: [[f64; 4]; 4],
    /// How it projects.
    pub projection: Projection,
}

/// How a camera projects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// With a horizontal angle of view in radians, 0…π, and width by height.
    Perspective {
        /// Horizontal angle of view, radians.
        fov_x: f64,
        /// Width by height of what it sees.
        aspect: f64,
    },
    /// Without perspective.
    Orthographic {
        /// Width of what it sees, in units of length.
        width: f64,
        /// Width by height of what it sees.
        aspect: f64,
    },
}

impl Scene {
    /// Triangles that its instances show together.
    pub fn triangles(&self) -> u64 {
        let of = |instance: &Instance| match &self.meshes[instance.mesh as usize] {
            Mesh { topology: Topology::Triangles, indices, .. } => indices.len() as u64 / 3,
            _ => 0,
        };
        self.instances.iter().map(of).sum()
    }
}
