//! Writing receipts: the last thing that happens to an asset in work.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::crash::{self, Point};
use super::lines::line;
use super::records::{Indexed, Outcome, Plan};
use super::watch::Ending;
use super::work::{Busy, Finished, artifacts, pictures};
use super::{Ground, RunError};
use crate::catalog::layout;
use crate::storage::{Journal, process_name};

/// Part files held open at once.
const OPEN_MAX: usize = 8;

/// The part files of this process.
pub(super) struct Journals<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    open: BTreeMap<u32, Journal>,
    busy: Busy,
}

impl<'a> Journals<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, plan: &'a Plan) -> Self {
        Self { ground, plan, open: BTreeMap::new(), busy: Busy::default() }
    }

    /// Writes the files of what the index, where there is one, has taken; and when those are
    /// there, the receipts.
    pub(super) fn write(&mut self, batch: &mut [Finished]) -> Result<(), RunError> {
        crash::at(Point::AfterBulk);
        let writing = Instant::now();
        let out = &self.ground.out;
        if self.ground.settings.writes_files {
            let made = batch.iter().filter_map(Finished::made);
            let mut files: Vec<_> =
                made.flat_map(|indexed| artifacts(self.plan, indexed)).collect();
            let mut permits = Vec::new();
            for finished in &mut *batch {
                if let (Some(sheet), Some(key)) = (finished.sheet.take(), finished.key()) {
                    files.push((layout::clip_sheet(key), sheet));
                }
                let Some(mut drawn) = finished.pictures.take() else { continue };
                permits.append(&mut drawn.permits);
                files.extend(pictures(&finished.receipt.id, *drawn));
            }
            out.put_all(files)?;
            drop(permits);
        }
        let mut lines: HashMap<u32, Vec<u8>> = HashMap::new();
        for finished in &*batch {
            lines.entry(finished.chunk).or_default().extend(line(&finished.receipt));
        }
        for (chunk, lines) in lines {
            let journal = match self.open.entry(chunk) {
                Entry::Occupied(open) => open.into_mut(),
                Entry::Vacant(none) => {
                    let name = layout::part(self.plan.run, chunk, process_name());
                    none.insert(Journal::open(out, &name)?)
                }
            };
            journal.append(lines)?;
        }
        crash::at(Point::AfterReceipts);
        // Chunks are worked off in order: the lowest is done first. On disk it can be opened
        // again; in a store its count would start anew, so there all stay.
        while out.folder().is_some() && self.open.len() > OPEN_MAX {
            self.open.pop_first();
        }
        self.busy.write_busy += writing.elapsed();
        for Finished { path, receipt, .. } in &*batch {
            self.ground.watch.asset(match &receipt.outcome {
                Outcome::Indexed(_) | Outcome::Sent => {
                    self.busy.indexed += 1;
                    Ending::Indexed
                }
                Outcome::Failed(failure) => {
                    self.busy.failed += 1;
                    Ending::Failed { path, reason: &failure.reason }
                }
            });
        }
        Ok(())
    }

    /// What was written, and how long that took.
    pub(super) fn busy(self) -> Busy {
        self.busy
    }
}

impl Finished {
    /// The document that work made; none where it failed or was only sent.
    pub(super) fn made(&self) -> Option<&Indexed> {
        match &self.receipt.outcome {
            Outcome::Indexed(indexed) => Some(indexed),
            Outcome::Sent | Outcome::Failed(_) => None,
        }
    }

    /// `_id` of the document that work made.
    fn key(&self) -> Option<&str> {
        self.made().map(|indexed| indexed.document.key())
    }

    /// The document that the index is to hold.
    pub(super) fn document(&self) -> Option<&Indexed> {
        self.made().or(self.recalled.as_deref())
    }
}
