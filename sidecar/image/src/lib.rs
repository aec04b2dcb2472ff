//! Pictures from strangers to pixels, within limits, and pixels to what an image model takes.

mod canvas;
mod columns;
mod config;
mod filter;
mod pixels;
mod prepare;
pub mod resize;
mod rows;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use canvas::Canvas;
pub use config::ConfigError;
pub use filter::Filter;
pub use pixels::Rgb;
pub use prepare::Preparation;
