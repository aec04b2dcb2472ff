//! `vitrine run`: the three steps as processes of their own, and what pods do to one another.
#![allow(clippy::unwrap_used)] // A test that cannot read what it made proves nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use vitrine_tests::library::{Library, reference, usda};
use vitrine_tests::program::{Ended, command, json_file, run, start};

/// Enough for two chunks: a chunk has 1,000 assets.
const ASSETS: usize = 1200;

fn small() -> Library {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", ""));
    library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
    library.write("kitchen/cup.usda", usda("Cup", "", ""));
    library
}

fn large() -> Library {
    let library = Library::new();
    for number in 0..ASSETS {
        library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
    }
    library
}

/// The configuration of the library and its catalogue.
fn config(library: &Library, more: &str) -> PathBuf {
    let text = format!(
        "metadata: {{name: lib}}\nspec:\n  source: {{uri: {:?}}}\n  catalog: {{uri: {:?}}}\n  \
         embeddings: []\n{more}",
        library.path().display().to_string(),
        library.catalog().display().to_string(),
    );
    library.beside("vitrine.yaml", &text)
}

fn call(library: &Library, step: &str, more: &[&str]) -> Command {
    let config = library.path().parent().unwrap().join("vitrine.yaml");
    let mut call = command(&["run", step, "-q", "--output", "json", "--config"]);
    call.arg(config).args(more);
    call
}

fn step(library: &Library, step: &str, more: &[&str]) -> Ended {
    run(&mut call(library, step, more))
}

fn counts(report: &Value) -> [u64; 4] {
    ["read", "indexed", "skipped", "failed"]
        .map(|name| report["counts"][name].as_u64().expect("counts are numbers"))
}

/// Lines of every part file of a run.
fn receipts(library: &Library, run: u64) -> usize {
    let folder = library.catalog().join(format!(".vitrine/runs/{run}"));
    let items = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let parts = items.filter(|item| item.file_name().to_string_lossy().starts_with("part-"));
    parts.map(|part| std::fs::read_to_string(part.path()).unwrap_or_default().lines().count()).sum()
}

fn documents(library: &Library) -> BTreeMap<String, Value> {
    let mut documents = library.documents();
    for document in documents.values_mut() {
        document.as_object_mut().unwrap().remove("indexed_at");
    }
    documents
}

#[test]
fn three_processes_leave_what_one_does() {
    let library = small();
    library.report(&[]);
    let expected = documents(&library);
    std::fs::remove_dir_all(library.catalog()).unwrap();
    config(&library, "");
    let scanned = step(&library, "scan", &[]).json(0);
    assert_eq!((&scanned["run"], &scanned["chunks"]), (&1.into(), &1.into()));
    assert_eq!(counts(&step(&library, "work", &[]).json(0)), [3, 3, 0, 0]);
    let report = step(&library, "publish", &["--run", "1"]).json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    assert_eq!(documents(&library), expected);
    assert_eq!(library.document("office/desk.usda")["used_by"], 1);
    // Called again, it says the same, with its number and without; there is nothing to work on.
    for number in [&["--run", "1"][..], &[]] {
        assert_eq!(step(&library, "publish", number).json(0), report);
    }
    let none = step(&library, "work", &[]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
    assert!(none.stderr.contains("vitrine run scan"), "{}", none.stderr);
    // The next run has nothing to do, and one process continues where three ended.
    let log = library.beside("last-words", "");
    let scanned = step(&library, "scan", &["--termination-log", log.to_str().unwrap()]).json(0);
    assert_eq!(scanned["chunks"], 0);
    assert_eq!(json_file(&log)["reason"], "NothingChanged");
    assert_eq!(counts(&step(&library, "work", &["--chunk", "0"]).json(0)), [0, 0, 0, 0]);
    assert_eq!(counts(&step(&library, "publish", &[]).json(0)), [3, 0, 3, 0]);
    assert_eq!(counts(&library.report(&[])), [3, 0, 3, 0]);
}

#[test]
fn pods_work_on_chunks_at_once_and_one_by_accident_twice() {
    let library = large();
    config(&library, "");
    assert_eq!(step(&library, "scan", &[]).json(0)["chunks"], 2);
    let pods: Vec<_> = ["0", "1", "1"]
        .map(|chunk| start(call(&library, "work", &["-j", "1"]).env("JOB_COMPLETION_INDEX", chunk)))
        .into_iter()
        .collect();
    for pod in pods {
        let ended = Ended::new(pod.wait_with_output().unwrap());
        assert_eq!(ended.json(0)["counts"]["failed"], 0);
    }
    let receipts = receipts(&library, 1);
    assert!((ASSETS..=ASSETS + 200).contains(&receipts), "{receipts}: what was done is left alone");
    let report = step(&library, "publish", &[]).json(0);
    assert_eq!(counts(&report), [ASSETS as u64, ASSETS as u64, 0, 0]);
    assert_eq!(library.documents().len(), ASSETS);
}

#[test]
fn a_killed_pod_is_continued_by_the_next_of_its_chunk() {
    let library = large();
    config(&library, "");
    step(&library, "scan", &[]).json(0);
    let mut pod = start(&mut call(&library, "work", &["--chunk", "0", "-j", "1"]));
    let begin = Instant::now();
    while receipts(&library, 1) < 100 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no receipts");
        std::thread::sleep(Duration::from_millis(1));
    }
    pod.kill().unwrap();
    pod.wait().unwrap();
    let done = receipts(&library, 1) as u64;
    let ended = step(&library, "work", &["--chunk", "0"]).json(0);
    let skipped = ended["counts"]["skipped"].as_u64().unwrap();
    assert!(skipped + 1 >= done && skipped <= done, "{skipped} of {done} receipts were used");
    assert_eq!(ended["counts"]["indexed"].as_u64().unwrap(), 1000 - skipped);
    // Nobody worked on the second chunk: its assets failed, and the next run does them.
    let report = step(&library, "publish", &[]).json(0);
    assert_eq!(counts(&report), [1200, 1000, 0, 200]);
    let failure = &report["failures"][0];
    assert_eq!(failure["step"], "work");
    let reason = failure["reason"].as_str().unwrap();
    assert!(reason.contains("chunk 1 has no receipt"), "{reason}");
    let found = &step(&library, "scan", &[]).json(0)["found"];
    assert_eq!((&found["to_read"], &found["unchanged"]), (&200.into(), &1000.into()));
}

