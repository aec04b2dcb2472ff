//! Facts to documents, sentences to vectors: the middle of work.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use super::embedders::Embedders;
use super::fingerprint::{self, Versions, now};
use super::reading::{Facts, Ready};
use super::recall::Recall;
use super::records::{
    Failure, Indexed, Item, Kept, Known, Outcome, Plan, PlannedEmbedding, Receipt, Span, Todo,
};
use super::work::{Busy, Finished, Job, encoded};
use super::{Ground, RunError};
use crate::asset::{Document, naming};
use crate::catalog::layout;
use crate::extract::EXTRACTOR_VERSION;
use crate::extract::text::{Source, describe};

/// Assets described and embedded at once, at most.
pub(super) const BATCH_ASSETS: usize = 256;

/// Turns facts into documents and sentences into vectors.
pub(super) struct Describer<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    versions: Versions<'a>,
    embedders: Embedders,
    source_uri: String,
    before: Option<Recall>,
    busy: Busy,
}

impl<'a> Describer<'a> {
    pub(super) fn new(
        ground: &'a Ground<'a>,
        job: &Job<'a>,
        embedders: Embedders,
    ) -> Result<Self, RunError> {
        let plan = job.plan;
        let versions = Versions { storage: &ground.source, listing: job.listing };
        let source_uri = ground.source.uri("");
        let (before, busy) = (None, Busy::default());
        Ok(Self { ground, plan, versions, embedders, source_uri, before, busy })
    }

    pub(super) fn run(
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
        let mut recalled = None;
        let outcome = match facts {
            Facts::Known => match item.todo.clone() {
                Todo::Send(kept) => {
                    recalled = Some(Box::new(self.recall(kept)?));
                    Outcome::Sent
                }
                Todo::Describe { document, known } => {
                    Outcome::Indexed(Box::new(self.redescribe(item, document, known)?))
                }
                Todo::Read => {
                    let reason = format!("{path} is to be read and was not");
                    let file = layout::plan(self.plan.run);
                    return Err(RunError::Damaged { file, reason });
                }
            },
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
        let receipt = Receipt { id, session: self.plan.session, outcome };
        Ok(Finished { chunk, path, receipt, recalled })
    }

    fn before(&mut self) -> Result<&mut Recall, RunError> {
        match &mut self.before {
            Some(before) => Ok(before),
            none => Ok(none.insert(Recall::open(self.ground, self.plan)?)),
        }
    }

    /// A document that was made before, with its vectors.
    fn recall(&mut self, kept: Kept) -> Result<Indexed, RunError> {
        let before = self.before()?;
        match kept {
            Kept::Packed { document, known } => before.packed(document, known),
            Kept::Receipt { part, at } => before.receipt(part, at),
        }
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
            model_uri: None,
            has_visual_embedding: false,
        };
        Ok(self.with_text(item, known, document))
    }

    /// A document whose facts are known.
    fn redescribe(&mut self, item: Item, document: Span, known: Span) -> Result<Indexed, RunError> {
        let Indexed { known, document, mut vectors, .. } =
            self.before()?.packed(document, known)?;
        let was = document.embedding_fingerprint.clone();
        let mut indexed = self.with_text(item, known, document);
        // A vector whose sentence and model are the same is taken as it is.
        for PlannedEmbedding { field, name, .. } in &self.plan.embeddings {
            let same = was.get(name) == indexed.document.embedding_fingerprint.get(name);
            if let Some(vector) = vectors.remove(field).filter(|_| same) {
                indexed.vectors.insert(field.clone(), vector);
                indexed.kept.insert(field.clone());
            }
        }
        Ok(indexed)
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
        for planned in &self.plan.embeddings {
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
            ..Indexed::default()
        }
    }

    fn embed(&mut self, batch: &mut [Finished]) -> Result<(), RunError> {
        for (entry, planned) in self.plan.embeddings.iter().enumerate() {
            let mut wanting: Vec<&mut Indexed> = batch
                .iter_mut()
                .filter_map(|finished| match &mut finished.receipt.outcome {
                    Outcome::Indexed(indexed) => Some(indexed.as_mut()),
                    Outcome::Sent | Outcome::Failed(_) => None,
                })
                .filter(|indexed| !indexed.vectors.contains_key(&planned.field))
                .collect();
            if wanting.is_empty() {
                continue;
            }
            let texts: Vec<String> =
                wanting.iter().map(|indexed| indexed.document.description.clone()).collect();
            let embedding = Instant::now();
            let vectors = self.embedders.embed(entry, &texts)?;
            self.busy.embed_busy += embedding.elapsed();
            for (indexed, vector) in wanting.iter_mut().zip(vectors) {
                let row: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                indexed.vectors.insert(planned.field.clone(), encoded(&row));
            }
        }
        Ok(())
    }
}
