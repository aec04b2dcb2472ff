//! `vitrine catalog` when things go wrong: kills, a second run, hostile files.

use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;
use vitrine_tests::library::{Library, reference, usda};
use vitrine_tests::program::{Ended, children, run, signal, start};

/// Enough assets that a run can be interrupted in its midst.
const ASSETS: usize = 800;

fn large() -> Library {
    let library = Library::new();
    library.write("shared/part.usda", usda("Part", "", ""));
    for number in 0..ASSETS - 1 {
        let path = format!("pack{}/thing{number:04}.usda", number % 7);
        library.write(&path, usda("Thing", &reference("../shared/part.usda"), ""));
    }
    library
}

/// Documents without the fields that differ from time to time.
fn documents_without(library: &Library, moving: &[&str]) -> BTreeMap<String, Value> {
    let mut documents = library.documents();
    for document in documents.values_mut() {
        let fields = document.as_object_mut().expect("documents are objects");
        for field in moving {
            fields.remove(*field);
        }
    }
    documents
}

/// Lines in the receipts of a run that goes on.
fn receipts(library: &Library, run: u64) -> usize {
    let folder = library.catalog().join(format!(".vitrine/runs/{run}"));
    let items = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let parts = items.filter(|item| item.file_name().to_string_lossy().starts_with("part-"));
    parts.map(|part| std::fs::read_to_string(part.path()).unwrap_or_default().lines().count()).sum()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn kill(mut child: Child) {
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
}

#[test]
fn a_killed_run_is_continued_and_what_was_done_is_not_done_again() {
    let library = large();
    let child = start(&mut library.call(&["--jobs", "1"]));
    wait_until("some receipts", || receipts(&library, 1) > 200);
    kill(child);
    // What somebody else keeps in the same folder is not ours to remove.
    let foreign = library.catalog().join("models/rtmpose.onnx");
    std::fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    std::fs::write(&foreign, "weights").unwrap();
    let done = receipts(&library, 1) as u64;
    assert!(done < ASSETS as u64, "killed too late to prove anything");
    let report = library.report(&[]);
    // A last line may have been cut off by the kill.
    let resumed = report["found"]["resumed"].as_u64().unwrap();
    assert!(resumed + 1 >= done && resumed <= done, "{resumed} of {done} receipts were used");
    assert_eq!(report["found"]["to_read"].as_u64().unwrap(), ASSETS as u64 - resumed);
    assert_eq!(report["counts"]["indexed"], ASSETS);
    assert_eq!(report["run"], 1, "it is the same run");
    assert!(foreign.is_file());
}

#[test]
fn a_receipt_of_a_killed_run_does_not_count_when_its_asset_changed_since() {
    let library = large();
    let child = start(&mut library.call(&["--jobs", "1"]));
    wait_until("some receipts", || receipts(&library, 1) > 50);
    kill(child);
    library.write("shared/part.usda", usda("Part", "", r#"def Camera "Eye" {}"#));
    let report = library.report(&[]);
    assert_eq!(report["found"]["resumed"], 0);
    let thing = library.document("pack0/thing0000.usda");
    assert_eq!(thing["usd"]["cameras"][0], "/Thing/Eye");
}

#[test]
fn killed_at_any_point_the_catalogue_ends_up_the_same() {
    let library = large();
    let begin = Instant::now();
    library.report(&[]);
    let whole = begin.elapsed();
    // The part is written again below: its time changes, and its users' fingerprints.
    let moving = ["indexed_at", "fingerprint", "modified"];
    let expected = documents_without(&library, &moving);
    let mut interrupted = 0;
    const KILLS: u32 = 12;
    std::fs::remove_dir_all(library.catalog()).unwrap();
    for kill_at in 1..=KILLS {
        // Spread over a run's length; in the last third a published catalogue is being changed.
        if kill_at == KILLS * 2 / 3 {
            library.report(&[]);
            library.write("shared/part.usda", usda("Part", "", ""));
        }
        let mut child = start(&mut library.call(&[]));
        std::thread::sleep(whole * kill_at / KILLS);
        if child.try_wait().unwrap().is_none() {
            interrupted += 1;
        }
        kill(child);
    }
    assert!(interrupted > KILLS / 3, "only {interrupted} of {KILLS} kills met a living run");
    let report = library.report(&[]);
    assert_eq!(report["counts"]["failed"], 0);
    let found = documents_without(&library, &moving);
    assert_eq!(found.len(), ASSETS);
    assert!(found == expected, "documents differ from those of an undisturbed run");
    let left = library.catalog().join(".vitrine/tmp");
    let left = std::fs::read_dir(left).map(|items| items.count()).unwrap_or(0);
    assert_eq!(left, 0, "unfinished files are swept");
}

#[test]
fn a_second_run_hears_who_holds_the_lock_and_the_first_goes_on() {
    let library = large();
    let first = start(&mut library.call(&[]));
    wait_until("some receipts", || receipts(&library, 1) > 0);
    signal("STOP", first.id());
    let second = library.run(&[]);
    signal("CONT", first.id());
    assert_eq!(second.code, Some(1), "worth a retry: {}", second.stderr);
    let owner = format!("process {}", first.id());
    assert!(second.stderr.contains(&owner), "{}", second.stderr);
    assert!(second.stderr.contains("since 20"), "says since when: {}", second.stderr);
    let report = Ended::new(first.wait_with_output().unwrap()).json(0);
    assert_eq!(report["counts"]["indexed"], ASSETS);
}

#[test]
fn killed_children_cost_no_asset() {
    let library = large();
    let running = start(&mut library.call(&["--jobs", "3"]));
    wait_until("children read", || receipts(&library, 1) > 0);
    // Those that were there first, not those that replace them: one asset that ends two children
    // is given up, and rightly so.
    let first = children(running.id());
    for &child in &first {
        signal("KILL", child);
    }
    assert!(!first.is_empty(), "the run was too short to kill anything");
    let report = Ended::new(running.wait_with_output().unwrap()).json(0);
    assert_eq!(report["counts"]["indexed"], ASSETS);
    assert_eq!(report["counts"]["failed"], 0);
}

#[test]
fn a_child_that_hangs_is_ended_at_the_deadline_and_the_run_goes_on() {
    let library = large();
    let mut call = library.call(&["--jobs", "1"]);
    let running = start(call.env("VITRINE_EXTRACTION__TIMEOUT_SECONDS", "1"));
    wait_until("a child reads", || receipts(&library, 1) > 100);
    let stopped = children(running.id());
    assert_eq!(stopped.len(), 1);
    signal("STOP", stopped[0]);
    let report = Ended::new(running.wait_with_output().unwrap()).json(0);
    assert_eq!(report["counts"]["indexed"], ASSETS);
    assert!(children(stopped[0]).is_empty());
}

#[test]
fn an_asset_that_asks_for_too_much_memory_fails_alone_with_the_limit_named() {
    let library = Library::new();
    library.write("a/before.usda", usda("Before", "", ""));
    library.write("a/zafter.usda", usda("After", "", ""));
    let mut bomb = String::from("#usda 1.0\n");
    for number in 0..1_500_000 {
        bomb.push_str(&format!("def \"p{number}\" {{}}\n"));
    }
    library.write("a/bomb.usda", bomb);
    let mut call = library.call(&["--jobs", "1"]);
    call.env("VITRINE_EXTRACTION__MEMORY_BYTES_MAX", (64 << 20).to_string());
    let report = run(&mut call).json(0);
    assert_eq!(report["counts"]["indexed"], 2);
    assert_eq!(report["counts"]["failed"], 1);
    let failure = &report["failures"][0];
    let reason = failure["reason"].as_str().unwrap();
    assert!(reason.contains("a/bomb.usda") && reason.contains("64 MiB"), "{reason}");
    assert_eq!(failure["attempts"], 2, "once among others, once alone");
}

#[test]
fn children_end_with_their_parent() {
    let library = large();
    let running = start(&mut library.call(&["--jobs", "2"]));
    let mut orphans = Vec::new();
    wait_until("there are children", || {
        orphans = children(running.id());
        !orphans.is_empty()
    });
    kill(running);
    let alive = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie that nobody waited for has ended too.
        !stat.is_empty() && !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"))
    };
    wait_until("all children ended", || !orphans.iter().any(alive));
}
