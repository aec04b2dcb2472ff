//! An index is made, or made ready, to be filled.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::mapping;
use super::meta::{Meta, VERSION};
use super::names::{self, escaped};
use super::standing::{self, Standing};
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, sides};

/// Makes the target ready for run `run`: creates it where it is not there, and puts the settings
/// for loading into one that nothing was published from yet. A live index keeps being searched as
/// it is.
///
/// # Errors
///
/// [`IndexError::Superseded`] where a later run wrote to it already.
pub fn prepare(
    cluster: &Cluster,
    wanted: &Wanted,
    standing: &Standing,
    run: u64,
) -> Result<(), IndexError> {
    let Standing { target, analyzers, .. } = standing;
    let fresh = Meta {
        v: VERSION,
        owner: wanted.owner.clone(),
        run,
        published_run: 0,
        documents: 0,
        embeddings: wanted.fields.clone(),
        analyzers: analyzers.clone(),
        replaced_at: None,
    };
    if !standing.exists {
        create(cluster, target, &mapping::creation(wanted, analyzers, &fresh.to_value()))?;
    }
    let pattern = escaped(target);
    let found = standing::indices(cluster, target, &pattern)?.into_iter().next();
    let before = found.and_then(|index| index.meta).unwrap_or_else(|| fresh.clone());
    if before.run > run {
        return Err(IndexError::Superseded { run, by: before.run });
    }
    let is_live = standing.live.as_ref().is_some_and(|live| live.index == *target);
    if !is_live {
        put_settings(cluster, target, &mapping::loading_settings())?;
        // A later run may have made the index live in the meantime: searches need theirs back.
        let found = standing::indices(cluster, target, &pattern)?.into_iter().next();
        let by = found.and_then(|index| index.meta).map_or(0, |meta| meta.run);
        if by > run {
            put_settings(cluster, target, &mapping::serving_settings(wanted))?;
            return Err(IndexError::Superseded { run, by });
        }
    }
    if wanted.adopt {
        sides::take_over(cluster, wanted)?;
    }
    // Models may have moved since; what asks questions loads them from here.
    let (owner, embeddings) = (wanted.owner.clone(), wanted.fields.clone());
    let meta = Meta { run, owner, embeddings, ..before };
    standing::write_meta(cluster, target, &meta, None)?;
    let path = format!("{pattern}/_alias/{}", escaped(&names::write_alias(target)));
    let alias = json!({"is_write_index": true});
    cluster.request(Request::new(Method::Put, path).json(&alias))?;
    Ok(())
}

/// Creates an index and waits until it can be written to; one that is there stays as it is.
pub(super) fn create(cluster: &Cluster, index: &str, body: &Value) -> Result<(), IndexError> {
    let request =
        Request::new(Method::Put, escaped(index)).query("wait_for_active_shards", 1).json(body);
    match cluster.request(request) {
        Ok(_) => Ok(()),
        Err(IndexError::Answer { status: 400, kind, .. })
            if kind == "resource_already_exists_exception" =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

pub(super) fn put_settings(
    cluster: &Cluster,
    index: &str,
    settings: &Value,
) -> Result<(), IndexError> {
    let path = format!("{}/_settings", escaped(index));
    cluster.request(Request::new(Method::Put, path).json(settings))?;
    Ok(())
}
