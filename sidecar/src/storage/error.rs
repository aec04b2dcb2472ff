//! Why a folder or a bucket could not be used.

use std::io;

use vitrine_crds::run::Exit;

/// Why a folder or a bucket could not be used. Messages never hold a URI's query.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The text is no location we can open.
    #[error("cannot use {uri} as a location: {reason}")]
    Location {
        /// As given, without its query.
        uri: String,
        /// A sentence that says what to write instead.
        reason: String,
    },
    /// A pattern of include or exclude is none.
    #[error("`{glob}` in include or exclude is no glob: {reason}; write it as in '**/*.mp4'")]
    Glob {
        /// As given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Disk {
        /// A verb: `read`, `write`, `list`.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The object store refused or did not answer.
    #[error("cannot {action} {uri}: {reason}")]
    Store {
        /// A verb: `read`, `write`, `list`.
        action: &'static str,
        /// The object or prefix.
        uri: String,
        /// The store's own words, queries taken out, and what to do.
        reason: String,
        /// Whether the same request may succeed later.
        transient: bool,
    },
}

impl StorageError {
    pub(super) fn disk(action: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        Self::Disk { action, path: path.display().to_string(), source }
    }

    pub(super) fn store(action: &'static str, uri: String, error: &object_store::Error) -> Self {
        use object_store::Error::{
            InvalidPath, NotFound, NotImplemented, NotSupported, PermissionDenied, Unauthenticated,
            UnknownConfigurationKey,
        };
        let mut reason = error.to_string();
        let (hint, transient) = match error {
            NotFound { .. } => (Some("check the bucket's name and the endpoint"), false),
            PermissionDenied { .. } | Unauthenticated { .. } => {
                (Some("check the credentials in the environment (AWS_…, GOOGLE_…, AZURE_…)"), false)
            }
            InvalidPath { .. }
            | NotImplemented { .. }
            | NotSupported { .. }
            | UnknownConfigurationKey { .. } => (None, false),
            // The enum is open: what it may grow is treated like a store out of reach.
            _ => (Some("check that the endpoint can be reached"), true),
        };
        if let Some(hint) = hint {
            reason = format!("{reason}; {hint}");
        }
        Self::Store { action, uri, reason: redact_queries(&reason), transient }
    }

    /// How a program ends on this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Location { .. } | Self::Glob { .. } => Exit::Usage,
            Self::Disk { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Exit::Permanent,
                _ => Exit::Retry,
            },
            Self::Store { transient, .. } => match transient {
                true => Exit::Retry,
                false => Exit::Permanent,
            },
        }
    }
}

/// `text` with the query of every URL in it replaced: signatures and tokens live there.
pub(super) fn redact_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_url = false;
    let mut in_query = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("://") {
            in_url = true;
        }
        let ends_url = c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ')' | '\n');
        if ends_url {
            in_url = false;
            in_query = false;
        }
        if in_url && !in_query && matches!(c, '?' | '#') {
            in_query = true;
            out.push_str("?…");
        }
        if !in_query {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::redact_queries;

    #[test]
    fn queries_never_reach_a_message() {
        let text = "GET \"https://h/b/k?X-Sig=s3cret&t=1\" failed; what? see https://h/x";
        assert_eq!(redact_queries(text), "GET \"https://h/b/k?…\" failed; what? see https://h/x");
    }
}