#[test]
fn without_its_receipt_an_asset_keeps_the_document_it_has() {
    let library = small();
    config(&library, "");
    library.report(&[]);
    library.write("office/desk.usda", usda("Desk", "", r#"def Camera "Eye" {}"#));
    step(&library, "scan", &["--run", "7"]).json(0);
    let report = step(&library, "publish", &["--run", "7"]).json(0);
    assert_eq!(counts(&report), [3, 0, 1, 2]);
    assert_eq!(report["run"], 7);
    assert_eq!(library.document("office/desk.usda")["usd"]["cameras"], serde_json::json!([]));
    assert_eq!(step(&library, "publish", &["--run", "7", "--strict"]).code, Some(4));
    assert_eq!(counts(&library.report(&[])), [3, 2, 1, 0]);
}

#[test]
fn receipts_of_a_run_that_was_never_published_count_for_the_next() {
    let library = small();
    config(&library, "");
    step(&library, "scan", &[]).json(0);
    step(&library, "work", &[]).json(0);
    let scanned = step(&library, "scan", &["--run", "2"]).json(0);
    assert_eq!((&scanned["run"], &scanned["found"]["resumed"]), (&2.into(), &3.into()));
    assert_eq!(scanned["chunks"], 0);
    assert_eq!(counts(&step(&library, "publish", &[]).json(0)), [3, 3, 0, 0]);
    assert_eq!(library.documents().len(), 3);
}

#[test]
fn a_newer_plan_supersedes_work_and_publish() {
    let library = small();
    config(&library, "");
    step(&library, "scan", &[]).json(0);
    step(&library, "scan", &["--run", "5"]).json(0);
    let log = library.beside("last-words", "");
    for name in ["work", "publish"] {
        let ended =
            step(&library, name, &["--run", "1", "--termination-log", log.to_str().unwrap()]);
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        assert!(ended.stderr.contains("superseded by run 5"), "{}", ended.stderr);
        let words = json_file(&log);
        assert_eq!(words["reason"], "Superseded");
        assert_eq!((&words["outcome"], &words["step"]), (&"failed".into(), &name.into()));
    }
    // Started anew under the same number, a plan replaces itself.
    step(&library, "scan", &[]).json(0);
    let plan = json_file(&library.catalog().join(".vitrine/runs/5/plan.json"));
    assert_eq!(plan["session"], 2);
    step(&library, "work", &["--run", "5"]).json(0);
    assert_eq!(counts(&step(&library, "publish", &["--run", "5"]).json(0)), [3, 3, 0, 0]);
    let late = step(&library, "work", &["--run", "5"]);
    assert_eq!(late.code, Some(2), "{}", late.stderr);
}

#[test]
fn last_words_tell_the_run_the_step_and_the_counts() {
    let library = small();
    library.write("office/broken.usdc", "no crate");
    config(&library, "");
    let log = library.beside("last-words", "");
    let log_path = log.to_str().unwrap();
    let words = |name: &str, more: &[&str], code: i32| {
        let more: Vec<&str> = more.iter().copied().chain(["--termination-log", log_path]).collect();
        let ended = step(&library, name, &more);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        json_file(&log)
    };
    let scanned = words("scan", &[], 0);
    assert_eq!((&scanned["outcome"], &scanned["reason"]), (&"done".into(), &"Planned".into()));
    assert_eq!((&scanned["run"], &scanned["chunks"]), (&1.into(), &1.into()));
    assert_eq!(counts(&words("work", &[], 0)), [4, 3, 0, 1]);
    let published = words("publish", &["--strict"], 4);
    assert_eq!(counts(&published), [4, 3, 0, 1]);
    assert_eq!(published["outcome"], "done");
    // The listing is empty: nothing may leave.
    for path in ["office/desk.usda", "office/room.usda", "office/broken.usdc", "kitchen/cup.usda"] {
        library.remove(path);
    }
    let refused = words("scan", &[], 3);
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&"failed".into(), &"SourceEmpty".into())
    );
    let config = library.beside("vitrine.yaml", "spec: {sauce: 1}");
    assert!(config.exists());
    let wrong = words("scan", &[], 2);
    assert_eq!(wrong["reason"], "ConfigurationWrong");
    assert!(wrong["message"].as_str().unwrap().contains("sauce"), "{wrong}");
}

