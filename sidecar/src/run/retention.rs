//! What stays of a run when it is over.

use super::records::Plan;
use super::report::Report;
use super::{Ground, RunError};
use crate::catalog::layout;

/// Reports of older runs that stay.
const REPORTS_KEPT: usize = 10;

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
