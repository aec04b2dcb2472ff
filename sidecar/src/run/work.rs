//! Items to documents, vectors and receipts.
//!
//! ```text
//! reading ──▶ describe and embed, in batches ──▶ write: document, vector, then the receipt
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::fingerprint::{self, Versions, now};
use super::lines::{LocalFile, Places, line};
use super::reading::{self, Facts, Ready};
use super::records::{Failure, Indexed, Item, Known, Outcome, Plan, Receipt, Todo};
use super::watch::Ending;
use super::{Ground, RunError, step};
use crate::asset::{Document, naming};
use crate::catalog::{layout, npy};
use crate::embed::TextEmbedder;
use crate::extract::EXTRACTOR_VERSION;
use crate::extract::text::{Source, describe};
use crate::storage::{Journal, Listing};

/// Assets described and embedded at once, at most.
const BATCH_ASSETS: usize = 256;
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
struct Finished {
    chunk: u32,
    path: String,
    receipt: Receipt,
}

/// Works off every chunk of `plan`.
pub(super) fn work(
    ground: &Ground<'_>,
    plan: &Plan,
    listing: &Listing,
    embedder: Option<Box<dyn TextEmbedder>>,
) -> Result<Busy, RunError> {
    let assets = plan.found.to_read + plan.found.to_describe;
    ground.watch.step("reading and embedding", Some(assets));
    let describer = Describer::new(ground, plan, listing, embedder)?;
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

/// Turns facts into documents and sentences into vectors.
struct Describer<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    versions: Versions<'a>,
    embedder: Option<Box<dyn TextEmbedder>>,
    source_uri: String,
    before: Option<Before>,
    scratch: TempDir,
    busy: Busy,
}

/// The previous run's files.
struct Before {
    documents: Places,
    known: Places,
}

impl<'a> Describer<'a> {
    fn new(
        ground: &'a Ground<'a>,
        plan: &'a Plan,
        listing: &'a Listing,
        embedder: Option<Box<dyn TextEmbedder>>,
    ) -> Result<Self, RunError> {
        let versions = Versions { storage: &ground.source, listing };
        let source_uri = ground.source.uri("");
        let (scratch, busy) = (tempfile::tempdir()?, Busy::default());
        Ok(Self { ground, plan, versions, embedder, source_uri, before: None, scratch, busy })
    }

    fn run(
        mut self,
        ready: Receiver<Result<Ready, RunError>>,
        finished: &SyncSender<Vec<Finished>>,
    ) -> Result<Busy, RunError> {
        while let Ok(first) = ready.recv() {
            // What is at hand goes together: the slower this step, the larger its batches.
            let mut batch = vec![self.describe(first?)?];
            while batch.len() < BATCH_ASSETS
                && let Ok(next) = ready.try_recv()
            {
                batch.push(self.describe(next?)?);
            }
            self.embed(&mut batch)?;
            if finished.send(batch).is_err() {
                break; // The writer failed and says why.
            }
        }
        Ok(self.busy)
    }

    fn describe(&mut self, ready: Ready) -> Result<Finished, RunError> {
        let Ready { chunk, item, facts } = ready;
        let (id, path) = (item.id.clone(), item.path.clone());
        let outcome = match facts {
            Facts::Known => Outcome::Indexed(Box::new(self.redescribe(item)?)),
            Facts::Read { result: Ok(inspection), took } => {
                self.busy.read_busy += took;
                Outcome::Indexed(Box::new(self.compose(item, *inspection)?))
            }
            Facts::Read { result: Err(failed), took } => {
                self.busy.read_busy += took;
                Outcome::Failed(Failure {
                    uri: self.ground.source.uri(&item.path),
                    id: item.id,
                    step: "read".to_owned(),
                    reason: format!("{path}: {}", failed.reason),
                    attempts: failed.attempts,
                    time: now(),
                })
            }
        };
        Ok(Finished { chunk, path, receipt: Receipt { id, session: self.plan.session, outcome } })
    }

