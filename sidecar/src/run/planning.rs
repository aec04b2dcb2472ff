//! What is known, and what is to do.
//!
//! ```text
//! listing ─▶ assets ─▶ what the previous run published ─▶ receipts of killed sessions
//!                                 ─▶ what the index holds ─▶ roster, chunks, plan
//! ```

use std::collections::{HashMap, HashSet};

use chrono::SecondsFormat;

use super::chunks::Writing;
use super::crash::{self, Point};
use super::fingerprint::{self, Origin, Versions, now};
use super::lines::{self, LocalFile, line};
use super::records::{
    Found, Gone, Item, Kept, Known, Member, Pictured, Plan, PlannedEmbedding, PlannedIndex, Stands,
    Todo,
};
use super::{Ground, RunError, clips, plans, receipts, scan};
use crate::asset::assigned::Assigned;
use crate::asset::{Content, asset_id, clip, naming};
use crate::catalog::layout;
use crate::index;
use crate::storage::{Entry, Listing, StorageError, process_name};

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

/// What an asset needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    Nothing,
    Text,
    /// Text, and vectors of so many views that the catalogue has.
    Views(u32),
    Everything,
}

/// One asset of the library while it is compared.
struct Asset<'a> {
    id: String,
    entry: &'a Entry,
    memory: Option<Memory>,
}

/// What is remembered of an asset.
struct Memory {
    name: String,
    need: Need,
    stands: Stands,
    /// Where its document is.
    kept: Kept,
    used_by: u64,
    /// What the index should say of it.
    state: String,
    /// Whether the index says so.
    is_sent: bool,
}

/// Which run this is.
struct Number {
    run: u64,
    previous: Option<u64>,
    holder: String,
    /// Starts of this run before this one, as far as its plan says.
    sessions: u32,
    /// Whether a run was killed after it was planned.
    mends: bool,
}

/// All assets, and the ones that left.
struct Compared<'a> {
    assets: Vec<Asset<'a>>,
    at: HashMap<String, usize>,
    /// Assets that this run looks at: the first so many.
    within: usize,
    names: naming::Names,
    gone: Vec<Gone>,
    /// Assets of which the previous run published a document.
    known_count: u64,
    /// Whether the index holds what the previous run published, as far as its own numbers say.
    agrees: bool,
    /// What people wrote of clips.
    written: Option<Assigned<'a>>,
}

impl<'a> Planning<'a> {
    /// Compares and writes the roster, the chunks and, last, the plan.
    pub(super) fn compare(self) -> Result<Plan, RunError> {
        let ground = self.ground;
        ground.watch.step("comparing with what is known", None);
        let scratch = RunError::scratch()?;
        let mut number = self.number()?;
        crash::at(Point::AfterClaim);
        let mut compared = self.list();
        self.known(&mut compared, scratch.path())?;
        let listed = compared.assets.len() as u64;
        scan::guard(ground, listed, compared.gone.len() as u64, compared.known_count)?;
        self.receipts(&mut compared, &mut number, scratch.path())?;
        self.guard_live(&compared)?;
        self.index(&mut compared)?;
        self.write(compared, number)
    }

    /// The number after the last published one; a killed run goes on under its own.
    fn number(&self) -> Result<Number, RunError> {
        let ground = self.ground;
        let previous = ground.current.as_ref().map(|current| current.run);
        let begun = match plans::newest(ground) {
            // A plan of another version of this program tells nothing; its receipts still do.
            Err(RunError::Damaged { .. }) => None,
            found => found?.filter(|plan| previous.is_none_or(|run| plan.run > run)),
        };
        let continued = begun.as_ref().map_or(0, |plan| plan.run);
        let lowest = self.at_least.max(previous.unwrap_or(0) + 1).max(continued);
        let own = |plan: &&Plan| plan.run == lowest;
        let holder = begun.as_ref().filter(own).map(|plan| plan.holder.clone());
        let holder = holder.unwrap_or_else(|| process_name().to_owned());
        let run = match &ground.target {
            Some(target) => target.claim(lowest, &holder)?,
            None => lowest,
        };
        let mends = begun.is_some();
        let sessions = begun.filter(|plan| plan.run == run).map_or(0, |plan| plan.session);
        Ok(Number { run, previous, holder, sessions, mends })
    }

