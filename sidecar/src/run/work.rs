//! Items to documents, vectors and receipts.
//!
//! ```text
//! reading ──▶ describe and embed, in batches ──▶ write: document, vector, then the receipt
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::describe::{BATCH_ASSETS, Describer};
use super::embedders::Embedders;
use super::lines::line;
use super::reading;
use super::records::{Indexed, Outcome, Plan, Receipt};
use super::watch::Ending;
use super::{Ground, RunError, step};
use crate::catalog::{layout, npy};
use crate::storage::{Journal, Listing};

/// Batches that wait to be written.
const BATCHES_WAITING: usize = 2;
/// Part files held open at once.
const JOURNALS_OPEN: usize = 8;

/// Where work's time went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busy {
    pub(super) read_busy: Duration,
    pub(super) embed_busy: Duration,
    pub(super) write_busy: Duration,
}

/// One asset's receipt and the chunk it belongs to.
pub(super) struct Finished {
    pub(super) chunk: u32,
    pub(super) path: String,
    pub(super) receipt: Receipt,
}

/// Works off every chunk of `plan`.
pub(super) fn work(
    ground: &Ground<'_>,
    plan: &Plan,
    listing: &Listing,
    embedders: Embedders,
) -> Result<Busy, RunError> {
    let assets = plan.found.to_read + plan.found.to_describe;
    ground.watch.step("reading and embedding", Some(assets));
    let describer = Describer::new(ground, plan, listing, embedders)?;
    let (ready, to_describe) = step(BATCH_ASSETS);
    let (finished, to_write) = step(BATCHES_WAITING);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || reading::read_all(ground, plan, listing, &ready));
        let writing = scope.spawn(move || write_all(ground, plan, to_write));
        let described = describer.run(to_describe, &finished);
        drop(finished);
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The step nearest the end knows the cause: the others only saw their neighbour leave.
        let write_busy = written?;
        let busy = described?;
        read?;
        Ok(Busy { write_busy, ..busy })
    })
}

/// Writes documents and vectors, and when those are there, the receipts.
fn write_all(
    ground: &Ground<'_>,
    plan: &Plan,
    batches: Receiver<Vec<Finished>>,
) -> Result<Duration, RunError> {
    let mut journals: BTreeMap<u32, Journal> = BTreeMap::new();
    let mut busy = Duration::ZERO;
    for batch in batches {
        let writing = Instant::now();
        let made = batch.iter().filter_map(|finished| match &finished.receipt.outcome {
            Outcome::Indexed(indexed) => Some(indexed.as_ref()),
            Outcome::Failed(_) => None,
        });
        ground.out.put_all(made.flat_map(artifacts).collect())?;
        let mut lines: HashMap<u32, Vec<u8>> = HashMap::new();
        for finished in &batch {
            lines.entry(finished.chunk).or_default().extend(line(&finished.receipt));
        }
        for (chunk, lines) in lines {
            let journal = match journals.entry(chunk) {
                std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
                std::collections::btree_map::Entry::Vacant(none) => {
                    let name = layout::part(plan.run, chunk);
                    none.insert(Journal::open(&ground.out, &name, plan.session)?)
                }
            };
            journal.append(lines)?;
        }
        // Chunks are worked off in order: the lowest is done first. On disk it can be opened
        // again; in a store its count would start anew, so there all stay.
        while ground.out.folder().is_some() && journals.len() > JOURNALS_OPEN {
            journals.pop_first();
        }
        busy += writing.elapsed();
        for Finished { path, receipt, .. } in &batch {
            ground.watch.asset(match &receipt.outcome {
                Outcome::Indexed(_) => Ending::Indexed,
                Outcome::Failed(failure) => Ending::Failed { path, reason: &failure.reason },
            });
        }
    }
    Ok(busy)
}

/// The files of one asset that people and other programs read.
pub(super) fn artifacts(indexed: &Indexed) -> Vec<(String, Vec<u8>)> {
    let document = &indexed.document;
    let mut json = serde_json::to_vec_pretty(document).expect("documents are JSON");
    json.push(b'\n');
    let mut files = vec![(layout::individual(&document.pack, &document.name), json)];
    for (field, encoded) in &indexed.vectors {
        if !indexed.kept.contains(field) {
            let file = layout::embedding(field, &document.asset_id);
            files.push((file, npy::encode(&decoded(encoded))));
        }
    }
    files
}

/// The numbers of a receipt's vector, little-endian float32.
pub(super) fn decoded(encoded: &str) -> Vec<u8> {
    STANDARD.decode(encoded).unwrap_or_default()
}

/// The other way.
pub(super) fn encoded(row: &[u8]) -> String {
    STANDARD.encode(row)
}
