//! `vitrine catalog --elasticsearch`: what is in the index, and what is sent again.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::library::{reference, usda};
use vitrine_tests::program::run;

/// More requests than this for a library that did not change are too many.
const REQUESTS_UNCHANGED_MAX: usize = 20;

#[test]
fn a_library_fills_an_index_behind_its_alias_with_the_documents_of_its_catalogue() {
    let Some(indexed) = Indexed::small("fill") else { return };
    let report = indexed.report(Place::Both, &[]);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    let index = indexed.index();
    let hash = index.strip_prefix(&format!("{}-", indexed.alias)).unwrap();
    assert!(hash.len() == 12 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{index}");
    assert_eq!(report["index"]["alias"], &*indexed.alias);
    assert_eq!(report["index"]["name"], index);
    assert_eq!(report["index"]["documents"], 3);
    indexed.must_be_whole("first load");

    let mapping = indexed.server.mapping(&index);
    assert_eq!(mapping["dynamic"], "strict");
    assert_eq!(mapping["_meta"]["vitrine"]["owner"]["name"], "lib");
    assert_eq!(mapping["_meta"]["vitrine"]["run"], report["run"]);
    let found = indexed.documents();
    let on_disk = indexed.library.documents();
    assert_eq!(found.len(), on_disk.len());
    for (path, document) in &on_disk {
        for (key, value) in document.as_object().unwrap() {
            assert_eq!(&found[path][key], value, "{key} of {path}");
        }
    }
    assert_eq!(found["office/desk.usda"]["used_by"], 1);
    assert_eq!(indexed.failures(), BTreeMap::new());
}

#[test]
fn without_a_catalogue_the_index_alone_says_the_same() {
    let Some(indexed) = Indexed::small("alone") else { return };
    assert_eq!(counts(&indexed.report(Place::Alone, &[])), [3, 3, 0, 0]);
    indexed.must_be_whole("first load");
    let beside: Vec<_> = std::fs::read_dir(indexed.library.path().parent().unwrap())
        .unwrap()
        .map(|item| item.unwrap().file_name())
        .collect();
    assert_eq!(beside, ["lib"], "no catalogue is left on disk");
    indexed.library.report(&[]);
    let found = indexed.documents();
    for (path, document) in indexed.library.documents() {
        for (key, value) in document.as_object().unwrap() {
            if key != "indexed_at" {
                assert_eq!(&found[&path][key], value, "{key} of {path}");
            }
        }
    }
}

#[test]
fn an_unchanged_library_costs_a_handful_of_requests_and_writes_nothing() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::small("same") else { return };
        indexed.report(place, &[]);
        let (versions, writes) = (indexed.versions(), indexed.writes());
        let settings = indexed.server.settings(&indexed.index());
        for _ in 0..2 {
            indexed.proxy.forget();
            assert_eq!(counts(&indexed.report(place, &[])), [3, 0, 3, 0], "{place:?}");
            let seen = indexed.proxy.seen();
            assert!(seen.len() <= REQUESTS_UNCHANGED_MAX, "{place:?}: {seen:#?}");
            assert_eq!(indexed.proxy.count("", "_bulk"), 0, "{place:?}: {seen:#?}");
        }
        assert_eq!((indexed.versions(), indexed.writes()), (versions, writes), "{place:?}");
        assert_eq!(indexed.server.settings(&indexed.index()), settings, "{place:?}");
    }
}

#[test]
fn only_what_changed_came_or_left_is_sent() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::small("change") else { return };
        indexed.report(place, &[]);
        let index = indexed.index();
        let before = indexed.versions();
        indexed.library.write("kitchen/cup.usda", usda("Mug", "", ""));
        indexed.library.write("kitchen/pan.usda", usda("Pan", "", ""));
        let report = indexed.report(place, &[]);
        assert_eq!(counts(&report), [4, 2, 2, 0], "{place:?}");
        assert_eq!(indexed.index(), index, "the index that is there is written to");
        let found = indexed.documents();
        assert_eq!(found["kitchen/cup.usda"]["usd"]["default_prim"], "Mug");
        let after = indexed.versions();
        assert_eq!(after["office/desk.usda"], before["office/desk.usda"]);
        assert_eq!(after["kitchen/cup.usda"], report["run"]);
        indexed.must_be_whole("changed and added");

        // The room leaves: nobody shows the desk any more, whose document says so.
        indexed.library.remove("office/room.usda");
        let report = indexed.report(place, &[]);
        assert_eq!(report["counts"]["deleted"], 1, "{place:?}");
        assert_eq!(counts(&report), [3, 0, 3, 0], "{place:?}");
        indexed.must_be_whole("removed");
        let found = indexed.documents();
        assert_eq!(found["office/desk.usda"]["used_by"], 0, "{place:?}");
        indexed.library.write("kitchen/set.usda", usda("Set", &reference("./cup.usda"), ""));
        indexed.report(place, &[]);
        assert_eq!(indexed.documents()["kitchen/cup.usda"]["used_by"], 1, "{place:?}");
        indexed.must_be_whole("used again");
    }
}

