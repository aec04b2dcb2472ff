//! `vitrine run scan|work|publish|cleanup` into an index, each step a process of its own, as pods.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::process::Command;

use serde_json::{Value, json};
use vitrine_tests::indexed::{Indexed, counts};
use vitrine_tests::library::{reference, usda};
use vitrine_tests::program::{Ended, command, json_file, run, start};
use vitrine_tests::proxy::{Fault, Rule};

/// Enough for two chunks: a chunk has 1,000 assets.
const ASSETS: usize = 1_100;

/// What Kubernetes keeps of a container's last words.
const WORDS_BYTES_MAX: u64 = 4_096;

/// The configuration of a library, its catalogue and its index.
fn configure(indexed: &Indexed, more: &str) {
    let text = format!(
        "metadata: {{name: lib}}\nspec:\n  source: {{uri: {:?}}}\n  catalog: {{uri: {:?}}}\n  \
         embeddings: []\n  elasticsearch: {{url: {:?}, index: {:?}}}\n{more}",
        indexed.library.path(),
        indexed.library.catalog(),
        indexed.proxy.url(),
        &*indexed.alias,
    );
    indexed.library.beside("vitrine.yaml", &text);
}

fn call(indexed: &Indexed, step: &str, more: &[&str]) -> Command {
    let mut call = command(&["run", step, "-q", "--output", "json", "--config", "vitrine.yaml"]);
    call.args(["--termination-log", &format!("words-{step}")]).args(more);
    indexed.settle(&mut call);
    call
}

fn step(indexed: &Indexed, step: &str, more: &[&str]) -> Ended {
    run(&mut call(indexed, step, more))
}

/// The last words of a step, which must be small and say which step they are of.
fn words(indexed: &Indexed, step: &str) -> Value {
    let path = indexed.library.path().parent().unwrap().join(format!("words-{step}"));
    assert!(path.metadata().unwrap().len() <= WORDS_BYTES_MAX);
    let words = json_file(&path);
    assert_eq!((&words["v"], &words["step"]), (&json!(1), &json!(step)), "{words}");
    for name in ["run", "outcome", "reason", "message", "counts"] {
        assert!(!words[name].is_null(), "{name}: {words}");
    }
    words
}

#[test]
fn chunks_are_worked_on_by_several_pods_at_once_and_publish_makes_one_index_of_them() {
    let Some(indexed) = Indexed::many("steps", ASSETS) else { return };
    configure(&indexed, "");
    let scanned = step(&indexed, "scan", &[]).json(0);
    assert_eq!(scanned["chunks"], 2);
    assert_eq!(words(&indexed, "scan")["chunks"], 2);
    assert_eq!(indexed.server.behind(&indexed.alias), Vec::<String>::new());
    let pods = ["0", "1"].map(|chunk| start(&mut call(&indexed, "work", &["--chunk", chunk])));
    for pod in pods {
        assert_eq!(Ended::new(pod.wait_with_output().unwrap()).json(0)["counts"]["failed"], 0);
    }
    assert_eq!(indexed.server.behind(&indexed.alias), Vec::<String>::new(), "not yet visible");
    let report = step(&indexed, "publish", &[]).json(0);
    assert_eq!(counts(&report), [ASSETS as u64, ASSETS as u64, 0, 0]);
    let said = words(&indexed, "publish");
    assert_eq!((&said["outcome"], &said["counts"]), (&json!("done"), &report["counts"]));
    indexed.must_be_whole("published");
    assert_eq!(indexed.writes(), ASSETS as u64);
    // Nothing changed: no chunk, no pod, and publish says so.
    assert_eq!(step(&indexed, "scan", &[]).json(0)["chunks"], 0);
    let report = step(&indexed, "publish", &[]).json(0);
    assert_eq!(counts(&report), [ASSETS as u64, 0, ASSETS as u64, 0]);
    assert_eq!(indexed.writes(), ASSETS as u64);
}

