//! The proxy that the tests of faults rely on: it does the harm it is told to, and no other.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};
use vitrine_tests::http::send;
use vitrine_tests::proxy::{Fault, Proxy, Rule};

/// Documents 0 … 9, each its own number.
fn ten(index: &str) -> Value {
    let lines = (0..10).map(|number| format!("{{\"index\":{{\"_index\":\"{index}\",\"_id\":\"{number}\"}}}}\n{{\"number\":{number}}}\n"));
    Value::String(lines.collect())
}

fn statuses(answer: &Value) -> Vec<u64> {
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|item| item["index"]["status"].as_u64().unwrap()).collect()
}

fn set() -> Option<(Elasticsearch, Name, Proxy)> {
    let server = Elasticsearch::find()?;
    let name = server.name("proxy");
    let proxy = Proxy::start(server.url());
    Some((server, name, proxy))
}

#[test]
fn what_no_rule_names_passes_unharmed_and_is_counted() {
    let Some((server, name, proxy)) = set() else { return };
    let answer = send(&proxy.url(), "POST", "/_bulk?refresh=true", Some(&ten(&name))).unwrap();
    assert_eq!((answer.status, &answer.body["errors"]), (200, &json!(false)));
    assert_eq!(server.documents(&name).len(), 10);
    let head = send(&proxy.url(), "HEAD", &format!("/{name}"), None).unwrap();
    assert_eq!(head.status, 200);
    let seen = proxy.seen();
    assert_eq!((proxy.count("POST", "_bulk"), proxy.count("", "")), (1, 2));
    assert_eq!((seen[0].query.as_str(), seen[0].harmed), ("refresh=true", false));
    assert!(seen[0].request_bytes > 300 && seen[0].answer_bytes > 300, "{seen:?}");
    assert_eq!(server.behind(&name), Vec::<String>::new());
    assert_eq!(server.get(&name, "3").unwrap()["_source"], json!({"number": 3}));
    assert_eq!(server.get(&name, "33"), None);
}

#[test]
fn a_rule_befalls_the_requests_it_names_and_no_others() {
    let Some((_server, name, proxy)) = set() else { return };
    proxy.rule(Rule::on("POST", "_bulk", Fault::retry_after(503, 7)).nth(2).times(2));
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(send(&proxy.url(), "POST", "/_bulk", Some(&ten(&name))).unwrap().status);
    }
    assert_eq!(told, [200, 503, 503, 200]);
    proxy.rule(Rule::on("", "", Fault::status(429)));
    let busy = send(&proxy.url(), "GET", "/_cluster/health", None).unwrap();
    assert_eq!(busy.status, 429);
    assert_eq!(busy.body["error"]["type"], "es_rejected_execution_exception");
    proxy.heal();
    assert_eq!(send(&proxy.url(), "GET", "/_cluster/health", None).unwrap().status, 200);
}

#[test]
fn items_that_are_picked_fail_in_place_and_never_reach_the_server() {
    let Some((server, name, proxy)) = set() else { return };
    proxy.rule(Rule::on("POST", "_bulk", Fault::items(429, |number, _| number % 3 == 0)).nth(1));
    proxy.rule(Rule::on("POST", "_bulk", Fault::items(400, |_, _| true)).nth(2));
    let some = send(&proxy.url(), "POST", "/_bulk", Some(&ten(&name))).unwrap();
    assert_eq!((some.status, &some.body["errors"]), (200, &json!(true)));
    assert_eq!(statuses(&some.body), [429, 201, 201, 429, 201, 201, 429, 201, 201, 429]);
    let kept: Vec<String> = server.documents(&name).into_keys().collect();
    assert_eq!(kept, ["1", "2", "4", "5", "7", "8"]);
    let all = send(&proxy.url(), "POST", "/_bulk", Some(&ten(&name))).unwrap();
    assert_eq!(statuses(&all.body), [400; 10]);
    assert_eq!(server.count(&name), 6);
    assert!(!proxy.seen()[1].forwarded);
}

#[test]
fn connections_are_cut_where_told() {
    let Some((server, name, proxy)) = set() else { return };
    let cuts = [Fault::Refuse, Fault::CutRequest, Fault::NoAnswer, Fault::CutAnswer];
    for (number, fault) in cuts.into_iter().enumerate() {
        proxy.rule(Rule::on("POST", "_bulk", fault).nth(number + 1));
    }
    let bulk = |index: &str| send(&proxy.url(), "POST", "/_bulk", Some(&ten(index)));
    let indices: Vec<String> = (0..4).map(|number| format!("{name}-{number}")).collect();
    for index in &indices {
        assert!(bulk(index).is_err(), "{index}");
    }
    // The first two never got there; the last two did, and nobody was told.
    assert_eq!(server.indices(&name), indices[2..]);
    for index in &indices[2..] {
        assert_eq!(server.count(index), 10);
    }
    assert!(bulk(&indices[0]).is_ok());
}

#[test]
fn answers_can_be_late_and_can_be_changed() {
    let Some((_server, name, proxy)) = set() else { return };
    proxy.rule(Rule::on("POST", "_bulk", Fault::Delay(Duration::from_millis(300))).nth(1));
    proxy.rule(Rule::on("POST", "_bulk", Fault::rewrite(|_| b"<html>".to_vec())).nth(2));
    let begin = Instant::now();
    assert_eq!(send(&proxy.url(), "POST", "/_bulk", Some(&ten(&name))).unwrap().status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let changed = send(&proxy.url(), "POST", "/_bulk", Some(&ten(&name))).unwrap();
    assert_eq!(changed.body, json!("<html>"));
}
