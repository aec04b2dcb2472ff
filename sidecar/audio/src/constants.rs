//! Placeholder.
use crate::DIMS;
pub(crate) const STANDARD: [(f32, f32); DIMS] = [(0.0, 1.0); DIMS];
