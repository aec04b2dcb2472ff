//! `vitrine search --elasticsearch`, over an index that this test fills by hand.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::program::{Ended, command, run};

/// Name, pack, and what the asset is.
const ASSETS: [(&str, &str, &str); 4] = [
    ("forklift", "warehouse", "A yellow truck that lifts pallets"),
    ("steel_rack", "warehouse", "Tall shelves of steel"),
    ("cup", "kitchen", "A blue mug for coffee"),
    ("desk_lamp", "office", "A lamp that stands on a desk"),
];

/// The model that a library has when its configuration names none, and vectors of what the assets
/// are, by the program.
fn embedded() -> Value {
    let mut call = command(&["embed-query", "--output", "json", "--model"]);
    call.arg("hf://sentence-transformers/all-MiniLM-L6-v2").args(ASSETS.map(|(_, _, what)| what));
    run(&mut call).json(0)
}

/// An index behind an alias; its `_meta` names one embedding where `model` is there.
fn filled(server: &Elasticsearch, purpose: &str, model: Option<&Value>) -> Name {
    let alias = server.name(purpose);
    let index = format!("{alias}-1");
    let mut properties = json!({
        "name": {"type": "keyword", "fields": {"words": {"type": "text"}}},
        "asset_id": {"type": "keyword"}, "pack": {"type": "keyword"}, "uri": {"type": "keyword"},
        "tags": {"type": "keyword"}, "description": {"type": "text"},
        "extent_m": {"properties": {"longest": {"type": "double"}}},
        "usd": {"properties": {
            "bounds": {"properties": {"size_m": {"type": "double"}}},
            "prims": {"type": "flattened"},
        }},
    });
    let mut meta = json!({"v": 1, "embeddings": []});
    if let Some(model) = model {
        properties["text_embedding"] =
            json!({"type": "dense_vector", "dims": model["dims"], "similarity": "cosine"});
        meta["embeddings"] = json!([{
            "field": "text_embedding", "embedding": "text", "dims": model["dims"],
            "model_uri": model["model_uri"], "model_fingerprint": model["model_fingerprint"],
        }]);
    }
    let mappings =
        json!({"dynamic": "strict", "_meta": {"vitrine": meta}, "properties": properties});
    let made = json!({
        "settings": {"number_of_replicas": 0}, "mappings": mappings, "aliases": {&*alias: {}},
    });
    server.must("PUT", &format!("/{index}"), Some(&made));
    for (number, (name, pack, what)) in ASSETS.iter().enumerate() {
        let size = 0.5 * (number + 1) as f64;
        let mut document = json!({
            "asset_id": format!("{number:016}"), "name": name, "pack": pack,
            "uri": format!("file:///{alias}/{pack}/{name}.usda"), "description": what,
            "tags": name.split('_').chain([*pack]).collect::<Vec<_>>(),
            "extent_m": {"longest": size},
            "usd": {"bounds": {"size_m": [size, 0.1, 0.2]}, "prims": {"Mesh": number}},
        });
        if let Some(model) = model {
            document["text_embedding"] = model["vectors"][number]["vector"].clone();
        }
        server.must("PUT", &format!("/{index}/_doc/{number:016}"), Some(&document));
    }
    server.refresh(&index);
    alias
}

fn search(server: &Elasticsearch, index: &str, arguments: &[&str]) -> Ended {
    let mut call = command(&["search", "--output", "json"]);
    run(Elasticsearch::lend(call.args(arguments), server.url(), index))
}

fn names(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().expect("answers hold hits");
    hits.iter().map(|hit| hit["name"].as_str().expect("hits have names")).collect()
}

#[test]
fn an_index_answers_in_the_shape_of_a_catalogue_by_meaning_by_words_and_by_both() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = filled(&server, "search", Some(&embedded()));
    let by_meaning = search(&server, &index, &["something to drink from"]).json(0);
    assert_eq!(names(&by_meaning)[0], "cup", "{by_meaning:#}");
    assert_eq!((&by_meaning["algorithm"], &by_meaning["total"]), (&"text".into(), &4.into()));
    let same = search(&server, &index, &["A blue mug for coffee", "--top-k", "1"]).json(0);
    let hit = &same["hits"][0];
    let score = hit["score"].as_f64().unwrap();
    assert!((score - 1.0).abs() < 1e-3, "the same sentence has cosine 1: {same:#}");
    assert_eq!((hit["size_m"].as_f64(), &hit["legs"][0]["rank"]), (Some(1.5), &1.into()));
    assert_eq!(hit["legs"][0]["field"], "text_embedding");
    let words = search(&server, &index, &["steel shelves", "--algorithm", "words"]).json(0);
    assert_eq!(names(&words), ["steel_rack"]);
    assert_eq!(words["hits"][0]["matched_tags"], json!(["steel"]));
    let both = search(&server, &index, &["desk lamps", "--algorithm", "hybrid"]).json(0);
    assert_eq!(names(&both)[0], "desk_lamp", "{both:#}");
    assert_eq!(both["hits"][0]["legs"].as_array().unwrap().len(), 2, "{both:#}");
    let first = both["hits"][0]["score"].as_f64().unwrap();
    assert!((first - 2.0 / 61.0).abs() < 1e-9, "first in both rankings: {first}");
}

