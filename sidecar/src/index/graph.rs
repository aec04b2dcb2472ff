//! Vector fields grow up: from flat, which fills fast, to what a library of its size should have.

use std::time::{Duration, Instant};

use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use super::names::escaped;
use super::wanted::{FieldWanted, Wanted};
use super::{Cluster, IndexError, Request, listing, mapping, vectors};
use crate::asset::Content;

/// How long building a graph may take: a million vectors take some ten minutes on two cores.
const BUILD_MAX: Duration = Duration::from_secs(6 * 3600);
/// How long one question after it waits.
const POLL: Duration = Duration::from_secs(30);

/// Gives the vector fields of `index` the options that `documents` documents call for, and builds
/// what those need at once, where they were others. Elasticsearch would do so bit by bit, as
/// segments merge, and build the same graph several times.
pub(super) fn grow(
    cluster: &Cluster,
    wanted: &Wanted,
    index: &str,
    documents: u64,
) -> Result<(), IndexError> {
    if wanted.fields.is_empty() {
        return Ok(());
    }
    let path = |suffix: &str| format!("{}/{suffix}", escaped(index));
    let answer = cluster.request(Request::new(Method::Get, path("_mapping")))?;
    let properties = &answer[index]["mappings"]["properties"];
    let counts = counts(cluster, wanted, index, documents)?;
    let options = counts.iter().map(|count| vectors::options(&wanted.vectors, *count));
    let grown: Vec<(&FieldWanted, Value)> = wanted.fields.iter().zip(options).collect();
    let rank = |options: &Value| vectors::rank(options["type"].as_str().unwrap_or_default());
    let grows = grown
        .iter()
        .any(|(field, options)| rank(mapping::options_of(field, properties)) < rank(options));
    if grows {
        let body = json!({ "properties": mapping::vector_properties(&grown) });
        cluster.request(Request::new(Method::Put, path("_mapping")).json(&body))?;
    }
    let is_graph =
        |options: &Value| options["type"].as_str().is_some_and(|name| name.ends_with("hnsw"));
    // Few are compared one by one as fast, and the server builds no graph over them either. Above,
    // it is asked of the server and not of what happened here: a killed run may have changed the
    // mapping and not built the graph.
    let graphs = grown.iter().zip(&counts).filter(|((_, options), _)| is_graph(options));
    let most = graphs.map(|(_, count)| *count).max().unwrap_or(0);
    if most < vectors::FLAT_BELOW {
        return Ok(());
    }
    let share = most as f64 / counts.iter().sum::<u64>().max(1) as f64;
    let lacking = shards_without(cluster, index, share)?;
    if lacking.is_empty() {
        return Ok(());
    }
    for shard in lacking.iter().filter(|shard| shard.segments < 2) {
        // A lone segment is never merged: a second one is made by writing a document again.
        listing::rewrite_one(cluster, index, &shard.number)?;
    }
    merge(cluster, index)?;
    for shard in shards_without(cluster, index, share)? {
        tracing::warn!(
            index,
            shard = shard.number,
            "no graph was built; vectors are compared one by one"
        );
    }
    Ok(())
}

/// How many vectors each field holds, in the order of `wanted.fields`: every document is counted
/// where a field is of what all have.
fn counts(
    cluster: &Cluster,
    wanted: &Wanted,
    index: &str,
    documents: u64,
) -> Result<Vec<u64>, IndexError> {
    let mut asked = Map::new();
    for FieldWanted { field, content, .. } in &wanted.fields {
        let counted = match content {
            Content::Description => continue,
            Content::Caption => json!({"filter": {"exists": {"field": field}}}),
            Content::Views => json!({"nested": {"path": field}}),
        };
        asked.insert(field.clone(), counted);
    }
    if asked.is_empty() {
        return Ok(vec![documents; wanted.fields.len()]);
    }
    let body = json!({"size": 0, "track_total_hits": false, "aggs": asked});
    let path = format!("{}/_search", escaped(index));
    let answer = cluster.request(Request::new(Method::Post, path).json(&body))?;
    let counted = |field: &FieldWanted| match field.content {
        Content::Description => Some(documents),
        Content::Caption | Content::Views => {
            answer["aggregations"][&field.field]["doc_count"].as_u64()
        }
    };
    let counts: Option<Vec<u64>> = wanted.fields.iter().map(counted).collect();
    counts.ok_or_else(|| IndexError::Protocol {
        action: format!("POST /{index}/_search"),
        reason: format!("no counts in {answer}"),
    })
}

