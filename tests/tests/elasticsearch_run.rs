//! `vitrine catalog --elasticsearch`: what stands in the index, and what is sent again.
#![allow(clippy::unwrap_used)] // A test that cannot read what it made proves nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use vitrine_tests::elasticsearch::Elasticsearch;
use vitrine_tests::library::{Library, reference, usda};
use vitrine_tests::model::{model, pooled_otherwise};
use vitrine_tests::program::{Ended, command, json_file, run, signal, start};

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
fn a_catalogue_begun_anew_beside_an_index_lets_only_a_part_of_that_go() {
    let Some(server) = Elasticsearch::find() else { return };
    let name = server.name("guard");
    let library = small();
    run(&mut alone(&library, server.url(), &name)).json(0);
    library.remove("office/desk.usda").remove("office/room.usda");
    let refused = run(&mut both(&library, server.url(), &name));
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("2 of 3 assets are gone"), "{}", refused.stderr);
    assert_eq!(server.count(&name), 3);
    run(both(&library, server.url(), &name).arg("--approve-deletions")).json(0);
    assert_eq!(standing(&server, &name), expected(&[("kitchen/cup.usda", 0)]));
    library.remove("kitchen/cup.usda");
    std::fs::remove_dir_all(library.catalog()).unwrap();
    let refused = run(&mut both(&library, server.url(), &name));
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert_eq!(server.count(&name), 1, "an empty listing lets nothing go by itself");
    run(both(&library, server.url(), &name).arg("--approve-deletions")).json(0);
    assert_eq!(server.count(&name), 0);
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

/// The configuration of a library with one embedding by the model in `folder`.
fn config(library: &Library, server: &Elasticsearch, name: &str, more: &str) -> String {
    let text = format!(
        "metadata: {{name: lib}}\nspec:\n  source: {{uri: {:?}}}\n  catalog: {{uri: {:?}}}\n  \
         elasticsearch: {{url: {:?}, index: {name:?}}}\n{more}",
        library.path().display().to_string(),
        library.catalog().display().to_string(),
        server.url(),
    );
    library.beside("vitrine.yaml", &text).display().to_string()
}

fn step(config: &str, step: &str, more: &[&str]) -> Ended {
    run(command(&["run", step, "-q", "--output", "json", "--config", config]).args(more))
}

#[test]
fn a_changed_model_fills_a_new_index_beside_the_old_and_swaps_when_enough_is_there() {
    let Some(server) = Elasticsearch::find() else { return };
    let Some(folder) = model() else { return };
    let other = pooled_otherwise(&folder);
    let name = server.name("model");
    let library = small();
    let go = |model: &Path| {
        let more = format!(
            "  embeddings: [{{name: text, algorithm: text, model: {{uri: {:?}}}}}]\n",
            model.display().to_string()
        );
        let config = config(&library, &server, &name, &more);
        run(&mut command(&["catalog", "-q", "--output", "json", "--config", &config]))
    };
    let vectors = || -> BTreeMap<String, Value> {
        let documents = server.documents(&name).into_iter();
        documents.map(|(id, document)| (id, document["text_embedding"].clone())).collect()
    };
    assert_eq!(counts(&go(&folder).json(0)), [3, 3, 0, 0]);
    let (old, before) = (server.behind(&name), vectors());
    assert!(before.values().all(|vector| !vector.is_null()), "every document has its vector");
    // One of three cannot be read: the new index would lack a third.
    library.write("office/broken.usda", "#usda 1.0\ndef Xform \"Desk\" {");
    let refused = go(other.path());
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("1 of 4 assets failed"), "{}", refused.stderr);
    assert_eq!((server.behind(&name), vectors()), (old.clone(), before.clone()));
    library.remove("office/broken.usda");
    let report = go(other.path()).json(0);
    assert_eq!(report["found"]["to_read"], 0);
    let new = server.behind(&name);
    assert_ne!(new, old);
    assert_eq!(new, [report["index"]["name"].as_str().unwrap()]);
    assert_eq!(server.count(&old[0]), 3, "the old index is kept for a while");
    for ((id, was), (same, is)) in before.iter().zip(&vectors()) {
        assert_eq!(id, same);
        assert_ne!(was, is, "{id}");
    }
    // And back: the old index is there, and holds what is wanted.
    let report = go(&folder).json(0);
    assert_eq!(report["found"]["to_read"], 0);
    assert_eq!((server.behind(&name), vectors()), (old, before));
}

