//! `vitrine catalog --elasticsearch`: what stands in the index, and what is sent again.
#![allow(clippy::unwrap_used)] // A test that cannot read what it made proves nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use vitrine_tests::elasticsearch::Elasticsearch;
use vitrine_tests::library::{Library, reference, usda};
use vitrine_tests::program::{Ended, command, run};

fn small() -> Library {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", ""));
    library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
    library.write("kitchen/cup.usda", usda("Cup", "", ""));
    library
}

/// A call without a catalogue on disk; its cache lies beside the library.
fn alone(library: &Library, url: &str, index: &str) -> Command {
    let mut call = command(&["catalog", "--quiet", "--output", "json", "--no-embeddings"]);
    call.arg(library.path()).env("VITRINE_CACHE_DIR", cache(library));
    Elasticsearch::lend(&mut call, url, index);
    call
}

fn cache(library: &Library) -> PathBuf {
    library.path().parent().unwrap().join("cache")
}

/// A call with a catalogue on disk.
fn both(library: &Library, url: &str, index: &str) -> Command {
    let mut call = library.call(&[]);
    Elasticsearch::lend(&mut call, url, index);
    call
}

fn counts(report: &Value) -> [u64; 4] {
    ["read", "indexed", "skipped", "failed"]
        .map(|name| report["counts"][name].as_u64().expect("counts are numbers"))
}

/// `used_by` of every document by path.
fn standing(server: &Elasticsearch, index: &str) -> BTreeMap<String, u64> {
    let documents = server.documents(index).into_values();
    documents
        .map(|document| {
            (document["path"].as_str().unwrap().to_owned(), document["used_by"].as_u64().unwrap())
        })
        .collect()
}

fn expected(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(path, used_by)| ((*path).to_owned(), *used_by)).collect()
}

/// The ways a run keeps its state.
type Call = fn(&Library, &str, &str) -> Command;
const WAYS: [(&str, Call); 2] = [("alone", alone), ("with a catalogue", both)];