#[test]
fn filters_are_applied_before_neighbours_are_counted() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = filled(&server, "filters", Some(&embedded()));
    #[rustfmt::skip]
    let cases: &[(&[&str], &[&str])] = &[
        (&["--pack", "warehouse"],                       &["forklift", "steel_rack"]),
        (&["--tag", "LAMP"],                             &["desk_lamp"]),
        (&["--where", "size_m > 1 and prims.Mesh < 3"],  &["cup"]),
        (&["--where", "name ~ 'K' and not pack = 'office'"], &["forklift", "steel_rack"]),
        (&["--where", "pack = 'garden'"],                &[]),
    ];
    for (arguments, expected) in cases {
        // One hit is asked for, and all are counted.
        let mut call = vec!["coffee", "--top-k", "1"];
        call.extend(*arguments);
        let answer = search(&server, &index, &call).json(0);
        assert_eq!(answer["total"], expected.len(), "{arguments:?}");
        call[2] = "10";
        let answer = search(&server, &index, &call).json(0);
        let mut found = names(&answer);
        found.sort_unstable();
        assert_eq!(found, *expected, "{arguments:?}");
    }
}

#[test]
fn an_index_without_vectors_is_searched_by_words_and_says_so() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = filled(&server, "words", None);
    let answer = search(&server, &index, &["pallets"]).json(0);
    assert_eq!((names(&answer), &answer["algorithm"]), (vec!["forklift"], &"words".into()));
    assert!(answer["note"].as_str().unwrap().contains("the index has no vectors"), "{answer}");
}

#[test]
fn a_search_that_cannot_be_answered_says_why_and_what_to_do() {
    let Some(server) = Elasticsearch::find() else { return };
    let mut model = embedded();
    let good = filled(&server, "good", Some(&model));
    model["model_fingerprint"] = "another".into();
    let changed = filled(&server, "changed", Some(&model));
    let foreign = server.name("foreign");
    server.must("PUT", &format!("/{foreign}"), None);
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], i32, &str)] = &[
        (&format!("{good}-not"), &["x"],                          2, "no index `"),
        (&foreign,               &["x"],                          2, "`vitrine catalog` did not make the index"),
        (&changed,               &["x"],                          3, "is not the model that made the vectors any more"),
        (&good,                  &["x", "--algorithm", "siglip"], 2, "use one of text, words, hybrid"),
        (&good,                  &["x", "--where", "prims contains 'Mesh'"], 2, "write prims.Name"),
        (&good,                  &["x", "--where", "description = 'a'"], 2, "indexed word by word"),
        (&good,                  &["x", "--top-k", "0"],          2, "1 to 10000"),
    ];
    for (index, arguments, code, words) in cases {
        let ended = search(&server, index, arguments);
        assert_eq!(ended.code, Some(*code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    let mut call = command(&["search", "x"]);
    let ended = run(Elasticsearch::lend(&mut call, "http://127.0.0.1:9", &good));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("cannot reach Elasticsearch at http://127.0.0.1:9"),
        "{}",
        ended.stderr
    );
}

#[test]
fn all_ten_thousand_places_of_an_answer_may_be_asked_for() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = filled(&server, "many", Some(&embedded()));
    let answer = search(&server, &index, &["coffee", "--top-k", "10000"]).json(0);
    assert_eq!(names(&answer).len(), ASSETS.len());
    let answer =
        search(&server, &index, &["coffee", "--top-k", "10000", "--algorithm", "hybrid"]).json(0);
    assert_eq!(names(&answer).len(), ASSETS.len());
}

#[test]
fn where_an_index_is_may_come_from_the_environment_or_a_file() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = filled(&server, "env", None);
    let folder = tempfile::tempdir().unwrap();
    let dotenv = format!("ELASTICSEARCH_HOST={}\nELASTICSEARCH_INDEX={index}\n", server.url());
    std::fs::write(folder.path().join(".env"), dotenv).unwrap();
    let mut call = command(&["search", "pallets", "--output", "json", "--elasticsearch"]);
    let answer = run(call.current_dir(folder.path())).json(0);
    assert_eq!(names(&answer), ["forklift"]);
    let mut call = command(&["search", "pallets", "--elasticsearch"]);
    let ended = run(&mut call);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--index"), "{}", ended.stderr);
}

