//! glTF 2.0 to and from a [`Scene`](vitrine_scene::Scene).
//!
//! [`write`] makes a GLB that web viewers show (three.js, model-viewer): Y up, metres, pictures
//! inside. [`read`] takes a GLB, or a `.gltf` whose buffers are inside, and [`read_with_facts`] says as
//! well what a catalogue wants to know of it. Neither opens a file.
//!
//! The JSON's types are our own ([`json`]). The crates `gltf` and `gltf-json` 1.4.1 were considered:
//! they are the latest of May 2024, and give no reader for accessors without a buffer view, which
//! Blender writes (mended in their pull request 449, not released). Accessors we would read
//! ourselves anyway, within limits; what is left is some four hundred lines of serde.

mod container;
mod error;
mod facts;
mod json;
mod limits;
mod matrix;
mod read;
mod uv;
mod write;

pub use error::GltfError;
pub use facts::Facts;
pub use limits::Limits;
pub use read::{read, read_with_facts};
pub use write::{Options, Written, write, write_with_warnings};
