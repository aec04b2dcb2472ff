//! Elasticsearch: the only room that speaks to it, beside the bulk sender it hands documents to.
//!
//! Calls block; they are driven by a small runtime of their own, so never call from inside an async
//! task.

mod connect;
mod environment;
pub mod error;
mod server;
pub mod settings;

pub use connect::{Cluster, Method, Request};
pub use error::IndexError;
pub use server::{Server, Version};
pub use settings::{Login, Settings};
