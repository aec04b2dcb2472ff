//! The operator as people meet it: the chart installed, an `AssetLibrary` applied, conditions read.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::cluster::{HOME, KIND, Place, condition_of, counts};
use vitrine_tests::library::usda;
use vitrine_tests::model::model;

#[test]
fn an_applied_library_becomes_ready_and_answers_and_syncs_do_only_what_changed() {
    let Some(place) = Place::new("story") else { return };
    let Some(model) = model() else { return };
    place.secret();
    place.store.bucket("models");
    place.store.put_folder("models", "minilm", &model);
    let embedding =
        json!({"name": "text", "algorithm": "text", "model": {"uri": "s3://models/minilm"}});
    place.apply(json!({"embeddings": [embedding]}));
    place.space.wait_for_condition(KIND, "lib", "Ready", "True");
    let lib = place.published(1);
    assert_eq!(counts(&lib), [3, 3, 0, 0, 0]);
    for (kind, status) in [
        ("Reconciling", "False"),
        ("Stalled", "False"),
        ("Syncing", "False"),
        ("Scanned", "True"),
        ("Worked", "True"),
        ("Published", "True"),
    ] {
        assert_eq!(condition_of(&lib, kind).unwrap()["status"], status, "{kind}: {lib:#}");
    }
    assert_eq!(lib["status"]["observedGeneration"], lib["metadata"]["generation"]);
    assert_eq!(lib["status"]["index"]["alias"], *place.alias);
    assert_eq!(place.index.count(&place.alias), 3);
    let documents = place.index.documents(&place.alias);
    let cup = documents.values().find(|document| document["name"] == "cup").unwrap();
    let knn =
        json!({"knn": {"field": "text_embedding", "query_vector": cup["text_embedding"], "k": 1}});
    let answer = place.index.search(&place.alias, &knn);
    assert_eq!(answer["hits"]["hits"][0]["_source"]["name"], "cup", "{answer}");

    // Nothing changed: one pod looks, none works.
    place.sync("again");
    let lib = place.published(2);
    assert_eq!(counts(&lib), [3, 0, 3, 0, 0]);
    assert!(place.has_job("lib-2-scan"));
    assert!(!place.has_job("lib-2-work") && !place.has_job("lib-2-publish"));

    // One came, one went.
    place.library.write("kitchen/mug.usda", usda("Mug", "", ""));
    place.upload();
    let gone = place.store.folder().join("packs/lib/kitchen/cup.usda");
    std::fs::remove_file(gone).unwrap();
    place.sync("once more");
    let lib = place.published(3);
    assert_eq!(counts(&lib), [3, 1, 2, 0, 1]);
    assert_eq!(place.index.count(&place.alias), 3);
    let described = place.space.must(&["describe", KIND, "lib"]);
    println!("{described}");
    assert!(described.contains("Published"), "{described}");
    let line = place.space.must(&["get", KIND, "lib"]);
    assert!(line.contains("READY") && line.contains("True"), "{line}");
}

#[test]
fn a_missing_secret_is_named_and_the_library_becomes_ready_when_it_is_there() {
    let Some(place) = Place::new("secret") else { return };
    place.apply(json!({}));
    let stalled = place.space.wait_for_condition(KIND, "lib", "Stalled", "True");
    let message = stalled["message"].as_str().unwrap();
    assert!(message.contains("the Secret store is missing"), "{message}");
    place.secret();
    place.space.wait_for_condition(KIND, "lib", "Ready", "True");
    assert_eq!(place.index.count(&place.alias), 3);
}

