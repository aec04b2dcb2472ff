//! Documents to the index: what work sends, and what publish sends again or removes.
//!
//! A receipt is written after the verdict of the index, never before.

use std::sync::Mutex;
use std::thread::JoinHandle;

use vitrine_bulk::{Action, Done, Operation, Receiver, Sender, Verdict};

use super::RunError;
use super::fingerprint::now;
use super::journals::Journals;
use super::records::{Failure, Indexed, Outcome, Plan};
use super::target::Target;
use super::work::Finished;

/// Receipts written at once, at most.
const RECEIPTS_MAX: usize = 256;

/// Sends what `batches` hold and writes a receipt for each verdict; what failed before gets its
/// receipt at once.
pub(super) fn load(
    target: &Target,
    plan: &Plan,
    batches: impl Iterator<Item = Result<Vec<Finished>, RunError>>,
    journals: &mut Journals<'_>,
) -> Result<(), RunError> {
    let (sender, receiver) = target.start::<Finished>();
    let journals = Mutex::new(journals);
    let write = |batch: &mut [Finished]| {
        journals.lock().unwrap_or_else(|poison| poison.into_inner()).write(batch)
    };
    std::thread::scope(|scope| {
        let settling = scope.spawn(|| settle(receiver, plan, &write));
        let sent = send(target, plan, batches, sender, &write);
        let settled = settling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The cause comes from the far end: the near one only saw it close.
        settled.and(sent)
    })
}

fn send(
    target: &Target,
    plan: &Plan,
    batches: impl Iterator<Item = Result<Vec<Finished>, RunError>>,
    sender: Sender<Finished>,
    write: &(impl Fn(&mut [Finished]) -> Result<(), RunError> + Sync),
) -> Result<(), RunError> {
    for batch in batches {
        let (to_send, mut failed): (Vec<_>, Vec<_>) =
            batch?.into_iter().partition(|finished| finished.document().is_some());
        if !failed.is_empty() {
            write(&mut failed)?;
        }
        for finished in to_send {
            let Some(document) = finished.document() else { continue };
            let id = document.document.key().to_owned();
            let action = target.write(document);
            if sender.send(target.operation(plan.run, id, action, finished)).is_err() {
                return Ok(()); // The other end says why.
            }
        }
    }
    Ok(())
}

fn settle(
    mut receiver: Receiver<Finished>,
    plan: &Plan,
    write: &(impl Fn(&mut [Finished]) -> Result<(), RunError> + Sync),
) -> Result<(), RunError> {
    let mut batch = Vec::new();
    while let Some(first) = receiver.recv() {
        let mut next = Some(first);
        let mut ended = Ok(());
        while let Some(done) = next {
            match done.map_err(RunError::from).and_then(|done| settled(done, plan)) {
                Ok(finished) => batch.push(finished),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            next = if batch.len() < RECEIPTS_MAX { receiver.try_recv() } else { None };
        }
        // What has its verdict keeps it, whatever came after.
        if !batch.is_empty() {
            write(&mut batch)?;
            batch.clear();
        }
        ended?;
    }
    Ok(())
}

/// Turns a refusal into a failure of the asset.
fn settled(done: Done<Finished>, plan: &Plan) -> Result<Finished, RunError> {
    let Done { id, tag: mut finished, verdict, attempts } = done;
    match verdict {
        Verdict::Written => {}
        Verdict::Superseded { current } => return Err(superseded(plan.run, current)),
        Verdict::Refused { status, kind, reason } => {
            let uri = finished.document().map(|indexed| indexed.document.uri().to_owned());
            finished.receipt.outcome = Outcome::Failed(Failure {
                id,
                uri: uri.unwrap_or_default(),
                path: finished.path.clone(),
                step: "index".to_owned(),
                reason: format!(
                    "{}: Elasticsearch refused its document ({status} {kind}: {reason})",
                    finished.path
                ),
                attempts,
                time: now(),
            });
            finished.recalled = None;
            finished.pictures = None;
            finished.sheet = None;
        }
    }
    Ok(finished)
}

fn superseded(run: u64, current: Option<u64>) -> RunError {
    let by = current.map_or_else(|| "a later run".to_owned(), |current| format!("run {current}"));
    RunError::Superseded { run, by }
}

/// Documents sent again, and removed, while a run is published.
pub(super) struct Amending<'a> {
    target: &'a Target,
    run: u64,
    sender: Sender<()>,
    settling: JoinHandle<Result<Vec<String>, RunError>>,
}

impl<'a> Amending<'a> {
    pub(super) fn start(target: &'a Target, run: u64) -> Self {
        let (sender, mut receiver) = target.start::<()>();
        let settling = std::thread::spawn(move || {
            let mut refused = Vec::new();
            while let Some(done) = receiver.recv() {
                let Done { id, verdict, .. } = done?;
                match verdict {
                    Verdict::Written => {}
                    Verdict::Superseded { current } => return Err(superseded(run, current)),
                    Verdict::Refused { kind, reason, .. } => {
                        tracing::warn!(id, kind, reason, "the index refused a document");
                        refused.push(id);
                    }
                }
            }
            Ok(refused)
        });
        Self { target, run, sender, settling }
    }

    /// Writes a document again. Each id once.
    pub(super) fn write(&self, indexed: &Indexed) {
        let action = self.target.write(indexed);
        self.send(indexed.document.key().to_owned(), action);
    }

    /// Removes a document, be it there or not. Each id once.
    pub(super) fn delete(&self, id: String) {
        self.send(id, Action::Delete);
    }

    fn send(&self, id: String, action: Action) {
        let operation: Operation<()> = self.target.operation(self.run, id, action, ());
        // Closed: `finish` tells why.
        let _ = self.sender.send(operation);
    }

    /// Waits for every verdict; which documents were refused.
    pub(super) fn finish(self) -> Result<Vec<String>, RunError> {
        drop(self.sender);
        self.settling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
