//! Pictures from strangers to pixels, within limits, and pixels to what an image model takes.
//!
//! file → [`decode`] → [`Rgb`] → [`Preparation::prepare`] → `pixel_values`
//!
//! Knows no model, no network and no files: bytes in, numbers out.

mod canvas;
mod columns;
mod config;
mod convert;
mod decode;
mod encode;
mod filter;
mod limits;
mod pixels;
mod prepare;
mod resize;
mod rows;
mod texels;
mod whole;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use canvas::Canvas;
pub use config::ConfigError;
pub use decode::{Alpha, DecodeError, decode, memory_needed, texels};
pub use encode::to_jpeg;
pub use filter::Filter;
pub use limits::Limits;
pub use pixels::Rgb;
pub use prepare::Preparation;
pub use resize::resize;
pub use texels::Texels;
