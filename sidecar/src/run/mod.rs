//! One run: scan → work → publish.
//!
//! Three rooms with files between them (`.vitrine/runs/<run>/`), in one process by [`catalog`], or
//! in one each by [`steps`]:
//!
//! ```text
//! scan      lists, compares          → plan.json, roster, gone, chunk-<i>
//! work      reads, describes, embeds → the index; documents, vectors; part-<i>-… (receipts)
//! publish   merges receipts          → packed files, master_index.json; the index amended, its
//!                                      alias moved; report.json; current.json
//! ```
//!
//! A run has the number after the last published one, or one that the index gives it. Killed at any
//! point, the next start goes on under the same number, one session more, and takes every receipt
//! that still fits its source.

mod bringing;
mod chunks;
mod cleaning;
mod clip_page;
pub mod clip_report;
pub mod clip_settings;
pub mod clips;
mod crash;
mod describe;
mod embedders;
pub mod error;
mod filmed;
mod filming;
pub mod fingerprint;
mod journals;
mod lines;
mod loading;
pub mod lock;
mod merge;
mod packing;
mod planning;
mod plans;
mod publish;
mod reading;
mod recall;
mod receipts;
pub mod records;
pub mod report;
mod retention;
mod rows;
mod scan;
mod state;
pub mod steps;
mod target;
pub mod watch;
mod work;

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use vitrine_crds::library::EmbeddingSpec;

use crate::asset::captions::Captions;
use crate::catalog::layout;
use crate::catalog::packed::{CURRENT, Current};
use crate::embed;
use crate::extract::Bounds;
use crate::extract::brought::Brought;
use crate::extract::pictures::Wanted;
use crate::index::{Cluster, Destination};
use crate::storage::{Access, Filter, Location, Storage};

pub use clip_settings::{ClipBounds, ClipModels, ClipSettings};
pub use clips::{Clips, unused};
use embedders::Embedders;
pub use error::RunError;
use lock::Lock;
use planning::Planning;
use records::{Gone, Plan, PlannedEmbedding};
use report::{Report, Sight, Steps};
use target::Target;
use watch::Watch;
use work::Job;

/// Everything a run is told, checked.
#[derive(Debug)]
pub struct Settings {
    /// The library.
    pub source: Location,
    /// The catalogue, or the folder that stands for it where only an index is wanted.
    pub out: Location,
    /// Whether the catalogue's files for people are written: documents, vectors, the index.
    pub writes_files: bool,
    /// How to get into the library's store.
    pub access: Access,
    /// How to get into the catalogue's store.
    pub out_access: Access,
    /// Names the library in ids.
    pub library: String,
    /// Which files are assets.
    pub filter: Filter,
    /// Only this many assets, the first in path order.
    pub assets_max: Option<u64>,
    /// Given captions.
    pub captions: Captions,
    /// Limits on one asset.
    pub bounds: Bounds,
    /// Child processes at once.
    pub jobs: usize,
    /// The pictures of each asset, where any are made.
    pub pictures: Option<Wanted>,
    /// Where their views come from, where they are not drawn.
    pub brought: Option<Brought>,
    /// What turns sentences and pictures into vectors; without any there are none.
    pub embeddings: Vec<Embedding>,
    /// How many assets may leave at once.
    pub deletions: Deletions,
    /// Share of the assets that must have succeeded for a new index to replace the old, in percent.
    pub success_percent_min: u32,
    /// What happens when the library itself is deleted.
    pub removal: Removal,
    /// Where documents are indexed, where they are.
    pub index: Option<Destination>,
    /// What is told beside, where the library is a collection of clips.
    pub clips: Option<Clips>,
}

impl Settings {
    /// What the run is over, for messages: `assets` or `clips`.
    pub fn nouns(&self) -> &'static str {
        match self.clips {
            None => "assets",
            Some(_) => "clips",
        }
    }

    /// The folders of the output that hold files of single assets or clips, and are a run's alone.
    fn own_folders(&self) -> &'static [&'static str] {
        match self.clips {
            None => &layout::ASSET_FOLDERS,
            Some(_) => &layout::CLIP_FOLDERS,
        }
    }

    /// The files of one asset or clip.
    fn files_of(&self, gone: &Gone) -> Vec<String> {
        if self.clips.is_some() {
            return vec![layout::clip_sheet(&gone.name)];
        }
        let Gone { id, pack, name, fields, pictured, index_only: _, replaced: _ } = gone;
        let vectors = fields.iter().map(|field| layout::embedding(field, id));
        let own = [layout::individual(pack, name)];
        vectors.chain(own).chain(pictured.files(id)).collect()
    }
}

