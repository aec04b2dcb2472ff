//! What goes when a library goes.

use std::time::Duration;

use vitrine_crds::embedding_job::REPORT;

use super::clip_report::PAGE;
use super::lock::Lock;
use super::steps::Cleaned;
use super::{Ground, RunError, plans, target};
use crate::catalog::index::MASTER_INDEX;
use crate::catalog::layout;
use crate::storage::Storage;

/// Removes the index and the catalogue of `ground`. That of another library stays, and a folder that no run
/// ever wrote to.
pub(super) fn clean(ground: &Ground<'_>) -> Result<Cleaned, RunError> {
    let mut cleaned = Cleaned::default();
    if let Some(index) = &ground.settings.index {
        cleaned.indices = target::remove(index)?;
    }
    let out = &ground.out;
    let library = match &ground.current {
        Some(current) => Some(current.library.clone()),
        None => plans::newest(ground)?.map(|plan| plan.library),
    };
    if library.as_ref() != Some(&ground.settings.library) {
        return Ok(cleaned);
    }
    let lock = Lock::await_turn(out)?;
    if let Storage::Folder(folder) = out {
        folder.sweep(Duration::ZERO)?;
    }
    let mut files: Vec<String> = match ground.settings.clips {
        None => vec![MASTER_INDEX.to_owned()],
        Some(_) => vec![REPORT.to_owned(), PAGE.to_owned()],
    };
    for folder in ground.settings.own_folders() {
        files.extend(out.list_below(folder)?.into_iter().filter(|file| layout::is_own(file)));
    }
    files.extend(out.list_below(layout::STATE)?);
    files.retain(|file| file != layout::LOCK);
    cleaned.files = files.len() as u64;
    out.delete_all(&files)?;
    drop(lock);
    if matches!(out, Storage::Folder(_)) {
        out.delete_all(&[layout::LOCK.to_owned()])?;
    }
    Ok(cleaned)
}
