//! What is there, what is known, what is to do.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;

use chrono::SecondsFormat;

use super::fingerprint::{self, Versions, now};
use super::lines::{LocalFile, line};
use super::records::{
    Found, Item, Known, Member, Outcome, Plan, PlannedEmbedding, Receipt, Span, Stands, Todo,
};
use super::{Deletions, Ground, RunError};
use crate::asset::{asset_id, naming};
use crate::catalog::layout;
use crate::storage::{Listing, StorageError};

/// Assets of one chunk, at least.
const CHUNK_ASSETS: usize = 1000;
/// Chunks of one run, at most.
const CHUNKS_MAX: usize = 1000;

/// What scan hands on.
pub(super) struct Scanned {
    pub(super) plan: Plan,
    /// Receipts of this run, by file; the run's files and their copies.
    pub(super) scratch: tempfile::TempDir,
    /// Ids, packs and names of assets that left.
    pub(super) gone: Vec<Gone>,
}

/// An asset that left.
pub(super) struct Gone {
    pub(super) id: String,
    pub(super) pack: String,
    pub(super) name: String,
    pub(super) fields: Vec<String>,
}

/// All files of the library. Nothing of the catalogue, where that lies inside.
pub(super) fn list(ground: &Ground<'_>) -> Result<Listing, RunError> {
    ground.watch.step("listing the library", None);
    let listing = ground.source.list()?;
    let inside = match (ground.source.folder(), ground.out.folder()) {
        (Some(source), Some(out)) => out.strip_prefix(source).ok().map(PathBuf::from),
        _ => {
            let (source, out) = (ground.source.uri(""), ground.out.uri(""));
            let below = out.strip_prefix(&source).and_then(|rest| rest.strip_prefix('/'));
            below.map(PathBuf::from)
        }
    };
    let Some(inside) = inside else { return Ok(listing) };
    let prefix = format!("{}/", inside.to_string_lossy());
    let outside = listing.iter().filter(|entry| !entry.path.starts_with(&prefix));
    Ok(Listing::new(outside.cloned().collect()))
}

/// What an asset needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    Nothing,
    Text,
    Everything,
}

/// What is remembered of one asset while scanning.
struct Memory {
    name: String,
    need: Need,
    /// Of the published line; `None` where it is known from a receipt only.
    published: Option<(Span, Span)>,
    /// Whether a receipt of this run holds it.
    receipt: bool,
    used_by: u64,
}

