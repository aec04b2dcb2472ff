//! vitrine-media
fn main() {}
