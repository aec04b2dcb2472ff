//! Pictures of a scene on a GPU, by Vulkan, without a window: what `vitrine-render` makes on the
//! processor, faster where there is a GPU.
//!
//! ```text
//! Scene ── vitrine_render::Renderer (normals, textures, light) ── parts ──▶ buffers
//!   each view: visible  which triangle each of a pixel's four samples sees   (rasteriser)
//!              resolve  each surface in a pixel shaded once                  (compute)
//!              blend    what shines through, from back to front              (rasteriser)
//!              finish   sRGB, alpha, background                              (compute) ──▶ Image
//! ```
//!
//! The shaders are the processor's own steps, line by line, so that both make one look; tests hold
//! them together. Whatever fails here is a reason to let the processor do it.

mod blend;
mod buffers;
mod drawing;
mod error;
mod geometry;
mod gpu;
mod open;
mod pipelines;
mod surfaces;
mod targets;
mod views;
mod words;

pub use error::{GpuError, NoGpu};
pub use gpu::{Gpu, Limits};
pub use open::Choice;

/// In the shaders' data: not there.
pub(crate) const NONE: u32 = u32::MAX;
