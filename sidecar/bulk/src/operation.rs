//! What is asked for, and what became of it.

use std::sync::Arc;

use bytes::Bytes;

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Operation<T> {
    /// The index, or the alias where [`crate::Options::require_alias`] is set.
    pub index: Arc<str>,
    /// `_id` of the document, at most 512 bytes.
    pub id: String,
    /// What to do.
    pub action: Action,
    /// With `version_type=external_gte`: a document of a higher version stays as it is.
    pub version: Option<u64>,
    /// The caller's own; comes back with the verdict.
    pub tag: T,
}

/// What to do with a document.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write it whole: one JSON object without a newline.
    Index(Bytes),
    /// Remove it.
    Delete,
}

/// One thing done.
#[derive(Clone, Debug)]
pub struct Done<T> {
    /// `_id` of the document.
    pub id: String,
    /// The caller's own.
    pub tag: T,
    /// What became of it.
    pub verdict: Verdict,
    /// How often it was sent.
    pub attempts: u32,
}

/// What became of an operation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is as asked: written, or removed, or was not there to be removed.
    Written,
    /// The index holds a higher version.
    Superseded {
        /// That version; none where the document was deleted by it.
        current: Option<u64>,
    },
    /// The document itself cannot be taken, however often it is sent.
    Refused {
        /// Status of the item.
        status: u16,
        /// `error.type` of the item.
        kind: String,
        /// `error.reason` of the item and its innermost cause.
        reason: String,
    },
}

impl<T> Operation<T> {
    /// Bytes of the document, and a little for what goes around it.
    pub(crate) fn weight_bytes(&self) -> usize {
        let document = match &self.action {
            Action::Index(document) => document.len(),
            Action::Delete => 0,
        };
        document + self.id.len() + 80
    }
}
