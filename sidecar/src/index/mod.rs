//! Elasticsearch: the only room that speaks to it, beside the bulk sender it hands documents to.
//!
//! Calls block; they are driven by a small runtime of their own, so never call from inside an async
//! task.

mod analyzers;
pub mod claims;
mod connect;
mod destination;
mod document;
mod environment;
pub mod error;
pub mod failures;
mod graph;
mod listing;
mod load;
mod mapping;
mod meta;
pub mod names;
mod publish;
mod retention;
mod server;
pub mod settings;
mod sides;
mod standing;
mod vectors;
pub mod verify;
mod wanted;

pub use analyzers::Analyzers;
pub use connect::{Cluster, Method, Request};
pub use destination::{Destination, alias_of};
pub use document::{Body, Described, Exported, encode, read_vector};
pub use error::IndexError;
pub use listing::{Entry, export, list};
pub use load::prepare;
pub use meta::Meta;
pub use publish::{Filled, complete, swap};
pub use retention::{Kept, remove_all, remove_old};
pub use server::{Server, Version};
pub use settings::{Login, Settings};
pub use standing::{Live, Standing, look};
pub use wanted::{FieldWanted, Holds, Owner, Wanted};
