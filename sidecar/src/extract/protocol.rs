//! What a parent and its children say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};
use vitrine_usd::{Inspection, Limits};

/// The parent's first line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Hello {
    /// The library's folder.
    pub root: String,
    /// What the reader checks.
    pub limits: Limits,
    /// Most bytes of memory that the child takes.
    pub memory_bytes_max: u64,
    /// Most seconds of CPU for one request.
    pub cpu_secs_max: u64,
}

/// A request for one asset. Children answer in the order asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Request {
    /// Path inside the library.
    pub path: String,
    /// Forget what was read before: files have arrived since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
}

/// The answer to one request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answer {
    /// Bytes of memory that the child holds now.
    pub resident_bytes: u64,
    /// Facts, or the reason why there are none.
    pub result: Result<Box<Inspection>, String>,
}
