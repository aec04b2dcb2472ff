//! Several nodes, of which some are dead.
#![allow(clippy::unwrap_used)] // A test that cannot reach the server proves nothing.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use vitrine::index::{Cluster, IndexError, Method, Request, Settings};
use vitrine_tests::elasticsearch::Elasticsearch;

#[test]
fn a_node_that_refuses_and_one_that_never_answers_are_passed_over() {
    let Some(server) = Elasticsearch::find() else { return };
    // Connections are taken by the system and nobody reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap();
    let urls = format!("http://127.0.0.1:1,http://{silent},{}", server.url());
    let mut settings = Settings::new(&urls).unwrap();
    settings.request_timeout = Duration::from_millis(500);
    let cluster = Cluster::connect(&settings).unwrap();
    assert!(cluster.server().version.is_some());
    let begin = Instant::now();
    for _ in 0..6 {
        cluster.request(Request::new(Method::Get, "_cluster/health")).unwrap();
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn where_no_node_answers_the_error_names_all_of_them_and_comes_in_time() {
    let mut settings = Settings::new("http://127.0.0.1:1,http://127.0.0.1:2").unwrap();
    settings.retry_for = Duration::from_secs(1);
    let begin = Instant::now();
    let error = Cluster::connect(&settings).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(matches!(error, IndexError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("http://127.0.0.1:1,http://127.0.0.1:2"), "{text}");
}
