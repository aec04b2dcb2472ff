//! The catalogue's layout on disk or in a bucket: who is where.

pub mod packed;
