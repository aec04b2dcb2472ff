//! `vitrine catalog --elasticsearch` through a proxy that does harm: nothing lost, nothing twice,
//! and an end to every attempt.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::library::usda;
use vitrine_tests::program::{Ended, run, start};
use vitrine_tests::proxy::{Fault, ItemError, Proxy, Rule};

const ASSETS: usize = 120;

/// No attempt may take longer, whatever goes wrong.
const END: Duration = Duration::from_secs(90);

/// Makes the program give up soon: a debug build listens to it.
const PATIENCE: (&str, &str) = ("VITRINE_TEST_WAIT_SECS", "3");

fn ended(mut child: Child) -> Ended {
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > END {
            child.kill().unwrap();
            let ended = Ended::new(child.wait_with_output().unwrap());
            panic!("still running after {END:?}: {}", ended.stderr);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ended::new(child.wait_with_output().unwrap())
}

/// A first load with these rules must end with 0 and the index whole.
fn survives(purpose: &str, rules: Vec<Rule>) -> Option<Indexed> {
    let indexed = Indexed::many(purpose, ASSETS)?;
    for rule in rules {
        indexed.proxy.rule(rule);
    }
    let ended = ended(start(&mut indexed.call(Place::Alone, &[])));
    assert_eq!(counts(&ended.json(0)), [ASSETS as u64, ASSETS as u64, 0, 0]);
    indexed.proxy.heal();
    indexed.must_be_whole(purpose);
    Some(indexed)
}

fn harmed(proxy: &Proxy) -> usize {
    proxy.seen().iter().filter(|seen| seen.harmed).count()
}

#[test]
fn items_that_are_told_to_wait_are_sent_again_and_those_that_are_in_are_not() {
    let third = |number: usize, _: &str| number.is_multiple_of(3);
    let busy = Rule::on("POST", "_bulk", Fault::items(429, third)).times(3);
    let Some(indexed) = survives("items", vec![busy]) else { return };
    assert_eq!(harmed(&indexed.proxy), 3);
    // The items never reached the server while it was busy: each was written once.
    assert_eq!(indexed.writes(), ASSETS as u64);
}

#[test]
fn a_server_that_is_away_for_a_while_is_waited_for() {
    let rules = vec![
        Rule::on("POST", "_bulk", Fault::status(503)).times(2),
        Rule::on("PUT", "", Fault::retry_after(503, 1)).times(1),
        Rule::on("POST", "_aliases", Fault::status(503)).times(2),
        Rule::on("GET", "", Fault::status(429)).nth(2).times(2),
    ];
    let Some(indexed) = survives("away", rules) else { return };
    assert!(harmed(&indexed.proxy) >= 5, "{:?}", indexed.proxy.seen());
    assert_eq!(indexed.writes(), ASSETS as u64);
}

#[test]
fn connections_cut_in_the_midst_of_documents_lose_none_and_double_none() {
    let cuts = [Fault::CutRequest, Fault::CutAnswer, Fault::NoAnswer, Fault::Refuse];
    let rules = cuts.into_iter().enumerate();
    let rules = rules.map(|(number, cut)| Rule::on("POST", "_bulk", cut).nth(number + 1));
    let Some(indexed) = survives("cut", rules.collect()) else { return };
    // Nobody knows what the server did of a request whose answer is lost, so it is sent again;
    // versions keep a document from being there twice.
    assert!(indexed.writes() <= 5 * ASSETS as u64);
}

#[test]
fn slow_answers_are_waited_for() {
    let slow = Fault::Delay(Duration::from_millis(700));
    let Some(indexed) = survives("slow", vec![Rule::on("", "", slow)]) else { return };
    assert_eq!(indexed.writes(), ASSETS as u64);
}

#[test]
fn whichever_answer_is_lost_the_next_run_at_the_latest_is_whole() {
    let Some(clean) = Indexed::small("lost-answer") else { return };
    clean.report(Place::Alone, &[]);
    let requests = clean.proxy.seen().len();
    assert!((5..100).contains(&requests), "{requests}");
    let mut retried = Vec::new();
    for number in 1..=requests {
        let indexed = Indexed::small("lost-answer").unwrap();
        indexed.proxy.rule(Rule::on("", "", Fault::NoAnswer).nth(number));
        let first = ended(start(&mut indexed.call(Place::Alone, &[])));
        let seen = indexed.proxy.seen();
        let lost = seen.iter().find(|seen| seen.harmed).map(|seen| seen.path.clone());
        if first.code != Some(0) {
            assert_eq!(first.code, Some(1), "request {number} {lost:?}: {}", first.stderr);
            retried.push((number, lost.clone()));
            counts(&indexed.report(Place::Alone, &[]));
        }
        indexed.must_be_whole(&format!("request {number}: {lost:?}"));
        assert_eq!(counts(&indexed.report(Place::Alone, &[])), [3, 0, 3, 0]);
    }
    // Most are simply asked again.
    assert!(retried.len() * 4 <= requests, "{retried:?} of {requests}");
}

#[test]
fn a_refused_document_is_a_failure_of_its_asset_alone_and_mends_itself() {
    for place in Place::ALL {
        let Some(indexed) = Indexed::many("refused", ASSETS) else { return };
        indexed.library.report(&[]);
        let id = indexed.library.document("pack/thing0007.usda")["asset_id"].clone();
        std::fs::remove_dir_all(indexed.library.catalog()).unwrap();
        let wanted = id.as_str().unwrap().to_owned();
        let refuse = Fault::items(400, move |_, id| id == wanted);
        indexed.proxy.rule(Rule::on("POST", "_bulk", refuse).sparing("-failures"));
        let report = indexed.report(place, &[]);
        assert_eq!(counts(&report), [120, 119, 0, 1], "{place:?}");
        let failure = &report["failures"][0];
        assert_eq!((&failure["id"], &failure["step"]), (&id, &json!("index")), "{place:?}");
        assert!(failure["reason"].as_str().unwrap().contains("failed to parse"), "{failure}");
        assert_eq!(indexed.server.count(&indexed.alias), 119);
        let noted: Vec<Value> = indexed.failures().into_values().collect();
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert_eq!(noted[0]["step"], "index");
        // Refused again, it fails again; once it is taken, it is there.
        assert_eq!(counts(&indexed.report(place, &[])), [120, 0, 119, 1], "{place:?}");
        indexed.proxy.heal();
        assert_eq!(counts(&indexed.report(place, &[])), [120, 1, 119, 0], "{place:?}");
        indexed.must_be_whole("mended");
    }
}

#[test]
fn a_document_that_the_mapping_cannot_hold_stops_nothing() {
    let Some(indexed) = Indexed::many("mapping", ASSETS) else { return };
    // Longer than the longest term that Lucene takes.
    let long = "x".repeat(40_000);
    let inside = format!("custom string long = \"{long}\"");
    indexed.library.write("pack/long.usda", usda("Long", "", &inside).replace("Long", &long));
    let report = indexed.report(Place::Alone, &[]);
    let [read, indexed_count, skipped, failed] = counts(&report);
    assert_eq!((read, skipped), (121, 0));
    assert_eq!(indexed_count + failed, 121);
    assert_eq!(indexed.server.count(&indexed.alias), indexed_count);
    assert_eq!(indexed.failures().len() as u64, failed);
}

#[test]
fn when_too_much_is_refused_the_new_index_is_not_swapped_in() {
    let Some(indexed) = Indexed::many("many-refused", ASSETS) else { return };
    indexed.report(Place::Alone, &[]);
    let old = indexed.index();
    let flat = ("VITRINE_ELASTICSEARCH__VECTORS__TYPE", "flat");
    let half = |_: usize, id: &str| id.as_bytes()[0].is_multiple_of(2);
    indexed.proxy.rule(Rule::on("POST", "_bulk", Fault::items(400, half)).sparing("-failures"));
    let refused = ended(start(indexed.call(Place::Alone, &[]).envs([flat])));
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("99 %"), "{}", refused.stderr);
    assert_eq!(indexed.index(), old);
    assert_eq!(indexed.server.count(&indexed.alias), ASSETS as u64);
    indexed.proxy.heal();
    let taken = run(indexed.call(Place::Alone, &[]).envs([flat])).json(0);
    assert_eq!(counts(&taken)[3], 0);
    indexed.must_be_whole("all taken at last");
    assert_ne!(indexed.index(), old);
}