/// What happens to a catalogue whose library is deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It stays.
    Retain,
    /// It goes too.
    Remove,
}

/// What turns sentences or pictures into vectors.
#[derive(Debug)]
pub struct Embedding {
    /// The model.
    pub spec: EmbeddingSpec,
    /// Where and how it runs.
    pub options: embed::Options,
}

/// How many assets may leave at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deletions {
    /// At most this percentage of the catalogue, and always one.
    Percent(u32),
    /// However many are gone.
    Approved,
}

/// The two ends of a run, and what it stands on.
struct Ground<'a> {
    settings: &'a Settings,
    source: Storage,
    out: Storage,
    current: Option<Current>,
    /// The cluster that answered, until the run knows which index of it is meant.
    cluster: Option<Cluster>,
    target: Option<Target>,
    watch: &'a dyn Watch,
}

impl<'a> Ground<'a> {
    /// Opens both ends.
    fn open(settings: &'a Settings, watch: &'a dyn Watch) -> Result<Self, RunError> {
        let ground = Self::open_unchecked(settings, watch)?;
        check_ends(settings, &ground.source, &ground.out)?;
        // Before anything that takes long: a refused login ends the run at once.
        let connect = |destination: &Destination| Cluster::connect(&destination.connection);
        let cluster = settings.index.as_ref().map(connect).transpose()?;
        Ok(Self { cluster, ..ground })
    }

    /// Opens both ends, be the source there or not.
    fn open_unchecked(settings: &'a Settings, watch: &'a dyn Watch) -> Result<Self, RunError> {
        let source = Storage::open(&settings.source, &settings.access)?;
        let out = Storage::open(&settings.out, &settings.out_access)?;
        Ok(Self { settings, source, out, current: None, cluster: None, target: None, watch })
    }

    /// Reads what is published. Where it is to be written anew, hold the lock.
    fn read(mut self) -> Result<Self, RunError> {
        let settings = self.settings;
        self.current = read_current(&self.out)?;
        match self.current.as_ref().filter(|current| current.library != settings.library) {
            None => Ok(self),
            // A state folder is a cache; whose the index is, the index says.
            Some(_) if !settings.writes_files => Ok(Self { current: None, ..self }),
            Some(current) => Err(RunError::Usage(format!(
                "the catalogue holds the library `{}`, not `{}`: pass --name {} or another --out",
                current.library, settings.library, current.library
            ))),
        }
    }
}

impl Ground<'_> {
    /// Looks at the index, where one is wanted.
    fn aim(&mut self, embeddings: &[PlannedEmbedding]) -> Result<(), RunError> {
        if let Some(cluster) = self.cluster.take() {
            self.target = Target::open(cluster, self.settings, embeddings)?;
        }
        Ok(())
    }

    /// As [`Ground::aim`], at the beginning of a run: where the index alone holds the library, and
    /// what is here is not what it publishes, fetches that.
    fn aim_anew(&mut self, embeddings: &[PlannedEmbedding]) -> Result<(), RunError> {
        self.aim(embeddings)?;
        let Some(target) = &self.target else { return Ok(()) };
        let is_behind = target.live().is_some() && !target.is_of(self.current.as_ref());
        if is_behind && !self.settings.writes_files {
            self.current = state::rebuild(self, target)?;
        }
        Ok(())
    }

    /// Passes a result on; where it is an error, the index's history of runs says so.
    ///
    /// * `run`: the run, where this process did not begin it.
    fn noted<T>(&self, run: Option<u64>, done: Result<T, RunError>) -> Result<T, RunError> {
        if let (Err(error), Some(target)) = (&done, &self.target) {
            target.stopped(run, error);
        }
        done
    }

    /// As [`Ground::aim`], for a step of a run that another process planned.
    fn aim_as_planned(&mut self, plan: &Plan) -> Result<(), RunError> {
        self.aim(&plan.embeddings)?;
        let target = self.target.as_ref().map(Target::name);
        let planned = plan.index.as_ref().map(|index| index.target.as_str());
        match target == planned {
            true => Ok(()),
            false => {
                let name = |index: Option<&str>| index.unwrap_or("no index").to_owned();
                let planned = format!("{}, and now has {}", name(planned), name(target));
                Err(RunError::Replanned { run: plan.run, planned })
            }
        }
    }
}