    /// The assets, in path order.
    fn list(&self) -> Compared<'a> {
        let settings = self.ground.settings;
        let mut assets: Vec<Asset<'_>> = Vec::new();
        let mut at: HashMap<String, usize> = HashMap::new();
        for entry in self.listing.iter().filter(|entry| settings.filter.takes(&entry.path)) {
            let id = asset_id(&settings.library, &entry.path);
            at.insert(id.clone(), assets.len());
            assets.push(Asset { id, entry, memory: None });
        }
        let captions = &settings.captions;
        let has =
            |asset: &&Asset<'_>| captions.has(&settings.library, &asset.id, &asset.entry.path);
        let met = if captions.is_empty() { 0 } else { assets.iter().filter(has).count() };
        if met < captions.len() {
            let (unmet, all) = (captions.len() - met, captions.len());
            tracing::warn!(
                "{unmet} of {all} captions belong to no asset of this library: their keys are \
                 neither ids nor paths in it"
            );
        }
        let max =
            settings.assets_max.map_or(usize::MAX, |max| max.try_into().unwrap_or(usize::MAX));
        let within = max.min(assets.len());
        let paths = assets.iter().map(|asset| asset.entry.path.as_str());
        let clips = settings.clips.as_ref();
        let written = clips.map(|clips| Assigned::new(&clips.annotations, paths));
        Compared {
            assets,
            at,
            within,
            names: naming::Names::default(),
            gone: Vec::new(),
            known_count: 0,
            agrees: true,
            written,
        }
    }

    /// What the asset at place `at` needs, of which `known` was published.
    fn judge(&self, known: &Known, to: &Compared<'_>, at: usize) -> Result<Need, StorageError> {
        let Self { ground, listing, .. } = self;
        let settings = ground.settings;
        let versions = Versions { storage: &ground.source, listing };
        let path = to.assets[at].entry.path.as_str();
        if let (Some(clips), Some(written)) = (&settings.clips, &to.written) {
            let annotation = written.find(&known.name, path);
            return clips.judge(known, annotation, (&self.embeddings, &versions));
        }
        let brought = match &settings.brought {
            Some(brought) => brought.versions(path, listing)?,
            None => Vec::new(),
        };
        let (files, absent) = (&known.files, &known.absent);
        let origin = Origin { path, files, absent, brought: &brought };
        let options = fingerprint::Options::of(settings);
        if fingerprint::content(&origin, &options, &versions)? != known.fingerprint {
            return Ok(Need::Everything);
        }
        let caption = settings.captions.find(&settings.library, &known.id, path);
        let text = fingerprint::text(&settings.library, &ground.source.uri(""), &caption);
        let models = |planned: &PlannedEmbedding| {
            known.embeddings.get(&planned.field) == Some(&planned.model_fingerprint)
        };
        let is_of_views = |planned: &&PlannedEmbedding| planned.content == Content::Views;
        if !self.embeddings.iter().filter(is_of_views).all(models) {
            let has_files = settings.pictures.as_ref().is_some_and(|wanted| wanted.files);
            return Ok(match has_files || settings.brought.is_some() {
                true => Need::Views(known.pictured.views),
                false => Need::Everything, // Pictures that were drawn for models alone are gone.
            });
        }
        let same_models =
            known.embeddings.len() == self.embeddings.len() && self.embeddings.iter().all(models);
        Ok(if text == known.text && same_models { Need::Nothing } else { Need::Text })
    }

    /// What the previous run published.
    fn known(&self, to: &mut Compared<'_>, scratch: &std::path::Path) -> Result<(), RunError> {
        let ground = self.ground;
        let Some(current) = &ground.current else { return Ok(()) };
        let mut lines = LocalFile::need(&ground.out, &current.known, scratch)?.lines()?;
        while let Some((span, known)) = lines.next::<Known>()? {
            to.known_count += 1;
            let Some(&at) = to.at.get(&known.id) else {
                let fields = known.embeddings.into_keys().collect();
                let Known { id, pack, name, pictured, .. } = known;
                let (index_only, replaced) = (false, false);
                to.gone.push(Gone { id, pack, name, fields, pictured, index_only, replaced });
                continue;
            };
            let (need, stands) = match at < to.within {
                true => (self.judge(&known, to, at)?, Stands::Before),
                false => (Need::Nothing, Stands::Beyond),
            };
            to.names.keep(&known.pack, &known.name);
            to.assets[at].memory = Some(Memory {
                state: self.state(&known),
                name: known.name,
                need,
                stands,
                kept: Kept::Packed { document: known.document, known: span },
                used_by: known.used_by,
                is_sent: true,
            });
        }
        Ok(())
    }

    /// What killed sessions have done already. Their last word on an asset counts.
    fn receipts(
        &self,
        to: &mut Compared<'_>,
        number: &mut Number,
        scratch: &std::path::Path,
    ) -> Result<(), RunError> {
        let which = (number.previous, number.run);
        let (sessions, receipts) = receipts::resumable(self.ground, which, scratch)?;
        number.sessions = number.sessions.max(sessions);
        number.mends |= !receipts.is_empty();
        for receipts::Resumable { known, kept, used_by, .. } in receipts.into_values() {
            // A session that was killed may have sent more to the index than it has receipts of.
            to.agrees = false;
            let Some(&at) = to.at.get(&known.id) else { continue };
            if at >= to.within || self.judge(&known, to, at)? != Need::Nothing {
                continue;
            }
            let memory = &mut to.assets[at].memory;
            let name = match memory {
                Some(memory) => std::mem::take(&mut memory.name),
                None => {
                    to.names.keep(&known.pack, &known.name);
                    known.name.clone()
                }
            };
            let state = self.state(&known);
            let (need, stands) = (Need::Nothing, Stands::Receipt);
            *memory = Some(Memory { name, need, stands, kept, used_by, state, is_sent: true });
        }
        Ok(())
    }

    /// What the index should say of `known`; empty where there is none.
    fn state(&self, known: &Known) -> String {
        match &self.ground.target {
            Some(_) => fingerprint::state(known),
            None => String::new(),
        }
    }

    /// The id of a document's asset; of a clip the id of its path.
    fn id_of(&self, entry: &index::Entry) -> String {
        let settings = self.ground.settings;
        match settings.clips {
            None => entry.id.clone(),
            Some(_) => asset_id(&settings.library, &entry.path),
        }
    }

    /// Guards what is searched where no state tells of it: a catalogue begun anew beside an index.
    fn guard_live(&self, compared: &Compared<'_>) -> Result<(), RunError> {
        let Self { ground, .. } = self;
        let (Some(target), None) = (&ground.target, &ground.current) else { return Ok(()) };
        let Some(live) = target.live() else { return Ok(()) };
        let mut gone = 0;
        for entry in target.entries(&live.index)? {
            gone += u64::from(!compared.at.contains_key(&self.id_of(&entry?)));
        }
        scan::guard(ground, compared.assets.len() as u64, gone, live.documents)
    }

    /// What the index holds: asked for only where it may not be what was published.
    fn index(&self, to: &mut Compared<'_>) -> Result<(), RunError> {
        let Some(target) = &self.ground.target else { return Ok(()) };
        to.agrees &= target.agrees(self.ground.current.as_ref());
        if to.agrees {
            return Ok(());
        }
        self.ground.watch.step("comparing with the index", None);
        for asset in &mut to.assets {
            if let Some(memory) = &mut asset.memory {
                memory.is_sent = false;
            }
        }
        let is_clips = self.ground.settings.clips.is_some();
        for entry in target.written()? {
            let entry = entry?;
            let id = self.id_of(&entry);
            // A clip may have had another name there.
            let is_named = |memory: &&mut Memory| !is_clips || memory.name == entry.id;
            let memory = to.at.get(&id).and_then(|&at| to.assets[at].memory.as_mut());
            match memory.filter(is_named) {
                Some(memory) => {
                    memory.is_sent = entry.state == memory.state && entry.used_by == memory.used_by;
                }
                // What is to be read will be written over; the rest has no business there.
                None if !is_clips && to.at.get(&id).is_some_and(|&at| at < to.within) => {}
                None => to.gone.push(Gone {
                    id,
                    pack: String::new(),
                    name: entry.id,
                    fields: Vec::new(),
                    pictured: Pictured::default(),
                    index_only: true,
                    replaced: false,
                }),
            }
        }
        Ok(())
    }

    fn write(&self, compared: Compared<'_>, number: Number) -> Result<Plan, RunError> {
        let Compared { assets, within, mut names, mut gone, agrees, written, .. } = compared;
        let Number { run, previous, holder, sessions, mends } = number;
        let ground = self.ground;
        // Until the plan is written there is none: a kill in between leaves nothing half true.
        ground.out.delete_all(&[layout::plan(run)])?;
        let mut writing = Writing::new(ground, run, within);
        let deleted = gone.iter().filter(|gone| !gone.index_only).count() as u64;
        let mut found = Found { assets: within as u64, deleted, ..Found::default() };
        let mut roster = Vec::with_capacity(assets.len());
        for (order, asset) in assets.into_iter().enumerate() {
            let Asset { id, entry, memory } = asset;
            let todo = match &memory {
                None if order >= within => continue,
                None => Some(Todo::Read),
                Some(memory) => memory.todo(),
            };
            let stands = match (&memory, &todo) {
                (None, _) | (_, Some(Todo::Read | Todo::Describe { .. })) => Stands::Receipt,
                (Some(memory), _) => memory.stands,
            };
            match (&todo, stands) {
                (Some(Todo::Read), _) => found.to_read += 1,
                (Some(Todo::Describe { views, .. }), _) => {
                    found.to_describe += 1;
                    found.to_look += u64::from(views.is_some());
                }
                (Some(Todo::Send(_)), _) => found.to_send += 1,
                (None, Stands::Before) => found.unchanged += 1,
                (None, Stands::Receipt) => found.resumed += 1,
                (None, Stands::Beyond) => {}
            }
            let asked = todo.is_some();
            let mut name = memory.as_ref().map(|memory| memory.name.clone());
            if let Some(todo) = todo {
                let item = self.item((&id, entry), memory, (&mut names, written.as_ref()), todo);
                writing.add(&item)?;
                name = Some(item.name);
            }
            let key = name.filter(|_| ground.settings.clips.is_some());
            roster.push(Member { id, path: entry.path.clone(), stands, asked, key });
        }
        if let Some(written) = &written {
            let held: HashSet<&str> = roster.iter().map(Member::key).collect();
            // Of some videos alone nobody knows what is written for nothing.
            if ground.settings.assets_max.is_none() {
                clips::tell_unused(
                    written,
                    roster.iter().map(|one| (one.key(), one.path.as_str())),
                );
            }
            gone.iter_mut().for_each(|gone| gone.replaced = held.contains(gone.name.as_str()));
        }
        let chunks = writing.finish()?;
        roster.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        lines::write(&ground.out, &layout::roster(run), &roster)?;
        lines::write(&ground.out, &layout::gone(run), &gone)?;
        if self.is_shared {
            plans::write_files(ground, run, self.listing)?;
        }
        let changes = found.is_work() || found.resumed > 0 || !gone.is_empty();
        let index = match &ground.target {
            None => None,
            Some(target) => {
                if changes || !agrees {
                    target.prepare(run)?;
                }
                let (alias, target) = (target.alias().to_owned(), target.name().to_owned());
                Some(PlannedIndex { alias, target, agrees })
            }
        };
        crash::at(Point::AfterPrepare);
        let plan = Plan {
            v: 1,
            run,
            session: sessions + 1,
            holder,
            planner: process_name().to_owned(),
            library: ground.settings.library.clone(),
            started_at: now(),
            previous,
            embeddings: self.embeddings.clone(),
            index,
            mends,
            chunks,
            found,
        };
        ground.out.put(&layout::plan(run), line(&plan))?;
        crash::at(Point::AfterPlan);
        Ok(plan)
    }

    fn item(
        &self,
        (id, entry): (&str, &Entry),
        memory: Option<Memory>,
        (names, written): (&mut naming::Names, Option<&Assigned<'_>>),
        todo: Todo,
    ) -> Item {
        let settings = self.ground.settings;
        let path = entry.path.as_str();
        if let Some(written) = written {
            let clip_id = match memory {
                Some(memory) => memory.name,
                None => clip::clip_id(names, path, id),
            };
            let annotation = written.find(&clip_id, path);
            return clips::item((id, entry), clip_id, annotation, todo);
        }
        let pack = naming::pack(&settings.library, path);
        let used_by = memory.as_ref().map_or(0, |memory| memory.used_by);
        Item {
            name: match memory {
                Some(memory) => memory.name,
                None => names.give(pack, path, id),
            },
            pack: pack.to_owned(),
            size_bytes: entry.size,
            modified: entry.modified.to_rfc3339_opts(SecondsFormat::Secs, true),
            caption: settings.captions.find(&settings.library, id, path),
            annotation: None,
            used_by,
            todo,
            path: path.to_owned(),
            id: id.to_owned(),
        }
    }
}

impl Memory {
    /// What work is to be asked for.
    fn todo(&self) -> Option<Todo> {
        match (self.need, &self.kept) {
            (Need::Nothing, _) if self.is_sent => None,
            (Need::Nothing, kept) => Some(Todo::Send(kept.clone())),
            (Need::Text, &Kept::Packed { document, known }) => {
                Some(Todo::Describe { document, known, views: None })
            }
            (Need::Views(views), &Kept::Packed { document, known }) => {
                Some(Todo::Describe { document, known, views: Some(views) })
            }
            (Need::Text | Need::Views(_), Kept::Receipt { .. }) | (Need::Everything, _) => {
                Some(Todo::Read)
            }
        }
    }
}
