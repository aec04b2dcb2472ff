//! Facts to documents, sentences to vectors: the middle of work.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use super::bringing::Bringing;
use super::embedders::Embedders;
use super::fingerprint::{self, Origin, Versions, now};
use super::reading::{Facts, Ready};
use super::recall::Recall;
use super::records::{
    Failure, Indexed, Item, Kept, Known, Outcome, Pictured, Plan, PlannedEmbedding, Receipt, Span,
    Todo,
};
use super::work::{Busy, Finished, Job, bytes, encoded};
use super::{Ground, RunError, filmed};
use crate::asset::{Content, Document, Subject, naming};
use crate::catalog::layout;
use crate::extract::footage::Film;
use crate::extract::pictures::{Pictures, Undrawn};
use crate::extract::text::{Source, describe};
use crate::extract::{Failed, extractor_version};

/// Assets described and embedded at once, at most.
pub(super) const BATCH_ASSETS: usize = 256;

/// Remarks on assets that a run shows, at most.
const REMARKS_MAX: u64 = 10;

/// The document of a clip, and its contact sheet.
type Made = (Indexed, Option<Vec<u8>>);

/// Turns facts into documents and sentences into vectors.
pub(super) struct Describer<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    versions: Versions<'a>,
    embedders: Embedders,
    source_uri: String,
    before: Option<Recall>,
    /// Remarks on assets so far.
    remarks: u64,
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
        let (before, remarks, busy) = (None, 0, Busy::default());
        Ok(Self { ground, plan, versions, embedders, source_uri, before, remarks, busy })
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
        let loads = self.embedders.loads();
        self.busy.loads = loads.map(|(model, load)| (model.to_owned(), load)).collect();
        Ok(self.busy)
    }

    fn describe(&mut self, ready: Ready) -> Result<Finished, RunError> {
        let Ready { chunk, item, facts } = ready;
        let (id, path) = (item.id.clone(), item.path.clone());
        let mut recalled = None;
        let mut pictures = None;
        let mut sheet = None;
        let outcome = match facts {
            Facts::Known { pictures: seen } => match item.todo.clone() {
                Todo::Send(kept) => {
                    recalled = Some(Box::new(self.recall(kept)?));
                    Outcome::Sent
                }
                Todo::Describe { document, known, views: _ } => {
                    let mut indexed = self.redescribe(item, document, known)?;
                    match seen {
                        None => {}
                        Some(Ok(seen)) => pictures = Some(seen),
                        Some(Err(why)) => undrawn(&mut indexed, &path, why),
                    }
                    Outcome::Indexed(Box::new(indexed))
                }
                Todo::Read => {
                    let reason = format!("{path} is to be read and was not");
                    let file = layout::plan(self.plan.run);
                    return Err(RunError::Damaged { file, reason });
                }
            },
            Facts::Read { result: Ok(inspection), pictures: drawn, brought, took } => {
                self.busy.read_busy += took;
                let Bringing { versions, undrawn: not_brought } = brought.unwrap_or_default();
                let mut indexed = self.compose(item, *inspection, (drawn.is_some(), &versions))?;
                let mut why = not_brought.map(Undrawn::from);
                match drawn {
                    None => {}
                    Some(Ok(drawn)) => {
                        self.show(&mut indexed, &drawn);
                        pictures = Some(drawn);
                    }
                    Some(Err(reason)) => why = Some(reason),
                }
                if let Some(why) = why {
                    undrawn(&mut indexed, &path, why);
                }
                Outcome::Indexed(Box::new(indexed))
            }
            Facts::Read { result: Err(failed), pictures: _, brought: _, took } => {
                self.busy.read_busy += took;
                self.failed(&item, item.id.clone(), failed)
            }
            Facts::Filmed { result, took } => {
                self.busy.read_busy += took;
                let made = match result {
                    Ok(film) => self.film(&item, *film)?,
                    Err(failed) => Err(failed),
                };
                match made {
                    Ok((indexed, drawn)) => {
                        sheet = drawn;
                        Outcome::Indexed(Box::new(indexed))
                    }
                    Err(failed) => self.failed(&item, item.name.clone(), failed),
                }
            }
        };
        let receipt = Receipt { id, session: self.plan.session, outcome };
        Ok(Finished { chunk, path, receipt, recalled, pictures, sheet })
    }

    /// The outcome of what could not be read.
    fn failed(&self, item: &Item, id: String, failed: Failed) -> Outcome {
        Outcome::Failed(Failure {
            uri: self.ground.source.uri(&item.path),
            path: item.path.clone(),
            id,
            step: "read".to_owned(),
            reason: format!("{}: {}", item.path, failed.reason),
            attempts: failed.attempts,
            time: now(),
        })
    }

    /// The document of a clip, and its contact sheet; or the field for which it is refused.
    fn film(&self, item: &Item, film: Film) -> Result<Result<Made, Failed>, RunError> {
        let Some(clips) = &self.ground.settings.clips else {
            let (file, reason) = (layout::plan(self.plan.run), "it has clips".to_owned());
            return Err(RunError::Damaged { file, reason });
        };
        let content = clips.content(&item.path, item.annotation.as_deref(), &self.versions)?;
        let made = filmed::compose(item, film, content, &self.plan.embeddings);
        Ok(made.map_err(|reason| Failed { reason, attempts: 1 }))
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
        (is_drawn, brought): (bool, &[String]),
    ) -> Result<Indexed, RunError> {
        let vitrine_usd::Inspection { metadata, kind, mut files, absent, names, warnings } =
            inspection;
        for warning in &warnings {
            self.remark(&item.path, warning);
        }
        if is_drawn {
            // Facts do not depend on what textures hold; pictures do. Packages are among the files.
            let textures = metadata.dependencies.iter().filter(|path| !path.contains('['));
            let textures: Vec<String> =
                textures.filter(|path| !files.contains(path)).cloned().collect();
            files.extend(textures);
        }
        let options = fingerprint::Options::of(self.ground.settings);
        let origin = Origin { path: &item.path, files: &files, absent: &absent, brought };
        let fingerprint = fingerprint::content(&origin, &options, &self.versions)?;
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
            extractor_version: extractor_version(&item.path).to_owned(),
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

    /// Says what of an asset was left out, as far as people read that.
    fn remark(&mut self, path: &str, warning: &str) {
        self.remarks += 1;
        // Some name the file themselves.
        let own = warning.strip_prefix(path).and_then(|rest| rest.strip_prefix(": "));
        let warning = own.unwrap_or(warning);
        match self.remarks {
            1..=REMARKS_MAX => tracing::info!("{path}: {warning}"),
            _ => tracing::debug!("{path}: {warning}"),
        }
        if self.remarks == REMARKS_MAX {
            tracing::info!("more such remarks are logged with VITRINE_LOG=vitrine=debug");
        }
    }

    /// Notes the pictures of an asset in its document.
    fn show(&self, indexed: &mut Indexed, drawn: &Pictures) {
        let id = &indexed.known.id;
        let pictured = Pictured {
            views: drawn.views(),
            cameras: drawn.cameras(),
            model: drawn.has_model(),
            by: drawn.by,
        };
        if let Subject::Asset(asset) = &mut indexed.document {
            asset.thumbnail_uri = (pictured.views > 0).then(|| layout::thumbnail(id));
            asset.model_uri = pictured.model.then(|| layout::model(id));
        }
        indexed.known.pictured = pictured;
    }

    /// A document whose facts are known.
    fn redescribe(&mut self, item: Item, document: Span, known: Span) -> Result<Indexed, RunError> {
        let before = self.before()?.packed(document, known)?;
        let document = match before.document.clone() {
            Subject::Clip(clip) => {
                return Ok(filmed::redescribe(&item, before, *clip, &self.plan.embeddings));
            }
            Subject::Asset(document) => *document,
        };
        let Indexed { known, mut vectors, .. } = before;
        let was = document.embedding_fingerprint.clone();
        let mut indexed = self.with_text(item, known, document);
        let mut has_views = false;
        // A vector whose source and model are the same is taken as it is.
        for planned in &self.plan.embeddings {
            let (field, key) = (&planned.field, named(planned));
            let now = indexed.document.asset().map(|asset| &asset.embedding_fingerprint);
            let same = was.get(&key) == now.and_then(|now| now.get(&key));
            if let Some(vector) = vectors.remove(field).filter(|_| same) {
                indexed.vectors.insert(field.clone(), vector);
                indexed.kept.insert(field.clone());
                has_views |= planned.content == Content::Views;
            }
        }
        if let Subject::Asset(asset) = &mut indexed.document {
            asset.has_visual_embedding = has_views;
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
            let of = match planned.content {
                Content::Description => Some(description.as_str()),
                Content::Caption => item.caption.en.as_deref(),
                Content::Views => Some(known.fingerprint.as_str()),
                // Assets have neither.
                Content::Motion | Content::Sound => None,
            };
            if let Some(of) = of {
                let key = named(planned);
                fingerprints.insert(key, fingerprint::embedding(of, model));
            }
            models.insert(planned.field.clone(), model.clone());
        }
        Indexed {
            known: Known { text, embeddings: models, ..known },
            document: Subject::from(Document {
                uri: self.ground.source.uri(&item.path),
                embedding_fingerprint: fingerprints,
                indexed_at: now(),
                caption: item.caption,
                description,
                ..document
            }),
            ..Indexed::default()
        }
    }

    fn embed(&mut self, batch: &mut [Finished]) -> Result<(), RunError> {
        for (at, planned) in self.plan.embeddings.iter().enumerate() {
            let embedding = Instant::now();
            match planned.content {
                Content::Description | Content::Caption => {
                    embed_texts(&mut self.embedders, (at, planned), batch)?;
                }
                Content::Views => embed_views(&mut self.embedders, (at, planned), batch)?,
                Content::Motion | Content::Sound => {}
            }
            self.busy.embed_busy += embedding.elapsed();
        }
        Ok(())
    }
}

