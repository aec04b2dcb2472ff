//! A server whose disk is nearly full: it answers and merges nothing.
#![allow(clippy::unwrap_used)] // A test that cannot reach what it made proves nothing.

mod filled;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use filled::{Item, filled};
use serde_json::{Value, json};
use vitrine::asset::{Document, asset_id};
use vitrine_crds::library::VectorIndex;
use vitrine_tests::elasticsearch::Elasticsearch;

/// From this many on a graph is built.
const DOCUMENTS: usize = 10_000;
/// What a run says of such a server within a first wait.
const SAYS_SO: Duration = Duration::from_secs(60);

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Free space that the server asks for before it merges; its usual settings come back at the end.
struct Demanded<'a>(&'a Elasticsearch);

impl<'a> Demanded<'a> {
    fn of(server: &'a Elasticsearch, free: &str) -> Self {
        Self::set(server, &json!("1s"), &json!(free));
        Self(server)
    }

    fn set(server: &Elasticsearch, interval: &Value, free: &Value) {
        let settings = json!({"persistent": {
            "indices.merge.disk.check_interval": interval,
            "indices.merge.disk.watermark.high": free,
        }});
        server.must("PUT", "/_cluster/settings", Some(&settings));
    }
}

impl Drop for Demanded<'_> {
    fn drop(&mut self) {
        Self::set(self.0, &Value::Null, &Value::Null);
    }
}

#[test]
fn a_server_that_merges_nothing_is_named_and_the_graph_is_there_once_it_can() {
    let Some(server) = Elasticsearch::find() else { return };
    let items: Vec<Item> = (0..DOCUMENTS)
        .map(|number| {
            let path = format!("thing{number}.usda");
            let document = Document { asset_id: asset_id("disk", &path), path, ..document() };
            let vector: Vec<f32> = (0..8).map(|at| ((number * 7 + at * 13) as f32).sin()).collect();
            (document, Some(vector))
        })
        .collect();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let demanded = Demanded::of(&server, "1000tb");
    let name = std::thread::scope(|scope| {
        let filling = scope.spawn(|| {
            tracing::subscriber::with_default(subscriber, || {
                filled(&server, VectorIndex::Auto, 8, &items)
            })
        });
        let begin = Instant::now();
        while !log.text().contains("has not begun to build the graph") {
            assert!(!filling.is_finished(), "the graph was built: the disk is not full");
            assert!(begin.elapsed() < SAYS_SO, "{}", log.text());
            std::thread::sleep(Duration::from_millis(200));
        }
        Demanded::set(&server, &json!("1s"), &json!("1b"));
        filling.join().unwrap()
    });
    drop(demanded);
    let text = log.text();
    assert!(text.contains("GET _cat/allocation"), "{text}");
    assert!(!text.contains("no graph was built"), "{text}");
    let stats = server.must("GET", &format!("/{name}/_stats"), None);
    let graph = &stats["_all"]["primaries"]["dense_vector"]["off_heap"]["total_vex_size_bytes"];
    assert!(graph.as_u64().unwrap() > 0, "no graph in {stats}");
}

fn document() -> Document {
    Document {
        name: "thing".to_owned(),
        library: "disk".to_owned(),
        pack: "office".to_owned(),
        modified: "2026-01-01T00:00:00Z".to_owned(),
        indexed_at: "2026-01-01T00:00:00Z".to_owned(),
        ..Document::default()
    }
}
