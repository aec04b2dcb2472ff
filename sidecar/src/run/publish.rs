//! Receipts to a catalogue: merge, count, pack, swap.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use vitrine_crds::run::Counts;

use super::fingerprint::now;
use super::lines::{LocalFile, Places, line};
use super::records::{Failure, Indexed, Known, Member, Outcome, Plan, Receipt, Span, Stands};
use super::report::Report;
use super::scan::{self, Scanned};
use super::work::{artifacts, vector};
use super::{Ground, RunError};
use crate::asset::Document;
use crate::catalog::index::{IndexWriter, MASTER_INDEX, Summary};
use crate::catalog::layout;
use crate::catalog::packed::{CURRENT, Current, Packed};
use crate::storage::Writer;

/// Files written or removed at once.
const BATCH_FILES: usize = 256;
/// Reports of older runs that stay.
const REPORTS_KEPT: usize = 10;

/// Where a member's document comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// A receipt: which part file, and where in it.
    Receipt { part: usize, at: Span, session: u32 },
    /// The previous run's files.
    Before { document: Span, known: Span, used_by: u64 },
    /// It has none: it failed and always did.
    Nowhere,
}

/// A receipt without its weight.
#[derive(Deserialize)]
struct Slip {
    id: String,
    session: u32,
    outcome: SlipOutcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SlipOutcome {
    Indexed { known: SlipKnown },
    Failed(IgnoredAny),
}

#[derive(Deserialize)]
struct SlipKnown {
    files: Vec<String>,
}

/// The newest receipt of one asset.
struct Newest {
    session: u32,
    part: usize,
    at: Span,
    indexed: bool,
    /// Members it uses, by their place in the roster.
    uses: Vec<u32>,
}

/// Makes what the receipts say visible. Nothing is written when nothing changed.
pub(super) fn publish(
    ground: &Ground<'_>,
    scanned: &Scanned,
    failures: &mut Vec<Failure>,
) -> Result<Counts, RunError> {
    let plan = &scanned.plan;
    let scratch = scanned.scratch.path();
    let roster = read_roster(ground, plan, scratch)?;
    let parts = scan::parts(ground, plan.run)?
        .iter()
        .map(|name| LocalFile::need(&ground.out, name, scratch))
        .collect::<Result<Vec<_>, _>>()?;
    let newest = newest_receipts(&roster, &parts)?;

    // 1. Where each document is, and who uses whom.
    let mut counts =
        Counts { read: plan.found.assets, skipped: plan.found.unchanged, ..Counts::default() };
    let mut origins = vec![Origin::Nowhere; roster.len()];
    let mut used_by = vec![0_u64; roster.len()];
    let mut places = parts.iter().map(LocalFile::places).collect::<Result<Vec<_>, _>>()?;
    for (at, member) in roster.iter().enumerate() {
        if member.stands != Stands::Receipt {
            continue;
        }
        let Some(receipt) = newest.get(&(at as u32)) else {
            let reason = format!("there is no receipt for {}", member.path);
            return Err(RunError::Damaged { file: layout::roster(plan.run), reason });
        };
        let Newest { session, part, at: place, indexed, ref uses } = *receipt;
        if indexed {
            counts.indexed += 1;
            origins[at] = Origin::Receipt { part, at: place, session };
            uses.iter().for_each(|&used| used_by[used as usize] += 1);
        } else {
            counts.failed += 1;
            if let Outcome::Failed(failure) = places[part].read::<Receipt>(place)?.outcome {
                failures.push(failure);
            }
        }
    }
    failures.sort_by(|a, b| a.uri.cmp(&b.uri));
    counts.deleted = scanned.gone.len() as u64;
    let paths: HashMap<&str, u32> =
        roster.iter().enumerate().map(|(at, member)| (member.path.as_str(), at as u32)).collect();
    let mut dropped = Vec::new();
    if let Some(current) = &ground.current {
        let known = LocalFile::need(&ground.out, &current.known, scratch)?;
        let mut lines = known.lines()?;
        while let Some((span, known)) = lines.next::<Known>()? {
            let Ok(at) = roster.binary_search_by(|member| member.id.cmp(&known.id)) else {
                continue;
            };
            let kept = plan.embedding.as_ref().map(|planned| planned.field.as_str());
            let fields = known.embeddings.keys().filter(|field| Some(field.as_str()) != kept);
            dropped.extend(fields.map(|field| layout::embedding(field, &known.id)));
            if matches!(origins[at], Origin::Nowhere) {
                let (document, used) = (known.document, known.used_by);
                origins[at] = Origin::Before { document, known: span, used_by: used };
                for used in uses(&known.files, at as u32, &paths) {
                    used_by[used as usize] += 1;
                }
            }
        }
    }
    drop(paths);
    let total = origins.iter().filter(|origin| !matches!(origin, Origin::Nowhere)).count() as u64;
    let same = ground.current.as_ref().is_some_and(|current| current.documents_count == total);
    if same && counts.indexed == 0 && counts.deleted == 0 {
        return Ok(counts);
    }

    // 2. The files of this run, in the order of ids.
    ground.watch.step("publishing", None);
    let mut packing = Packing::start(ground, plan, total, scratch)?;
    for ((member, origin), used_by) in roster.iter().zip(origins).zip(used_by) {
        match origin {
            Origin::Nowhere => {}
            Origin::Receipt { part, at, session } => {
                let receipt: Receipt = places[part].read(at)?;
                if let Outcome::Indexed(indexed) = receipt.outcome {
                    packing.add_new(*indexed, used_by, session)?;
                }
            }
            Origin::Before { document, known, used_by: before } => {
                packing.add_known(&member.id, document, known, (before, used_by))?;
            }
        }
    }
    packing.flush()?;
    let gone = scanned.gone.iter().flat_map(|gone| {
        let fields = gone.fields.iter().map(|field| layout::embedding(field, &gone.id));
        fields.chain([layout::individual(&gone.pack, &gone.name)])
    });
    dropped.extend(gone);
    ground.out.delete_all(&dropped)?;
    let current = packing.finish()?;

    // 3. The swap: one small file, last.
    ground.out.sync()?;
    let mut swap = ground.out.writer(CURRENT)?;
    swap.write_all(&line(&current))?;
    swap.finish()?;
    Ok(counts)
}

fn read_roster(ground: &Ground<'_>, plan: &Plan, scratch: &Path) -> Result<Vec<Member>, RunError> {
    let mut lines = LocalFile::need(&ground.out, &layout::roster(plan.run), scratch)?.lines()?;
    let mut roster = Vec::new();
    while let Some((_, member)) = lines.next()? {
        roster.push(member);
    }
    Ok(roster)
}

/// By place in the roster. Of two receipts of one session the later counts.
fn newest_receipts(
    roster: &[Member],
    parts: &[LocalFile],
) -> Result<HashMap<u32, Newest>, RunError> {
    let paths: HashMap<&str, u32> =
        roster.iter().enumerate().map(|(at, member)| (member.path.as_str(), at as u32)).collect();
    let mut newest: HashMap<u32, Newest> = HashMap::new();
    for (part, file) in parts.iter().enumerate() {
        let mut lines = file.lines()?;
        while let Some((at, slip)) = lines.next::<Slip>()? {
            let Slip { id, session, outcome } = slip;
            let Ok(member) = roster.binary_search_by(|member| member.id.cmp(&id)) else {
                continue;
            };
            let member = member as u32;
            if newest.get(&member).is_some_and(|known| known.session > session) {
                continue;
            }
            let (indexed, uses) = match outcome {
                SlipOutcome::Indexed { known } => (true, uses(&known.files, member, &paths)),
                SlipOutcome::Failed(_) => (false, Vec::new()),
            };
            newest.insert(member, Newest { session, part, at, indexed, uses });
        }
    }
    Ok(newest)
}

/// Which members are among `files`, `own` aside.
fn uses(files: &[String], own: u32, paths: &HashMap<&str, u32>) -> Vec<u32> {
    let found = files.iter().filter_map(|file| paths.get(file.as_str()).copied());
    found.filter(|&used| used != own).collect()
}

/// The packed files of a run while they are written.
struct Packing<'a> {
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    documents: Writer,
    offset: u64,
    known: Writer,
    index: IndexWriter<Writer>,
    vectors: Option<Vectors>,
    before: Option<Before>,
    changed: Vec<(String, Vec<u8>)>,
    count: u64,
}