/// Notes that an asset has no pictures.
fn undrawn(indexed: &mut Indexed, path: &str, why: Undrawn) {
    let Undrawn { reason, may_pass } = why;
    if may_pass {
        tracing::warn!("{path} has no pictures, and the next run tries again: {reason}");
        indexed.known.fingerprint.clear(); // As if it had changed.
    } else {
        tracing::warn!("{path} has no pictures: {reason}");
    }
    indexed.undrawn = Some(reason);
}

/// The key of `embedding_fingerprint`: an entry that makes several fields has one for each.
fn named(planned: &PlannedEmbedding) -> String {
    match planned.content {
        Content::Description => planned.name.clone(),
        Content::Caption | Content::Views | Content::Motion | Content::Sound => {
            planned.field.clone()
        }
    }
}

/// What of `batch` is to be embedded and has no vector of `field` yet.
fn wanting<'a>(
    batch: &'a mut [Finished],
    field: &'a str,
) -> impl Iterator<Item = (&'a mut Indexed, Option<&'a mut Pictures>)> {
    let made = batch.iter_mut().filter_map(|finished| match &mut finished.receipt.outcome {
        Outcome::Indexed(indexed) => Some((indexed.as_mut(), finished.pictures.as_deref_mut())),
        Outcome::Sent | Outcome::Failed(_) => None,
    });
    made.filter(move |(indexed, _)| !indexed.vectors.contains_key(field))
}

