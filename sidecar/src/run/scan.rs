//! What is there, what is known, what is to do.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use chrono::SecondsFormat;

use super::chunks::Writing;
use super::crash::{self, Point};
use super::fingerprint::{self, Versions, now};
use super::lines::{self, LocalFile, line};
use super::records::{
    Found, Gone, Item, Known, Member, Plan, PlannedEmbedding, Span, Stands, Todo,
};
use super::{Deletions, Ground, RunError, plans, receipts};
use crate::asset::{asset_id, naming};
use crate::catalog::layout;
use crate::storage::{Listing, StorageError, process_name};

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

/// What a plan is made from.
pub(super) struct Planning<'a> {
    pub(super) ground: &'a Ground<'a>,
    /// The library as it is.
    pub(super) listing: &'a Listing,
    /// The embeddings every document is to have.
    pub(super) embeddings: Vec<PlannedEmbedding>,
    /// Lowest number that the run may get.
    pub(super) at_least: u64,
    /// Whether other processes are to do the work, who need the listing.
    pub(super) is_shared: bool,
}

impl Planning<'_> {
    /// Compares and writes the roster, the chunks and, last, the plan.
    pub(super) fn compare(self) -> Result<Plan, RunError> {
        compare(self)
    }
}

fn compare(planning: Planning<'_>) -> Result<Plan, RunError> {
    let Planning { ground, listing, embeddings, at_least, is_shared } = planning;
    ground.watch.step("comparing with the catalogue", None);
    let settings = ground.settings;
    let scratch = RunError::scratch()?;
    let previous = ground.current.as_ref().map(|current| current.run);
    let begun = match plans::newest(ground) {
        // A plan of another version of this program tells nothing; its receipts still do.
        Err(RunError::Damaged { .. }) => None,
        found => found?.filter(|plan| previous.is_none_or(|run| plan.run > run)),
    };
    let continued = begun.as_ref().map_or(0, |plan| plan.run);
    let run = at_least.max(previous.unwrap_or(0) + 1).max(continued);
    let begun = begun.filter(|plan| plan.run == run);
    crash::at(Point::AfterClaim);
    let wanted: BTreeMap<String, String> = embeddings
        .iter()
        .map(|planned| (planned.field.clone(), planned.model_fingerprint.clone()))
        .collect();

    // 1. The assets, in path order.
    let mut listed: Vec<Asset<'_>> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for entry in listing.iter().filter(|entry| settings.filter.takes(&entry.path)) {
        let id = asset_id(&settings.library, &entry.path);
        at.insert(id.clone(), listed.len());
        listed.push(Asset { id, entry, memory: None });
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

    // 3. What killed sessions have done already. Their last word on an asset counts.
    let (mut sessions, receipts) = receipts::resumable(ground, (previous, run), scratch.path())?;
    sessions = sessions.max(begun.as_ref().map_or(0, |plan| plan.session));
    for known in receipts.into_values() {
        let Some(&at) = at.get(&known.id) else { continue };
        if at >= within || judge(&known, &listed[at].entry.path)? != Need::Nothing {
            continue;
        }
        match &mut listed[at].memory {
            Some(memory) => {
                memory.need = Need::Nothing;
                memory.receipt = true;
            }
            none => {
                names.keep(&known.pack, &known.name);
                *none = Some(Memory {
                    name: known.name,
                    need: Need::Nothing,
                    published: None,
                    receipt: true,
                    used_by: 0,
                });
            }
        }
    }

    crash::at(Point::AfterPrepare);

    // 4. The plan. Until it is written there is none: a kill in between leaves nothing half true.
    if begun.is_some() {
        ground.out.delete_all(&[layout::plan(run)])?;
    }
    let mut writing = Writing::new(ground, run, within);
    let mut found = Found { assets: within as u64, deleted: gone.len() as u64, ..Found::default() };
    let mut roster = Vec::with_capacity(listed.len());
    for (order, Asset { id, entry, memory }) in listed.into_iter().enumerate() {
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
        let is_done = todo.is_none();
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
        let resumed = stands == Stands::Receipt && is_done;
        roster.push(Member { id, path: path.to_owned(), stands, resumed });
    }
    let chunks = writing.finish()?;
    roster.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    lines::write(&ground.out, &layout::roster(run), &roster)?;
    lines::write(&ground.out, &layout::gone(run), &gone)?;
    if is_shared {
        plans::write_files(ground, run, listing)?;
    }
    let plan = Plan {
        v: 1,
        run,
        session: sessions + 1,
        holder: begun.map_or_else(|| process_name().to_owned(), |plan| plan.holder),
        planner: process_name().to_owned(),
        library: settings.library.clone(),
        started_at: now(),
        previous,
        embeddings,
        chunks,
        found,
    };
    ground.out.put(&layout::plan(run), line(&plan))?;
    crash::at(Point::AfterPlan);
    Ok(plan)
}

struct Asset<'a> {
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
