//! What stays of a run when it is over.

use super::report::Report;
use super::{Ground, RunError};
use crate::catalog::layout;

/// Reports of older runs that stay.
const REPORTS_KEPT: usize = 10;

/// Writes what the run came to.
pub(super) fn write_report(ground: &Ground<'_>, report: &Report) -> Result<(), RunError> {
    let mut json = serde_json::to_vec_pretty(report).expect("reports are JSON");
    json.push(b'\n');
    Ok(ground.out.put(&layout::report(report.run), json)?)
}

/// Takes away what nobody needs any more: the runs' own files up to `run`'s, and packed files
/// older than those of `previous`, which a reader may still have open. The plan goes last: while
/// it is there, publish can be called again.
pub(super) fn sweep(ground: &Ground<'_>, run: u64, previous: Option<u64>) -> Result<(), RunError> {
    let out = &ground.out;
    let run_of = |path: &str, below: &str| -> Option<u64> {
        path.strip_prefix(below)?.strip_prefix('/')?.split('/').next()?.parse().ok()
    };
    let mut old = out.list_below(layout::RUNS)?;
    let mut reports: Vec<u64> = old.iter().filter_map(|path| run_of(path, layout::RUNS)).collect();
    reports.sort_unstable();
    reports.dedup();
    let oldest = reports.iter().rev().nth(REPORTS_KEPT - 1).copied().unwrap_or(0);
    old.retain(|path| match run_of(path, layout::RUNS) {
        Some(of) => of < oldest || of <= run && !path.ends_with("/report.json"),
        None => false,
    });
    // The newest two: the one just written, and the one it replaced.
    let kept = [Some(run), previous];
    let packed = out.list_below(layout::VECTORS)?;
    old.extend(packed.into_iter().filter(|path| {
        let of = run_of(path, layout::VECTORS);
        of.is_some() && !kept.contains(&of)
    }));
    let plan = layout::plan(run);
    old.retain(|path| *path != plan);
    out.delete_all(&old)?;
    Ok(out.delete_all(&[plan])?)
}
