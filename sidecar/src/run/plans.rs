//! Which run there is, and whether it is still the newest.

use super::lines::{self, LocalFile};
use super::records::{Gone, Listed, Member, Plan};
use super::report::Report;
use super::{Ground, RunError};
use crate::catalog::layout;
use crate::storage::{Entry, Listing};

/// The plan of `run`; `None` where there is none.
pub(super) fn plan(ground: &Ground<'_>, run: u64) -> Result<Option<Plan>, RunError> {
    let file = layout::plan(run);
    let Some(bytes) = ground.out.get(&file)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(plan) => Ok(Some(plan)),
        Err(error) => Err(RunError::Damaged { file, reason: error.to_string() }),
    }
}

/// The plan of the highest run that has one.
pub(super) fn newest(ground: &Ground<'_>) -> Result<Option<Plan>, RunError> {
    match newest_run(ground)? {
        Some(run) => plan(ground, run),
        None => Ok(None),
    }
}

fn newest_run(ground: &Ground<'_>) -> Result<Option<u64>, RunError> {
    let names = ground.out.list_below(layout::RUNS)?;
    let planned = names.iter().filter_map(|name| {
        let rest = name.strip_prefix(layout::RUNS)?.strip_prefix('/')?;
        rest.strip_suffix("/plan.json")?.parse().ok()
    });
    Ok(planned.max())
}

/// The plan of exactly `run`, or the newest.
pub(super) fn chosen(ground: &Ground<'_>, run: Option<u64>) -> Result<Plan, RunError> {
    let found = match run {
        Some(run) => plan(ground, run)?,
        None => newest(ground)?,
    };
    found.ok_or_else(|| RunError::NoPlan {
        run: run.map_or_else(|| "a run".to_owned(), |run| format!("run {run}")),
        catalog: ground.out.uri(""),
    })
}

/// Asks whether `plan` is still the one to follow.
///
/// # Errors
///
/// [`RunError::Superseded`] where a later run was planned or published, or this one started anew.
pub(super) fn still_newest(ground: &Ground<'_>, plan: &Plan) -> Result<(), RunError> {
    let superseded = |by: String| Err(RunError::Superseded { run: plan.run, by });
    match newest(ground)? {
        Some(other) if other.is(plan) => {}
        Some(other) if other.run == plan.run => {
            return superseded(format!("a later start of run {}", other.run));
        }
        Some(other) if other.run > plan.run => return superseded(format!("run {}", other.run)),
        _ => return superseded("another process that ended or cleaned it up".to_owned()),
    }
    let published = super::read_current(&ground.out)?.map(|current| current.run);
    match published {
        published if published == plan.previous => match &ground.target {
            Some(target) => target.still_newest(plan),
            None => Ok(()),
        },
        Some(run) => superseded(format!("run {run}, which was published")),
        None => superseded("the removal of what was published before".to_owned()),
    }
}

/// Whether `plan`'s run, or one before it, was killed while it was being published. Says so from
/// now on.
pub(super) fn begin_publishing(ground: &Ground<'_>, plan: &Plan) -> Result<bool, RunError> {
    let names = ground.out.list_below(layout::RUNS)?;
    let was = names.iter().any(|name| name.ends_with("/publishing"));
    ground.out.put(&layout::publishing(plan.run), Vec::new())?;
    Ok(was)
}

/// What `run` came to, where it is over.
pub(super) fn report(ground: &Ground<'_>, run: u64) -> Result<Option<Report>, RunError> {
    let file = layout::report(run);
    let Some(bytes) = ground.out.get(&file)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(report) => Ok(Some(report)),
        Err(error) => Err(RunError::Damaged { file, reason: error.to_string() }),
    }
}

/// Writes what the source listed, for the pods that work on it.
pub(super) fn write_files(
    ground: &Ground<'_>,
    run: u64,
    listing: &Listing,
) -> Result<(), RunError> {
    let files = listing.iter().map(|entry| {
        let Entry { path, size, modified, version } = entry.clone();
        Listed { path, size, version, modified }
    });
    lines::write(&ground.out, &layout::files(run), files)
}

/// What the source listed when the run was planned.
pub(super) fn read_files(ground: &Ground<'_>, run: u64) -> Result<Listing, RunError> {
    let scratch = RunError::scratch()?;
    let files: Vec<Listed> = read(ground, &layout::files(run), scratch.path())?;
    let entries = files.into_iter().map(|file| {
        let Listed { path, size, version, modified } = file;
        Entry { path, size, modified, version }
    });
    Ok(Listing::new(entries.collect()))
}

/// Every asset that the catalogue is to hold, by id.
pub(super) fn roster(
    ground: &Ground<'_>,
    plan: &Plan,
    scratch: &std::path::Path,
) -> Result<Vec<Member>, RunError> {
    read(ground, &layout::roster(plan.run), scratch)
}

/// The assets that left.
pub(super) fn gone(
    ground: &Ground<'_>,
    plan: &Plan,
    scratch: &std::path::Path,
) -> Result<Vec<Gone>, RunError> {
    read(ground, &layout::gone(plan.run), scratch)
}

fn read<T: serde::de::DeserializeOwned>(
    ground: &Ground<'_>,
    name: &str,
    scratch: &std::path::Path,
) -> Result<Vec<T>, RunError> {
    let mut lines = LocalFile::need(&ground.out, name, scratch)?.lines()?;
    let mut values = Vec::new();
    while let Some((_, value)) = lines.next()? {
        values.push(value);
    }
    Ok(values)
}
