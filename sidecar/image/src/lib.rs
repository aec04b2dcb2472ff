//! Pictures from strangers to pixels, within limits, and pixels to what an image model takes.

mod columns;
mod filter;
mod pixels;
pub mod resize;

pub use filter::Filter;
pub use pixels::Rgb;
