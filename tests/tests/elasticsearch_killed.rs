//! Runs into an index, killed at every step and at any time: the next one mends what is left.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::time::{Duration, Instant};

use vitrine_tests::indexed::{Indexed, Place, counts};
use vitrine_tests::library::{reference, usda};
use vitrine_tests::program::{Ended, run, start};

/// Where a debug build can be killed: `sidecar/src/run/crash.rs`.
const PLACES: [&str; 11] = [
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

/// Kills a run at `place`; whether it came by there.
fn crash(indexed: &Indexed, place: Place, at: &str) -> bool {
    let ended = run(indexed.call(place, &[]).env("VITRINE_CRASH_AT", at));
    match ended.code {
        None => true,
        Some(0) => false,
        Some(code) => panic!("{at}: {code} {}", ended.stderr),
    }
}

fn killed_everywhere(place: Place) {
    for at in PLACES {
        let Some(indexed) = Indexed::small("killed") else { return };
        indexed.library.write("office/lamp.usda", usda("Lamp", "", ""));
        assert!(crash(&indexed, place, at), "a first load comes by {at}");
        let report = indexed.report(place, &[]);
        assert_eq!(counts(&report)[0], 4, "{at}");
        assert_eq!(counts(&report)[3], 0, "{at}");
        indexed.must_be_whole(&format!("first load, {at}"));
        assert_eq!(indexed.documents()["office/desk.usda"]["used_by"], 1, "{at}");

        // One changed, one came, one left, and one whose users are other ones now.
        indexed.library.write("office/room.usda", usda("Room", "", ""));
        indexed.library.write("office/rug.usda", usda("Rug", &reference("./lamp.usda"), ""));
        indexed.library.remove("kitchen/cup.usda");
        assert!(crash(&indexed, place, at), "a run with changes comes by {at}");
        let report = indexed.report(place, &[]);
        assert_eq!((counts(&report)[0], counts(&report)[3]), (4, 0), "{at}");
        indexed.must_be_whole(&format!("changes, {at}"));
        let found = indexed.documents();
        assert_eq!(found["office/desk.usda"]["used_by"], 0, "{at}");
        assert_eq!(found["office/lamp.usda"]["used_by"], 1, "{at}");
        assert_eq!(counts(&indexed.report(place, &[])), [4, 0, 4, 0], "{at}");
    }
}

#[test]
fn killed_at_each_place_the_next_run_ends_with_every_asset_once() {
    // With a catalogue beside the index: elasticsearch_run.rs.
    killed_everywhere(Place::Alone);
}

#[test]
fn killed_while_an_index_replaces_another_the_old_one_answers_until_the_new_one_does() {
    for at in PLACES {
        let Some(indexed) = Indexed::small("killed-swap") else { return };
        indexed.report(Place::Alone, &[]);
        let old = indexed.index();
        let flat = ("VITRINE_ELASTICSEARCH__VECTORS__TYPE", "flat");
        let retain = ("VITRINE_ELASTICSEARCH__RETAIN_OLD_INDEX_FOR", "0s");
        let mut call = indexed.call(Place::Alone, &[]);
        let ended = run(call.envs([flat, retain]).env("VITRINE_CRASH_AT", at));
        assert!(matches!(ended.code, None | Some(0)), "{at}: {}", ended.stderr);
        assert_eq!(indexed.server.count(&indexed.alias), 3, "{at}");
        let next = run(indexed.call(Place::Alone, &[]).envs([flat, retain]));
        counts(&next.json(0));
        indexed.must_be_whole(at);
        assert_ne!(indexed.index(), old, "{at}");
        // What is replaced goes when it may, at the latest with the next run.
        counts(&run(indexed.call(Place::Alone, &[]).envs([flat, retain])).json(0));
        assert!(!indexed.server.indices(&indexed.alias).contains(&old), "{at}");
    }
}

#[test]
fn killed_at_any_time_fifty_times_the_last_run_ends_with_every_asset_once() {
    let Some(indexed) = Indexed::many("random", 60) else { return };
    indexed.report(Place::Alone, &[]);
    // As long as a round takes where nobody kills it: it has one change, too.
    indexed.library.write("pack/thing0000.usda", usda("Changed", "", ""));
    let begin = Instant::now();
    indexed.report(Place::Alone, &[]);
    let whole_millis = begin.elapsed().as_millis() as u64;
    let mut killed = 0;
    let mut random = Random(u64::from(std::process::id()) * 2 + 1);
    for round in 0..50_usize {
        // Each round has something to do: a change, now and then a removal and its return.
        let number = round % 60;
        indexed
            .library
            .write(&format!("pack/thing{number:04}.usda"), usda(&format!("Thing{round}"), "", ""));
        match round % 10 {
            3 => drop(indexed.library.remove("pack/thing0059.usda")),
            7 => drop(indexed.library.write("pack/thing0059.usda", usda("Back", "", ""))),
            _ => {}
        }
        let mut child = start(&mut indexed.call(Place::Alone, &[]));
        std::thread::sleep(Duration::from_millis(random.below(whole_millis)));
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        let ended = Ended::new(child.wait_with_output().unwrap());
        assert!(matches!(ended.code, None | Some(0)), "round {round}: {}", ended.stderr);
        if round % 10 == 9 {
            let report = indexed.report(Place::Alone, &[]);
            assert_eq!(counts(&report)[3], 0, "round {round}");
            indexed.must_be_whole(&format!("round {round}"));
            let found = indexed.documents();
            let name = &found[&format!("pack/thing{number:04}.usda")]["usd"]["default_prim"];
            assert_eq!(name, &format!("Thing{round}"), "round {round}");
        }
    }
    assert!(killed >= 20, "only {killed} of 50 were killed before their end");
    let assets = indexed.assets().len() as u64;
    assert_eq!(counts(&indexed.report(Place::Alone, &[])), [assets, 0, assets, 0]);
}

/// Numbers that are not the same each time the test runs: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}
