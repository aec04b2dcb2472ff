//! Vector fields grow up: from flat, which fills fast, to what a library of its size should have.

use std::time::{Duration, Instant};

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::names::escaped;
use super::wanted::Wanted;
use super::{Cluster, IndexError, Request, listing, mapping, vectors};

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
    let options = vectors::options(&wanted.vectors, documents);
    let rank = |options: &Value| vectors::rank(options["type"].as_str().unwrap_or_default());
    let grows = wanted
        .fields
        .iter()
        .any(|field| rank(&properties[&field.field]["index_options"]) < rank(&options));
    if grows {
        let grown = mapping::vector_properties(&wanted.fields, &wanted.vectors, documents);
        let body = json!({ "properties": grown });
        cluster.request(Request::new(Method::Put, path("_mapping")).json(&body))?;
    }
    let is_graph = options["type"].as_str().is_some_and(|name| name.ends_with("hnsw"));
    // Few are compared one by one as fast, and the server builds no graph over them either. Above,
    // it is asked of the server and not of what happened here: a killed run may have changed the
    // mapping and not built the graph.
    if documents < vectors::FLAT_BELOW || !is_graph {
        return Ok(());
    }
    let lacking = shards_without(cluster, index)?;
    if lacking.is_empty() {
        return Ok(());
    }
    for shard in lacking.iter().filter(|shard| shard.segments < 2) {
        // A lone segment is never merged: a second one is made by writing a document again.
        listing::rewrite_one(cluster, index, &shard.number)?;
    }
    merge(cluster, index)?;
    for shard in shards_without(cluster, index)? {
        tracing::warn!(
            index,
            shard = shard.number,
            "no graph was built; vectors are compared one by one"
        );
    }
    Ok(())
}

/// A primary shard that is large enough for a graph and has none.
struct Shard {
    number: String,
    segments: u64,
}

fn shards_without(cluster: &Cluster, index: &str) -> Result<Vec<Shard>, IndexError> {
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
        if count >= vectors::FLAT_BELOW && graph_bytes == 0 {
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
