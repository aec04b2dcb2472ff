//! The configuration of Vitrine and the contract of a run; no client, no async.
//!
//! One shape serves twice: the file a person writes on a laptop and the resource a cluster holds.

#![cfg_attr(
    feature = "kubernetes",
    allow(clippy::duplicated_attributes, reason = "columns of a table may be of one type")
)]

pub mod condition;
pub mod embedding_job;
pub mod library;
#[cfg(feature = "kubernetes")]
pub mod manifest;
mod rules;
pub mod run;
pub mod scene_schedule;
pub mod secrets;
