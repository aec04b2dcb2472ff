//! How much one asset may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds on reading one asset, all of its layers together. An asset that passes one fails, and
/// its reason names the bound.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Extraction {
    /// Largest single file, in bytes.
    #[schemars(range(min = 1))]
    pub file_bytes_max: i64,
    /// Most bytes that compressed parts may unpack to.
    #[schemars(range(min = 1))]
    pub unpacked_bytes_max: i64,
    /// Most prims of the composed stage, instance proxies included.
    #[schemars(range(min = 1))]
    pub prims_max: i64,
    /// Deepest prim path, in elements.
    #[schemars(range(min = 1, max = 100_000))]
    pub depth_max: i32,
    /// Most layers and packages that one asset may pull in.
    #[schemars(range(min = 1))]
    pub layers_max: i32,
    /// Most composition arcs that one prim may gather.
    #[schemars(range(min = 1))]
    pub arcs_max: i32,
    /// Wall time for one asset, in seconds; its process is then ended.
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_seconds: i32,
    /// Memory of the process that reads assets, in bytes.
    #[schemars(range(min = 67_108_864))]
    pub memory_bytes_max: i64,
}

impl Default for Extraction {
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            unpacked_bytes_max: 4 << 30,
            prims_max: 2_000_000,
            depth_max: 500,
            layers_max: 10_000,
            arcs_max: 10_000,
            timeout_seconds: 120,
            memory_bytes_max: 4 << 30,
        }
    }
}
