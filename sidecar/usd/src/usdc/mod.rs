//! The crate encoding.
//!
//! `coding` undoes compression, `tables` reads the file's tables, `values` and `numbers`
//! decode what a value representation points at, `tree` builds the layer.
//!
//! # Source
//!
//! AOUSD Core Specification 1.0, "Crate file format"; versions 0.1 to 0.12 are read.

mod coding;
mod numbers;
mod tables;
mod tree;
mod values;

pub(crate) use tables::Crate;
pub(crate) use tree::parse;
