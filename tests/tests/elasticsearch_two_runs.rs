//! Two runs into one index at once: the later number wins, the earlier one stops and says so.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::process::Command;

use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::library::usda;
use vitrine_tests::program::{Ended, run, start};
use vitrine_tests::proxy::{Fault, Gate, Rule};

const ASSETS: usize = 120;

/// A run that knows nothing of the other's state, past the proxy of the first.
fn second(indexed: &Indexed, more: &[&str]) -> Command {
    let mut call = indexed.library.call(more);
    call.args(["--index", &indexed.alias, "--elasticsearch", indexed.server.url()]);
    indexed.settle(&mut call);
    call
}

fn superseded(ended: &Ended, because: &str) {
    assert_eq!(ended.code, Some(3), "{because}: {}", ended.stderr);
    assert!(ended.stderr.contains("superseded"), "{because}: {}", ended.stderr);
}

#[test]
fn the_run_with_the_lower_number_stops_and_the_index_is_that_of_the_higher() {
    // Held up while it sends documents, before they are counted, and before searches may come.
    for held in ["_bulk", "_refresh", "_settings"] {
        let Some(indexed) = Indexed::many("two", ASSETS) else { return };
        let gate = Gate::default();
        indexed.proxy.rule(Rule::on("", held, Fault::Hold(gate.clone())).nth(1).sparing("-runs"));
        let first = start(&mut indexed.call(Place::Alone, &[]));
        gate.wait_reached();
        indexed.library.write("pack/late.usda", usda("Late", "", ""));
        let report = run(&mut second(&indexed, &[])).json(0);
        assert_eq!(counts(&report)[3], 0, "{held}");
        assert!(report["run"].as_u64() > Some(1), "{held}: {report}");
        gate.open();
        let first = Ended::new(first.wait_with_output().unwrap());
        superseded(&first, held);
        indexed.must_be_whole(held);
        assert_eq!(indexed.versions()["pack/late.usda"], report["run"], "{held}");
        // Whoever was superseded is no worse for it the next time.
        let next = indexed.report(Place::Alone, &[]);
        assert_eq!(counts(&next), [121, 0, 121, 0], "{held}: {next}");
        indexed.must_be_whole(held);
    }
}

#[test]
fn runs_started_at_the_same_time_leave_each_asset_once() {
    for round in 0..4 {
        let Some(indexed) = Indexed::many("race", ASSETS) else { return };
        let children =
            [start(&mut indexed.call(Place::Alone, &[])), start(&mut second(&indexed, &[]))];
        let ended = children.map(|child| Ended::new(child.wait_with_output().unwrap()));
        let codes = ended.each_ref().map(|one| one.code);
        assert!(codes.contains(&Some(0)), "round {round}: {ended:?}");
        for one in &ended {
            if one.code != Some(0) {
                superseded(one, "one of two");
            }
        }
        indexed.must_be_whole(&format!("round {round}: {codes:?}"));
        assert_eq!(counts(&indexed.report(Place::Alone, &[]))[3], 0);
        indexed.must_be_whole(&format!("after round {round}: {codes:?}"));
    }
}

#[test]
fn a_run_with_an_older_number_never_overwrites_a_newer_document() {
    let Some(indexed) = Indexed::many("older", ASSETS) else { return };
    let gate = Gate::default();
    indexed.report(Place::Alone, &[]);
    indexed.library.write("pack/thing0001.usda", usda("Older", "", ""));
    indexed.proxy.rule(Rule::on("POST", "_bulk", Fault::Hold(gate.clone())).nth(1));
    let first = start(&mut indexed.call(Place::Alone, &[]));
    gate.wait_reached();
    indexed.library.write("pack/thing0001.usda", usda("Newer", "", ""));
    let report = run(&mut second(&indexed, &[])).json(0);
    assert_eq!(counts(&report)[3], 0);
    gate.open();
    superseded(&Ended::new(first.wait_with_output().unwrap()), "older");
    let name = &indexed.documents()["pack/thing0001.usda"]["usd"]["default_prim"];
    assert_eq!(name, "Newer");
    indexed.must_be_whole("newer");
}

#[test]
fn an_alias_that_has_moved_on_is_not_moved_back_by_a_late_run() {
    let Some(indexed) = Indexed::many("late-swap", ASSETS) else { return };
    indexed.report(Place::Alone, &[]);
    let vectors = "VITRINE_ELASTICSEARCH__VECTORS__TYPE";
    let gate = Gate::default();
    indexed.proxy.rule(Rule::on("POST", "_aliases", Fault::Hold(gate.clone())).nth(1));
    let late = start(indexed.call(Place::Alone, &[]).env(vectors, "flat"));
    // Its index is filled, and whatever it may still ask was asked.
    gate.wait_reached();
    let report = run(second(&indexed, &[]).env(vectors, "hnsw")).json(0);
    let current = indexed.index();
    assert_eq!(report["index"]["name"], current);
    gate.open();
    let late = Ended::new(late.wait_with_output().unwrap());
    assert!(matches!(late.code, Some(1 | 3)), "{:?}: {} {}", late.code, late.stdout, late.stderr);
    assert_eq!(indexed.index(), current, "{}", late.stderr);
    indexed.must_be_whole("the later run's index stays");
}