#[test]
fn a_changed_caption_sends_one_document_and_reads_none() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::small("caption") else { return };
        indexed.report(place, &[]);
        let before = indexed.versions();
        let csv = "path,en,zh\nkitchen/cup.usda,Holds hot coffee,杯子\n";
        let captions = indexed.library.beside("captions.csv", csv);
        let report = indexed.report(place, &["--captions", captions.to_str().unwrap()]);
        assert_eq!(report["found"]["to_read"], 0, "{place:?}");
        assert_eq!(counts(&report), [3, 1, 2, 0], "{place:?}");
        let found = indexed.documents();
        let caption = &found["kitchen/cup.usda"]["caption"];
        assert_eq!(caption, &json!({"en": "Holds hot coffee", "zh": "杯子"}));
        let after = indexed.versions();
        let changed: Vec<_> = after.iter().filter(|(path, run)| before[*path] != **run).collect();
        assert_eq!(changed.len(), 1, "{place:?}: {changed:?}");
        let words = json!({"query": {"match": {"caption.en": "coffee"}}});
        let hits = indexed.server.search(&indexed.alias, &words);
        assert_eq!(hits["hits"]["total"]["value"], 1, "{place:?}");
    }
}

#[test]
fn many_deletions_wait_for_approval_and_the_index_keeps_what_it_has() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::small("guard") else { return };
        indexed.report(place, &[]);
        indexed.library.remove("kitchen/cup.usda").remove("office/room.usda");
        let refused = indexed.run(place, &[]);
        assert_eq!(refused.code, Some(3), "{place:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("--approve-deletions"), "{}", refused.stderr);
        assert_eq!(indexed.server.count(&indexed.alias), 3, "{place:?}");
        let report = indexed.report(place, &["--approve-deletions"]);
        assert_eq!(report["counts"]["deleted"], 2, "{place:?}");
        indexed.must_be_whole("approved");
    }
}

#[test]
fn a_catalogue_that_is_there_already_is_sent_without_reading_its_library() {
    let Some(indexed) = Indexed::small("later") else { return };
    indexed.library.report(&[]);
    let report = indexed.report(Place::Both, &[]);
    assert_eq!(report["found"]["to_read"], 0);
    assert_eq!(report["found"]["to_send"], 3);
    assert_eq!(counts(&report)[3], 0);
    indexed.must_be_whole("sent from the catalogue");
    assert_eq!(indexed.documents()["office/desk.usda"]["used_by"], 1);
}

#[test]
fn a_lost_state_folder_is_made_anew_from_the_index() {
    let Some(indexed) = Indexed::small("lost") else { return };
    indexed.report(Place::Alone, &[]);
    let versions = indexed.versions();
    std::fs::remove_dir_all(indexed.cache().join("libraries")).unwrap();
    let report = indexed.report(Place::Alone, &[]);
    assert_eq!(report["found"]["to_read"], 0, "{report}");
    assert_eq!(counts(&report), [3, 0, 3, 0]);
    assert_eq!(indexed.versions(), versions, "nothing is sent again");
    indexed.must_be_whole("state made anew");
    // What was made anew is good enough to go on from.
    std::fs::remove_dir_all(indexed.cache().join("libraries")).unwrap();
    indexed.library.write("kitchen/cup.usda", usda("Mug", "", ""));
    indexed.library.remove("office/room.usda");
    let report = indexed.report(Place::Alone, &[]);
    assert_eq!((&report["found"]["to_read"], &report["counts"]["deleted"]), (&1.into(), &1.into()));
    indexed.must_be_whole("changed after the state was lost");
    assert_eq!(indexed.documents()["office/desk.usda"]["used_by"], 0);
}

