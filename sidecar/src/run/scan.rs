//! What is there.

use std::path::PathBuf;

use super::{Deletions, Ground, RunError};
use crate::storage::Listing;

/// All files of the library. Nothing of the catalogue, where that lies inside.
pub(super) fn list(ground: &Ground<'_>) -> Result<Listing, RunError> {
    ground.watch.step(
        match ground.settings.clips {
            None => "listing the library",
            Some(_) => "listing the videos",
        },
        None,
    );
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

/// Deletes nothing after an empty listing, and not much after any.
pub(super) fn guard(
    ground: &Ground<'_>,
    listed: u64,
    gone: u64,
    known: u64,
) -> Result<(), RunError> {
    let nouns = ground.settings.nouns();
    let Deletions::Percent(percent) = ground.settings.deletions else { return Ok(()) };
    if listed == 0 && known > 0 {
        let (source_uri, filter) = (ground.source.uri(""), ground.settings.filter.to_string());
        return Err(RunError::Empty { nouns, filter, source_uri, known });
    }
    let allowed = (known * u64::from(percent) / 100).max(1);
    match gone > allowed {
        true => Err(RunError::Deletions { nouns, gone, known, allowed }),
        false => Ok(()),
    }
}
