//! Files to facts and sentences. Reading happens in child processes: hostile input kills a
//! child, never the run.
//!
//! ```text
//! pool ──lines──▶ child ──▶ formats: by a file's suffix  protocol: what the lines say
//!      ◀─pictures──      ──▶ draw ──▶ easel              pictures: what is asked for and comes back
//! easels: whether children draw by a GPU
//! mirror: what children see of a bucket                text: facts to a sentence
//! footage: clips to what is seen and heard of them, by children of another program
//! budget: memory that pictures take together           brought: pictures that exist already
//! ```

pub mod brought;
pub mod budget;
pub mod child;
mod draw;
mod easel;
mod easels;
pub mod existing;
pub mod footage;
mod formats;
pub mod mirror;
pub mod pictures;
pub mod pool;
pub mod protocol;
mod running;
pub mod text;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use easel::DrawnBy;
pub use easels::UseOfGpu;
pub use formats::{Format, extractor_version};

/// How much one asset may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// What the reader itself checks.
    pub usd: vitrine_usd::Limits,
    /// Longest one asset may take, on the clock and of one CPU.
    pub timeout: Duration,
    /// Most memory of a child, in bytes.
    pub memory_bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            usd: vitrine_usd::Limits::default(),
            timeout: Duration::from_secs(60),
            memory_bytes_max: 4 << 30,
        }
    }
}

/// Why an asset has no facts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failed {
    /// A sentence; names the limit where it was one.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
}
