//! The files that a published run is searched in, and that the next run compares with.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::Path;

use super::fingerprint::now;
use super::lines::line;
use super::recall::Earlier;
use super::records::{Indexed, Known, Plan, Span};
use super::work::{artifacts, decoded, encoded};
use super::{Ground, RunError};
use crate::asset::{Content, Subject};
use crate::catalog::index::{IndexWriter, MASTER_INDEX, Summary};
use crate::catalog::layout;
use crate::catalog::packed::{Current, Packed};
use crate::storage::Writer;

/// Files written at once.
const BATCH_FILES: usize = 256;

/// The packed files of a run while they are written, in the order of ids.
pub(super) struct Packing<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    documents: Writer,
    offset: u64,
    known: Writer,
    index: Option<IndexWriter<Writer>>,
    /// One for each planned embedding.
    vectors: Vec<Vectors>,
    before: Option<Earlier>,
    changed: Vec<(String, Vec<u8>)>,
    /// Files of documents and vectors that go, unless a document turns out to need them.
    leaving: HashSet<String>,
    count: u64,
}

/// The vectors of one field.
struct Vectors {
    field: String,
    row_bytes: usize,
    is_of_views: bool,
    numbers: Writer,
    ids: Writer,
    count: usize,
}

impl<'a> Packing<'a> {
    pub(super) fn start(
        ground: &'a Ground<'a>,
        plan: &'a Plan,
        (total, leaving): (u64, HashSet<String>),
        scratch: &Path,
    ) -> Result<Self, RunError> {
        let out = &ground.out;
        let writer = |file: &str| out.writer(&layout::packed(plan.run, file));
        let mut vectors = Vec::new();
        for planned in &plan.embeddings {
            let field = planned.field.clone();
            let numbers = writer(&format!("{field}.f32"))?;
            let ids = writer(&format!("{field}.ids"))?;
            let (row_bytes, is_of_views) =
                (4 * planned.dims.max(1), planned.content == Content::Views);
            vectors.push(Vectors { field, row_bytes, is_of_views, numbers, ids, count: 0 });
        }
        let index = match ground.settings.writes_files && ground.settings.clips.is_none() {
            true => {
                let started = IndexWriter::start(out.writer(MASTER_INDEX)?, total, &out.uri(""));
                Some(started.map_err(RunError::io("write", MASTER_INDEX))?)
            }
            false => None,
        };
        let before = Earlier::open(ground, plan, scratch)?;
        Ok(Self {
            ground,
            plan,
            documents: writer("documents.jsonl")?,
            offset: 0,
            known: writer("known.jsonl")?,
            index,
            vectors,
            before,
            changed: Vec::new(),
            leaving,
            count: 0,
        })
    }

    /// Takes what this run made; `fresh` where its newest session did.
    pub(super) fn add_new(
        &mut self,
        mut indexed: Indexed,
        used_by: u64,
        fresh: bool,
    ) -> Result<(), RunError> {
        // Work wrote the files of this session; those of a killed one may not have reached the
        // disk, and only now is it known how many others use an asset.
        if indexed.document.used_by() != used_by || !fresh {
            indexed.document.set_used_by(used_by);
            self.changed.extend(artifacts(self.plan, &indexed));
        }
        let Indexed { known, document, vectors, .. } = indexed;
        let mut rows = BTreeMap::new();
        for planned in &self.plan.embeddings {
            let Some(text) = vectors.get(&planned.field) else { continue };
            let row = decoded(text);
            let one = 4 * planned.dims;
            let is_whole = match planned.content {
                Content::Views => !row.is_empty() && row.len().is_multiple_of(one),
                Content::Description | Content::Caption | Content::Motion | Content::Sound => {
                    row.len() == one
                }
            };
            if !is_whole {
                let reason = format!("a vector of {} has {} bytes", document.uri(), row.len());
                return Err(RunError::Damaged { file: layout::roster(self.plan.run), reason });
            }
            rows.insert(planned.field.clone(), row);
        }
        let json = serde_json::to_vec(&document).expect("documents are JSON");
        self.add(&json, Known { used_by, ..known }, &rows)
    }

