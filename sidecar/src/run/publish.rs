//! Receipts to a catalogue: merge, pack, swap.

use std::io::Write;
use std::time::Instant;

use super::crash::{self, Point};
use super::lines::line;
use super::lock::Lock;
use super::merge::{self, Merged, Origin};
use super::packing::Packing;
use super::records::{Outcome, Plan, Receipt};
use super::report::{Report, Steps};
use super::{Ground, RunError, retention};
use crate::catalog::layout;
use crate::catalog::packed::CURRENT;

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
    let counts = merged.counts;
    let same = ground
        .current
        .as_ref()
        .is_some_and(|current| current.documents_count == merged.documents());
    let unchanged = same && counts.indexed == 0 && counts.deleted == 0;
    let current = match unchanged {
        true => None,
        false => Some(pack(ground, plan, &mut merged, scratch.path())?),
    };
    crash::at(Point::AfterGraph);
    steps.publish = publishing.elapsed();
    steps.total = began.elapsed();
    // Before the swap: whoever finds the run published finds its report too.
    let report = Report::new(ground, plan, steps, merged);
    retention::write_report(ground, &report)?;
    if let Some(current) = current {
        ground.out.sync()?;
        lock.check()?;
        crash::at(Point::AfterSwap);
        // The swap: one small file, last.
        let mut swap = ground.out.writer(CURRENT)?;
        swap.write_all(&line(&current)).map_err(RunError::io("write", CURRENT))?;
        swap.finish()?;
        crash::at(Point::AfterCurrent);
    }
    crash::at(Point::BeforeRetention);
    retention::sweep(ground, plan.run, plan.previous)?;
    Ok(report)
}

/// Writes the packed files, and takes away the files of what left.
fn pack(
    ground: &Ground<'_>,
    plan: &Plan,
    merged: &mut Merged,
    scratch: &std::path::Path,
) -> Result<crate::catalog::packed::Current, RunError> {
    let mut packing = Packing::start(ground, plan, merged.documents(), scratch)?;
    let Merged { roster, origins, used_by, places, .. } = merged;
    for ((member, origin), &used_by) in roster.iter().zip(origins).zip(used_by.iter()) {
        match *origin {
            Origin::Nowhere => {}
            Origin::Receipt { place, fresh } => {
                let receipt: Receipt = places[place.part].read(place.at)?;
                if let Outcome::Indexed(indexed) = receipt.outcome {
                    packing.add_new(*indexed, used_by, fresh)?;
                }
            }
            Origin::Before { document, known, used_by: before } => {
                packing.add_known(&member.id, document, known, (before, used_by))?;
            }
        }
    }
    let current = packing.finish()?;
    crash::at(Point::AfterResend);
    let gone = merged.gone.iter().flat_map(|gone| {
        let fields = gone.fields.iter().map(|field| layout::embedding(field, &gone.id));
        fields.chain([layout::individual(&gone.pack, &gone.name)])
    });
    let dropped: Vec<String> = merged.dropped.iter().cloned().chain(gone).collect();
    ground.out.delete_all(&dropped)?;
    crash::at(Point::AfterDeletes);
    Ok(current)
}