#[test]
fn a_missing_chunk_is_a_failure_of_its_assets_which_the_next_run_mends() {
    let Some(indexed) = Indexed::many("missing-chunk", ASSETS) else { return };
    configure(&indexed, "");
    step(&indexed, "scan", &[]).json(0);
    step(&indexed, "work", &["--chunk", "0"]).json(0);
    let published = step(&indexed, "publish", &["--strict"]);
    assert_eq!(published.code, Some(4), "{}", published.stderr);
    let said = words(&indexed, "publish");
    assert_eq!(
        (&said["counts"]["indexed"], &said["counts"]["failed"]),
        (&json!(1000), &json!(100))
    );
    assert_eq!(indexed.server.count(&indexed.alias), 1000);
    assert_eq!(indexed.failures().len(), 100);
    assert_eq!(step(&indexed, "scan", &[]).json(0)["found"]["to_read"], 100);
    step(&indexed, "work", &[]).json(0);
    let report = step(&indexed, "publish", &[]).json(0);
    assert_eq!(counts(&report), [ASSETS as u64, 100, 1000, 0]);
    indexed.must_be_whole("mended");
    assert_eq!(indexed.failures().len(), 0);
}

#[test]
fn a_pod_that_is_killed_or_cut_off_is_tried_again_by_the_same_call() {
    let Some(indexed) = Indexed::many("retried", 150) else { return };
    configure(&indexed, "");
    step(&indexed, "scan", &[]).json(0);
    let killed = run(call(&indexed, "work", &[]).env("VITRINE_CRASH_AT", "after-bulk"));
    assert_eq!(killed.code, None, "{}", killed.stderr);
    indexed.proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)));
    let busy = run(call(&indexed, "work", &[]).env("VITRINE_TEST_WAIT_SECS", "2"));
    assert_eq!(busy.code, Some(1), "{}", busy.stderr);
    let said = words(&indexed, "work");
    assert_eq!(said["outcome"], "retry", "{said}");
    indexed.proxy.heal();
    assert_eq!(step(&indexed, "work", &[]).json(0)["counts"]["failed"], 0);
    assert_eq!(counts(&step(&indexed, "publish", &[]).json(0)), [150, 150, 0, 0]);
    indexed.must_be_whole("tried again");
}

#[test]
fn a_step_of_a_run_that_is_superseded_ends_with_3_and_says_by_which() {
    let Some(indexed) = Indexed::small("superseded") else { return };
    configure(&indexed, "");
    step(&indexed, "scan", &[]).json(0);
    // Somebody else, with a catalogue elsewhere, indexes the same library.
    let other = indexed.library.path().parent().unwrap().join("other");
    let mut call = command(&["catalog", "-q", "--no-embeddings", "--output", "json", "--name"]);
    call.arg("lib").arg(indexed.library.path()).arg("--out").arg(other);
    call.args(["--elasticsearch", indexed.server.url(), "--index", &indexed.alias]);
    assert_eq!(counts(&run(indexed.settle(&mut call)).json(0)), [3, 3, 0, 0]);
    let writes = indexed.writes();
    for name in ["work", "publish"] {
        let ended = step(&indexed, name, &[]);
        assert_eq!(ended.code, Some(3), "{name}: {} {}", ended.stdout, ended.stderr);
        let said = words(&indexed, name);
        assert_eq!((&said["reason"], &said["outcome"]), (&json!("Superseded"), &json!("failed")));
        assert!(said["message"].as_str().unwrap().contains('2'), "{said}");
    }
    assert_eq!(indexed.writes(), writes);
    indexed.must_be_whole("the other's");
}

#[test]
fn cleanup_removes_the_library_s_indices_where_that_is_asked_for_and_no_others() {
    let Some(indexed) = Indexed::small("cleanup") else { return };
    indexed.library.write("office/broken.usda", "no USD");
    indexed.library.write("office/set.usda", usda("Set", &reference("./desk.usda"), ""));
    configure(&indexed, "");
    for name in ["scan", "work", "publish"] {
        step(&indexed, name, &[]).json(0);
    }
    let neighbour = format!("{}-mine", indexed.alias);
    indexed.server.must("PUT", &format!("/{neighbour}"), None);
    let before = indexed.server.indices(&indexed.alias);
    assert!(before.len() >= 4, "{before:?}");
    step(&indexed, "cleanup", &[]).json(0);
    assert_eq!(indexed.server.indices(&indexed.alias), before, "Retain is the default");
    configure(&indexed, "  deletionPolicy: Delete\n");
    step(&indexed, "cleanup", &[]).json(0);
    words(&indexed, "cleanup");
    assert_eq!(indexed.server.indices(&indexed.alias), [neighbour]);
    step(&indexed, "cleanup", &[]).json(0);
}
