//! Pictures that exist already join the facts of their assets: between reading and describing.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use vitrine_image::Preparation;

use super::reading::{Facts, Ready};
use super::work::Job;
use super::{Ground, RunError};
use crate::extract::brought::Brought;
use crate::extract::budget::Budget;
use crate::extract::pictures::Pictures;
use crate::storage::Storage;

/// Assets whose pictures are fetched at once from a bucket.
const FETCHES: usize = 16;
/// Bytes of pictures that were fetched and nobody took away yet.
const WAITING_BYTES_MAX: u64 = 512 << 20;

/// What came of bringing an asset's pictures.
#[derive(Debug, Default)]
pub(super) struct Bringing {
    /// What they were, with their versions, before they were read.
    pub(super) versions: Vec<String>,
    /// Why there are none.
    pub(super) undrawn: Option<String>,
}

type Passed = Result<Ready, RunError>;

/// Fetches pictures for everything that was read, some assets at once.
pub(super) fn bring_all(
    ground: &Ground<'_>,
    job: &Job<'_>,
    (brought, preparations): (&Brought, &[Preparation]),
    (read, ready): (Receiver<Passed>, SyncSender<Passed>),
) {
    let files = ground.settings.pictures.as_ref().is_some_and(|wanted| wanted.files);
    let budget = Budget::new(WAITING_BYTES_MAX);
    let threads = match ground.source {
        Storage::Folder(_) => ground.settings.jobs.clamp(2, FETCHES),
        Storage::Bucket(_) => FETCHES,
    };
    let read = Mutex::new(read);
    let one = || {
        loop {
            let next = read.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(passed) = next else { return };
            let passed = passed.and_then(|mut asset| {
                bring(job, brought, (preparations, files), (&budget, &mut asset))?;
                Ok(asset)
            });
            if ready.send(passed).is_err() {
                return; // The next step failed and says why.
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(one);
        }
    });
}

fn bring(
    job: &Job<'_>,
    from: &Brought,
    (preparations, files): (&[Preparation], bool),
    (budget, asset): (&Arc<Budget>, &mut Ready),
) -> Result<(), RunError> {
    let path = &asset.item.path;
    let Facts::Read { result: Ok(_), pictures, brought, took: _ } = &mut asset.facts else {
        return Ok(());
    };
    // First, so that what changes meanwhile is seen as changed by the next run.
    let versions = from.versions(path, job.listing)?;
    let mut undrawn = None;
    *pictures = Some(match (pictures.take(), from.fetch(path, preparations, files)?) {
        (drawn, Ok(parts)) => {
            let mut all = match drawn {
                Some(Ok(drawn)) => drawn,
                None => Box::new(Pictures::default()),
                Some(Err(reason)) => {
                    tracing::warn!("{path} has no GLB: {reason}");
                    Box::new(Pictures::default())
                }
            };
            let bytes = parts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
            all.permits.push(budget.take(bytes));
            all.parts.extend(parts);
            Ok(all)
        }
        (Some(Ok(drawn)), Err(reason)) => {
            undrawn = Some(reason);
            Ok(drawn)
        }
        (None | Some(Err(_)), Err(reason)) => Err(reason),
    });
    *brought = Some(Bringing { versions, undrawn });
    Ok(())
}
