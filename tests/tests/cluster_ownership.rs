//! Libraries that have the same name, or want the same index, keep out of each other's way.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::json;
use vitrine_tests::cluster::{KIND, Place};

#[test]
fn libraries_of_one_name_in_two_namespaces_share_nothing_by_default() {
    let (Some(one), Some(two)) = (Place::new("twin"), Place::new("twin")) else { return };
    let places = [&one, &two];
    for place in places {
        place.secret();
        let mut lib = place.resource(json!({"deletionPolicy": "Delete"}));
        lib["spec"]["elasticsearch"].as_object_mut().unwrap().remove("index");
        place.space.apply(&[lib]);
    }
    let mut aliases = Vec::new();
    let mut ids = Vec::new();
    for place in places {
        let lib = place.published(1);
        let alias = lib["status"]["index"]["alias"].as_str().unwrap().to_owned();
        assert_eq!(alias, format!("vitrine-{}-lib", place.space.name()));
        let documents = place.index.documents(&alias);
        assert_eq!(documents.len(), 3);
        ids.extend(documents.into_keys());
        aliases.push(alias);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "no asset of one is an asset of the other");

    // What one takes with it is its own.
    one.space.delete(KIND, "lib");
    one.space.wait_gone(KIND, "lib");
    assert_eq!(one.index.indices(&aliases[0]), Vec::<String>::new());
    assert_eq!(two.index.count(&aliases[1]), 3);
    two.space.delete(KIND, "lib");
    two.space.wait_gone(KIND, "lib");
    assert_eq!(two.index.indices(&aliases[1]), Vec::<String>::new());
}

#[test]
fn the_second_library_that_wants_an_index_is_told_whose_it_is_and_takes_nothing() {
    let Some(place) = Place::new("claimed") else { return };
    place.secret();
    place.apply(json!({}));
    place.published(1);
    let store = json!({"name": "store"});
    let mut second = place.resource(json!({
        "catalog": {"uri": "s3://catalogs/second", "secretRef": store}, "deletionPolicy": "Delete",
    }));
    second["metadata"]["name"] = json!("second");
    place.space.apply(&[second]);
    let said = place.space.wait_for_condition(KIND, "second", "Stalled", "True");
    let message = said["message"].as_str().unwrap();
    let owner = format!("`{0}-lib` (namespace {0})", place.space.name());
    assert!(message.contains(&owner), "it names {owner}: {message}");
    assert!(message.contains(&*place.alias), "{message}");
    place.space.delete(KIND, "second");
    place.space.wait_gone(KIND, "second");
    let events = place.space.must(&["get", "events", "--field-selector", "reason=NotCleaned"]);
    assert!(events.contains("the clean-up is refused") && events.contains(&owner), "{events}");
    assert_eq!(place.index.count(&place.alias), 3, "what is another's stays");
}
