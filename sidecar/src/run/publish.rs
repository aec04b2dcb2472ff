//! Receipts to a catalogue and an index: merge, pack, amend, swap.
//!
//! The index comes first: whatever is done to it may be done again. `current.json` comes last.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::crash::{self, Point};
use super::lines::line;
use super::loading::Amending;
use super::lock::Lock;
use super::merge::{self, Merged, Origin};
use super::packing::Packing;
use super::recall::Recall;
use super::records::{Outcome, Plan, Receipt};
use super::report::{Report, Steps};
use super::target::Target;
use super::{Ground, RunError, clip_report, plans, retention};
use crate::catalog::layout;
use crate::catalog::packed::{CURRENT, Current};
use crate::index::Kept;

/// Makes what the receipts say visible. Where nothing changed, nothing but the report is written.
///
/// * `steps`: where the time went until now; `began`: when the run did.
pub(super) fn publish(
    ground: &Ground<'_>,
    plan: &Plan,
    lock: &Lock,
    (mut steps, began): (Steps, Instant),
) -> Result<Report, RunError> {
    let publishing = Instant::now();
    ground.watch.step("publishing", None);
    let scratch = RunError::scratch()?;
    let mut merged = merge::merge(ground, plan, scratch.path())?;
    lock.check()?;
    if let Some(target) = &ground.target {
        target.still_newest(plan)?;
        target.record(plan, &merged.failures)?;
        let allowed = guard(ground, target, &merged);
        if allowed.is_err() && ground.settings.clips.is_some() {
            // Nothing is published; what failed is told all the same.
            let newest = ground.current.as_ref();
            let report = Report::new(ground, plan, steps, merged, newest);
            clip_report::write(ground, plan, (&report, newest), scratch.path())?;
            allowed?;
            return Ok(report);
        }
        allowed?;
    }
    let mut current = None;
    let was_killed = plans::begin_publishing(ground, plan)? || plan.mends;
    if was_killed || has_changed(ground, plan, &merged) {
        let (mut packed, refused) = pack(ground, plan, (&mut merged, was_killed), scratch.path())?;
        if let Some(target) = &ground.target {
            let documents = packed.documents_count - refused;
            packed.index = Some(target.publish(plan, documents, refused)?);
        }
        crash::at(Point::AfterSwap);
        current = Some(packed);
    }
    steps.publish = publishing.elapsed();
    steps.total = began.elapsed();
    // Before the swap: whoever finds the run published finds its report too.
    let newest = current.as_ref().or(ground.current.as_ref());
    let mut report = Report::new(ground, plan, steps, merged, newest);
    if ground.settings.clips.is_some() {
        report.quality = clip_report::write(ground, plan, (&report, newest), scratch.path())?;
    }
    retention::write_report(ground, &report)?;
    if let Some(current) = current {
        write_current(ground, lock, &current)?;
        crash::at(Point::AfterCurrent);
    }
    if let Some(target) = &ground.target {
        let kept = target.end(plan, report.counts)?;
        if let (Some(index), Some(Kept { newest, until })) = (&mut report.index, kept) {
            (index.kept, index.kept_until) = (Some(newest), Some(until));
        }
    }
    crash::at(Point::BeforeRetention);
    retention::sweep(ground, plan.run, plan.previous)?;
    Ok(report)
}

/// The swap: one small file, last.
fn write_current(ground: &Ground<'_>, lock: &Lock, current: &Current) -> Result<(), RunError> {
    ground.out.sync()?;
    lock.check()?;
    let mut swap = ground.out.writer(CURRENT)?;
    swap.write_all(&line(current)).map_err(RunError::io("write", CURRENT))?;
    Ok(swap.finish()?)
}

fn has_changed(ground: &Ground<'_>, plan: &Plan, merged: &Merged) -> bool {
    let count = ground.current.as_ref().map(|current| current.documents_count);
    let same = count == Some(merged.documents())
        && merged.counts.indexed == 0
        && merged.gone.is_empty()
        && !merged.mends
        && plan.index.as_ref().is_none_or(|index| index.agrees);
    !same
}