#[test]
fn what_somebody_takes_out_of_the_index_by_hand_comes_back_without_reading() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::small("by-hand") else { return };
        indexed.report(place, &[]);
        let id = indexed.documents()["kitchen/cup.usda"]["asset_id"].clone();
        let one = format!("/{}/_doc/{}?refresh=true", indexed.index(), id.as_str().unwrap());
        indexed.server.must("DELETE", &one, None);
        let report = indexed.report(place, &[]);
        assert_eq!(report["found"]["to_read"], 0, "{place:?}: {report}");
        indexed.must_be_whole("one document taken out");
        let index = indexed.index();
        indexed.server.must("DELETE", &format!("/{index}"), None);
        let report = indexed.report(place, &[]);
        assert_eq!(report["found"]["to_read"], 0, "{place:?}: {report}");
        indexed.must_be_whole("the index taken away");
    }
}

#[test]
fn a_lost_catalogue_is_made_anew_beside_its_index() {
    let Some(indexed) = Indexed::small("lost-out") else { return };
    indexed.report(Place::Both, &[]);
    std::fs::remove_dir_all(indexed.library.catalog()).unwrap();
    indexed.library.remove("kitchen/cup.usda");
    let report = indexed.report(Place::Both, &[]);
    assert_eq!(counts(&report)[3], 0);
    assert_eq!(indexed.library.documents().len(), 2);
    indexed.must_be_whole("catalogue made anew");
}

#[test]
fn the_index_of_another_library_is_left_alone_until_it_is_adopted() {
    let Some(indexed) = Indexed::small("foreign") else { return };
    let other = |more: &[&str]| {
        let mut arguments = vec!["--name", "other"];
        arguments.extend(more);
        let mut call = indexed.call(Place::Alone, &arguments);
        let cache = indexed.cache().join("other");
        run(call.env("VITRINE_CACHE_DIR", cache))
    };
    indexed.report(Place::Both, &[]);
    let (index, versions) = (indexed.index(), indexed.versions());
    let refused = other(&[]);
    assert!(matches!(refused.code, Some(2 | 3)), "{:?}: {}", refused.code, refused.stderr);
    assert!(refused.stderr.contains("adopt"), "{}", refused.stderr);
    assert_eq!((indexed.index(), indexed.versions()), (index, versions));
    let adopted = other(&["--adopt", "--approve-deletions"]);
    assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);
    indexed.must_be_whole("adopted");
    let found = indexed.documents();
    assert!(found.values().all(|document| document["library"] == "other"), "{found:?}");
    // Now it is the first that is a stranger.
    let refused = indexed.run(Place::Both, &[]);
    assert!(matches!(refused.code, Some(2 | 3)), "{:?}: {}", refused.code, refused.stderr);
}

#[test]
fn an_alias_name_that_is_an_index_already_is_a_mistake_that_is_named() {
    let Some(indexed) = Indexed::small("taken") else { return };
    let document = json!({"mine": true});
    let one = format!("/{}/_doc/1?refresh=true", indexed.alias);
    indexed.server.must("PUT", &one, Some(&document));
    let refused = indexed.run(Place::Alone, &["--adopt"]);
    assert!(matches!(refused.code, Some(2 | 3)), "{:?}: {}", refused.code, refused.stderr);
    assert!(refused.stderr.contains(&*indexed.alias), "{}", refused.stderr);
    assert_eq!(indexed.server.get(&indexed.alias, "1").unwrap()["_source"], document);
    let others = indexed.server.indices(&format!("{}-", indexed.alias));
    assert_eq!(others, Vec::<String>::new(), "nothing is left behind");
}

#[test]
fn assets_that_cannot_be_read_are_in_the_index_of_failures_until_they_can() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::many("broken", 120) else { return };
        indexed.library.write("pack/broken.usda", "this is no USD");
        let report = indexed.report(place, &[]);
        assert_eq!(counts(&report), [121, 120, 0, 1], "{place:?}");
        let failures = indexed.failures();
        let failure: &Value = failures.values().next().unwrap();
        assert_eq!(failures.len(), 1, "{failures:?}");
        for field in ["uri", "step", "reason", "attempts", "time", "run"] {
            assert!(!failure[field].is_null(), "{field}: {failure}");
        }
        assert_eq!(indexed.run(place, &["--strict"]).code, Some(4), "{place:?}");
        indexed.library.write("pack/broken.usda", usda("Whole", "", ""));
        assert_eq!(counts(&indexed.report(place, &[])), [121, 1, 120, 0], "{place:?}");
        indexed.must_be_whole("mended");
        let open = indexed.failures().into_values().filter(|failure| {
            failure["resolved_run"].is_null() && failure["resolved_at"].is_null()
        });
        assert_eq!(open.count(), 0, "{place:?}");
    }
}
