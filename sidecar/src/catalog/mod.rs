//! The catalogue's layout on disk or in a bucket: who is where.

pub mod index;
pub mod layout;
pub mod npy;
pub mod packed;
pub mod picture;
pub mod sheet;