    /// Takes over what the previous run packed. `used_before` is what the document's own file says;
    /// none where that is not known.
    pub(super) fn add_known(
        &mut self,
        id: &str,
        document: Span,
        known: Span,
        (used_before, used_by): (Option<u64>, u64),
    ) -> Result<(), RunError> {
        let Some(before) = &mut self.before else {
            let reason = format!("{id} is called known, and nothing was published");
            return Err(RunError::Damaged { file: layout::roster(self.plan.run), reason });
        };
        let mut json = before.documents.line(document)?.to_vec();
        let mut known: Known = before.known.read(known)?;
        let mut found = BTreeMap::new();
        for (field, rows) in &mut before.rows {
            if let Some(row) = rows.of(id)? {
                found.insert(field.clone(), row.to_vec());
            }
        }
        before.retain(&mut known, |field| found.contains_key(field));
        if used_before != Some(used_by) {
            let mut whole: Subject = before.documents.read(document)?;
            whole.set_used_by(used_by);
            json = serde_json::to_vec(&whole).expect("documents are JSON");
            let rows = found.iter().filter(|_| used_before.is_none());
            let vectors = rows.map(|(field, row)| (field.clone(), encoded(row))).collect();
            let known = known.clone();
            let alone = Indexed { known, document: whole, vectors, ..Indexed::default() };
            self.changed.extend(artifacts(self.plan, &alone));
        }
        self.add(&json, Known { used_by, ..known }, &found)
    }

    fn add(
        &mut self,
        json: &[u8],
        known: Known,
        rows: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), RunError> {
        let run = self.plan.run;
        let failed = |file: &str| RunError::io("write", layout::packed(run, file));
        let span = Span { offset: self.offset, bytes: json.len() as u64 };
        let written = self.documents.write_all(json);
        let written = written.and_then(|()| self.documents.write_all(b"\n"));
        written.map_err(failed("documents.jsonl"))?;
        self.offset += span.bytes + 1;
        for vectors in &mut self.vectors {
            let Some(row) = rows.get(&vectors.field) else { continue };
            let count = row.len() / vectors.row_bytes;
            let ids = format!("{}\n", known.id).repeat(count);
            let written = vectors.numbers.write_all(row);
            let written = written.and_then(|()| vectors.ids.write_all(ids.as_bytes()));
            written.map_err(failed(&vectors.field))?;
            vectors.count += count;
        }
        if let Some(index) = &mut self.index {
            let summary: Summary =
                serde_json::from_slice(json).map_err(|error| RunError::Damaged {
                    file: layout::packed(run, "documents.jsonl"),
                    reason: error.to_string(),
                })?;
            // The index names the image field, where there is one.
            let held = self.vectors.iter().filter(|vectors| rows.contains_key(&vectors.field));
            let named = held.min_by_key(|vectors| !vectors.is_of_views);
            let named = named.map(|vectors| vectors.field.as_str());
            index.add(&summary, named).map_err(RunError::io("write", MASTER_INDEX))?;
        }
        if !self.leaving.is_empty() {
            let fields = rows.keys().map(String::as_str);
            for file in self.ground.settings.files_of(&known.as_gone(fields)) {
                self.leaving.remove(&file);
            }
        }
        let written = self.known.write_all(&line(&Known { document: span, ..known }));
        written.map_err(failed("known.jsonl"))?;
        self.count += 1;
        if self.changed.len() >= BATCH_FILES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the documents that changed here.
    fn flush(&mut self) -> Result<(), RunError> {
        let changed = std::mem::take(&mut self.changed);
        match self.ground.settings.writes_files {
            true => Ok(self.ground.out.put_all(changed)?),
            false => Ok(()),
        }
    }

    /// Makes every file visible, and takes away those that left. Nothing reads the packed ones
    /// before what this returns is written.
    pub(super) fn finish(mut self) -> Result<Current, RunError> {
        self.flush()?;
        let leaving: Vec<String> = std::mem::take(&mut self.leaving).into_iter().collect();
        self.ground.out.delete_all(&leaving)?;
        self.documents.finish()?;
        self.known.finish()?;
        let run = self.plan.run;
        let mut fields = BTreeMap::new();
        for (vectors, planned) in self.vectors.into_iter().zip(&self.plan.embeddings) {
            vectors.numbers.finish()?;
            vectors.ids.finish()?;
            let packed = Packed {
                dims: planned.dims,
                count: vectors.count,
                vectors: layout::packed(run, &format!("{}.f32", planned.field)),
                ids: layout::packed(run, &format!("{}.ids", planned.field)),
                embedding: planned.name.clone(),
                algorithm: planned.algorithm,
                content: planned.content,
                model_uri: planned.model_uri.clone(),
                model_fingerprint: planned.model_fingerprint.clone(),
            };
            fields.insert(vectors.field, packed);
        }
        if let Some(index) = self.index {
            index.finish().map_err(RunError::io("write", MASTER_INDEX))?.finish()?;
        }
        Ok(Current {
            v: 1,
            library: self.plan.library.clone(),
            run,
            published_at: now(),
            documents_count: self.count,
            documents: layout::packed(run, "documents.jsonl"),
            known: layout::packed(run, "known.jsonl"),
            fields,
            index: None,
        })
    }
}
