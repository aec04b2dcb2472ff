//! A new index beside the old one, and the moment in which searches go over to it.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::asking::Asking;
use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::model::{model, pooled_otherwise};
use vitrine_tests::program::run;
use vitrine_tests::proxy::{Fault, Rule};

const ASSETS: usize = 60;

/// Runs a call while somebody asks; from the old index to the new one, once, without a flaw.
fn swapped(indexed: &Indexed, query: Value, call: &mut Command) -> String {
    let old = indexed.index();
    let asking = Asking::start(&indexed.server, &indexed.alias, query, ASSETS);
    counts(&run(call).json(0));
    let new = indexed.index();
    // Some questions more, to the index that answers now.
    std::thread::sleep(Duration::from_millis(300));
    let asked = asking.end();
    assert_eq!(asked.wrong, Vec::<String>::new(), "of {} answers", asked.answers);
    assert_eq!(asked.indices, [old.clone(), new.clone()], "of {} answers", asked.answers);
    assert!(asked.answers > 10, "{asked:?}");
    indexed.must_be_whole("swapped");
    new
}

fn everything() -> Value {
    json!({"size": 1000, "query": {"match_all": {}}, "_source": false})
}

#[test]
fn searches_running_through_a_swap_see_no_error_and_no_mixture() {
    let Some(indexed) = Indexed::many("swap", ASSETS) else { return };
    for place in [Place::Both, Place::Alone] {
        indexed.report(place, &[]);
        let first = indexed.index();
        let choice = if place == Place::Both { "flat" } else { "hnsw" };
        let mut call = indexed.call(place, &[]);
        call.env("VITRINE_ELASTICSEARCH__VECTORS__TYPE", choice);
        let second = swapped(&indexed, everything(), &mut call);
        assert_ne!(first, second);
        // The old one is kept for whoever wants to go back, and says since when.
        assert!(indexed.server.indices(&indexed.alias).contains(&first));
        let meta = &indexed.server.mapping(&first)["_meta"]["vitrine"];
        assert!(meta["replaced_at"].is_string(), "{meta}");
        // Back: the index that is there already is made current again.
        let back = swapped(&indexed, everything(), &mut indexed.call(place, &[]));
        assert_eq!(back, first);
    }
}

#[test]
fn the_old_index_goes_when_its_time_is_over() {
    let Some(indexed) = Indexed::many("retain", ASSETS) else { return };
    let call = |vectors: &str, retain: &str| {
        let mut call = indexed.call(Place::Alone, &[]);
        call.env("VITRINE_ELASTICSEARCH__VECTORS__TYPE", vectors);
        call.env("VITRINE_ELASTICSEARCH__RETAIN_OLD_INDEX_FOR", retain);
        counts(&run(&mut call).json(0));
        indexed.index()
    };
    let physical = || {
        let mut all = indexed.server.indices(&indexed.alias);
        all.retain(|index| !index.ends_with("-runs") && !index.ends_with("-failures"));
        all
    };
    let first = call("flat", "2s");
    let second = call("hnsw", "2s");
    assert_eq!(physical().len(), 2, "{first} is kept beside {second}");
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(call("hnsw", "2s"), second, "{:?} later", begin.elapsed());
    assert_eq!(physical(), std::slice::from_ref(&second), "its time is over");
    let third = call("flat", "0s");
    call("flat", "0s");
    assert_eq!(physical(), [third], "with no time at all, at the latest the next run removes it");
    indexed.must_be_whole("one index left");
}

#[test]
fn a_new_index_that_is_not_finished_is_gone_on_with_and_nobody_sees_it() {
    let Some(indexed) = Indexed::many("half", ASSETS) else { return };
    indexed.report(Place::Alone, &[]);
    let old = indexed.index();
    let asking = Asking::start(&indexed.server, &indexed.alias, everything(), ASSETS);
    let call = |crash: Option<&str>| {
        let mut call = indexed.call(Place::Alone, &[]);
        call.env("VITRINE_ELASTICSEARCH__VECTORS__TYPE", "flat");
        crash.map(|at| call.env("VITRINE_CRASH_AT", at));
        run(&mut call)
    };
    assert_eq!(call(Some("after-bulk")).code, None);
    assert_eq!(indexed.index(), old);
    indexed.proxy.rule(Rule::on("POST", "_aliases", Fault::status(400)));
    let failed = call(None);
    assert!(matches!(failed.code, Some(1 | 3)), "{:?} {}", failed.code, failed.stderr);
    assert_eq!(indexed.index(), old);
    indexed.proxy.heal();
    counts(&call(None).json(0));
    std::thread::sleep(Duration::from_millis(300));
    let asked = asking.end();
    assert_eq!(asked.wrong, Vec::<String>::new());
    assert_eq!(asked.indices, [old, indexed.index()]);
    indexed.must_be_whole("gone on with");
}

#[test]
fn vectors_that_come_and_another_model_are_new_indices_and_nearest_neighbours_never_mix() {
    let Some(indexed) = Indexed::many("models", ASSETS) else { return };
    let Some(folder) = model() else { return };
    let other = pooled_otherwise(&folder);
    indexed.report(Place::Both, &[]);
    let with = |model: &std::path::Path| {
        indexed.with_vectors(Place::Both, &["--model", model.to_str().unwrap()])
    };
    swapped(&indexed, everything(), &mut with(&folder));
    let documents = indexed.documents();
    let vector = documents["pack/thing0007.usda"]["text_embedding"].clone();
    let knn = |vector: &Value| {
        let near = json!({"field": "text_embedding", "query_vector": vector, "k": ASSETS, "num_candidates": 200});
        json!({"knn": near, "size": ASSETS, "_source": false})
    };
    let answer = indexed.server.search(&indexed.alias, &knn(&vector));
    assert_eq!(answer["hits"]["hits"].as_array().unwrap().len(), ASSETS);
    assert!(answer["hits"]["max_score"].as_f64().unwrap() > 0.999, "{answer}");
    swapped(&indexed, knn(&vector), &mut with(other.path()));
    let meta = &indexed.server.mapping(&indexed.index())["_meta"]["vitrine"];
    assert_eq!(meta["embeddings"][0]["field"], "text_embedding", "{meta}");
    let changed = indexed.documents()["pack/thing0007.usda"]["text_embedding"].clone();
    assert_ne!(changed, vector);
}
