//! A source that seems to be gone takes nothing with it: a person is asked, by a command to copy.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::{Value, json};
use vitrine_tests::cluster::{KIND, Place, condition_of, counts};

/// Runs the `kubectl …` that a sentence ends with.
fn obey(place: &Place, said: &str) {
    let command = said.split_once("kubectl ").map(|(_, command)| command);
    let words: Vec<&str> = command.unwrap().split_whitespace().collect();
    place.cluster.must(&words);
}

/// The assets that the index holds, and that answers are given while the library asks.
fn still_serves(place: &Place, assets: u64) {
    assert_eq!(place.index.count(&place.alias), assets);
    let lib = place.space.get(KIND, "lib").unwrap();
    assert_eq!(condition_of(&lib, "Ready").unwrap()["status"], "True", "{lib:#}");
}

#[test]
fn an_emptied_bucket_deletes_nothing_until_a_person_runs_the_command_that_it_asks_for() {
    let Some(place) = Place::new("emptied") else { return };
    place.secret();
    place.apply(json!({}));
    place.published(1);
    let source = place.store.folder().join("packs/lib");
    for folder in ["office", "kitchen"] {
        std::fs::remove_dir_all(source.join(folder)).unwrap();
    }
    place.sync("emptied");
    let said =
        place.says("Stalled", "True", &["kubectl annotate", "vitrine.dev/approve-deletions"]);
    still_serves(&place, 3);
    assert!(!place.has_job("lib-2-work") && !place.has_job("lib-2-publish"));
    obey(&place, &said);
    let lib = place
        .space
        .wait_for(KIND, "lib", "lets them go", |lib| lib["status"]["counts"]["deleted"] == 3);
    assert_eq!(condition_of(&lib, "Stalled").unwrap()["status"], "False", "{lib:#}");
    assert_eq!(place.index.count(&place.alias), 0);
}

#[test]
fn a_wrong_prefix_deletes_nothing_and_the_right_one_goes_on_where_it_was() {
    let Some(place) = Place::new("prefix") else { return };
    place.secret();
    place.apply(json!({}));
    place.published(1);
    let store = json!({"name": "store"});
    place.apply(json!({"source": {"uri": "s3://packs/library", "secretRef": store}}));
    place.says("Stalled", "True", &["s3://packs/library"]);
    still_serves(&place, 3);
    place.apply(json!({}));
    let lib = place.space.wait_for(KIND, "lib", "is realised", |lib| {
        let is_realised =
            condition_of(lib, "Reconciling").is_some_and(|one| one["status"] == "False");
        is_realised && lib["status"]["lastSuccessfulGeneration"] == lib["metadata"]["generation"]
    });
    assert_eq!(counts(&lib), [3, 0, 3, 0, 0]);
    still_serves(&place, 3);
}

/// A volume of this machine's folder, as an administrator makes one.
fn volume(place: &Place, name: &str) -> Vec<Value> {
    let folder = place.library.path();
    let size = json!({"storage": "1Mi"});
    let claim = json!({"namespace": place.space.name(), "name": name});
    vec![json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": format!("{}-{name}", place.space.name())},
        "spec": {"capacity": size, "accessModes": ["ReadOnlyMany"], "storageClassName": "",
                 "claimRef": claim, "hostPath": {"path": folder, "type": "Directory"}},
    })]
}

/// A claim of that volume.
fn claim(place: &Place, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadOnlyMany"], "storageClassName": "",
                 "volumeName": format!("{}-{name}", place.space.name()),
                 "resources": {"requests": {"storage": "1Mi"}}},
    })
}

#[test]
fn a_claim_that_is_missing_is_named_and_an_empty_volume_deletes_nothing() {
    let Some(place) = Place::new("volume") else { return };
    place.secret();
    place.apply(json!({"source": {"uri": "pvc://assets/"}}));
    let said = place.says("Scanned", "False", &["assets"]);
    assert!(said.contains("not found"), "{said}");
    place.cluster.apply(&volume(&place, "assets"));
    place.space.apply(&[claim(&place, "assets")]);
    let lib = place.published(1);
    assert_eq!(counts(&lib), [3, 3, 0, 0, 0]);

    // What is behind the claim is away, as a disk is that was not mounted.
    let away = place.library.path().with_extension("away");
    std::fs::rename(place.library.path(), &away).unwrap();
    std::fs::create_dir(place.library.path()).unwrap();
    place.sync("away");
    place.says("Stalled", "True", &["pvc://assets"]);
    still_serves(&place, 3);
    std::fs::remove_dir(place.library.path()).unwrap();
    std::fs::rename(&away, place.library.path()).unwrap();
    place.space.wait_for(KIND, "lib", "is well by itself", |lib| {
        condition_of(lib, "Stalled").is_some_and(|one| one["status"] == "False")
            && lib["status"]["phase"] == "Ready"
    });
    let lib = place.space.get(KIND, "lib").unwrap();
    assert_eq!(counts(&lib), [3, 0, 3, 0, 0]);
}
