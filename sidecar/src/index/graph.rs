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
/// Between two questions after it: at first, and in the end.
const ASK_EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How long it may not have begun before that is worth a word.
const SILENT: Duration = Duration::from_secs(15);
/// How long a server may put off building it. It then does so when it can, and searches are exact
/// until it has.
const PUT_OFF_MAX: Duration = Duration::from_secs(600);

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
    // A graph of other options, or of another field, does not stand for the one that is wanted now.
    let mut lacking = large_shards(cluster, index, share)?;
    lacking.retain(|shard| grows || !shard.has_graph);
    if lacking.is_empty() {
        return Ok(());
    }
    for shard in lacking.iter().filter(|shard| shard.segments < 2) {
        // A lone segment is never merged: a second one is made by writing a document again.
        listing::rewrite_one(cluster, index, &shard.number)?;
    }
    merge(cluster, index)?;
    for shard in large_shards(cluster, index, share)?.iter().filter(|shard| !shard.has_graph) {
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
            Content::Caption | Content::Motion | Content::Sound => {
                json!({"filter": {"exists": {"field": field}}})
            }
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
        Content::Caption | Content::Views | Content::Motion | Content::Sound => {
            answer["aggregations"][&field.field]["doc_count"].as_u64()
        }
    };
    let counts: Option<Vec<u64>> = wanted.fields.iter().map(counted).collect();
    counts.ok_or_else(|| IndexError::Protocol {
        action: format!("POST /{index}/_search"),
        reason: format!("no counts in {answer}"),
    })
}

/// A primary shard that is large enough for a graph.
struct Shard {
    number: String,
    segments: u64,
    has_graph: bool,
}

/// The server says how large graphs are of an index, and of a shard whether it was ever merged on
/// demand. A shard whose graph came with its own merges is merged once for nothing.
///
/// * `share`: how much of all vectors the largest field has, 0 to 1. The server tells a shard's vectors
///   of all fields together.
fn large_shards(cluster: &Cluster, index: &str, share: f64) -> Result<Vec<Shard>, IndexError> {
    let path = format!("{}/_stats/dense_vector,segments", escaped(index));
    let answer = cluster.request(Request::new(Method::Get, path).query("level", "shards"))?;
    let index = &answer["indices"][index];
    let of_all = &index["primaries"]["dense_vector"]["off_heap"]["total_vex_size_bytes"];
    let has_any = of_all.as_u64().unwrap_or(0) > 0;
    let mut found = Vec::new();
    for (number, copies) in index["shards"].as_object().into_iter().flatten() {
        let copies = copies.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(primary) = copies.iter().find(|copy| copy["routing"]["primary"] == true) else {
            continue;
        };
        let count = primary["dense_vector"]["value_count"].as_u64().unwrap_or(0);
        let was_merged = !primary["commit"]["user_data"]["force_merge_uuid"].is_null();
        if count as f64 * share >= vectors::FLAT_BELOW as f64 {
            let segments = primary["segments"]["count"].as_u64().unwrap_or(0);
            let has_graph = has_any && was_merged;
            found.push(Shard { number: number.clone(), segments, has_graph });
        }
    }
    Ok(found)
}

/// Merges to one segment and waits for it, however long: as a task, which no time-out of a proxy
/// ends. A server whose disk is nearly full takes the task and does not begin it.
fn merge(cluster: &Cluster, index: &str) -> Result<(), IndexError> {
    let begin = Instant::now();
    let (mut idle_since, mut said) = (None::<Instant>, false);
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
    let mut pause = ASK_EVERY.0;
    loop {
        std::thread::sleep(pause);
        pause = (pause * 3 / 2).min(ASK_EVERY.1);
        let request = Request::new(Method::Get, format!("_tasks/{}", escaped(task)));
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
            Err(error) => return Err(error),
        }
        if begin.elapsed() > BUILD_MAX {
            let hours = BUILD_MAX.as_secs() / 3600;
            let message = format!("the graph of {index} was not built within {hours} hours");
            return Err(IndexError::Inconsistent { message });
        }
        if pause < ASK_EVERY.1 {
            continue;
        }
        if is_merging(cluster, index)? {
            idle_since = None;
            continue;
        }
        let idle = idle_since.get_or_insert_with(Instant::now).elapsed();
        if idle > SILENT && !said {
            said = true;
            tracing::warn!(
                index,
                "Elasticsearch has not begun to build the graph: it merges nothing while a data \
                 node's disk is nearly full (setting indices.merge.disk.watermark.high, by default \
                 95 %), or while it merges other indices; look at GET _cat/allocation?v and free \
                 disk space"
            );
        }
        if idle > PUT_OFF_MAX {
            break;
        }
    }
    cluster.request(Request::new(Method::Post, format!("{}/_refresh", escaped(index))))?;
    Ok(())
}

/// Whether a merge of `index` is under way; merges that wait are not.
fn is_merging(cluster: &Cluster, index: &str) -> Result<bool, IndexError> {
    let path = format!("{}/_stats/merge", escaped(index));
    let answer = cluster.request(Request::new(Method::Get, path))?;
    Ok(answer["_all"]["total"]["merges"]["current"].as_u64().unwrap_or(0) > 0)
}
