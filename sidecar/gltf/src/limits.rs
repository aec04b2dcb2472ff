//! How much one file may ask for. Strangers wrote the files.

/// Bounds on one file that is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub file_bytes_max: u64,
    /// Most bytes of JSON.
    pub json_bytes_max: u64,
    /// Most numbers (of vertices, indices, morph targets, joints) that are unpacked, whether or not
    /// the file holds them: zeros and shared data are free there and not here.
    pub numbers_max: u64,
    /// Most nodes, and thereby instances of meshes.
    pub nodes_max: u64,
    /// Deepest node.
    pub depth_max: u32,
    /// Most instances: a node shows a mesh once for each kind of its primitives.
    pub instances_max: u64,
    /// Most warnings kept.
    pub warnings_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            json_bytes_max: 128 << 20,
            numbers_max: 500_000_000,
            nodes_max: 1_000_000,
            depth_max: 500,
            instances_max: 2_000_000,
            warnings_max: 64,
        }
    }
}
