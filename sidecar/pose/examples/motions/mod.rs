//! Generated couples: a puppet in space, labelled motions, and a camera that makes mistakes.
//!
//! puppet (joints in space) <- dances (labelled motions) <- camera (noise, warp, zoom, losses)

#![allow(dead_code)] // Each program that includes this uses a part of it.

pub mod camera;
pub mod dances;
pub mod puppet;
pub mod retrieval;
