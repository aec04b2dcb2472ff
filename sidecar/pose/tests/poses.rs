//! Generated people through the whole way: moments to tracks, to a couple, to vectors.

#[path = "../examples/motions/mod.rs"]
mod motions;

#[path = "poses/couples.rs"]
mod couples;
#[path = "poses/crossings.rs"]
mod crossings;
#[path = "poses/hostile.rs"]
mod hostile;
#[path = "poses/vectors.rs"]
mod vectors;