#[test]
fn an_index_follows_its_library_change_by_change() {
    let Some(server) = Elasticsearch::find() else { return };
    for (way, call) in WAYS {
        let name = server.name("follow");
        let library = small();
        let go = |library: &Library| run(&mut call(library, server.url(), &name)).json(0);
        let report = go(&library);
        assert_eq!(counts(&report), [3, 3, 0, 0], "{way}");
        assert_eq!(report["index"]["alias"], *name, "{way}");
        assert_eq!(report["index"]["documents"], 3, "{way}");
        assert_eq!(server.behind(&name), [report["index"]["name"].as_str().unwrap()], "{way}");
        let all = [("kitchen/cup.usda", 0), ("office/desk.usda", 1), ("office/room.usda", 0)];
        assert_eq!(standing(&server, &name), expected(&all), "{way}");
        // Nothing changed.
        assert_eq!(counts(&go(&library)), [3, 0, 3, 0], "{way}");
        // One asset changes, and stops using another.
        library.write("office/room.usda", usda("Room", "", r#"def Camera "Eye" {}"#));
        assert_eq!(counts(&go(&library)), [3, 1, 2, 0], "{way}");
        let all = [("kitchen/cup.usda", 0), ("office/desk.usda", 0), ("office/room.usda", 0)];
        assert_eq!(standing(&server, &name), expected(&all), "{way}");
        // One leaves, one comes, one breaks.
        library.remove("kitchen/cup.usda");
        library.write("kitchen/mug.usda", usda("Mug", "", ""));
        library.write("office/desk.usda", "#usda 1.0\ndef Xform \"Desk\" {");
        let report = go(&library);
        assert_eq!(counts(&report), [3, 1, 1, 1], "{way}");
        assert_eq!(report["counts"]["deleted"], 1, "{way}");
        let all = [("kitchen/mug.usda", 0), ("office/desk.usda", 0), ("office/room.usda", 0)];
        assert_eq!(standing(&server, &name), expected(&all), "{way}");
        assert_eq!(counts(&go(&library)), [3, 0, 2, 1], "{way}");
        // Many may not leave at once.
        library.remove("office/desk.usda").remove("office/room.usda");
        let refused = run(&mut call(&library, server.url(), &name));
        assert_eq!(refused.code, Some(3), "{way}: {}", refused.stderr);
        assert!(refused.stderr.contains("--approve-deletions"), "{way}: {}", refused.stderr);
        assert_eq!(server.count(&name), 3, "{way}");
    }
}

#[test]
fn what_is_missing_or_differs_in_the_index_is_sent_and_nothing_is_read() {
    let Some(server) = Elasticsearch::find() else { return };
    let name = server.name("mend");
    let library = small();
    library.report(&[]);
    // The catalogue is there before the index.
    let go = || run(&mut both(&library, server.url(), &name)).json(0);
    let report = go();
    assert_eq!((&report["found"]["to_read"], &report["found"]["to_send"]), (&0.into(), &3.into()));
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    let whole = standing(&server, &name);
    assert_eq!(whole["office/desk.usda"], 1);
    // Somebody removes one document, and lays another in.
    let documents = server.documents(&name);
    let (id, document) = documents.iter().find(|(_, one)| one["name"] == "cup").unwrap();
    server.must("DELETE", &format!("/{name}/_doc/{id}?refresh=true"), None);
    let report = go();
    assert_eq!((&report["found"]["to_read"], &report["found"]["to_send"]), (&0.into(), &1.into()));
    assert_eq!(standing(&server, &name), whole);
    let stray =
        server.ask("PUT", &format!("/{name}/_doc/0000000000000000?refresh=true"), Some(document));
    assert!(stray.status < 300, "{}", stray.body);
    let report = go();
    assert_eq!((&report["found"]["to_send"], &report["counts"]["deleted"]), (&0.into(), &0.into()));
    assert_eq!(server.count(&name), 3);
    // The whole index goes.
    let behind = server.behind(&name);
    server.must("DELETE", &format!("/{}", behind[0]), None);
    let report = go();
    assert_eq!((&report["found"]["to_read"], &report["found"]["to_send"]), (&0.into(), &3.into()));
    assert_eq!(standing(&server, &name), whole);
}

#[test]
fn an_index_alone_is_enough_to_continue_on_another_machine() {
    let Some(server) = Elasticsearch::find() else { return };
    let name = server.name("elsewhere");
    let library = small();
    let go = || run(&mut alone(&library, server.url(), &name)).json(0);
    assert_eq!(counts(&go()), [3, 3, 0, 0]);
    std::fs::remove_dir_all(cache(&library)).unwrap();
    assert_eq!(counts(&go()), [3, 0, 3, 0]);
    library.write("kitchen/cup.usda", usda("Cup", "", r#"def Camera "Eye" {}"#));
    std::fs::remove_dir_all(cache(&library)).unwrap();
    let report = go();
    assert_eq!(counts(&report), [3, 1, 2, 0]);
    assert_eq!(report["found"]["to_read"], 1);
    assert_eq!(standing(&server, &name)["office/desk.usda"], 1);
    assert!(!library.catalog().exists(), "no catalogue was asked for");
}

#[test]
fn killed_at_each_place_index_and_catalogue_end_up_the_same() {
    let Some(server) = Elasticsearch::find() else { return };
    let places = [
        "after-claim",
        "after-prepare",
        "after-plan",
        "after-bulk",
        "after-receipts",
        "after-resend",
        "after-deletes",
        "after-graph",
        "after-swap",
        "after-current",
        "before-retention",
    ];
    let after = [("kitchen/mug.usda", 0), ("office/desk.usda", 0), ("office/room.usda", 0)];
    for (way, call) in WAYS {
        for place in places {
            let name = server.name("kill");
            let library = small();
            let crash = || -> Ended {
                run(call(&library, server.url(), &name).env("VITRINE_CRASH_AT", place))
            };
            let go = || run(&mut call(&library, server.url(), &name)).json(0);
            let ended = crash();
            assert_eq!(ended.code, None, "{way}, {place}: {}", ended.stderr);
            go();
            assert_eq!(server.count(&name), 3, "{way}, {place}");
            library.write("office/room.usda", usda("Room", "", ""));
            library.write("kitchen/mug.usda", usda("Mug", "", ""));
            library.remove("kitchen/cup.usda");
            let ended = crash();
            assert_eq!(ended.code, None, "{way}, {place}: {}", ended.stderr);
            let report = go();
            let [read, indexed, skipped, failed] = counts(&report);
            assert_eq!((read, failed), (3, 0), "{way}, {place}: {report}");
            assert_eq!(read, indexed + skipped, "{way}, {place}: {report}");
            assert_eq!(standing(&server, &name), expected(&after), "{way}, {place}");
            let last = go();
            assert_eq!(counts(&last), [3, 0, 3, 0], "{way}, {place}: {last}");
            assert_eq!(server.behind(&name).len(), 1, "{way}, {place}");
        }
    }
}
