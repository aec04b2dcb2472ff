//! What a parent and its children say to each other: one JSON object a line. Behind the line of an
//! answer stand the bytes that it announces.

use serde::{Deserialize, Serialize};
use vitrine_usd::{Inspection, Limits};

use super::DrawnBy;
use super::pictures::{Part, Wanted};

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
    /// The pictures that it makes, where it makes any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Wanted>,
}

/// The child's first line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ready {
    /// The GPU that draws, or why none does; nothing where none was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Result<String, String>>,
}

/// A request for one asset. Children answer in the order asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Request {
    /// Path inside the library.
    pub path: String,
    /// Forget what was read before: files have arrived since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// Whether it is to be drawn as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draws: bool,
    /// Whether the processor draws it, whatever draws others: a child ended over it before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_processor: bool,
}

/// The answer to one request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answer {
    /// Bytes of memory that the child holds now.
    pub resident_bytes: u64,
    /// Facts, or the reason why there are none.
    pub result: Result<Box<Inspection>, String>,
    /// What follows the line, in this order: each with its length in bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(Part, u64)>,
    /// Why there is no picture of it, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undrawn: Option<String>,
    /// What drew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<DrawnBy>,
    /// Why the processor drew it though there is a GPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}
