//! What is somebody else's stays theirs: names beside a library's own, logins, numbers of runs.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::library::usda;
use vitrine_tests::program::{Ended, command, run};

/// `vitrine catalog` of the same library under another alias.
fn under(indexed: &Indexed, alias: &str, more: &[&str]) -> Ended {
    let mut call = command(&["catalog", "-q", "--output", "json", "--no-embeddings"]);
    call.arg(indexed.library.path()).args(["--elasticsearch", indexed.server.url()]);
    call.args(["--index", alias]).args(more);
    run(indexed.settle(&mut call))
}

/// A configuration of the library called `name` under `alias`.
fn configuration(indexed: &Indexed, (name, alias): (&str, &str), more: &str) -> String {
    let text = format!(
        "metadata: {{name: {name}}}\nspec:\n  source: {{uri: {:?}}}\n  embeddings: []\n  \
         elasticsearch: {{url: {:?}, index: {alias:?}{more}}}\n  deletionPolicy: Delete\n",
        indexed.library.path(),
        indexed.server.url(),
    );
    let file = indexed.library.beside(&format!("{name}.yaml"), &text);
    file.to_str().unwrap().to_owned()
}

fn step(indexed: &Indexed, arguments: &[&str]) -> Ended {
    let mut call = command(&["run"]);
    call.args(arguments).args(["-q", "--output", "json"]);
    run(indexed.settle(&mut call))
}

#[test]
fn a_library_whose_name_another_needs_beside_it_keeps_its_documents() {
    for end in ["failures", "runs"] {
        let Some(indexed) = Indexed::small("beside") else { return };
        let own = format!("{}-{end}", indexed.alias);
        under(&indexed, &own, &["--name", "other"]).json(0);
        let refused = under(&indexed, &indexed.alias, &[]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(&own), "{}", refused.stderr);
        assert_eq!(under(&indexed, &indexed.alias, &["--adopt"]).code, Some(2), "not even then");
        assert_eq!(indexed.server.count(&own), 3);
        assert!(indexed.server.behind(&indexed.alias).is_empty());
    }
}

#[test]
fn an_index_of_another_program_is_neither_written_to_nor_removed() {
    for end in ["failures", "runs"] {
        let Some(indexed) = Indexed::small("accounting") else { return };
        let theirs = format!("{}-{end}", indexed.alias);
        let precious = json!({"team": "accounting", "run": 7});
        indexed.server.must("PUT", &format!("/{theirs}/_doc/1"), Some(&precious));
        let file = configuration(&indexed, ("lib", &indexed.alias), "");
        for arguments in [["scan", "--config", &file], ["cleanup", "--config", &file]] {
            let refused = step(&indexed, &arguments);
            assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
            assert!(refused.stderr.contains(&theirs), "{}", refused.stderr);
        }
        let there = indexed.server.indices(&indexed.alias);
        assert_eq!(there, std::slice::from_ref(&theirs));
        assert_eq!(indexed.server.get(&theirs, "1").unwrap()["_source"], precious);
    }
}

