//! Pictures of a scene, on the processor alone: no window, no driver, no GPU.
//!
//! On one machine the same scene, options and view give the same bytes, whatever the number of threads.
//!
//! ```text
//! Scene ── Model ──▶ draw: which triangle each of a pixel's four samples sees
//!          textures,      resolve: each surface in a pixel shaded once (light)
//!          normals             blend: what shines through, from back to front ──▶ Image ──▶ PNG
//! ```
//!
//! Samples keep the number of their triangle instead of a colour (Burns and Hunt 2013, The Visibility
//! Buffer), so that hidden surfaces cost no shading and a pixel's edge no more than its surfaces. Places
//! of one surface wait for each other in a `batch` and are shaded by the widest instructions that the
//! processor has; another processor may round differently.

mod batch;
mod draw;
mod error;
mod facet;
mod fill;
mod frame;
mod image;
mod lanes;
mod light;
mod material;
mod model;
mod normals;
mod options;
pub mod parts;
mod project;
mod pyramid;
mod renderer;
mod resolve;
mod space;
mod stroke;
mod view;

pub use error::RenderError;
pub use image::Image;
pub use options::{Background, Options, SIZE_MAX};
pub use renderer::{Renderer, Stages};
pub use view::{Lens, TURNTABLE_ANGLE, TURNTABLE_ELEVATION, View, views};
