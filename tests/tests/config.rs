//! `vitrine config`, as a user calls it.

use serde_json::Value;
use vitrine_tests::program::{Ended, command, run};

/// Calls `vitrine config` in a folder with these files, under these variables.
fn config(files: &[(&str, &str)], variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a new folder is writable");
    }
    let mut call = command(&["config"]);
    run(call.args(arguments).current_dir(folder.path()).envs(variables.iter().copied()))
}

#[test]
fn check_prints_every_mistake_with_its_origin_and_ends_with_2() {
    let yaml = "spec:\n  source: {uri: assets}\n  embedings: []\n  views: {count: 99}\n";
    let ended = config(
        &[("vitrine.yaml", yaml)],
        &[("VITRINE_ELASTICSEARCH__URLL", "http://es:9200"), ("VITRINE_SYNC_INTERVAL", "soon")],
        &["check"],
    );
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    for words in [
        "the configuration has 4 mistakes",
        "`embedings` is not known; did you mean `embeddings`? (from vitrine.yaml)",
        "`views.count` 99 is not a whole number from 1 to 36 (from vitrine.yaml)",
        "did you mean VITRINE_ELASTICSEARCH__URL?",
        "`syncInterval` `soon` is not a period",
    ] {
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
}

#[test]
fn a_right_configuration_passes_and_is_shown_with_its_origins_and_without_secrets() {
    let files = [
        ("vitrine.yaml", "spec: {source: {uri: assets}, suspend: true}"),
        (".env", "AWS_SECRET_ACCESS_KEY=hunter2\nVITRINE_ELASTICSEARCH__URL=http://es:9200\n"),
    ];
    let variables = [("VITRINE_VIEWS__COUNT", "4")];
    assert_eq!(config(&files, &variables, &["check"]).code, Some(0));
    let shown = config(&files, &variables, &["show", "--output", "json"]);
    assert!(!shown.stdout.contains("hunter2"), "{}", shown.stdout);
    let shown: Value = shown.json(0);
    let spec = &shown["config"]["spec"];
    assert_eq!((&spec["views"]["count"], &spec["suspend"]), (&4.into(), &true.into()));
    assert_eq!(spec["elasticsearch"]["url"], "http://es:9200");
    let origins = &shown["origins"];
    assert_eq!(origins["views.count"], "VITRINE_VIEWS__COUNT");
    assert_eq!(origins["suspend"], "vitrine.yaml");
    assert_eq!(origins["elasticsearch.url"], "VITRINE_ELASTICSEARCH__URL in .env");
    assert_eq!(origins["views.size"], "default");
    assert_eq!(shown["credentials"]["AWS_SECRET_ACCESS_KEY"], "set in .env");
}

#[test]
fn what_show_prints_is_a_configuration_again() {
    let shown = config(&[], &[("VITRINE_SOURCE__URI", "a b: c")], &["show"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    let again = config(&[("vitrine.yaml", &shown.stdout)], &[], &["show", "--output", "json"]);
    assert_eq!(again.json(0)["config"]["spec"]["source"]["uri"], "a b: c");
}

#[test]
fn the_schema_is_the_committed_one() {
    let schema = config(&[], &[], &["schema"]);
    assert_eq!(schema.stdout, include_str!("../../crds/schema/assetlibrary.json"));
}
