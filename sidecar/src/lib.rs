//! The data side of Vitrine: everything that touches an asset.
//!
//! One way only: `storage ← asset ← extract, embed ← run ← cli`. See ARCHITECTURE.md.

pub mod asset;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod embed;
pub mod extract;
pub mod index;
pub mod model;
pub mod nearest;
pub mod run;
pub mod search;
pub mod storage;