#[test]
fn a_search_while_the_alias_moves_sees_one_index_or_the_other_and_no_error() {
    let Some(server) = Elasticsearch::find() else { return };
    let model = embedded();
    let old = filled(&server, "old", Some(&model));
    let new = filled(&server, "new", Some(&model));
    let alias = server.name("moving");
    let point = |from: &Name, to: &Name| {
        let actions = json!({"actions": [
            {"remove": {"index": format!("{from}-1"), "alias": &*alias, "must_exist": false}},
            {"add": {"index": format!("{to}-1"), "alias": &*alias}},
        ]});
        server.must("POST", "/_aliases", Some(&actions));
    };
    point(&new, &old);
    let searched = AtomicBool::new(false);
    let (moves, seen) = std::thread::scope(|threads| {
        let moving = threads.spawn(|| {
            let mut moves = 0;
            while !searched.load(Ordering::Relaxed) {
                let (from, to) = if moves % 2 == 0 { (&old, &new) } else { (&new, &old) };
                point(from, to);
                moves += 1;
                std::thread::sleep(std::time::Duration::from_millis(150));
            }
            moves
        });
        let mut seen = [0, 0];
        for _ in 0..20 {
            let ended = search(&server, &alias, &["a blue lamp", "--algorithm", "hybrid"]);
            let answer = ended.json(0);
            let hits = answer["hits"].as_array().unwrap();
            assert_eq!((hits.len(), &answer["total"]), (ASSETS.len(), &ASSETS.len().into()));
            let from = |name: &Name| {
                let start = format!("file:///{name}/");
                hits.iter().filter(|hit| hit["uri"].as_str().unwrap().starts_with(&start)).count()
            };
            let both = [from(&old), from(&new)];
            assert!(both.contains(&ASSETS.len()), "hits of two indices: {answer:#}");
            seen[usize::from(both[1] > 0)] += 1;
        }
        searched.store(true, Ordering::Relaxed);
        (moving.join().unwrap(), seen)
    });
    assert!(moves > 10 && seen[0] > 0 && seen[1] > 0, "{moves} moves, seen {seen:?}");
}

/// Catalogues the demo library into a folder and an index in one run.
fn demo(server: &Elasticsearch, index: &str) -> tempfile::TempDir {
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo");
    let folder = tempfile::tempdir().unwrap();
    let mut call = command(&["catalog", "--quiet", "--strict"]);
    call.arg(demo.join("library")).arg("--captions").arg(demo.join("captions.csv"));
    call.arg("--out").arg(folder.path().join("catalog"));
    let ended = run(Elasticsearch::lend(&mut call, server.url(), index));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    folder
}

#[test]
fn an_index_and_a_catalogue_of_the_same_run_answer_alike() {
    let Some(server) = Elasticsearch::find() else { return };
    let index = server.name("alike");
    let folder = demo(&server, &index);
    let catalog = folder.path().join("catalog");
    let both = |arguments: &[&str]| {
        let mut call = command(&["search", "--output", "json", "--top-k", "50"]);
        let here = run(call.args(arguments).arg("--catalog").arg(&catalog)).json(0);
        let mut call = command(&["search", "--output", "json", "--top-k", "50"]);
        let there = Elasticsearch::lend(call.args(arguments), server.url(), &index);
        (here, run(there).json(0))
    };
    for query in ["something to lift pallets with", "a place to sit", "light for reading"] {
        let (here, there) = both(&[query]);
        assert_eq!(here["total"], there["total"]);
        let hits = |answer: &Value| answer["hits"].as_array().unwrap().clone();
        let (here, there) = (hits(&here), hits(&there));
        assert_eq!(here.len(), there.len(), "{query}");
        for (here, there) in here.iter().zip(&there) {
            let near = here["score"].as_f64().unwrap() - there["score"].as_f64().unwrap();
            assert!(near.abs() < 1e-5, "{query}: {here} {there}");
            for key in ["asset_id", "name", "pack", "uri", "matched_tags", "size_m"] {
                assert_eq!(here[key], there[key], "{query}");
            }
        }
    }
    let expressions = [
        "size_m < 3 and has_animation",
        "pack in ('office', 'kitchen') and not missing_dependencies",
        "prims.Mesh >= 4 or variant_sets contains 'size'",
        "height_m >= 0.3 and height_m <= 0.6 and lights",
        "caption.zh and modified > '2020-01-01'",
        "caption.en ~ 'STEEL' or description ~ 'wood'",
        "faces > 1e3 and not (points > 1e4)",
        "not tags ~ 'a' or kinds.component = 0",
        "up_axis = 'Z' and meters_per_unit < 0.5",
        "used_by or dependencies",
        "bounds and materials",
    ];
    let mut divide = 0;
    // Every asset says one of these words, so that the answer lists all that pass.
    let words = ["warehouse kitchen office", "--algorithm", "words", "--where"];
    for expression in expressions {
        let (here, there) = both(&[&words[..], &[expression]].concat());
        let ids = |answer: &Value| {
            let hits = answer["hits"].as_array().unwrap().iter();
            let mut ids: Vec<String> =
                hits.map(|hit| hit["asset_id"].as_str().unwrap().to_owned()).collect();
            ids.sort();
            ids
        };
        assert_eq!(here["total"], there["total"], "{expression}");
        assert_eq!(ids(&here), ids(&there), "{expression}");
        assert_eq!(ids(&here).len() as u64, here["total"], "{expression}: all are listed");
        divide += usize::from(!(ids(&here).is_empty() || ids(&here).len() == 50));
    }
    assert!(divide >= 6, "only {divide} expressions divide the library");
}