#[test]
fn of_two_runs_at_once_the_lower_number_stops() {
    let Some(server) = Elasticsearch::find() else { return };
    let name = server.name("two");
    let library = Library::new();
    for number in 0..400 {
        library.write(&format!("pack/thing{number:03}.usda"), usda("Thing", "", ""));
    }
    let first = start(both(&library, server.url(), &name).args(["--jobs", "1"]));
    let receipts = library.catalog().join(".vitrine/runs/1");
    let begin = Instant::now();
    let begun = || {
        let items = std::fs::read_dir(&receipts).into_iter().flatten().flatten();
        items.into_iter().any(|item| item.file_name().to_string_lossy().starts_with("part-"))
    };
    while !begun() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no receipts");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal("STOP", first.id());
    let report = run(&mut alone(&library, server.url(), &name)).json(0);
    assert_eq!((&report["run"], &report["counts"]["indexed"]), (&2.into(), &400.into()));
    signal("CONT", first.id());
    let ended = Ended::new(first.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("superseded"), "{}", ended.stderr);
    assert_eq!(server.count(&name), 400);
    assert_eq!(counts(&run(&mut alone(&library, server.url(), &name)).json(0)), [400, 0, 400, 0]);
}

#[test]
fn three_processes_fill_an_index_and_a_fourth_removes_it() {
    let Some(server) = Elasticsearch::find() else { return };
    let name = server.name("steps");
    let library = small();
    library.write("office/broken.usda", "#usda 1.0\ndef Xform \"Desk\" {");
    let config = config(&library, &server, &name, "  embeddings: []\n  deletionPolicy: Delete\n");
    let scanned = step(&config, "scan", &[]).json(0);
    assert_eq!((&scanned["run"], &scanned["chunks"]), (&1.into(), &1.into()));
    assert_eq!(counts(&step(&config, "work", &[]).json(0)), [4, 3, 0, 1]);
    assert!(server.behind(&name).is_empty(), "nothing is seen before publish");
    let log = library.beside("last-words", "").display().to_string();
    let report = step(&config, "publish", &["--termination-log", &log]).json(0);
    assert_eq!(counts(&report), [4, 3, 0, 1]);
    let words = json_file(Path::new(&log));
    assert_eq!(
        (&words["index"]["alias"], &words["index"]["documents"]),
        (&(*name).into(), &3.into())
    );
    assert_eq!(server.count(&name), 3);
    let failures = server.documents(&format!("{}-failures", &*name));
    let failure = failures.values().next().unwrap();
    assert_eq!((failures.len(), &failure["step"]), (1, &"read".into()));
    assert!(failure["reason"].as_str().unwrap().contains("office/broken.usda"), "{failure}");
    // Mended, it is no failure any more.
    library.write("office/broken.usda", usda("Mended", "", ""));
    for name in ["scan", "work", "publish"] {
        step(&config, name, &[]).json(0);
    }
    assert_eq!(server.count(&format!("{}-failures", &*name)), 0);
    assert_eq!(server.count(&name), 4);
    let runs = server.documents(&format!("{}-runs", &*name));
    assert_eq!(runs.len(), 2);
    assert!(runs.values().all(|run| run["phase"] == "published"), "{runs:?}");
    let cleaned = step(&config, "cleanup", &[]).json(0);
    assert_eq!(cleaned["indices"].as_array().unwrap().len(), 3, "{cleaned}");
    assert!(server.indices(&name).is_empty());
    assert!(library.documents().is_empty());
}
