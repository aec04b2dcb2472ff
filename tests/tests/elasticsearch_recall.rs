//! Nearest neighbours through the alias, with the index options that the program sets, against
//! comparing with every vector: real sentences, the real model.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::program::{Ended, command};

/// The default text model.
const MODEL: &str = "hf://sentence-transformers/all-MiniLM-L6-v2";
/// Neighbours that are looked for.
const K: usize = 10;
/// Documents: enough that a graph is walked, and not scanned.
const DOCUMENTS: usize = 4_000;

const COLORS: [&str; 10] = [
    "red",
    "dark blue",
    "yellow",
    "white",
    "black",
    "rusty",
    "chrome",
    "green",
    "beige",
    "striped",
];
const MATERIALS: [&str; 8] =
    ["wooden", "steel", "plastic", "glass", "leather", "concrete", "ceramic", "wicker"];
const THINGS: [&str; 20] = [
    "chair",
    "desk",
    "forklift",
    "pallet",
    "shelf",
    "lamp",
    "mug",
    "kettle",
    "barrel",
    "ladder",
    "door",
    "monitor",
    "keyboard",
    "bed",
    "bookcase",
    "crate",
    "robot arm",
    "conveyor belt",
    "traffic cone",
    "bin",
];
const PLACES: [&str; 5] =
    ["in a warehouse", "for a kitchen", "of a small office", "beside a window", "with two handles"];

/// Sentences as captions are, in an order that mixes them; no two are the same.
fn sentences() -> Vec<String> {
    let all = COLORS.len() * MATERIALS.len() * THINGS.len() * PLACES.len();
    // The step has no factor in common with the count, so that each place is met once.
    let places = (0..all).map(|number| number * 4_999 % all);
    let one = |place: usize| {
        let (color, place) = (COLORS[place % COLORS.len()], place / COLORS.len());
        let (material, place) = (MATERIALS[place % MATERIALS.len()], place / MATERIALS.len());
        let (thing, place) = (THINGS[place % THINGS.len()], place / THINGS.len());
        format!("A {color} {material} {thing} {}", PLACES[place])
    };
    places.map(one).take(DOCUMENTS).collect()
}

/// What people ask: the demonstration's queries, and captions of real assets where they are here.
fn queries() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/queries.csv");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().skip(1).filter(|line| !line.is_empty());
    let mut all: Vec<String> =
        lines.map(|line| line.split(',').next().unwrap().trim_matches('"').to_owned()).collect();
    if let Some(data) = std::env::var_os("VITRINE_TEST_DATA") {
        let file = std::path::Path::new(&data).join("captions/text-embeddings.json");
        let held: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let rows = held["rows"].as_array().unwrap().iter();
        all.extend(rows.map(|row| row["caption_en"].as_str().unwrap().to_owned()));
    }
    all
}

/// The vectors of texts, by the program.
fn embedded(texts: &[String]) -> Vec<Vec<f32>> {
    let mut call = command(&["embed", "--model", MODEL, "-"]);
    call.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = call.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = texts.join("\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let ended = Ended::new(child.wait_with_output().unwrap());
    writer.join().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let vectors: Vec<Vec<f32>> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(vectors.len(), texts.len());
    vectors
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// An index of one field, behind an alias.
fn filled(server: &Elasticsearch, field: &Value, vectors: &[Vec<f32>]) -> Name {
    let alias = server.name("recall");
    let index = format!("{alias}-1");
    let made = json!({
        "settings": {"number_of_replicas": 0},
        "mappings": {"dynamic": "strict", "properties": {"text_embedding": field}},
        "aliases": {&*alias: {}},
    });
    server.must("PUT", &format!("/{index}"), Some(&made));
    for (chunk, some) in vectors.chunks(500).enumerate() {
        let line = |(at, vector): (usize, &Vec<f32>)| {
            let id = (chunk * 500 + at).to_string();
            format!("{}\n{}\n", json!({"index": {"_id": id}}), json!({"text_embedding": vector}))
        };
        let body: String = some.iter().enumerate().map(line).collect();
        let done = server.must("POST", &format!("/{index}/_bulk"), Some(&body.into()));
        assert_eq!(done["errors"], false, "{done}");
    }
    server.must("POST", &format!("/{index}/_forcemerge?max_num_segments=1"), None);
    server.refresh(&index);
    alias
}

#[test]
fn the_ten_nearest_through_the_alias_are_those_of_exact_search() {
    let Some(server) = Elasticsearch::find() else { return };
    let documents = embedded(&sentences());
    let queries = embedded(&queries());
    assert!(queries.len() >= 20, "{} queries", queries.len());
    let field = json!({
        "type": "dense_vector", "dims": 384, "similarity": "cosine", "index": true,
        "index_options": {"type": "int8_hnsw", "rescore_vector": {"oversample": 2.0}},
    });
    let alias = filled(&server, &field, &documents);
    let mut found = 0;
    for query in &queries {
        let mut exact: Vec<f32> = documents.iter().map(|one| cosine(one, query)).collect();
        let all = exact.clone();
        exact.sort_by(|a, b| b.total_cmp(a));
        // Sentences that say the same are as good as one another.
        let enough = exact[K - 1] - 1e-6;
        let body = json!({"size": K, "_source": false, "knn": {
            "field": "text_embedding", "query_vector": query, "k": K, "num_candidates": 100,
        }});
        let answer = server.search(&alias, &body);
        let hits = answer["hits"]["hits"].as_array().unwrap();
        assert_eq!(hits.len(), K, "{answer}");
        let id = |hit: &Value| hit["_id"].as_str().unwrap().parse::<usize>().unwrap();
        found += hits.iter().filter(|hit| all[id(hit)] >= enough).count();
    }
    let recall = found as f64 / (K * queries.len()) as f64;
    eprintln!(
        "recall@{K} {recall:.4} of {} queries over {} documents",
        queries.len(),
        documents.len()
    );
    assert!(recall >= 0.98, "recall@{K} is {recall}");
}
