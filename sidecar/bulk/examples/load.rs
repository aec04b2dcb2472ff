//! Fills an index with generated documents and prints what it took, as one line of JSON.
//!
//! ```text
//! load URL INDEX sender|bodies DOCUMENTS
//! ```
//!
//! `sender` is this crate; `bodies` posts bodies that were built before the clock starts: what the
//! server can take. The index is made by whoever calls.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use elasticsearch::http::Method;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::Transport;
use elasticsearch::{BulkParts, Elasticsearch};
use futures::StreamExt;
use serde_json::json;
use vitrine_bulk::{Action, Operation, Options, Verdict, start};

const DIMS: usize = 384;
const WORDS: [&str; 8] =
    ["forklift", "pallet", "desk", "lamp", "kettle", "robot", "conveyor", "shelf"];

/// A stream of numbers that is the same each time (Vigna 2015, splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A document of 2.4 kB with a vector of length 1, packed as Elasticsearch takes it.
fn document(number: u64) -> Vec<u8> {
    let mut chance = Chance(number);
    let mut vector = [0_f32; DIMS];
    for value in &mut vector {
        *value = (chance.next() >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let packed: Vec<u8> = vector.iter().flat_map(|value| (value / norm).to_be_bytes()).collect();
    let word = |chance: &mut Chance| WORDS[(chance.next() % 8) as usize];
    let (first, second) = (word(&mut chance), word(&mut chance));
    let vector = STANDARD.encode(packed);
    // No word needs escaping.
    format!(
        r#"{{"asset_id":"{number:016x}","name":"{first}_{number}","pack":"{second}","tags":["{first}","{second}"],"description":"A {first} from the pack {second}; 0.01 metres per unit","size_bytes":{number},"text_embedding":"{vector}"}}"#
    )
    .into_bytes()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, index, mode, count] = &arguments[..] else {
        eprintln!("usage: load URL INDEX sender|bodies DOCUMENTS");
        std::process::exit(2);
    };
    let count: u64 = count.parse().expect("a number of documents");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started");
    let transport = Transport::single_node(url).expect("a URL");
    let client = Elasticsearch::new(transport);
    let options = Options::default();
    let figures = match mode.as_str() {
        "sender" => sender(&runtime, client, options, (index, count)),
        "bodies" => runtime.block_on(bodies(client, &options, (index, count))),
        other => panic!("`{other}` is neither sender nor bodies"),
    };
    println!("{figures}");
}

fn sender(
    runtime: &tokio::runtime::Runtime,
    client: Elasticsearch,
    options: Options,
    (index, count): (&str, u64),
) -> serde_json::Value {
    let index: Arc<str> = index.into();
    let (begin, cpu) = (Instant::now(), cpu_secs());
    let (sender, mut receiver) = start(runtime.handle(), client, options);
    let sending = std::thread::spawn(move || {
        for number in 0..count {
            let operation = Operation {
                index: Arc::clone(&index),
                id: format!("{number:016x}"),
                action: Action::Index(document(number).into()),
                version: Some(1),
                tag: (),
            };
            if sender.send(operation).is_err() {
                return; // The receiver says why.
            }
        }
    });
    let (mut written, mut resident) = (0, Vec::new());
    while let Some(done) = receiver.recv() {
        assert_eq!(done.expect("the load goes on").verdict, Verdict::Written);
        written += 1;
        if [count / 10, count / 2, count].contains(&written) {
            resident.push(resident_mb());
        }
    }
    sending.join().expect("the generator does not panic");
    assert_eq!(written, count);
    let totals = receiver.totals();
    json!({
        "documents": count, "secs": begin.elapsed().as_secs_f64(), "cpu_secs": cpu_secs() - cpu,
        "bytes": totals.bytes, "requests": totals.requests, "resident_mb": resident,
    })
}

async fn bodies(
    client: Elasticsearch,
    options: &Options,
    (index, count): (&str, u64),
) -> serde_json::Value {
    let mut made: Vec<Bytes> = Vec::new();
    let mut body = Vec::new();
    for number in 0..count {
        body.extend(format!("{{\"index\":{{\"_id\":\"{number:016x}\"}}}}\n").bytes());
        body.extend(document(number));
        body.push(b'\n');
        if body.len() >= options.body_bytes_max || number + 1 == count {
            made.push(std::mem::take(&mut body).into());
        }
    }
    let (requests, bytes) = (made.len(), made.iter().map(Bytes::len).sum::<usize>());
    let (begin, cpu) = (Instant::now(), cpu_secs());
    let path = BulkParts::Index(index).url();
    futures::stream::iter(made)
        .map(|body| {
            let (client, path) = (client.clone(), path.clone());
            tokio::spawn(async move {
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
                let query = Some(&[("filter_path", "errors")]);
                let sent = client.send(Method::Post, &path, headers, query, Some(body), None);
                let answer = sent.await.expect("the server answers").text().await;
                assert_eq!(answer.expect("an answer"), "{\"errors\":false}");
            })
        })
        .buffer_unordered(options.requests_max)
        .for_each(|done| async { done.expect("no request fails") })
        .await;
    json!({
        "documents": count, "secs": begin.elapsed().as_secs_f64(), "cpu_secs": cpu_secs() - cpu,
        "bytes": bytes, "requests": requests,
    })
}

/// Seconds of processor time of this process, of all its threads.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // After the name, which may have spaces: fields 14 and 15 in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(12) + ticks(13)) / 100.0
}

/// Megabytes of memory in use.
fn resident_mb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages * 4096 / 1_000_000
}