/// Brings a catalogue up to date with its library: the three steps in one process.
///
/// # Errors
///
/// When the run cannot go on: see [`RunError`]. A broken asset is in the report instead.
pub fn catalog(settings: &Settings, watch: &dyn Watch) -> Result<Report, RunError> {
    let began = Instant::now();
    let ground = Ground::open(settings, watch)?;
    let lock = Lock::take(&ground.out)?;
    if let Storage::Folder(folder) = &ground.out {
        folder.sweep(Duration::ZERO)?;
    }
    let mut ground = ground.read()?;
    // The model loads while the library is listed.
    let (listing, (embedders, embeddings)) = std::thread::scope(|scope| {
        let opening = scope.spawn(|| Embedders::open(settings));
        let listed = scan::list(&ground);
        let embedders = opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, RunError>((listed?, embedders?))
    })?;
    ground.aim_anew(&embeddings)?;
    let steps = || {
        let planning = Planning {
            ground: &ground,
            listing: &listing,
            embeddings,
            at_least: 0,
            is_shared: false,
        };
        let plan = planning.compare()?;
        let mut steps = Steps { scan: began.elapsed(), ..Steps::default() };
        if plan.found.is_work() {
            let working = Instant::now();
            let done = work::work(&ground, &Job::whole(&plan, &listing), embedders)?;
            steps.work = working.elapsed();
            steps.read_busy = done.read_busy;
            steps.embed_busy = done.embed_busy;
            steps.write_busy = done.write_busy;
            let sight = |(model, load): &(String, _)| Sight::new(model, load, steps.work);
            steps.picture_models = done.loads.iter().map(sight).collect();
        }
        drop(listing);
        lock.check()?;
        publish::publish(&ground, &plan, &lock, (steps, began))
    };
    ground.noted(None, steps())
}

/// Refuses a folder of `files` that is not there; of what is remote, its store will tell.
///
/// # Errors
///
/// [`RunError::Usage`].
pub fn check_folder(source: &Location, files: &str) -> Result<(), RunError> {
    match source {
        Location::Folder(folder) if !folder.is_dir() => {
            let what = match folder.exists() {
                true => format!("{source} is no folder"),
                false => format!("there is no folder {source}"),
            };
            Err(RunError::Usage(format!(
                "{what}: name a folder of {files}, or a file:// s3:// gs:// az:// https:// URI"
            )))
        }
        Location::Folder(_) | Location::Bucket(_) => Ok(()),
    }
}

fn check_ends(settings: &Settings, source: &Storage, out: &Storage) -> Result<(), RunError> {
    let files = if settings.clips.is_some() { "videos" } else { "USD or GLB files" };
    check_folder(&settings.source, files)?;
    let Some(folder) = source.folder() else { return Ok(()) };
    if out.folder() == Some(folder) {
        let what = match settings.clips {
            None => "the catalogue cannot lie in the library's own folder",
            Some(_) => "the report cannot lie in the folder of the videos",
        };
        return Err(RunError::Usage(format!("{what}: give --out another")));
    }
    Ok(())
}

fn read_current(out: &Storage) -> Result<Option<Current>, RunError> {
    let Some(bytes) = out.get(CURRENT)? else { return Ok(None) };
    let damaged = |reason: String| RunError::Damaged { file: CURRENT.to_owned(), reason };
    let current: Current =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    match current.v {
        1 => Ok(Some(current)),
        v => Err(damaged(format!("version {v}, and this program knows 1"))),
    }
}

/// A bounded channel between two steps: the slow one pushes back.
fn step<T>(length: usize) -> (std::sync::mpsc::SyncSender<T>, std::sync::mpsc::Receiver<T>) {
    sync_channel(length)
}
