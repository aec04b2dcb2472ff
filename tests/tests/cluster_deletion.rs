//! A library that is deleted at a bad moment: nothing hangs, and what is left is said.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::cluster::{Cluster, KIND, Place, install_with};
use vitrine_tests::proxy::{Fault, Proxy, Rule};

/// How long a deleted library waits for its clean-up, in these tests.
const DEADLINE_SECS: u64 = 20;

fn place(purpose: &str) -> Option<(Place, Proxy)> {
    install_with(&Cluster::find()?, &[&format!("runs.cleanupDeadlineSeconds={DEADLINE_SECS}")]);
    let place = Place::new(purpose)?;
    place.secret();
    let proxy = Proxy::start_at(place.cluster.host(), place.index.url());
    Some((place, proxy))
}

/// A library that goes with its index, in the middle of its work.
fn works(place: &Place, proxy: &Proxy) {
    proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)));
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({"deletionPolicy": "Delete"}));
    place.space.wait("work wants to write", || (proxy.count("POST", "_bulk") > 0).then_some(()));
    assert_ne!(place.index.indices(&place.alias), Vec::<String>::new());
}

/// The sentence of an Event with this reason, in `namespace`, that has `word`.
fn told(place: &Place, namespace: &str, reason: &str, word: &str) -> String {
    let selector = format!("reason={reason}");
    place.space.wait(&format!("an Event {reason} with {word}"), || {
        let get = ["get", "events", "-n", namespace, "--field-selector", &selector, "-o", "json"];
        let events: Value = serde_json::from_str(&place.cluster.must(&get)).unwrap();
        let notes = events["items"].as_array().unwrap().iter();
        let mut notes = notes.filter_map(|event| event["message"].as_str());
        notes.find(|note| note.contains(word)).map(str::to_owned)
    })
}

#[test]
fn a_library_that_is_deleted_in_the_middle_of_its_work_leaves_nothing() {
    let Some((place, proxy)) = place("middle") else { return };
    works(&place, &proxy);
    place.space.delete(KIND, "lib");
    place.space.wait_gone(KIND, "lib");
    assert_eq!(place.index.indices(&place.alias), Vec::<String>::new());
    let left = place.store.folder().join("catalogs/lib/.vitrine/runs");
    assert!(!left.exists(), "the plan of the run went too");
    place.space.wait("its pods are gone", || place.space.list("pod", "").is_empty().then_some(()));
}

#[test]
fn a_namespace_that_is_deleted_in_the_middle_of_work_goes_and_an_event_names_what_is_left() {
    let Some((place, proxy)) = place("namespace") else { return };
    works(&place, &proxy);
    let name = place.space.name().to_owned();
    place.cluster.must(&["delete", "namespace", &name, "--wait=false"]);
    let note = told(&place, "default", "NotCleaned", &place.alias);
    assert!(note.contains("the namespace is being deleted"), "{note}");
    assert!(note.contains("s3://catalogs/lib"), "{note}");
    place.space.wait("the namespace is gone", || {
        place.cluster.get("namespace", &name).is_none().then_some(())
    });
}

#[test]
fn a_library_whose_elasticsearch_is_down_goes_after_a_deadline_and_an_event_names_its_index() {
    let Some((place, proxy)) = place("unclean") else { return };
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({"deletionPolicy": "Delete"}));
    let lib = place.published(1);
    proxy.rule(Rule::on("", "", Fault::Refuse));
    let begin = Instant::now();
    place.space.delete(KIND, "lib");
    place.space.wait_gone(KIND, "lib");
    assert!(begin.elapsed() > Duration::from_secs(DEADLINE_SECS), "it tried for a while");
    let index = lib["status"]["index"]["name"].as_str().unwrap();
    let note = told(&place, place.space.name(), "NotCleaned", index);
    assert!(note.contains("did not end within") && note.contains(&proxy.url()), "{note}");
    place.space.wait("its pods are gone", || place.space.list("pod", "").is_empty().then_some(()));
    assert_eq!(place.index.count(&place.alias), 3, "it is still there for whoever cleans up");
}

#[test]
fn a_library_whose_elasticsearch_comes_back_in_time_is_cleaned() {
    let Some((place, proxy)) = place("back") else { return };
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({"deletionPolicy": "Delete"}));
    place.published(1);
    proxy.rule(Rule::on("", "", Fault::Refuse));
    proxy.forget();
    place.space.delete(KIND, "lib");
    place.space.wait("a clean-up tries", || (proxy.count("", "") > 0).then_some(()));
    proxy.heal();
    place.space.wait_gone(KIND, "lib");
    assert_eq!(place.index.indices(&place.alias), Vec::<String>::new());
}
