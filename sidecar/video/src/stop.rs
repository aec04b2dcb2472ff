//! Why an answer stops before its end.

use vitrine_footage::{Failure, FailureKind, WireError};

/// Why an answer stops before its end.
#[derive(Debug)]
pub enum Stop {
    /// The file cannot be answered for: the parent is told, and asks on.
    Refused(Failure),
    /// The parent is gone.
    Gone(WireError),
}

impl Stop {
    pub(crate) fn refused(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self::Refused(Failure { kind, reason: reason.into() })
    }

    /// OpenCV's own words, on one line.
    pub(crate) fn opencv(error: &opencv::Error) -> Self {
        let words: Vec<&str> = error.message.split_whitespace().collect();
        Self::refused(FailureKind::NotVideo, format!("it cannot be decoded: {}", words.join(" ")))
    }
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Gone(error)
    }
}
