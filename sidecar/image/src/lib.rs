//! Pictures from strangers to pixels, within limits, and pixels to what an image model takes.

mod canvas;
mod columns;
mod filter;
mod pixels;
pub mod resize;
mod rows;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use canvas::Canvas;
pub use filter::Filter;
pub use pixels::Rgb;