/// A primary shard that is large enough for a graph and has none.
struct Shard {
    number: String,
    segments: u64,
}

/// * `share`: how much of all vectors the largest field has, 0 to 1. The server tells a shard's vectors
///   of all fields together.
fn shards_without(cluster: &Cluster, index: &str, share: f64) -> Result<Vec<Shard>, IndexError> {
    let path = format!("{}/_stats/dense_vector,segments", escaped(index));
    let answer = cluster.request(Request::new(Method::Get, path).query("level", "shards"))?;
    let shards = answer["indices"][index]["shards"].as_object();
    let mut found = Vec::new();
    for (number, copies) in shards.into_iter().flatten() {
        let copies = copies.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(primary) = copies.iter().find(|copy| copy["routing"]["primary"] == true) else {
            continue;
        };
        let dense = &primary["dense_vector"];
        let count = dense["value_count"].as_u64().unwrap_or(0);
        let graph_bytes = dense["off_heap"]["total_vex_size_bytes"].as_u64().unwrap_or(0);
        if count as f64 * share >= vectors::FLAT_BELOW as f64 && graph_bytes == 0 {
            let segments = primary["segments"]["count"].as_u64().unwrap_or(0);
            found.push(Shard { number: number.clone(), segments });
        }
    }
    Ok(found)
}

/// Merges to one segment and waits for it, however long: as a task, which no time-out of a proxy
/// ends.
fn merge(cluster: &Cluster, index: &str) -> Result<(), IndexError> {
    let begin = Instant::now();
    let request = Request::new(Method::Post, format!("{}/_forcemerge", escaped(index)))
        .query("max_num_segments", 1)
        .query("wait_for_completion", false);
    let answer = cluster.request(request)?;
    let Some(task) = answer["task"].as_str() else {
        return Err(IndexError::Protocol {
            action: format!("POST /{index}/_forcemerge"),
            reason: format!("no task in {answer}"),
        });
    };
    loop {
        let request = Request::new(Method::Get, format!("_tasks/{}", escaped(task)))
            .query("wait_for_completion", true)
            .query("timeout", format!("{}s", POLL.as_secs()))
            .timeout(2 * POLL);
        match cluster.request(request) {
            Ok(answer) if answer["completed"] == true => {
                let failed = &answer["response"]["_shards"]["failures"][0];
                let why = if answer["error"].is_null() { failed } else { &answer["error"] };
                if !why.is_null() {
                    let message = format!("the graph of {index} could not be built: {why}");
                    return Err(IndexError::Inconsistent { message });
                }
                break;
            }
            // 404: done and forgotten, as after a restart of the node.
            Err(error) if error.is_missing() => break,
            Ok(_) => {}
            // The server says so when its patience ends before the task does.
            Err(IndexError::Answer { kind, .. }) if kind == "timeout_exception" => {}
            Err(error) => return Err(error),
        }
        if begin.elapsed() > BUILD_MAX {
            let hours = BUILD_MAX.as_secs() / 3600;
            let message = format!("the graph of {index} was not built within {hours} hours");
            return Err(IndexError::Inconsistent { message });
        }
    }
    cluster.request(Request::new(Method::Post, format!("{}/_refresh", escaped(index))))?;
    Ok(())
}
