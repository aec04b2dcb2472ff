//! The configuration of Vitrine and the contract of a run; no client, no async.
//!
//! One shape serves twice: the file a person writes on a laptop and the resource a cluster holds.

pub mod library;
pub mod run;
