//! How much one asset may ask for. Strangers wrote the files.

use serde::{Deserialize, Serialize};

/// Bounds on one asset, all of its layers together. Time and memory are the caller's to bound:
/// only a process can be stopped from outside.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Largest single file, in bytes.
    pub file_bytes_max: u64,
    /// Most bytes a package's or layer's compressed parts may unpack to.
    pub unpacked_bytes_max: u64,
    /// Most prims of the composed stage, instance proxies included.
    pub prims_max: u64,
    /// Deepest prim path, in elements.
    pub depth_max: u32,
    /// Most layers and packages one asset may pull in.
    pub layers_max: u32,
    /// Most composition arcs that one prim may gather.
    pub arcs_max: u32,
    /// Most triangles, segments and points of a scene's meshes, each mesh counted once. Meshes
    /// beyond it are left out.
    pub triangles_max: u64,
    /// Most vertices of a scene's meshes, each mesh counted once. Meshes beyond it are left out.
    pub vertices_max: u64,
    /// Most places of meshes in a scene; point instancers are thinned to it.
    pub places_max: u64,
    /// Most triangles that all places of a scene's meshes show together; repeated meshes are
    /// thinned to it.
    pub shown_triangles_max: u64,
    /// Most triangles that subdividing one mesh may make.
    pub subdivided_triangles_max: u64,
    /// Most bytes of all pictures of a scene's textures together. Pictures beyond it are left out.
    pub texture_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            unpacked_bytes_max: 4 << 30,
            prims_max: 2_000_000,
            depth_max: 500,
            layers_max: 10_000,
            arcs_max: 10_000,
            triangles_max: 20_000_000,
            vertices_max: 20_000_000,
            places_max: 500_000,
            shown_triangles_max: 50_000_000,
            subdivided_triangles_max: 20_000,
            texture_bytes_max: 1 << 30,
        }
    }
}
