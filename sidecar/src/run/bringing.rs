//! Pictures that exist already join their assets, between reading and describing: those that a library
//! brings, and those of the catalogue where a new model is to look at them.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use vitrine_image::Preparation;

use super::reading::{Facts, Ready};
use super::records::Todo;
use super::work::Job;
use super::{Ground, RunError};
use crate::catalog::layout;
use crate::extract::brought::Brought;
use crate::extract::budget::Budget;
use crate::extract::existing::{self, Fetched, Taking};
use crate::extract::pictures::{Part, Pictures, Undrawn};
use crate::storage::Storage;

/// Assets whose pictures are fetched at once from a bucket.
const FETCHES: usize = 16;
/// Bytes of pictures that were fetched and nobody took away yet.
const WAITING_BYTES_MAX: u64 = 512 << 20;

/// Memory of all pictures that are decoded at once.
const DECODING_BYTES_MAX: u64 = 1 << 30;

/// What came of bringing an asset's pictures.
#[derive(Debug, Default)]
pub(super) struct Bringing {
    /// What they were, with their versions, before they were read.
    pub(super) versions: Vec<String>,
    /// Why there are none.
    pub(super) undrawn: Option<String>,
}

type Passed = Result<Ready, RunError>;

/// Where pictures are taken from, and what is made of them.
struct Source<'a> {
    ground: &'a Ground<'a>,
    job: &'a Job<'a>,
    taking: Taking<'a>,
    /// Whether those that are brought go into the catalogue.
    files: bool,
    budget: Arc<Budget>,
}

/// Fetches pictures for everything that has some already, several assets at once.
pub(super) fn bring_all(
    ground: &Ground<'_>,
    job: &Job<'_>,
    preparations: &[Preparation],
    (read, ready): (Receiver<Passed>, SyncSender<Passed>),
) {
    let files = ground.settings.pictures.as_ref().is_some_and(|wanted| wanted.files);
    let budget = Budget::new(WAITING_BYTES_MAX);
    let taking = Taking { preparations, memory: Budget::new(DECODING_BYTES_MAX) };
    let source = Source { ground, job, taking, files, budget };
    let threads = match (&ground.source, &ground.out) {
        (Storage::Folder(_), Storage::Folder(_)) => ground.settings.jobs.clamp(2, FETCHES),
        _ => FETCHES,
    };
    let read = Mutex::new(read);
    let one = || {
        loop {
            let next = read.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(passed) = next else { return };
            let passed = passed.and_then(|mut asset| {
                source.join(&mut asset)?;
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

impl Source<'_> {
    fn join(&self, asset: &mut Ready) -> Result<(), RunError> {
        let brought = self.ground.settings.brought.as_ref();
        let Ready { item, facts, .. } = asset;
        match (facts, &item.todo, brought) {
            (Facts::Read { result: Ok(_), pictures, brought, .. }, _, Some(from)) => {
                *brought = Some(self.bring(from, &item.path, pictures)?);
            }
            (Facts::Known { pictures }, Todo::Describe { views: Some(views), .. }, _) => {
                let fetched = match brought {
                    Some(from) => from.fetch(&item.path, &self.taking, false)?,
                    None if *views == 0 => return Ok(()), // Nothing of it is to be seen.
                    None => self.look(&item.id, *views)?,
                };
                // A picture of the catalogue that is gone is drawn anew by the next run.
                let gone = |reason| Undrawn { reason, may_pass: true };
                *pictures = Some(fetched.map_err(gone).map(|parts| {
                    let mut all = Box::new(Pictures::default());
                    self.add(&mut all, parts);
                    all
                }));
            }
            _ => {}
        }
        Ok(())
    }

    fn bring(
        &self,
        from: &Brought,
        path: &str,
        pictures: &mut Option<Result<Box<Pictures>, Undrawn>>,
    ) -> Result<Bringing, RunError> {
        // First, so that what changes meanwhile is seen as changed by the next run.
        let versions = from.versions(path, self.job.listing)?;
        let mut undrawn = None;
        *pictures = Some(match (pictures.take(), from.fetch(path, &self.taking, self.files)?) {
            (drawn, Ok(parts)) => {
                let mut all = match drawn {
                    Some(Ok(drawn)) => drawn,
                    None => Box::new(Pictures::default()),
                    Some(Err(why)) => {
                        tracing::warn!("{path} has no GLB: {}", why.reason);
                        Box::new(Pictures::default())
                    }
                };
                self.add(&mut all, parts);
                Ok(all)
            }
            (Some(Ok(drawn)), Err(reason)) => {
                undrawn = Some(reason);
                Ok(drawn)
            }
            (None | Some(Err(_)), Err(reason)) => Err(reason.into()),
        });
        Ok(Bringing { versions, undrawn })
    }

    /// The views that an earlier run drew.
    fn look(&self, id: &str, views: u32) -> Fetched {
        let paths: Vec<String> = (0..views).map(|view| layout::view(id, view, views)).collect();
        existing::parts(&self.ground.out, &paths, &self.taking, None)
    }

    fn add(&self, to: &mut Pictures, parts: Vec<(Part, Vec<u8>)>) {
        let bytes = parts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        to.permits.push(self.budget.take(bytes));
        to.parts.extend(parts);
    }
}
