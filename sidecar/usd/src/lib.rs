//! USD files to metadata and scenes: bytes → layers → composed stage → facts, or what a picture needs.
//!
//! Knows no network and writes nothing. Everything read is bounded by [`Limits`].

mod assets;
mod bounds;
mod compose;
mod dependencies;
mod expression;
mod extent;
mod facts;
pub mod layer;
pub mod limits;
mod mapped;
pub mod materialx;
mod matrix;
pub mod metadata;
pub mod names;
mod package;
mod path;
mod reader;
mod scene;
mod schema;
mod skel;
pub mod source;
mod store;
mod usda;
mod usdc;
pub mod value;
mod xform;

pub use limits::Limits;
pub use metadata::{Bounds, Inspection, Metadata};
pub use reader::{Reader, UsdError};
pub use scene::SceneOptions;
