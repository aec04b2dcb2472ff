//! Runs and who claimed them: `<alias>-runs`, one document a run.
//!
//! A number is taken by creating its document: of two runs that begin at once, one gets it. The
//! documents stay as the library's history.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::names::{self, escaped};
use super::retention::now;
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, sides};

/// Numbers tried in a row before giving up.
const TRIES_MAX: u64 = 1_000;

/// How a run stands.
enum RunPhase {
    /// It goes on, or was killed.
    Running,
    /// It ended well.
    Published,
    /// It ended, and said why.
    Stopped,
}

impl RunPhase {
    fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Stopped => "stopped",
        }
    }
}

/// Takes a number of at least `at_least`. A holder that has one already, and after which nobody
/// took another, gets the same again.
///
/// # Errors
///
/// What the cluster says.
pub fn claim(
    cluster: &Cluster,
    wanted: &Wanted,
    at_least: u64,
    holder: &str,
) -> Result<u64, IndexError> {
    create_index(cluster, wanted)?;
    let newest = newest_claim(cluster, &wanted.alias)?;
    if let Some((run, source)) = &newest
        && source["holder"] == holder
        && source["phase"] != RunPhase::Published.name()
        && *run >= at_least
    {
        if source["phase"] == RunPhase::Stopped.name() {
            let again =
                json!({"phase": RunPhase::Running.name(), "ended_at": null, "reason": null});
            update(cluster, &wanted.alias, *run, again)?;
        }
        return Ok(*run);
    }
    let first = at_least.max(newest.map_or(0, |(run, _)| run) + 1);
    for run in first..first + TRIES_MAX {
        let body = json!({
            "run": run,
            "holder": holder,
            "host": rustix::system::uname().nodename().to_string_lossy(),
            "owner": wanted.owner,
            "started_at": now(),
            "phase": RunPhase::Running.name(),
        });
        let path = format!("{}/_create/{run}", escaped(&names::runs(&wanted.alias)));
        match cluster.request(Request::new(Method::Put, path).json(&body)) {
            Ok(_) => return Ok(run),
            Err(IndexError::Answer { status: 409, .. }) => {
                // Ours, when the answer to an earlier try was lost.
                if get(cluster, &wanted.alias, run)?.is_some_and(|doc| doc["holder"] == holder) {
                    return Ok(run);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(IndexError::Inconsistent {
        message: format!("no free number for a run after {TRIES_MAX} tries from {first}"),
    })
}

/// Asks whether nobody claimed a later run.
///
/// # Errors
///
/// [`IndexError::Superseded`] where somebody did; [`IndexError::Inconsistent`] where the library was
/// cleaned up meanwhile.
pub fn still_newest(
    cluster: &Cluster,
    wanted: &Wanted,
    run: u64,
    holder: &str,
) -> Result<(), IndexError> {
    // By id, without waiting for a refresh.
    if get(cluster, &wanted.alias, run + 1)?.is_some() {
        return Err(IndexError::Superseded { run, by: run + 1 });
    }
    let by = newest(cluster, &wanted.alias)?;
    if by > run {
        return Err(IndexError::Superseded { run, by });
    }
    match get(cluster, &wanted.alias, run)? {
        Some(claim) if claim["holder"] == holder => Ok(()),
        Some(_) => Err(IndexError::Superseded { run, by: run }),
        None => Err(IndexError::Inconsistent {
            message: format!(
                "run {run} is no longer in {}: it was cleaned up meanwhile",
                names::runs(&wanted.alias)
            ),
        }),
    }
}

/// Writes into a run's document that it was published, and what it came to.
///
/// # Errors
///
/// What the cluster says.
pub fn published(
    cluster: &Cluster,
    alias: &str,
    run: u64,
    counts: Value,
) -> Result<(), IndexError> {
    let phase = RunPhase::Published.name();
    update(cluster, alias, run, json!({"phase": phase, "ended_at": now(), "counts": counts}))
}

/// Writes into a run's document that it ended early, and why.
///
/// * `reason`: one word in CamelCase.
///
/// # Errors
///
/// What the cluster says.
pub fn stopped(cluster: &Cluster, alias: &str, run: u64, reason: &str) -> Result<(), IndexError> {
    let phase = RunPhase::Stopped.name();
    update(cluster, alias, run, json!({"phase": phase, "ended_at": now(), "reason": reason}))
}

fn update(cluster: &Cluster, alias: &str, run: u64, fields: Value) -> Result<(), IndexError> {
    let path = format!("{}/_update/{run}", escaped(&names::runs(alias)));
    let doc = json!({"doc": fields});
    let request = Request::new(Method::Post, path).query("retry_on_conflict", 3).json(&doc);
    match cluster.request(request) {
        Ok(_) => Ok(()),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The highest number that was claimed; 0 where none was.
pub(super) fn newest(cluster: &Cluster, alias: &str) -> Result<u64, IndexError> {
    Ok(newest_claim(cluster, alias)?.map_or(0, |(run, _)| run))
}

fn newest_claim(cluster: &Cluster, alias: &str) -> Result<Option<(u64, Value)>, IndexError> {
    let index = escaped(&names::runs(alias));
    let refresh = Request::new(Method::Post, format!("{index}/_refresh"));
    match cluster.request(refresh) {
        Ok(_) | Err(IndexError::Forbidden { .. }) => {}
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error),
    }
    let body = json!({"size": 1, "sort": [{"run": "desc"}], "track_total_hits": false});
    let answer =
        cluster.request(Request::new(Method::Post, format!("{index}/_search")).json(&body))?;
    let source = &answer["hits"]["hits"][0]["_source"];
    Ok(source["run"].as_u64().map(|run| (run, source.clone())))
}

fn get(cluster: &Cluster, alias: &str, run: u64) -> Result<Option<Value>, IndexError> {
    let path = format!("{}/_doc/{run}", escaped(&names::runs(alias)));
    match cluster.request(Request::new(Method::Get, path)) {
        Ok(answer) => Ok(Some(answer["_source"].clone())),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the index of the runs, where it is not there.
pub(super) fn create_index(cluster: &Cluster, wanted: &Wanted) -> Result<(), IndexError> {
    let keyword = json!({"type": "keyword", "ignore_above": 1024});
    let body = json!({
        "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"dynamic": "strict", "properties": {
            "run": {"type": "long"},
            "holder": keyword,
            "host": keyword,
            "owner": {"type": "object", "enabled": false},
            "started_at": {"type": "date"},
            "ended_at": {"type": "date"},
            "phase": keyword,
            "reason": keyword,
            "counts": {"type": "object", "enabled": false},
        }},
    });
    sides::create(cluster, (&names::runs(&wanted.alias), &wanted.owner), body)
}
