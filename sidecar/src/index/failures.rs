//! Assets without a current document, and why: `<alias>-failures`, one document an asset.

use std::collections::HashSet;

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::error::BLOCK;
use super::names::{self, escaped};
use super::wanted::{Holds, Wanted};
use super::{Cluster, IndexError, Request, listing, sides};

/// Documents written or removed at once.
const BATCH: usize = 500;
/// Longest reason, in characters; the report has it whole.
const REASON_CHARS_MAX: usize = 4_000;

/// An asset without a current document.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Its id.
    pub id: &'a str,
    /// Where it is.
    pub uri: &'a str,
    /// What was being done.
    pub step: &'a str,
    /// A sentence.
    pub reason: &'a str,
    /// How often it was tried.
    pub attempts: u32,
    /// When, RFC 3339 in UTC.
    pub time: &'a str,
}

/// Makes the failures index say what run `run` says: `failures`, and no others.
///
/// # Errors
///
/// What the cluster says.
pub fn record(
    cluster: &Cluster,
    wanted: &Wanted,
    run: u64,
    failures: &[Failed<'_>],
) -> Result<(), IndexError> {
    let index = names::failures(&wanted.alias);
    if !failures.is_empty() {
        sides::create(cluster, (&index, &wanted.owner), creation())?;
    }
    let now: HashSet<&str> = failures.iter().map(|failure| failure.id).collect();
    let before = match ids(cluster, &index) {
        Ok(ids) => ids,
        Err(error) if error.is_missing() => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut lines = Vec::new();
    for failure in failures {
        let Failed { id, uri, step, reason, attempts, time } = failure;
        lines.push(json!({"index": {"_id": id}}));
        lines.push(json!({
            "asset_id": id, "uri": uri, "step": step,
            "reason": reason.chars().take(REASON_CHARS_MAX).collect::<String>(),
            "attempts": attempts, "time": time, "run": run,
        }));
        send(cluster, &index, &mut lines, 2 * BATCH)?;
    }
    for id in before.iter().filter(|id| !now.contains(id.as_str())) {
        lines.push(json!({"delete": {"_id": id}}));
        send(cluster, &index, &mut lines, 2 * BATCH)?;
    }
    send(cluster, &index, &mut lines, 1)
}

fn creation() -> Value {
    let keyword = json!({"type": "keyword", "ignore_above": 8_000});
    json!({
        "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"dynamic": "strict", "properties": {
            "asset_id": keyword, "uri": keyword, "step": keyword, "reason": {"type": "text"},
            "attempts": {"type": "long"}, "time": {"type": "date"}, "run": {"type": "long"},
        }},
    })
}

/// Sends `lines` when there are at least `least`.
fn send(
    cluster: &Cluster,
    index: &str,
    lines: &mut Vec<Value>,
    least: usize,
) -> Result<(), IndexError> {
    if lines.len() < least {
        return Ok(());
    }
    let request = Request::new(Method::Post, format!("{}/_bulk", escaped(index)))
        .query("filter_path", "errors,items.*.error")
        .lines(lines);
    let answer = cluster.request(request)?;
    lines.clear();
    let refused = answer["items"].as_array().and_then(|items| items.first());
    match refused.filter(|_| answer["errors"] == true) {
        None => Ok(()),
        Some(item)
            if item["index"]["error"]["type"] == BLOCK
                || item["delete"]["error"]["type"] == BLOCK =>
        {
            Err(IndexError::Blocked { index: index.to_owned(), reason: item.to_string() })
        }
        Some(item) => Err(IndexError::Inconsistent {
            message: format!(
                "failures cannot be written to {index}: {item}; remove it, or mend its mapping"
            ),
        }),
    }
}

fn ids(cluster: &Cluster, index: &str) -> Result<Vec<String>, IndexError> {
    listing::list(cluster, (index, Holds::Assets))?.map(|entry| Ok(entry?.id)).collect()
}