/// The vectors of one field.
struct Vectors {
    numbers: Writer,
    ids: Writer,
    count: usize,
}

/// What the previous run packed.
struct Before {
    documents: Places,
    known: Places,
    rows: Option<Rows>,
}

/// The previous run's vectors, asked for in the order of ids.
struct Rows {
    numbers: File,
    ids: std::iter::Peekable<std::iter::Enumerate<std::io::Lines<BufReader<File>>>>,
    row: Vec<u8>,
}

impl Rows {
    /// The row of `id` as it is in the file, where it has one.
    fn of(&mut self, id: &str) -> Result<Option<&[u8]>, RunError> {
        while let Some((at, found)) = self.ids.peek() {
            match found {
                Ok(found) if found.as_str() < id => {
                    self.ids.next();
                }
                Ok(found) if found == id => {
                    let offset = *at as u64 * self.row.len() as u64;
                    self.numbers.seek(SeekFrom::Start(offset))?;
                    self.numbers.read_exact(&mut self.row)?;
                    return Ok(Some(&self.row));
                }
                Ok(_) => return Ok(None),
                Err(error) => {
                    return Err(std::io::Error::new(error.kind(), error.to_string()).into());
                }
            }
        }
        Ok(None)
    }
}

impl<'a> Packing<'a> {
    fn start(
        ground: &'a Ground<'a>,
        plan: &'a Plan,
        total: u64,
        scratch: &Path,
    ) -> Result<Self, RunError> {
        let out = &ground.out;
        let writer = |file: &str| out.writer(&layout::packed(plan.run, file));
        let vectors = match &plan.embedding {
            None => None,
            Some(planned) => Some(Vectors {
                numbers: writer(&format!("{}.f32", planned.field))?,
                ids: writer(&format!("{}.ids", planned.field))?,
                count: 0,
            }),
        };
        let before = match &ground.current {
            None => None,
            Some(current) => Some(Before {
                documents: LocalFile::need(out, &current.documents, scratch)?.places()?,
                known: LocalFile::need(out, &current.known, scratch)?.places()?,
                rows: rows(ground, plan, current, scratch)?,
            }),
        };
        Ok(Self {
            ground,
            plan,
            documents: writer("documents.jsonl")?,
            offset: 0,
            known: writer("known.jsonl")?,
            index: IndexWriter::start(out.writer(MASTER_INDEX)?, total, &out.uri(""))?,
            vectors,
            before,
            changed: Vec::new(),
            count: 0,
        })
    }