/// Compares the listing with what is known and writes the plan, the roster and the chunks.
pub(super) fn compare(
    ground: &Ground<'_>,
    listing: &Listing,
    embeddings: Vec<PlannedEmbedding>,
) -> Result<Scanned, RunError> {
    ground.watch.step("comparing with the catalogue", None);
    let settings = ground.settings;
    let scratch = RunError::scratch()?;
    let previous = ground.current.as_ref().map(|current| current.run);
    let run = previous.unwrap_or(0) + 1;
    let wanted: BTreeMap<String, String> = embeddings
        .iter()
        .map(|planned| (planned.field.clone(), planned.model_fingerprint.clone()))
        .collect();

    // 1. The assets, in path order.
    let mut listed: Vec<Listed<'_>> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for entry in listing.iter().filter(|entry| settings.filter.takes(&entry.path)) {
        let id = asset_id(&settings.library, &entry.path);
        at.insert(id.clone(), listed.len());
        listed.push(Listed { id, entry, memory: None });
    }
    let within = settings
        .assets_max
        .map_or(listed.len(), |max| usize::try_from(max).unwrap_or(usize::MAX).min(listed.len()));

    // 2. What is known of them.
    let versions = Versions { storage: &ground.source, listing };
    let judge = |known: &Known, path: &str| -> Result<Need, StorageError> {
        let (files, absent) = (&known.files, &known.absent);
        if fingerprint::content(files, absent, &settings.bounds, &versions)? != known.fingerprint {
            return Ok(Need::Everything);
        }
        let caption = settings.captions.find(&settings.library, &known.id, path);
        let text = fingerprint::text(&settings.library, &ground.source.uri(""), &caption);
        let same = text == known.text && known.embeddings == wanted;
        Ok(if same { Need::Nothing } else { Need::Text })
    };
    let mut names = naming::Names::default();
    let mut gone = Vec::new();
    let mut known_count = 0;
    if let Some(current) = &ground.current {
        let known = LocalFile::need(&ground.out, &current.known, scratch.path())?;
        let mut lines = known.lines()?;
        while let Some((span, known)) = lines.next::<Known>()? {
            known_count += 1;
            let Some(&at) = at.get(&known.id) else {
                let fields = known.embeddings.into_keys().collect();
                gone.push(Gone { id: known.id, pack: known.pack, name: known.name, fields });
                continue;
            };
            let need = match at < within {
                true => judge(&known, &listed[at].entry.path)?,
                false => Need::Nothing,
            };
            names.keep(&known.pack, &known.name);
            listed[at].memory = Some(Memory {
                name: known.name,
                need,
                published: Some((known.document, span)),
                receipt: false,
                used_by: known.used_by,
            });
        }
    }
    guard(ground, listed.len() as u64, gone.len() as u64, known_count)?;

    // 3. What a killed session of this run has done already. Its last word on an asset counts.
    let (sessions, receipts) = receipts(ground, run, scratch.path())?;
    for place in receipts.into_values() {
        let Some(&at) = at.get(&place.known.id) else { continue };
        if at >= within || judge(&place.known, &listed[at].entry.path)? != Need::Nothing {
            continue;
        }
        match &mut listed[at].memory {
            Some(memory) => {
                memory.need = Need::Nothing;
                memory.receipt = true;
            }
            none => {
                names.keep(&place.known.pack, &place.known.name);
                *none = Some(Memory {
                    name: place.known.name,
                    need: Need::Nothing,
                    published: None,
                    receipt: true,
                    used_by: 0,
                });
            }
        }
    }

    // 4. The plan.
    let mut writing = Writing::new(ground, run, within)?;
    let mut found = Found { assets: within as u64, deleted: gone.len() as u64, ..Found::default() };
    let mut roster = Vec::with_capacity(listed.len());
    for (order, Listed { id, entry, memory }) in listed.into_iter().enumerate() {
        let path = entry.path.as_str();
        let stands = match &memory {
            _ if order >= within && memory.is_none() => continue,
            _ if order >= within => Stands::Beyond,
            Some(Memory { need: Need::Nothing, receipt: false, .. }) => {
                found.unchanged += 1;
                Stands::Before
            }
            Some(Memory { need: Need::Nothing, receipt: true, .. }) => {
                found.resumed += 1;
                Stands::Receipt
            }
            _ => Stands::Receipt,
        };
        let todo = match (&memory, stands) {
            (_, Stands::Before | Stands::Beyond) => None,
            (Some(Memory { need: Need::Nothing, .. }), Stands::Receipt) => None,
            (Some(Memory { need: Need::Text, published: Some((document, known)), .. }), _) => {
                Some(Todo::Describe { document: *document, known: *known })
            }
            _ => Some(Todo::Read),
        };
        if let Some(todo) = todo {
            match todo {
                Todo::Read => found.to_read += 1,
                Todo::Describe { .. } => found.to_describe += 1,
            }
            let pack = naming::pack(&settings.library, path);
            let used_by = memory.as_ref().map_or(0, |memory| memory.used_by);
            writing.add(&Item {
                name: match memory {
                    Some(memory) => memory.name,
                    None => names.give(pack, path, &id),
                },
                pack: pack.to_owned(),
                size_bytes: entry.size,
                modified: entry.modified.to_rfc3339_opts(SecondsFormat::Secs, true),
                caption: settings.captions.find(&settings.library, &id, path),
                used_by,
                todo,
                path: path.to_owned(),
                id: id.clone(),
            })?;
        }
        roster.push(Member { id, path: path.to_owned(), stands });
    }
    let chunks = writing.finish()?;
    roster.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let mut writer = ground.out.writer(&layout::roster(run))?;
    for member in &roster {
        writer.write_all(&line(member)).map_err(RunError::io("write", layout::roster(run)))?;
    }
    writer.finish()?;
    let plan = Plan {
        v: 1,
        run,
        session: sessions + 1,
        library: settings.library.clone(),
        started_at: now(),
        previous,
        embeddings,
        chunks,
        found,
    };
    ground.out.put(&layout::plan(run), line(&plan))?;
    Ok(Scanned { plan, scratch, gone })
}

