//! Every limit of a load.

use std::time::Duration;

/// Every limit of a load. The defaults are for documents of some kilobytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// A body is sent when it has this many bytes. A larger document goes alone.
    pub body_bytes_max: usize,
    /// A body is sent when it has this many documents.
    pub body_documents_max: usize,
    /// A larger document is refused here; Elasticsearch takes bodies up to 100 MB by default.
    pub document_bytes_max: usize,
    /// Requests in flight, at most; fewer while the cluster pushes back.
    pub requests_max: usize,
    /// Documents sent and not yet received, at most.
    pub waiting_documents_max: usize,
    /// Bytes of documents sent and not yet received, at most, unless one alone has more.
    pub waiting_bytes_max: usize,
    /// A body that is not full is sent after this time.
    pub linger: Duration,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How often one document is sent, at most.
    pub attempts_max: u32,
    /// How long one document is tried, at most.
    pub retry_for: Duration,
    /// How long to wait for an index that takes no writes (a full disk, a write block).
    pub blocked_for: Duration,
    /// Longest pause before the second try; doubled before each further one.
    pub pause_first: Duration,
    /// Longest pause of all, also where the server asks for a longer one.
    pub pause_max: Duration,
    /// The index of each operation is an alias, and must be: an index that somebody removes in the
    /// midst of a load is then not made anew by the next document.
    pub require_alias: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // 1,000 documents of 2 kB; larger bodies gain nothing and cost the server memory.
            body_bytes_max: 2 << 20,
            body_documents_max: 1_000,
            document_bytes_max: 50 << 20,
            requests_max: 4,
            waiting_documents_max: 16_384,
            waiting_bytes_max: 64 << 20,
            linger: Duration::from_millis(20),
            request_timeout: Duration::from_secs(120),
            attempts_max: 20,
            retry_for: Duration::from_secs(300),
            blocked_for: Duration::from_secs(300),
            pause_first: Duration::from_millis(200),
            pause_max: Duration::from_secs(15),
            require_alias: false,
        }
    }
}