    fn add_new(&mut self, indexed: Indexed, used_by: u64, session: u32) -> Result<(), RunError> {
        let mut indexed = indexed;
        // Work wrote the files of this session; those of a killed one may not have reached the
        // disk, and only now is it known how many others use an asset.
        if indexed.document.used_by != used_by || session < self.plan.session {
            indexed.document.used_by = used_by;
            self.changed.extend(artifacts(&indexed));
        }
        let Indexed { known, document, vectors } = indexed;
        let mut encoded = None;
        if let Some(planned) = &self.plan.embedding {
            encoded = vectors.get(&planned.field).map(|text| vector(text));
            if let Some(vector) = encoded.as_ref().filter(|vector| vector.len() != planned.dims) {
                let reason = format!("a vector of {} has length {}", document.path, vector.len());
                return Err(RunError::Damaged { file: layout::roster(self.plan.run), reason });
            }
        }
        let row = encoded.map(|vector| vector.iter().flat_map(|v| v.to_le_bytes()).collect());
        let json = serde_json::to_vec(&document).expect("documents are JSON");
        self.add(&json, Known { used_by, ..known }, row)
    }

    fn add_known(
        &mut self,
        id: &str,
        document: Span,
        known: Span,
        (used_before, used_by): (u64, u64),
    ) -> Result<(), RunError> {
        let Some(before) = &mut self.before else {
            let reason = format!("{id} is called known, and nothing was published");
            return Err(RunError::Damaged { file: layout::roster(self.plan.run), reason });
        };
        let mut json = before.documents.line(document)?.to_vec();
        let mut known: Known = before.known.read(known)?;
        let row = match &mut before.rows {
            Some(rows) => rows.of(id)?.map(<[u8]>::to_vec),
            None => None,
        };
        if row.is_none() {
            known.embeddings.clear();
        }
        if used_before != used_by {
            let mut whole: Document = before.documents.read(document)?;
            whole.used_by = used_by;
            json = serde_json::to_vec(&whole).expect("documents are JSON");
            let alone = Indexed { known: known.clone(), document: whole, vectors: BTreeMap::new() };
            self.changed.extend(artifacts(&alone));
        }
        self.add(&json, Known { used_by, ..known }, row)
    }