#[test]
fn cleanup_names_what_was_there_and_what_another_library_has_stays() {
    let Some(indexed) = Indexed::small("cleanup") else { return };
    let file = configuration(&indexed, ("lib", &indexed.alias), "");
    for name in ["scan", "work", "publish"] {
        step(&indexed, &[name, "--config", &file]).json(0);
    }
    let other = configuration(&indexed, ("other", &indexed.alias), "");
    let refused = step(&indexed, &["cleanup", "--config", &other]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert_eq!(indexed.server.count(&indexed.alias), 3);
    let cleaned = step(&indexed, &["cleanup", "--config", &file]).json(0);
    let expected = json!([indexed_name(&cleaned), format!("{}-runs", indexed.alias)]);
    assert_eq!(cleaned["indices"], expected);
    assert!(indexed.server.indices(&indexed.alias).is_empty());
    assert_eq!(step(&indexed, &["cleanup", "--config", &file]).json(0)["indices"], json!([]));
}

fn indexed_name(cleaned: &Value) -> Value {
    cleaned["indices"][0].clone()
}

#[test]
fn notes_by_hand_among_the_failures_do_not_stop_a_run() {
    let Some(indexed) = Indexed::small("notes") else { return };
    indexed.library.write("office/broken.usda", "no USD");
    assert_eq!(counts(&indexed.report(Place::Alone, &[])), [4, 3, 0, 1]);
    let failures = format!("{}-failures", indexed.alias);
    for (id, note) in [("1", json!({"reason": "by hand"})), ("2", json!({"asset_id": "zz"}))] {
        indexed.server.must("PUT", &format!("/{failures}/_doc/{id}"), Some(&note));
    }
    indexed.library.write("kitchen/cup.usda", usda("Mug", "", ""));
    let begin = Instant::now();
    assert_eq!(counts(&indexed.report(Place::Alone, &[])), [4, 1, 2, 1]);
    assert!(begin.elapsed() < Duration::from_secs(60), "it hung");
    assert_eq!(indexed.server.count(&failures), 1, "the index says what the run says");
}

#[test]
fn an_alias_to_share_is_not_another_librarys_own() {
    let Some(indexed) = Indexed::small("shared") else { return };
    under(&indexed, &indexed.alias, &[]).json(0);
    let joining = format!("{}-joining", indexed.alias);
    let index = indexed.index();
    for taken in [&*indexed.alias, &index] {
        let more = format!(", sharedAlias: {taken:?}");
        let file = configuration(&indexed, ("joining", &joining), &more);
        let refused = step(&indexed, &["scan", "--config", &file]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("sharedAlias"), "{}", refused.stderr);
    }
    // Who got there by hand does not lock the owner out.
    indexed.server.must("PUT", &format!("/{joining}"), None);
    let path = format!("/{joining}/_alias/{}", &*indexed.alias);
    indexed.server.must("PUT", &path, None);
    indexed.library.write("kitchen/cup.usda", usda("Mug", "", ""));
    assert_eq!(counts(&under(&indexed, &indexed.alias, &[]).json(0)), [3, 1, 2, 0]);
}

#[test]
fn a_publish_that_is_called_again_says_the_same_again() {
    let Some(indexed) = Indexed::small("again") else { return };
    let file = configuration(&indexed, ("lib", &indexed.alias), "");
    for name in ["scan", "work"] {
        step(&indexed, &[name, "--config", &file]).json(0);
    }
    let first = step(&indexed, &["publish", "--config", &file]).json(0);
    assert_eq!(counts(&first), [3, 3, 0, 0]);
    assert_eq!(step(&indexed, &["publish", "--config", &file]).json(0), first);
}

#[test]
fn the_history_of_runs_says_why_one_stopped() {
    let Some(indexed) = Indexed::many("history", 30) else { return };
    indexed.report(Place::Alone, &[]);
    for number in 0..20 {
        indexed.library.remove(&format!("pack/thing{number:04}.usda"));
    }
    assert_eq!(indexed.run(Place::Alone, &[]).code, Some(3));
    let runs = format!("{}-runs", indexed.alias);
    let of = |run: &str| indexed.server.get(&runs, run).unwrap()["_source"].clone();
    let stopped = of("2");
    let said = (&stopped["phase"], &stopped["reason"]);
    assert_eq!(said, (&json!("stopped"), &json!("DeletionsNeedApproval")), "{stopped}");
    assert!(stopped["ended_at"].is_string(), "{stopped}");
    indexed.report(Place::Alone, &["--approve-deletions"]);
    assert_eq!(of("3")["phase"], "published");
    let refused = step(&indexed, &["scan", "--run", "9223372036854775807"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}

#[test]
fn a_block_on_any_of_the_three_indices_is_worth_a_retry() {
    let Some(indexed) = Indexed::small("blocked") else { return };
    indexed.library.write("office/broken.usda", "no USD");
    indexed.report(Place::Alone, &[]);
    for name in ["failures", "runs"] {
        let index = format!("{}-{name}", indexed.alias);
        for block in ["index.blocks.read_only_allow_delete", "index.blocks.write"] {
            let set = |to: Value| {
                let path = format!("/{index}/_settings");
                indexed.server.must("PUT", &path, Some(&json!({block: to})));
            };
            set(json!(true));
            let ended = indexed.run(Place::Alone, &[]);
            set(Value::Null);
            assert_eq!(ended.code, Some(1), "{name}, {block}: {}", ended.stderr);
            assert!(ended.stderr.contains("takes no writes"), "{}", ended.stderr);
        }
    }
    assert_eq!(counts(&indexed.report(Place::Alone, &[])), [4, 0, 3, 1]);
}

#[test]
fn no_part_of_a_login_is_repeated_and_none_makes_the_program_panic() {
    let Some(indexed) = Indexed::small("login") else { return };
    let url = indexed.server.url().replace("http://", "http://ada:hunter2,hunter3@");
    let calls: [&[&str]; 3] = [
        &["search", "x", "--index", "x", "--elasticsearch", &url],
        &["embed-query", "x", "--index", "x", "--elasticsearch", &url],
        &["catalog", ".", "--no-embeddings", "--elasticsearch", &url],
    ];
    for call in calls {
        let ended = run(indexed.settle(&mut command(call)));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(!format!("{ended:?}").contains("hunter"), "{ended:?}");
    }
    let file = configuration(&indexed, ("lib", &indexed.alias), "");
    let text = std::fs::read_to_string(&file).unwrap().replace(indexed.server.url(), &url);
    let file = indexed.library.beside("login.yaml", &text);
    let mut check = command(&["config", "check", "--config"]);
    let ended = run(indexed.settle(check.arg(file)));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(!format!("{ended:?}").contains("hunter"), "{ended:?}");

    let mut call = indexed.call(Place::Alone, &[]);
    let ended = run(call.env("ELASTICSEARCH_API_KEY", "abc\ndef"));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("ELASTICSEARCH_API_KEY"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("abc"), "{}", ended.stderr);
    let url = format!("{}?pw=hunter2", indexed.server.url());
    let ended = run(&mut command(&["search", "x", "--index", "x", "--elasticsearch", &url]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[test]
fn a_name_of_a_file_writes_nothing_of_its_own_to_the_terminal() {
    let Some(indexed) = Indexed::new("escapes") else { return };
    indexed.library.write("office/bad\u{1b}[31mred\u{7}.usda", "no USD");
    let mut call = command(&["catalog", "-q", "--no-embeddings"]);
    call.arg(indexed.library.path()).args(["--elasticsearch", indexed.server.url()]);
    call.args(["--index", &indexed.alias]);
    let ended = run(indexed.settle(&mut call));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("failed: "), "{}", ended.stdout);
    let said = [&ended.stdout, &ended.stderr];
    assert!(!said.iter().any(|text| text.contains(['\u{1b}', '\u{7}'])), "{ended:?}");
}
