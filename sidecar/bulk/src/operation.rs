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

/// Longest `_id` that Elasticsearch takes.
const ID_BYTES_MAX: usize = 512;

impl<T> Operation<T> {
    /// Why no server would take it, and the status that says so: one such among others would fail
    /// their whole request.
    pub(crate) fn impossible(&self, document_bytes_max: usize) -> Option<(u16, String)> {
        let id_bytes = self.id.len();
        if id_bytes == 0 || id_bytes > ID_BYTES_MAX {
            let reason = format!("the id has {id_bytes} bytes, not 1 to {ID_BYTES_MAX}");
            return Some((400, reason));
        }
        if let Some(version) = self.version.filter(|version| i64::try_from(*version).is_err()) {
            return Some((400, format!("the version {version} is above {}", i64::MAX)));
        }
        let Action::Index(document) = &self.action else { return None };
        if document.len() > document_bytes_max {
            let bytes = document.len();
            return Some((
                413,
                format!("the document has {bytes} bytes, more than {document_bytes_max}"),
            ));
        }
        if memchr::memchr(b'\n', document).is_some() || !document.starts_with(b"{") {
            return Some((400, "the document is not one JSON object on one line".to_owned()));
        }
        None
    }

    /// Bytes of the document, and a little for what goes around it.
    pub(crate) fn weight_bytes(&self) -> usize {
        let document = match &self.action {
            Action::Index(document) => document.len(),
            Action::Delete => 0,
        };
        document + self.id.len() + 80
    }
}