#[test]
fn an_answer_that_is_none_ends_the_run_with_a_sentence() {
    let Some(indexed) = Indexed::many("nonsense", ASSETS) else { return };
    indexed.proxy.rule(Rule::on("POST", "_bulk", Fault::rewrite(|_| b"<html>hello".to_vec())));
    let failed = ended(start(indexed.call(Place::Alone, &[]).envs([PATIENCE])));
    assert!(matches!(failed.code, Some(1 | 3)), "{:?}: {}", failed.code, failed.stderr);
    assert!(failed.stderr.contains("Elasticsearch"), "{}", failed.stderr);
    indexed.proxy.heal();
    assert_eq!(counts(&indexed.report(Place::Alone, &[]))[3], 0);
    indexed.must_be_whole("sense again");
}

#[test]
fn a_server_that_stays_busy_ends_the_run_which_the_next_one_continues() {
    for fault in [Fault::items(429, |_, _| true), Fault::status(503), Fault::Refuse] {
        let Some(indexed) = Indexed::many("busy", ASSETS) else { return };
        indexed.proxy.rule(Rule::on("POST", "_bulk", fault));
        let gave_up = ended(start(indexed.call(Place::Alone, &[]).envs([PATIENCE])));
        assert_eq!(gave_up.code, Some(1), "{}", gave_up.stderr);
        let tries = indexed.proxy.count("POST", "_bulk");
        assert!((2..200).contains(&tries), "{tries} tries");
        indexed.proxy.heal();
        let report = indexed.report(Place::Alone, &[]);
        assert_eq!(counts(&report), [120, 120, 0, 0]);
        indexed.must_be_whole("well again");
    }
}

