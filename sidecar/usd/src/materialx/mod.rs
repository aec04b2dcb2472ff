//! MaterialX documents (`.mtlx`) as layers: `/MaterialX/Materials/NAME` and what each is made of.
//!
//! `document` reads the XML, `values` its values, `graphs` finds the nodes that it defines; `materials`
//! makes `prims` of it, with node graphs and shaders as UsdShade has them. Only scenes read such layers: pxr as published knows no
//! MaterialX, and facts are what it sees.
//!
//! # Source
//!
//! "MaterialX Specification" 1.38 and 1.39; names and paths of prims are those that the plugin
//! usdMtlx of OpenUSD gives them, since other layers refer to them. Looks, collections, variants
//! and displacement are not read: nothing of a picture comes of them.

mod document;
mod graphs;
mod materials;
mod prims;
mod values;

use crate::layer::{Arrays, Layer, LayerError};
use crate::limits::Limits;
use crate::names::Names;
use crate::source::Bytes;

/// Gives the document that another one includes: the path of the including one, what it says, and
/// in return where that leads and its bytes; `None` where there is nothing.
pub(crate) type Includes<'a> =
    dyn FnMut(&str, &str) -> Result<Option<(String, Bytes)>, LayerError> + 'a;

/// Whether a name says that a file is a MaterialX document; pxr tells them by nothing else.
pub(crate) fn is_document_name(path: &str) -> bool {
    let name = path.trim_end_matches(']');
    name.len() > 5 && name.as_bytes()[name.len() - 5..].eq_ignore_ascii_case(b".mtlx")
}

/// Parses the document at `path`.
///
/// # Errors
///
/// When it is not MaterialX, is broken, has a document type, or passes a limit. Never panics:
/// strangers wrote it.
pub(crate) fn parse(
    path: &str,
    bytes: Bytes,
    names: &mut Names,
    limits: &Limits,
    includes: &mut Includes<'_>,
) -> Result<Layer, LayerError> {
    let document = document::read(path, &bytes, limits, includes)?;
    let specs = materials::make(&document, names, limits)?;
    Ok(Layer::new(specs, Arrays::Text(bytes)))
}

/// Parses a document by itself, with nothing that it includes.
///
/// # Errors
///
/// As a layer's.
pub fn read(bytes: Bytes, names: &mut Names, limits: &Limits) -> Result<Layer, LayerError> {
    parse("", bytes, names, limits, &mut |_, _| Ok(None))
}

#[cfg(test)]
mod tests;
