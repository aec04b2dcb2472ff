//! The three steps as processes of their own, which share nothing but the catalogue.
//!
//! Scan and publish hold the catalogue's lock while they run. Work holds none: each process
//! writes receipts of its own, so pods may work on different chunks, die, start again, or work on
//! one chunk twice.

use std::time::{Duration, Instant};

use super::embedders::Embedders;
use super::lines::LocalFile;
use super::lock::Lock;
pub use super::lock::let_go;
use super::planning::Planning;
use super::records::{Item, Plan, Todo};
use super::report::{Report, Steps};
use super::watch::Watch;
use super::work::{Busy, Job};
use super::{
    Ground, Removal, RunError, Settings, cleaning, plans, publish, receipts, retention, scan, work,
};
use crate::catalog::layout;
use crate::storage::{Listing, Storage};

/// Unfinished files that nobody wrote to for so long were left by a kill.
const UNFINISHED: Duration = Duration::from_secs(24 * 60 * 60);

/// Lists, compares, and writes what work and publish need. The run gets a number from `at_least`
/// on.
///
/// # Errors
///
/// When the run cannot go on.
pub fn scan(settings: &Settings, at_least: u64, watch: &dyn Watch) -> Result<Plan, RunError> {
    let ground = Ground::open(settings, watch)?;
    let lock = Lock::await_turn(&ground.out)?;
    if let Storage::Folder(folder) = &ground.out {
        folder.sweep(UNFINISHED)?;
    }
    let mut ground = ground.read()?;
    let embeddings = Embedders::plan(settings)?;
    ground.aim_anew(&embeddings)?;
    let listing = scan::list(&ground)?;
    let planning =
        Planning { ground: &ground, listing: &listing, embeddings, at_least, is_shared: true };
    let plan = ground.noted(None, planning.compare())?;
    lock.check()?;
    Ok(plan)
}

/// What a call of [`work`] came to.
#[derive(Clone, Debug)]
pub struct Worked {
    /// The run.
    pub run: u64,
    /// Chunks that were worked off.
    pub chunks: Vec<u32>,
    /// Assets of these chunks.
    pub assets: u64,
    /// Assets that have receipts of an earlier process.
    pub done_before: u64,
    /// Assets whose document this process wrote.
    pub indexed: u64,
    /// Assets that failed in this process.
    pub failed: u64,
}

/// Works off one chunk, or all. What has a receipt of this run's newest start is left alone.
///
/// # Errors
///
/// When the run cannot go on: see [`RunError`].
pub fn work(
    settings: &Settings,
    run: Option<u64>,
    chunk: Option<u32>,
    watch: &dyn Watch,
) -> Result<Worked, RunError> {
    let mut ground = Ground::open(settings, watch)?.read()?;
    let plan = plans::chosen(&ground, run)?;
    plans::still_newest(&ground, &plan)?;
    ground.aim_as_planned(&plan)?;
    let chunks = match chunk {
        None => (0..plan.chunks).collect(),
        Some(chunk) if chunk < plan.chunks => vec![chunk],
        Some(_) if plan.chunks == 0 => Vec::new(),
        Some(chunk) => {
            return Err(RunError::Usage(format!(
                "run {} has no chunk {chunk}: its {} chunks count from 0",
                plan.run, plan.chunks
            )));
        }
    };
    let listing = Listing::default();
    let mut job = Job { chunks, ..Job::whole(&plan, &listing) };
    let Survey { assets, done_before, embeds } = survey(&ground, &mut job)?;
    let mut busy = Busy::default();
    if job.assets > 0 {
        let embedders = match embeds {
            true => Embedders::open_planned(settings, &plan)?,
            false => Embedders::default(),
        };
        let listing = plans::read_files(&ground, plan.run)?;
        busy = work::work(&ground, &Job { listing: &listing, ..job }, embedders)?;
    }
    let Busy { indexed, failed, .. } = busy;
    let chunks = match chunk {
        None => (0..plan.chunks).collect(),
        Some(chunk) => vec![chunk],
    };
    Ok(Worked { run: plan.run, chunks, assets, done_before, indexed, failed })
}

/// What the chunks of a job hold.
#[derive(Default)]
struct Survey {
    assets: u64,
    /// Those that have receipts already.
    done_before: u64,
    /// Whether any of the others may need a model.
    embeds: bool,
}

/// Counts what is to be done in the chunks of `job`, and leaves out what was done.
fn survey(ground: &Ground<'_>, job: &mut Job<'_>) -> Result<Survey, RunError> {
    let scratch = RunError::scratch()?;
    (job.to_read, job.assets) = (0, 0);
    let mut found = Survey::default();
    for &chunk in &job.chunks {
        let done = receipts::done(ground, job.plan, chunk, scratch.path())?;
        let name = layout::chunk(job.plan.run, chunk);
        let mut lines = LocalFile::need(&ground.out, &name, scratch.path())?.lines()?;
        while let Some((_, item)) = lines.next::<Item>()? {
            found.assets += 1;
            if done.contains(&item.id) {
                found.done_before += 1;
                continue;
            }
            job.assets += 1;
            job.to_read += u64::from(matches!(item.todo, Todo::Read));
            found.embeds |= !matches!(item.todo, Todo::Send(_));
        }
        job.done.extend(done);
    }
    Ok(found)
}

/// Merges the receipts there are and makes them visible, whether or not every chunk was worked
/// off. Called again after it was done, it says the same again.
///
/// # Errors
///
/// When the run cannot go on: see [`RunError`].
pub fn publish(
    settings: &Settings,
    run: Option<u64>,
    watch: &dyn Watch,
) -> Result<Report, RunError> {
    let began = Instant::now();
    let ground = Ground::open(settings, watch)?;
    let lock = Lock::await_turn(&ground.out)?;
    let mut ground = ground.read()?;
    let plan = match plans::chosen(&ground, run) {
        Ok(plan) => plan,
        Err(missing @ RunError::NoPlan { .. }) => {
            // The plan goes when everything else is done.
            let last = ground.current.as_ref().map(|current| current.run);
            let report = match run.or(last) {
                Some(run) => plans::report(&ground, run)?,
                None => None,
            };
            return report.ok_or(missing);
        }
        Err(error) => return Err(error),
    };
    let published = ground.current.as_ref().map(|current| current.run);
    if published == Some(plan.run)
        && let Some(report) = plans::report(&ground, plan.run)?
    {
        retention::sweep(&ground, plan.run, plan.previous)?;
        return Ok(report);
    }
    plans::still_newest(&ground, &plan)?;
    ground.aim_as_planned(&plan)?;
    let published = publish::publish(&ground, &plan, &lock, (Steps::default(), began));
    ground.noted(Some(plan.run), published)
}

/// What a call of [`cleanup`] took away.
#[derive(Clone, Debug, Default)]
pub struct Cleaned {
    /// Files of the catalogue.
    pub files: u64,
    /// Indices.
    pub indices: Vec<String>,
}

/// Takes away what a library leaves, where its configuration says so.
///
/// # Errors
///
/// When something cannot be removed.
pub fn cleanup(settings: &Settings, watch: &dyn Watch) -> Result<Cleaned, RunError> {
    watch.step("cleaning up", None);
    match settings.removal {
        Removal::Retain => Ok(Cleaned::default()),
        Removal::Remove => cleaning::clean(&Ground::open_unchecked(settings, watch)?.read()?),
    }
}