    /// A document from scratch.
    fn compose(
        &mut self,
        item: Item,
        inspection: vitrine_usd::Inspection,
    ) -> Result<Indexed, RunError> {
        let vitrine_usd::Inspection { metadata, kind, files, absent, names, warnings } = inspection;
        for warning in &warnings {
            tracing::debug!(asset = item.path, warning);
        }
        let bounds = &self.ground.settings.bounds;
        let fingerprint = fingerprint::content(&files, &absent, bounds, &self.versions)?;
        let known = Known {
            id: item.id.clone(),
            path: item.path.clone(),
            name: item.name.clone(),
            pack: item.pack.clone(),
            fingerprint: fingerprint.clone(),
            files,
            absent,
            kind,
            names,
            ..Known::default()
        };
        let document = Document {
            asset_id: item.id.clone(),
            name: item.name.clone(),
            library: self.plan.library.clone(),
            pack: item.pack.clone(),
            uri: String::new(),
            path: item.path.clone(),
            tags: naming::tags(&item.path),
            size_bytes: item.size_bytes,
            modified: item.modified.clone(),
            fingerprint,
            embedding_fingerprint: BTreeMap::new(),
            extractor_version: EXTRACTOR_VERSION.to_owned(),
            indexed_at: String::new(),
            used_by: item.used_by,
            caption: item.caption.clone(),
            description: String::new(),
            usd: metadata,
            thumbnail_uri: None,
            has_visual_embedding: false,
        };
        Ok(self.with_text(item, known, document))
    }

    /// A document whose facts are known.
    fn redescribe(&mut self, item: Item) -> Result<Indexed, RunError> {
        let Todo::Describe { document, known } = item.todo else {
            let reason = format!("{} is to be read and was not", item.path);
            let file = layout::plan(self.plan.run);
            return Err(RunError::Damaged { file, reason });
        };
        let before = match &mut self.before {
            Some(before) => before,
            none => none.insert(open_before(self.ground, self.scratch.path())?),
        };
        let (document, known) = (before.documents.read(document)?, before.known.read(known)?);
        Ok(self.with_text(item, known, document))
    }

    /// Everything that does not come from the file itself.
    fn with_text(&self, item: Item, known: Known, document: Document) -> Indexed {
        let source = Source {
            name: naming::stem(&item.path),
            pack: &document.pack,
            tags: &document.tags,
            kind: known.kind.as_deref(),
            names: &known.names,
            usd: &document.usd,
        };
        let description = describe(item.caption.en.as_deref(), &source);
        let (library, source_uri) = (&self.plan.library, &self.source_uri);
        let text = fingerprint::text(library, source_uri, &item.caption);
        let mut fingerprints = BTreeMap::new();
        let mut models = BTreeMap::new();
        if let Some(planned) = &self.plan.embedding {
            let model = &planned.model_fingerprint;
            fingerprints.insert(planned.name.clone(), fingerprint::embedding(&description, model));
            models.insert(planned.field.clone(), model.clone());
        }
        Indexed {
            known: Known { text, embeddings: models, ..known },
            document: Document {
                uri: self.ground.source.uri(&item.path),
                embedding_fingerprint: fingerprints,
                indexed_at: now(),
                caption: item.caption,
                description,
                ..document
            },
            vectors: BTreeMap::new(),
        }
    }

    fn embed(&mut self, batch: &mut [Finished]) -> Result<(), RunError> {
        let (Some(embedder), Some(planned)) = (&mut self.embedder, &self.plan.embedding) else {
            return Ok(());
        };
        let mut indexed: Vec<&mut Indexed> = batch
            .iter_mut()
            .filter_map(|finished| match &mut finished.receipt.outcome {
                Outcome::Indexed(indexed) => Some(indexed.as_mut()),
                Outcome::Failed(_) => None,
            })
            .collect();
        if indexed.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> =
            indexed.iter().map(|indexed| indexed.document.description.clone()).collect();
        let embedding = Instant::now();
        let vectors = embedder.embed(&texts)?;
        self.busy.embed_busy += embedding.elapsed();
        for (indexed, vector) in indexed.iter_mut().zip(vectors) {
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            indexed.vectors.insert(planned.field.clone(), STANDARD.encode(bytes));
        }
        Ok(())
    }
}

fn open_before(ground: &Ground<'_>, scratch: &std::path::Path) -> Result<Before, RunError> {
    let Some(current) = &ground.current else {
        let reason = "an asset is called unchanged, and nothing was published".to_owned();
        return Err(RunError::Damaged { file: layout::RUNS.to_owned(), reason });
    };
    Ok(Before {
        documents: LocalFile::need(&ground.out, &current.documents, scratch)?.places()?,
        known: LocalFile::need(&ground.out, &current.known, scratch)?.places()?,
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
        let vector = vector(encoded);
        files.push((layout::embedding(field, &document.asset_id), npy::encode(&vector)));
    }
    files
}

/// The numbers of a receipt's vector.
pub(super) fn vector(encoded: &str) -> Vec<f32> {
    let bytes = STANDARD.decode(encoded).unwrap_or_default();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
        .collect()
}
