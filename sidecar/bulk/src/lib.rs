//! Sends documents to Elasticsearch in bulk and loses none.
//!
//! ```text
//! operations ──▶ bodies by bytes ──▶ requests in flight ──▶ each item's own status ──▶ verdicts
//!                                        ▲        │
//!                                        └────────┘ 429, 5xx, lost connections: after a pause
//! ```
//!
//! The official client sends what it is given and tells the HTTP status; a bulk request's status
//! says nothing of its items. [`start`] adds what a load needs: bodies cut by bytes, several in
//! flight and fewer when the cluster pushes back, every item judged by its own status, tries
//! bounded in number and time. Every operation handed in comes back exactly once, or the whole
//! ends with one [`BulkError`].
//!
//! Sending again is safe because operations carry versions (`external_gte`): a document that
//! arrived although its answer was lost is written over by itself. So one id must not be in flight
//! twice with different contents: wait for the first verdict.

mod answer;
mod body;
mod deliver;
mod error;
mod operation;
mod options;
mod pace;
mod queue;
mod totals;

use elasticsearch::Elasticsearch;
use tokio::runtime::Handle;

pub use error::BulkError;
pub use operation::{Action, Done, Operation, Verdict};
pub use options::Options;
pub use queue::{Closed, Receiver, Sender};
pub use totals::Totals;

/// Starts sending; what is sent comes back through the receiver, in no particular order.
///
/// Both ends block, and bound each other: what is sent and not yet received counts against
/// [`Options::waiting_documents_max`] and [`Options::waiting_bytes_max`]. So they belong into
/// different threads, none of which `runtime` drives. Dropping the sender ends the load after what
/// was sent; dropping the receiver ends it at once.
pub fn start<T: Send + 'static>(
    runtime: &Handle,
    client: Elasticsearch,
    options: Options,
) -> (Sender<T>, Receiver<T>) {
    let (queue, sender, receiver) = queue::new(&options);
    runtime.spawn(deliver::drive(client, options, queue));
    (sender, receiver)
}
