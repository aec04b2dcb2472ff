//! Made by `cargo run --release -p vitrine-pose --example constants`; not to be edited.

pub(crate) const DANCER: [(f32, f32); 512] = [(0.0, 1.0); 512];
pub(crate) const COUPLE: [(f32, f32); 256] = [(0.0, 1.0); 256];
