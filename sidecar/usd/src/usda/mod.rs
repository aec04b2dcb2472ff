//! The text encoding.
//!
//! `scan` walks bytes, `values` reads values, `prims` reads the structure, `metadata` and `properties`
//! what is inside. Numeric arrays are
//! checked and counted but not decoded.

mod metadata;
mod prims;
mod properties;
mod scan;
mod values;

use crate::layer::{Layer, LayerError};
use crate::limits::Limits;
use crate::names::Names;
use crate::source::Bytes;

pub(crate) use values::numbers;

/// Parses a text layer.
///
/// # Errors
///
/// A sentence with the line number.
pub(crate) fn parse(bytes: Bytes, names: &mut Names, limits: &Limits) -> Result<Layer, LayerError> {
    if bytes.len() > u32::MAX as usize {
        return Err(LayerError::new("is text of more than 4 GiB; save it as usdc"));
    }
    prims::parse(bytes, names, limits)
}