struct Listed<'a> {
    id: String,
    entry: &'a crate::storage::Entry,
    memory: Option<Memory>,
}

/// Deletes nothing after an empty listing, and not much after any.
fn guard(ground: &Ground<'_>, listed: u64, gone: u64, known: u64) -> Result<(), RunError> {
    if listed == 0 && known > 0 {
        return Err(RunError::Empty { source_uri: ground.source.uri(""), known });
    }
    let Deletions::Percent(percent) = ground.settings.deletions else { return Ok(()) };
    let allowed = (known * u64::from(percent) / 100).max(1);
    match gone > allowed {
        true => Err(RunError::Deletions { gone, known, allowed }),
        false => Ok(()),
    }
}

/// What a receipt says, for scan.
struct Resumable {
    session: u32,
    known: Known,
}

/// The last success of each asset among the receipts of `run`, and how many sessions wrote them.
fn receipts(
    ground: &Ground<'_>,
    run: u64,
    scratch: &std::path::Path,
) -> Result<(u32, HashMap<String, Resumable>), RunError> {
    let mut found: HashMap<String, Resumable> = HashMap::new();
    let mut sessions = 0;
    if let Some(bytes) = ground.out.get(&layout::plan(run))? {
        // A plan that a killed scan left half written tells nothing; its receipts still do.
        sessions = serde_json::from_slice::<Plan>(&bytes).map_or(0, |plan| plan.session);
    }
    for name in parts(ground, run)? {
        let part = LocalFile::need(&ground.out, &name, scratch)?;
        let mut lines = part.lines()?;
        while let Some((_, receipt)) = lines.next::<Receipt>()? {
            let Receipt { id, session, outcome } = receipt;
            sessions = sessions.max(session);
            match outcome {
                Outcome::Indexed(indexed) => {
                    let newer = found.get(&id).is_none_or(|known| known.session <= session);
                    if newer {
                        found.insert(id, Resumable { session, known: indexed.known });
                    }
                }
                Outcome::Failed(_) => {}
            }
        }
    }
    Ok((sessions, found))
}

/// Part files of `run`, in a stable order.
pub(super) fn parts(ground: &Ground<'_>, run: u64) -> Result<Vec<String>, RunError> {
    let folder = format!("{}/{run}", layout::RUNS);
    let mut names = ground.out.list_below(&folder)?;
    let start = layout::part(run, 0);
    let start = start.trim_end_matches('0');
    names.retain(|name| name.starts_with(start));
    Ok(names)
}

/// Writes chunk files as items come.
struct Writing<'a> {
    ground: &'a Ground<'a>,
    run: u64,
    size: usize,
    chunks: u32,
    items: usize,
    open: Vec<u8>,
}

impl<'a> Writing<'a> {
    fn new(ground: &'a Ground<'a>, run: u64, assets: usize) -> Result<Self, RunError> {
        let size = CHUNK_ASSETS.max(assets.div_ceil(CHUNKS_MAX));
        Ok(Self { ground, run, size, chunks: 0, items: 0, open: Vec::new() })
    }

    fn add(&mut self, item: &Item) -> Result<(), RunError> {
        self.open.extend(line(item));
        self.items += 1;
        if self.items == self.size {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), RunError> {
        let lines = std::mem::take(&mut self.open);
        self.ground.out.put(&layout::chunk(self.run, self.chunks), lines)?;
        self.chunks += 1;
        self.items = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<u32, RunError> {
        if self.items > 0 {
            self.close()?;
        }
        Ok(self.chunks)
    }
}
