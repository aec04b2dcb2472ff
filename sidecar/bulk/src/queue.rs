//! The two ends of a load, and what bounds them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::totals::Counters;
use crate::{BulkError, Done, Operation, Options, Totals};

/// The load has ended: the receiver knows why.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the load has ended")]
pub struct Closed;

/// Takes operations.
pub struct Sender<T> {
    room: Arc<Room>,
    to: mpsc::UnboundedSender<Operation<T>>,
}

/// Gives verdicts.
pub struct Receiver<T> {
    room: Arc<Room>,
    counters: Arc<Counters>,
    from: mpsc::UnboundedReceiver<Result<Settled<T>, BulkError>>,
    /// An error has been told: requests that were let go may still say something.
    has_failed: bool,
}

/// The ends that the load itself holds.
pub(crate) struct Queue<T> {
    pub(crate) operations: mpsc::UnboundedReceiver<Operation<T>>,
    pub(crate) verdicts: mpsc::UnboundedSender<Result<Settled<T>, BulkError>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) closing: Closing,
}

/// A verdict and what its operation weighed.
pub(crate) struct Settled<T> {
    pub(crate) done: Done<T>,
    pub(crate) weight_bytes: usize,
}

/// Documents and bytes between the two ends. Both channels are unbounded because this is their
/// bound, and theirs could not count bytes.
struct Room {
    documents_max: usize,
    bytes_max: usize,
    held: Mutex<Held>,
    freed: Condvar,
}

#[derive(Default)]
struct Held {
    documents: usize,
    bytes: usize,
    /// Threads that wait for room.
    waiting: usize,
    is_closed: bool,
}

impl Room {
    fn enter(&self, bytes: usize) -> Result<(), Closed> {
        let mut held = self.held();
        let is_full = |held: &Held| {
            held.documents > 0
                && (held.documents >= self.documents_max || held.bytes + bytes > self.bytes_max)
        };
        while is_full(&held) && !held.is_closed {
            held.waiting += 1;
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
            held.waiting -= 1;
        }
        if held.is_closed {
            return Err(Closed);
        }
        held.documents += 1;
        held.bytes += bytes;
        Ok(())
    }

    fn leave(&self, bytes: usize) {
        let mut held = self.held();
        held.documents -= 1;
        held.bytes -= bytes;
        // Waking a thread costs more than a document: it is worth it for a quarter of the room.
        let is_worth_it =
            held.documents <= self.documents_max / 4 * 3 && held.bytes <= self.bytes_max / 4 * 3;
        if held.waiting > 0 && (is_worth_it || held.documents == 0) {
            // All: one that is woken may not fit where another would.
            self.freed.notify_all();
        }
    }

    fn close(&self) {
        self.held().is_closed = true;
        self.freed.notify_all();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets nobody in any more when dropped, however the load ends.
pub(crate) struct Closing(Arc<Room>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Sender<T> {
    /// Hands one operation in; waits while too much is on its way.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the load ended early; the receiver says why.
    pub fn send(&self, operation: Operation<T>) -> Result<(), Closed> {
        self.room.enter(operation.weight_bytes())?;
        self.to.send(operation).map_err(|_| Closed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { room: Arc::clone(&self.room), to: self.to.clone() }
    }
}

impl<T> Receiver<T> {
    /// The next verdict; none when everything that was sent has come back.
    ///
    /// # Errors
    ///
    /// What ended the load early; nothing comes after it.
    pub fn recv(&mut self) -> Option<Result<Done<T>, BulkError>> {
        if self.has_failed {
            return None;
        }
        match self.from.blocking_recv() {
            Some(settled) => Some(self.tell(settled)),
            None => {
                let waiting = self.room.held().documents;
                self.has_failed = waiting > 0;
                self.has_failed.then_some(Err(BulkError::Stopped { waiting }))
            }
        }
    }

    /// As [`Receiver::recv`], without waiting: none also where no verdict is there yet.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_recv(&mut self) -> Option<Result<Done<T>, BulkError>> {
        if self.has_failed {
            return None;
        }
        let settled = self.from.try_recv().ok()?;
        Some(self.tell(settled))
    }

    /// What the load came to, so far.
    pub fn totals(&self) -> Totals {
        self.counters.totals()
    }

    fn tell(&mut self, settled: Result<Settled<T>, BulkError>) -> Result<Done<T>, BulkError> {
        self.has_failed = settled.is_err();
        let Settled { done, weight_bytes } = settled?;
        self.room.leave(weight_bytes);
        Ok(done)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.room.close();
    }
}

pub(crate) fn new<T>(options: &Options) -> (Queue<T>, Sender<T>, Receiver<T>) {
    let room = Arc::new(Room {
        documents_max: options.waiting_documents_max,
        bytes_max: options.waiting_bytes_max,
        held: Mutex::default(),
        freed: Condvar::new(),
    });
    let counters = Arc::new(Counters::default());
    let (to, operations) = mpsc::unbounded_channel();
    let (verdicts, from) = mpsc::unbounded_channel();
    let closing = Closing(Arc::clone(&room));
    (
        Queue { operations, verdicts, counters: Arc::clone(&counters), closing },
        Sender { room: Arc::clone(&room), to },
        Receiver { room, counters, from, has_failed: false },
    )
}
