//! Nearest neighbours over a catalogue on disk, without a server: exact, one process, read in
//! place; and the same over an index of Elasticsearch.
//!
//! request → filter over documents → legs (vectors, words) → fused ranking → documents of the best

mod answer;
pub mod clips;
mod divide;
mod documents;
mod dot;
mod elastic;
mod error;
mod field;
pub mod filter;
#[cfg(test)]
mod fixture;
mod fuse;
mod library;
mod locate;
mod mapped;
mod picture;
mod plan;
mod top;
mod words;

pub use answer::{Answer, Hit, Leg, Picture, Query, Request, View};
pub use elastic::Index;
pub use error::SearchError;
pub use field::Field;
pub use library::Library;
pub use locate::{embed_all, embed_picture, embed_query, embedder, locate, open};
pub use picture::read_picture;
pub use plan::{Embed, Space};
pub use top::Scored;