/// Lets a new index take the place of an old one only where enough of it is there.
fn guard(ground: &Ground<'_>, target: &Target, merged: &Merged) -> Result<(), RunError> {
    let counts = merged.counts;
    let percent = ground.settings.success_percent_min;
    let wanted = counts.read * u64::from(percent);
    match target.replaces() && (counts.read - counts.failed) * 100 < wanted {
        false => Ok(()),
        true => {
            let (nouns, failed, read) = (ground.settings.nouns(), counts.failed, counts.read);
            Err(RunError::TooFew { nouns, failed, read, percent })
        }
    }
}

/// Writes the packed files, takes away the files of what left, and amends the index. Comes back
/// with the number of documents that the index refused.
///
/// * `was_killed`: whether an earlier attempt was, after which no file of an asset is trusted.
fn pack(
    ground: &Ground<'_>,
    plan: &Plan,
    (merged, was_killed): (&mut Merged, bool),
    scratch: &Path,
) -> Result<(Current, u64), RunError> {
    let documents = merged.documents();
    let leaving = leaving(ground, merged)?;
    let mut packing = Packing::start(ground, plan, (documents, leaving), scratch)?;
    let mut recall = Recall::open(ground, plan)?;
    let amending = ground.target.as_ref().map(|target| Amending::start(target, plan.run));
    let Merged { roster, origins, used_by, places, unsure, .. } = merged;
    let mut unsure = unsure.iter().copied().peekable();
    let mut nowhere = Vec::new();
    for (at, ((member, origin), &used_by)) in
        roster.iter().zip(origins).zip(used_by.iter()).enumerate()
    {
        // What failed may stand in the index, and in its own files, as a killed session left it.
        let is_unsure = unsure.next_if(|&next| next as usize == at).is_some();
        match *origin {
            Origin::Nowhere => {
                if is_unsure {
                    nowhere.push(member.key().to_owned());
                }
            }
            Origin::Receipt { place, fresh, .. } => {
                let receipt: Receipt = places[place.part].read(place.at)?;
                let Outcome::Indexed(mut indexed) = receipt.outcome else { continue };
                let was = indexed.document.used_by();
                indexed.document.set_used_by(used_by);
                if let Some(amending) = amending.as_ref().filter(|_| is_unsure || was != used_by) {
                    amending.write(&indexed);
                }
                indexed.document.set_used_by(was);
                packing.add_new(*indexed, used_by, fresh && !is_unsure)?;
            }
            Origin::Before { document, known, used_by: before } => {
                if let Some(amending) = amending.as_ref().filter(|_| is_unsure || before != used_by)
                {
                    let mut indexed = recall.packed(document, known)?;
                    indexed.document.set_used_by(used_by);
                    amending.write(&indexed);
                }
                let before = (!was_killed && !is_unsure).then_some(before);
                packing.add_known(&member.id, document, known, (before, used_by))?;
            }
        }
    }
    let current = packing.finish()?;
    let refused = match amending {
        Some(amending) => amending.finish()?,
        None => Vec::new(),
    };
    crash::at(Point::AfterResend);
    if let Some(target) = &ground.target {
        let deleting = Amending::start(target, plan.run);
        let is_clips = ground.settings.clips.is_some();
        let gone = merged.gone.iter().filter(|gone| !gone.replaced);
        let gone = gone.map(|gone| if is_clips { &gone.name } else { &gone.id });
        // What is refused leaves nothing older behind: the count has to be known.
        let leaving = gone.chain(&nowhere).chain(&refused);
        leaving.for_each(|id| deleting.delete(id.clone()));
        deleting.finish()?;
    }
    crash::at(Point::AfterDeletes);
    Ok((current, refused.len() as u64))
}

/// Files of documents and vectors that no document may need any more.
fn leaving(ground: &Ground<'_>, merged: &Merged) -> Result<HashSet<String>, RunError> {
    if !ground.settings.writes_files {
        return Ok(HashSet::new());
    }
    if merged.mends {
        // A killed session may have written files of assets that are gone since, and no receipt.
        let mut all: HashSet<String> = HashSet::new();
        for folder in ground.settings.own_folders() {
            all.extend(ground.out.list_below(folder)?);
        }
        all.retain(|file| layout::is_own(file));
        return Ok(all);
    }
    let gone = merged.gone.iter().filter(|gone| !gone.index_only);
    let gone = gone.flat_map(|gone| ground.settings.files_of(gone));
    Ok(merged.dropped.iter().cloned().chain(gone).collect())
}