#[test]
fn cleanup_removes_the_catalogue_only_where_that_is_asked_for() {
    let library = small();
    config(&library, "");
    library.report(&[]);
    let kept = library.catalog().join("notes.txt");
    std::fs::write(&kept, "mine").unwrap();
    assert_eq!(step(&library, "cleanup", &[]).json(0)["files"], 0);
    assert_eq!(library.documents().len(), 3);
    config(&library, "  libraryID: other\n  deletionPolicy: Delete\n");
    assert_eq!(step(&library, "cleanup", &[]).code, Some(2), "another library's catalogue stays");
    assert_eq!(library.documents().len(), 3);
    config(&library, "  deletionPolicy: Delete\n");
    assert!(step(&library, "cleanup", &[]).json(0)["files"].as_u64().unwrap() > 3);
    let left: Vec<_> = std::fs::read_dir(library.catalog()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(kept.exists());
    assert_eq!(step(&library, "cleanup", &[]).json(0)["files"], 0);
}

#[test]
fn killed_at_each_place_the_next_run_ends_with_every_asset_once() {
    let places = [
        "after-claim",
        "after-prepare",
        "after-plan",
        "after-bulk",
        "after-receipts",
        "after-resend",
        "after-deletes",
        "after-swap",
        "after-current",
        "before-retention",
    ];
    let clean = small();
    clean.write("office/lamp.usda", usda("Lamp", "", ""));
    clean.report(&[]);
    clean.write("office/room.usda", usda("Room", "", ""));
    clean.remove("kitchen/cup.usda");
    clean.report(&[]);
    let names = |library: &Library| -> Vec<(String, Value)> {
        let documents = library.documents().into_iter();
        documents.map(|(path, document)| (path, document["used_by"].clone())).collect()
    };
    let expected = names(&clean);
    for place in places {
        let library = small();
        library.write("office/lamp.usda", usda("Lamp", "", ""));
        let crash = |library: &Library| {
            let ended = run(library.call(&[]).env("VITRINE_CRASH_AT", place));
            assert_eq!(ended.code, None, "{place}: {}", ended.stderr);
        };
        crash(&library);
        library.report(&[]);
        assert_eq!(library.documents().len(), 4, "{place}");
        // A change, a removal, and a document whose number of users changes.
        library.write("office/room.usda", usda("Room", "", ""));
        library.remove("kitchen/cup.usda");
        crash(&library);
        let report = library.report(&[]);
        assert_eq!(names(&library), expected, "{place}");
        let [read, indexed, skipped, failed] = counts(&report);
        assert_eq!((read, failed), (3, 0), "{place}: {report}");
        assert_eq!(read, indexed + skipped, "{place}: {report}");
        let last = library.report(&[]);
        assert_eq!(counts(&last), [3, 0, 3, 0], "{place}");
    }
}