#[test]
fn a_wrong_spec_is_refused_or_named_by_its_field() {
    let Some(place) = Place::new("wrong") else { return };
    #[rustfmt::skip]
    let refused = [
        (json!({"elasticsearch": {"url": "http://es:9200", "eckRef": {"name": "es"}}}), "either url or eckRef"),
        (json!({"elasticsearch": {"url": "https://ada:word@es:9200"}}),                 "user name"),
        (json!({"views": {"count": 99}}),                                               "spec.views.count"),
        (json!({"sauce": 1}),                                                           "sauce"),
        (json!({"workers": {"pod": {"hostNetwork": true}}}),                            "hostNetwork"),
        (json!({"workers": {"pod": {"hostPID": true}}}),                                "hostPID"),
        (json!({"workers": {"pod": {"volumes": [{"hostPath": {"path": "/"}}]}}}),       "volumes"),
        (json!({"workers": {"pod": {"securityContext": {"privileged": true}}}}),        "securityContext"),
        (json!({"workers": {"pod": {"image": "mine"}}}),                                "image"),
        (json!({"workers": {"pod": {"containers": []}}}),                               "containers"),
        (json!({"workers": {"privileged": true}}),                                      "privileged"),
        (json!({"source": {"uri": "s3://a/b", "secretRef": {"name": "s", "namespace": "kube-system"}}}), "namespace"),
        (json!({"catalog": null}),                                                      "catalog"),
    ];
    for (spec, field) in refused {
        let ended = place.space.try_apply(&place.resource(spec.clone()));
        assert_ne!(ended.code, Some(0), "{spec} was taken");
        assert!(ended.stderr.contains(field), "{spec}: {}", ended.stderr);
    }
    for (uri, words) in [
        ("https://169.254.169.254/latest", ["spec.source.uri", "metadata"]),
        ("https://ada:word@store/lib", ["spec.source.uri", "user name"]),
        ("file:///etc", ["spec.source.uri", "pvc://"]),
    ] {
        place.apply(json!({"source": {"uri": uri}}));
        let said = place.says("Stalled", "True", &words);
        assert!(!said.contains("word@"), "{said}");
    }
    assert_eq!(place.space.list("job", ""), Vec::<Value>::new());
}

#[test]
fn pods_have_no_token_no_rights_and_a_policy_and_what_is_deleted_leaves_nothing() {
    let Some(place) = Place::new("end") else { return };
    place.secret();
    place.apply(json!({"deletionPolicy": "Delete"}));
    place.published(1);
    assert!(place.space.get("networkpolicy", "lib-vitrine").is_some());
    let pods = place.space.pods_of("lib-1-scan");
    let spec = &pods[0]["spec"];
    assert_eq!(spec["automountServiceAccountToken"], false);
    assert_eq!(spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    let mounts = spec["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(
        !mounts.iter().any(|one| one["mountPath"].as_str().unwrap().contains("serviceaccount"))
    );

    place.space.delete(KIND, "lib");
    place.space.wait_gone(KIND, "lib");
    assert_eq!(place.index.behind(&place.alias), Vec::<String>::new());
    assert_eq!(place.index.indices(&place.alias), Vec::<String>::new());
    let left = place.store.folder().join("catalogs/lib/master_index.json");
    assert!(!left.exists(), "the catalogue went too");
}

#[test]
fn an_operator_that_is_killed_in_the_middle_and_a_job_that_is_removed_lose_nothing() {
    let Some(place) = Place::new("killed") else { return };
    place.secret();
    place.apply(json!({}));
    place.space.wait_for(KIND, "lib", "has a run", |lib| lib["status"]["run"]["number"] == 1);
    let operator = ["-n", HOME, "delete", "pod", "-l", "app.kubernetes.io/name=vitrine-operator"];
    let now = ["--force", "--grace-period=0"];
    let killed = place.cluster.must(&[&operator[..], &now].concat());
    assert!(killed.contains("deleted"), "{killed}");
    // Whichever is there: a finished one is not made again, one in the middle is.
    let _ = place.space.kubectl(&["delete", "job", "lib-1-scan", "--ignore-not-found"]);
    let lib = place.published(1);
    assert_eq!(counts(&lib), [3, 3, 0, 0, 0]);
    assert_eq!(place.index.count(&place.alias), 3);
}
