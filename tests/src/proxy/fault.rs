//! What can go wrong, and when it does.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::http::Head;

/// Which items of a bulk request are picked: by number in the request, and `_id`.
type Pick = Arc<dyn Fn(usize, &str) -> bool + Send + Sync>;

/// Makes another body of an answer's.
type Change = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// The proxy answers; the server knows of nothing.
    Answer {
        /// HTTP's status.
        status: u16,
        /// More fields of the head.
        fields: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The connection is closed; the server knows of nothing.
    Refuse,
    /// The connection is cut, here and to the server, after half of the request's body.
    CutRequest,
    /// The server does what is asked; the connection is cut after half of its answer's body.
    CutAnswer,
    /// The server does what is asked; the connection is cut before its answer.
    NoAnswer,
    /// The request waits, then passes.
    Delay(Duration),
    /// The request waits until the gate is opened, then passes.
    Hold(Gate),
    /// Of a bulk request, the items picked are answered with an error and kept from the server;
    /// the answer is 200 with `errors: true`.
    Items {
        /// Which.
        pick: Pick,
        /// How they are answered.
        error: ItemError,
    },
    /// The server does what is asked; its answer is changed.
    Rewrite(Change),
}

/// Holds requests up, for tests whose order of events must not depend on how fast a machine is.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    is_reached: bool,
    is_open: bool,
}

impl Gate {
    /// How long the gate, or who waits for a request at it, waits at most.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Waits until a request stands before the gate.
    ///
    /// # Panics
    ///
    /// When none comes within a minute.
    pub fn wait_reached(&self) {
        assert!(self.wait(|state| state.is_reached), "nothing came to the gate");
    }

    /// Lets what waits pass, and whatever comes later.
    pub fn open(&self) {
        self.change(|state| state.is_open = true);
    }

    /// Waits until the gate is opened.
    pub(super) fn pass(&self) {
        self.change(|state| state.is_reached = true);
        // Where nobody opens it, the test says why: it failed.
        self.wait(|state| state.is_open);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.0;
        change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> bool {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(state, Self::PATIENCE, |state| !until(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        until(&state)
    }
}

impl Fault {
    /// An answer with the error that Elasticsearch gives with this status.
    pub fn status(status: u16) -> Self {
        let error = ItemError::of(status);
        let body = json!({"error": {"root_cause": [error.json()], "type": error.kind, "reason": error.reason}, "status": status});
        Self::Answer { status, fields: Vec::new(), body: body.to_string() }
    }

    /// The same with `Retry-After`.
    ///
    /// # Panics
    ///
    /// Never: it only says so because `status` makes an answer.
    pub fn retry_after(status: u16, after_secs: u64) -> Self {
        let Self::Answer { status, mut fields, body } = Self::status(status) else {
            unreachable!("a status makes an answer")
        };
        fields.push(("retry-after".to_owned(), after_secs.to_string()));
        Self::Answer { status, fields, body }
    }

    /// Items of a bulk request that end with `status`.
    pub fn items(status: u16, pick: impl Fn(usize, &str) -> bool + Send + Sync + 'static) -> Self {
        Self::Items { pick: Arc::new(pick), error: ItemError::of(status) }
    }

    /// Changes the answer's body.
    pub fn rewrite(change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Rewrite(Arc::new(change))
    }
}

/// How Elasticsearch words an error of one item.
#[derive(Clone, Debug)]
pub struct ItemError {
    /// The item's status.
    pub status: u16,
    /// The error's `type`.
    pub kind: String,
    /// Its `reason`.
    pub reason: String,
}

impl ItemError {
    /// The error that comes with a status.
    pub fn of(status: u16) -> Self {
        let (kind, reason) = match status {
            400 => ("document_parsing_exception", "[1:1] failed to parse field [of a test]"),
            401 => ("security_exception", "unable to authenticate user [of a test]"),
            403 => (
                "cluster_block_exception",
                "index [of a test] blocked by: [FORBIDDEN/8/index write (api)];",
            ),
            404 => ("index_not_found_exception", "no such index [of a test]"),
            409 => (
                "version_conflict_engine_exception",
                "[of a test]: version conflict, current version [999] is higher than the one provided [1]",
            ),
            429 => {
                ("es_rejected_execution_exception", "rejected execution of coordinating operation")
            }
            503 => ("unavailable_shards_exception", "[of a test][0] primary shard is not active"),
            _ => ("exception", "of a test"),
        };
        Self { status, kind: kind.to_owned(), reason: reason.to_owned() }
    }

    /// The disk is full beyond the flood stage.
    pub fn flood_stage() -> Self {
        let reason = "index [of a test] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block; for more information, see …];";
        Self { status: 429, kind: "cluster_block_exception".to_owned(), reason: reason.to_owned() }
    }

    /// As it stands under `error`.
    pub fn json(&self) -> serde_json::Value {
        json!({"type": self.kind, "reason": self.reason})
    }
}

/// A fault, and the requests that it befalls.
#[derive(Clone)]
pub struct Rule {
    method: String,
    path: String,
    spared: Option<String>,
    from: usize,
    until: usize,
    met: usize,
    pub(super) fault: Fault,
}

impl fmt::Debug for Rule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} *{}* {}..{}", self.method, self.path, self.from, self.until)
    }
}

impl Rule {
    /// Befalls every request with this method (any, where empty) whose path holds `part`.
    pub fn on(method: &str, part: &str, fault: Fault) -> Self {
        let (method, path) = (method.to_owned(), part.to_owned());
        Self { method, path, spared: None, from: 1, until: usize::MAX, met: 0, fault }
    }

    /// Spares requests whose path holds `part`.
    pub fn sparing(mut self, part: &str) -> Self {
        self.spared = Some(part.to_owned());
        self
    }

    /// Only the `number`th of them, counted from 1.
    pub fn nth(mut self, number: usize) -> Self {
        self.from = number;
        self.until = number;
        self
    }

    /// `count` of them, from the first or from that of [`Rule::nth`].
    pub fn times(mut self, count: usize) -> Self {
        self.until = self.from + count - 1;
        self
    }

    /// Counts a request; whether the fault befalls it.
    pub(super) fn meets(&mut self, method: &str, path: &str) -> bool {
        let fits = self.method.is_empty() || self.method == method;
        let spared = self.spared.as_ref().is_some_and(|spared| path.contains(spared));
        if !fits || spared || !path.contains(&self.path) {
            return false;
        }
        self.met += 1;
        (self.from..=self.until).contains(&self.met)
    }
}

/// An answer of the proxy's own.
pub(super) fn answer(status: u16, fields: &[(String, String)], body: Vec<u8>) -> (Head, Vec<u8>) {
    let product = ("X-elastic-product".to_owned(), "Elasticsearch".to_owned());
    let kind = ("content-type".to_owned(), "application/json".to_owned());
    let mut all = vec![product, kind];
    all.extend_from_slice(fields);
    (Head { first: format!("HTTP/1.1 {status} Of A Test"), fields: all }, body)
}