fn embed_texts(
    embedders: &mut Embedders,
    (at, planned): (usize, &PlannedEmbedding),
    batch: &mut [Finished],
) -> Result<(), RunError> {
    let mut texts = Vec::new();
    let mut wanting: Vec<&mut Indexed> = Vec::new();
    for (indexed, _) in self::wanting(batch, &planned.field) {
        let text = match planned.content {
            Content::Caption => indexed.document.caption().map(str::to_owned),
            Content::Description | Content::Views => {
                Some(indexed.document.description().to_owned())
            }
            Content::Motion | Content::Sound => None,
        };
        if let Some(text) = text {
            texts.push(text);
            wanting.push(indexed);
        }
    }
    if texts.is_empty() {
        return Ok(());
    }
    for (indexed, vector) in wanting.into_iter().zip(embedders.embed(at, &texts)?) {
        indexed.vectors.insert(planned.field.clone(), encoded(&bytes(&vector)));
    }
    Ok(())
}

/// Views of all assets of `batch` together: a model's batches are full, whatever the number of an
/// asset's views.
fn embed_views(
    embedders: &mut Embedders,
    (at, planned): (usize, &PlannedEmbedding),
    batch: &mut [Finished],
) -> Result<(), RunError> {
    let (which, model) = embedders.pictures(at);
    let (values, most) = (model.preparation().values().max(1), model.pictures_max().max(1));
    let mut wanting: Vec<(&mut Indexed, usize)> = Vec::new();
    let mut waiting: Vec<f32> = Vec::new();
    let mut vectors: Vec<Vec<f32>> = Vec::new();
    for (indexed, pictures) in self::wanting(batch, &planned.field) {
        let Some(prepared) = pictures.and_then(|pictures| pictures.take_prepared(which)) else {
            continue;
        };
        wanting.push((indexed, prepared.len() / values));
        waiting.extend(prepared);
        while waiting.len() >= most * values {
            let rest = waiting.split_off(most * values);
            vectors.extend(model.embed_prepared(std::mem::replace(&mut waiting, rest))?);
        }
    }
    if !waiting.is_empty() {
        vectors.extend(model.embed_prepared(waiting)?);
    }
    let mut vectors = vectors.into_iter();
    for (indexed, views) in wanting {
        let rows: Vec<u8> = vectors.by_ref().take(views).flat_map(|row| bytes(&row)).collect();
        indexed.vectors.insert(planned.field.clone(), encoded(&rows));
        if let Subject::Asset(asset) = &mut indexed.document {
            asset.has_visual_embedding |= views > 0;
        }
    }
    Ok(())
}