    fn add(&mut self, json: &[u8], known: Known, row: Option<Vec<u8>>) -> Result<(), RunError> {
        let span = Span { offset: self.offset, bytes: json.len() as u64 };
        self.documents.write_all(json)?;
        self.documents.write_all(b"\n")?;
        self.offset += span.bytes + 1;
        let mut field = None;
        if let (Some(row), Some(vectors)) = (row, &mut self.vectors) {
            vectors.numbers.write_all(&row)?;
            vectors.ids.write_all(format!("{}\n", known.id).as_bytes())?;
            vectors.count += 1;
            field = self.plan.embedding.as_ref().map(|planned| planned.field.as_str());
        }
        let summary: Summary = serde_json::from_slice(json).map_err(|error| RunError::Damaged {
            file: layout::packed(self.plan.run, "documents.jsonl"),
            reason: error.to_string(),
        })?;
        self.index.add(&summary, field)?;
        self.known.write_all(&line(&Known { document: span, ..known }))?;
        self.count += 1;
        if self.changed.len() >= BATCH_FILES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the documents that changed here.
    fn flush(&mut self) -> Result<(), RunError> {
        Ok(self.ground.out.put_all(std::mem::take(&mut self.changed))?)
    }

    fn finish(self) -> Result<Current, RunError> {
        self.documents.finish()?;
        self.known.finish()?;
        let run = self.plan.run;
        let mut fields = BTreeMap::new();
        if let (Some(vectors), Some(planned)) = (self.vectors, &self.plan.embedding) {
            vectors.numbers.finish()?;
            vectors.ids.finish()?;
            let packed = Packed {
                dims: planned.dims,
                count: vectors.count,
                vectors: layout::packed(run, &format!("{}.f32", planned.field)),
                ids: layout::packed(run, &format!("{}.ids", planned.field)),
                embedding: planned.name.clone(),
                model_uri: planned.model_uri.clone(),
                model_fingerprint: planned.model_fingerprint.clone(),
            };
            fields.insert(planned.field.clone(), packed);
        }
        self.index.finish()?.finish()?;
        Ok(Current {
            v: 1,
            library: self.plan.library.clone(),
            run,
            published_at: now(),
            documents_count: self.count,
            documents: layout::packed(run, "documents.jsonl"),
            known: layout::packed(run, "known.jsonl"),
            fields,
        })
    }
}

/// The previous run's vectors, where the same model made them.
fn rows(
    ground: &Ground<'_>,
    plan: &Plan,
    current: &Current,
    scratch: &Path,
) -> Result<Option<Rows>, RunError> {
    let Some(planned) = &plan.embedding else { return Ok(None) };
    let Some(packed) = current.fields.get(&planned.field) else { return Ok(None) };
    if packed.model_fingerprint != planned.model_fingerprint || packed.dims != planned.dims {
        return Ok(None);
    }
    let numbers = LocalFile::need(&ground.out, &packed.vectors, scratch)?;
    let ids = LocalFile::need(&ground.out, &packed.ids, scratch)?;
    let ids = BufReader::new(File::open(ids.path())?).lines().enumerate().peekable();
    Ok(Some(Rows { numbers: File::open(numbers.path())?, ids, row: vec![0; 4 * packed.dims] }))
}

/// Writes the report and takes away what nobody needs any more: this run's own files, and packed
/// files older than the previous run's, which a reader may still have open.
pub(super) fn finish(ground: &Ground<'_>, plan: &Plan, report: &Report) -> Result<(), RunError> {
    let out = &ground.out;
    let mut json = serde_json::to_vec_pretty(report).expect("reports are JSON");
    json.push(b'\n');
    out.put(&layout::report(plan.run), json)?;
    let run_of = |path: &str, below: &str| -> Option<u64> {
        path.strip_prefix(below)?.strip_prefix('/')?.split('/').next()?.parse().ok()
    };
    let mut old = out.list_below(layout::RUNS)?;
    let mut reports: Vec<u64> = old.iter().filter_map(|path| run_of(path, layout::RUNS)).collect();
    reports.sort_unstable();
    reports.dedup();
    let oldest = reports.iter().rev().nth(REPORTS_KEPT - 1).copied().unwrap_or(0);
    old.retain(|path| match run_of(path, layout::RUNS) {
        Some(run) => run < oldest || !path.ends_with("/report.json"),
        None => false,
    });
    // The newest two: the one just written, and the one it replaced.
    let kept = [Some(plan.run), plan.previous];
    let newest = out.list_below(layout::VECTORS)?;
    old.extend(newest.into_iter().filter(|path| {
        let run = run_of(path, layout::VECTORS);
        run.is_some() && !kept.contains(&run)
    }));
    Ok(out.delete_all(&old)?)
}
