//! Runs that are disturbed in the middle end with every asset indexed once.
//!
//! A proxy before Elasticsearch holds up what work writes, so that the middle lasts as long as a test
//! wants.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use serde_json::json;
use vitrine_tests::cluster::{KIND, Place, counts, name_of, terminated};
use vitrine_tests::library::usda;
use vitrine_tests::proxy::{Fault, Proxy, Rule};

const CONTAINER: &str = "vitrine";
const ASSETS: usize = 40;

/// A library whose work waits in the middle: read, and not yet written.
fn in_the_middle(purpose: &str) -> Option<(Place, Proxy)> {
    let place = Place::new(purpose)?;
    place.secret();
    // What another uses is written once more, to say so.
    place.library.write("office/room.usda", usda("Room", "", ""));
    for number in 3..ASSETS {
        place.library.write(&format!("pack/thing{number:04}.usda"), usda("Thing", "", ""));
    }
    place.upload();
    let proxy = Proxy::start_at(place.cluster.host(), place.index.url());
    proxy.rule(Rule::on("POST", "_bulk", Fault::status(503)));
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({}));
    place.space.wait("work wants to write", || (proxy.count("POST", "_bulk") > 0).then_some(()));
    assert_eq!(place.index.behind(&place.alias), Vec::<String>::new(), "nothing is visible yet");
    Some((place, proxy))
}

/// Lets the run go on to its end, which must be whole.
fn goes_on(place: &Place, proxy: &Proxy) {
    proxy.heal();
    let all = i64::try_from(ASSETS).unwrap();
    assert_eq!(counts(&place.published(1)), [all, all, 0, 0, 0]);
    let documents = place.index.documents(&place.alias);
    assert_eq!(documents.len(), ASSETS);
    let [index] = <[String; 1]>::try_from(place.index.behind(&place.alias)).unwrap();
    let stats = place.index.must("GET", &format!("/{index}/_stats/indexing"), None);
    let writes = &stats["_all"]["primaries"]["indexing"]["index_total"];
    assert_eq!(*writes, ASSETS, "each was written once");
}

#[test]
fn a_worker_that_is_killed_in_the_middle_is_replaced_and_every_asset_is_indexed_once() {
    let Some((place, proxy)) = in_the_middle("killed") else { return };
    let first = name_of(&place.space.pods_of("lib-1-work")[0]).to_owned();
    place.space.wait("its node says that it runs", || {
        (!place.space.processes(&first, CONTAINER).is_empty()).then_some(())
    });
    place.space.kill(&first, CONTAINER);
    place
        .space
        .wait("another works", || (place.space.pods_of("lib-1-work").len() > 1).then_some(()));
    let killed = place.space.get("pod", &first).unwrap();
    assert_eq!(terminated(&killed, CONTAINER).unwrap()["exitCode"], 137, "{killed:#}");
    goes_on(&place, &proxy);
}

#[test]
fn a_job_that_somebody_deletes_in_the_middle_is_made_again() {
    let Some((place, proxy)) = in_the_middle("deleted") else { return };
    let first = place.space.get("job", "lib-1-work").unwrap()["metadata"]["uid"].clone();
    let pod = name_of(&place.space.pods_of("lib-1-work")[0]).to_owned();
    place.space.delete("job", "lib-1-work");
    place.space.wait_for("job", "lib-1-work", "is another", |job| job["metadata"]["uid"] != first);
    // While it is on its way out it may write what the other writes, too.
    place.space.wait_gone("pod", &pod);
    goes_on(&place, &proxy);
}

/// A library whose scan holds the catalogue's lock, and waits for Elasticsearch.
fn in_its_scan(purpose: &str) -> Option<(Place, Proxy)> {
    let place = Place::new(purpose)?;
    place.secret();
    let proxy = Proxy::start_at(place.cluster.host(), place.index.url());
    proxy.rule(Rule::on("", &place.alias, Fault::status(503)));
    place.apply_elasticsearch(json!({"url": proxy.url()}), json!({"syncInterval": "1h"}));
    let lock = place.store.folder().join("catalogs/lib/.vitrine/lock");
    place.space.wait("scan asks, and holds the lock", || {
        (lock.exists() && proxy.count("", &place.alias) > 0).then_some(())
    });
    Some((place, proxy))
}

#[test]
fn a_scan_that_is_killed_costs_its_run_one_try_and_the_next_waits_for_the_lock_it_left() {
    let Some((place, proxy)) = in_its_scan("scanning") else { return };
    let first = name_of(&place.space.pods_of("lib-1-scan")[0]).to_owned();
    place.space.wait("its node says that it runs", || {
        (!place.space.processes(&first, CONTAINER).is_empty()).then_some(())
    });
    place.space.kill(&first, CONTAINER);
    proxy.heal();
    assert_eq!(counts(&place.published(1)), [3, 3, 0, 0, 0]);
    assert_eq!(place.space.pods_of("lib-1-scan").len(), 2, "the second try was the last");
}

#[test]
fn a_spec_that_changes_in_the_middle_of_a_scan_is_followed_without_waiting_for_its_lock() {
    let Some((place, proxy)) = in_its_scan("changed") else { return };
    let url = json!({"url": proxy.url()});
    place.apply_elasticsearch(url, json!({"syncInterval": "2h"}));
    place.space.wait_for(KIND, "lib", "begins anew", |lib| lib["status"]["run"]["number"] == 2);
    proxy.heal();
    assert_eq!(counts(&place.published(2)), [3, 3, 0, 0, 0]);
    assert_eq!(place.space.pods_of("lib-2-scan").len(), 1, "it was not tried twice");
}
