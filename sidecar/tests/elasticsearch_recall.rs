//! Nearest neighbours through the alias, with the index options that the program sets, against
//! comparing with every vector: real sentences, the real model.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

mod filled;

use std::hash::{Hash, Hasher};

use filled::{Item, filled};
use serde_json::{Value, json};
use vitrine::asset::{Document, asset_id};
use vitrine::embed::{self, Options};
use vitrine_crds::library::VectorIndex;
use vitrine_tests::elasticsearch::Elasticsearch;

/// Neighbours that are looked for.
const K: usize = 10;
/// Documents: from this many on `auto` builds a graph.
const DOCUMENTS: usize = 10_000;

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
const PLACES: [&str; 7] = [
    "in a warehouse",
    "for a kitchen",
    "of a small office",
    "beside a window",
    "with two handles",
    "on wheels",
    "under a red awning",
];

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

/// The vectors of texts; none where there is no model here. Kept for the next version of the
/// server: they take longer than all else.
fn embedded(texts: &[String]) -> Option<Vec<Vec<f32>>> {
    let options = Options { progress: false, ..Options::default() };
    let mut model = match embed::open(&embed::default_text(), &options) {
        Ok(model) => model,
        Err(error) => {
            vitrine_tests::skip(&format!("no text model: {error}"));
            return None;
        }
    };
    let mut hash = std::hash::DefaultHasher::new();
    (model.fingerprint(), texts).hash(&mut hash);
    let name = format!("recall-{:016x}.json", hash.finish());
    let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if let Some(vectors) = std::fs::read(&kept).ok().and_then(|at| serde_json::from_slice(&at).ok())
    {
        return Some(vectors);
    }
    let vectors = model.embed(texts).unwrap();
    std::fs::write(kept, serde_json::to_vec(&vectors).unwrap()).unwrap();
    Some(vectors)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// How many of the `K` nearest of each query the index finds.
fn recall(
    server: &Elasticsearch,
    alias: &str,
    documents: &[Vec<f32>],
    queries: &[Vec<f32>],
) -> f64 {
    let mut found = 0;
    for query in queries {
        let all: Vec<f32> = documents.iter().map(|one| cosine(one, query)).collect();
        let mut best = all.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        // Sentences that are as near as the last are as good as it.
        let enough = best[K - 1] - 1e-6;
        let body = json!({"size": K, "_source": ["path"], "knn": {
            "field": "text_embedding", "query_vector": query, "k": K, "num_candidates": 100,
        }});
        let answer = server.search(alias, &body);
        let hits = answer["hits"]["hits"].as_array().unwrap();
        assert_eq!(hits.len(), K, "{answer}");
        let number =
            |hit: &Value| hit["_source"]["path"].as_str().unwrap().parse::<usize>().unwrap();
        found += hits.iter().filter(|hit| all[number(hit)] >= enough).count();
    }
    found as f64 / (K * queries.len()) as f64
}

#[test]
fn the_ten_nearest_through_the_alias_are_those_of_exact_search() {
    let Some(server) = Elasticsearch::find() else { return };
    let Some(vectors) = embedded(&sentences()) else { return };
    let Some(queries) = embedded(&queries()) else { return };
    assert!(queries.len() >= 20, "{} queries", queries.len());
    let item = |(number, vector): (usize, &Vec<f32>)| {
        let path = number.to_string();
        let mut document =
            Document { asset_id: asset_id("recall", &path), path, ..Document::default() };
        for time in [&mut document.modified, &mut document.indexed_at] {
            "2024-01-01T00:00:00Z".clone_into(time);
        }
        (document, Some(vector.clone()))
    };
    let items: Vec<Item> = vectors.iter().enumerate().map(item).collect();
    // These sentences say nearly the same, by thousands: harder than a library.
    let alias = filled(&server, VectorIndex::Auto, vectors[0].len(), &items);
    let stats = server.must("GET", &format!("/{alias}/_stats/dense_vector"), None);
    let graph = &stats["_all"]["primaries"]["dense_vector"]["off_heap"]["total_vex_size_bytes"];
    assert!(graph.as_u64().unwrap() > 0, "there is no graph");
    let recall = recall(&server, &alias, &vectors, &queries);
    eprintln!("recall@{K} {recall:.4}, {} queries, {DOCUMENTS} documents", queries.len());
    assert!(recall >= 0.98, "recall@{K} is {recall}");
}