/// Sets or takes away a block of the index behind the alias.
fn block(indexed: &Indexed, name: &str, value: Value) {
    let path = format!("/{}/_settings", indexed.index());
    indexed.server.must("PUT", &path, Some(&json!({ name: value })));
}

#[test]
fn an_index_that_takes_no_writes_is_waited_for_and_named_when_that_does_not_end() {
    for name in ["index.blocks.write", "index.blocks.read_only_allow_delete"] {
        let Some(indexed) = Indexed::many("blocked", ASSETS) else { return };
        indexed.report(Place::Alone, &[]);
        indexed.library.write("pack/thing0003.usda", usda("Other", "", ""));
        block(&indexed, name, json!(true));
        let gave_up = ended(start(indexed.call(Place::Alone, &[]).envs([PATIENCE])));
        assert!(matches!(gave_up.code, Some(1 | 3)), "{:?}: {}", gave_up.code, gave_up.stderr);
        assert!(gave_up.stderr.contains(&indexed.index()), "{}", gave_up.stderr);
        let waiting = start(&mut indexed.call(Place::Alone, &[]));
        std::thread::sleep(Duration::from_secs(2));
        block(&indexed, name, Value::Null);
        assert_eq!(counts(&ended(waiting).json(0)), [120, 1, 119, 0], "{name}");
        indexed.must_be_whole(name);
    }
}

#[test]
fn a_full_disk_is_waited_for() {
    let error = ItemError::flood_stage();
    let fault = Fault::Items { pick: std::sync::Arc::new(|_, _| true), error };
    let flood = Rule::on("POST", "_bulk", fault).times(2);
    let Some(indexed) = survives("flood", vec![flood]) else { return };
    assert_eq!(indexed.writes(), ASSETS as u64);
}

#[test]
fn a_server_that_is_not_there_is_said_so_at_once() {
    let Some(indexed) = Indexed::small("nowhere") else { return };
    let begin = Instant::now();
    let mut call = indexed.library.call(&["--index", "x", "--elasticsearch", "http://127.0.0.1:9"]);
    let failed = run(indexed.settle(&mut call));
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("http://127.0.0.1:9"), "{}", failed.stderr);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}
