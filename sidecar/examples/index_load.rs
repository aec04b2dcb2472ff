//! Fills an index as a run does and makes it searchable, step by step; prints seconds as JSON.
//!
//! ```text
//! index_load URL ALIAS KIND fill|complete VECTORS.f32
//! ```
//!
//! The file holds vectors of 384 numbers, little-endian float32, each of length 1. `KIND` is a type of
//! vector index as the configuration names it. Between the two steps the index is `flat`: what a
//! search finds then is exact.

use std::time::{Duration, Instant};

use serde_json::json;
use vitrine::asset::Document;
use vitrine::index::{
    self, Body, Cluster, Described, FieldWanted, Filled, Holds, Owner, Settings, Wanted, encode,
    names,
};
use vitrine_bulk::{Action, Operation, Options, Verdict, start};
use vitrine_crds::library::Vectors;

const DIMS: usize = 384;
const FIELD: &str = "text_embedding";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, alias, kind, step, file] = &arguments[..] else {
        return Err("usage: index_load URL ALIAS KIND fill|complete VECTORS.f32".into());
    };
    let bytes = std::fs::read(file)?;
    let vectors: Vec<Vec<f32>> = bytes.chunks_exact(4 * DIMS).map(numbers).collect();
    let documents = vectors.len() as u64;
    let cluster = Cluster::connect(&Settings::new(url)?)?;
    let wanted = Wanted {
        holds: Holds::Assets,
        alias: alias.clone(),
        owner: Owner { name: alias.clone(), ..Owner::default() },
        fields: vec![FieldWanted {
            field: FIELD.to_owned(),
            dims: DIMS,
            embedding: "text".to_owned(),
            algorithm: vitrine_crds::library::Algorithm::Text,
            content: vitrine::asset::Content::Description,
            model_uri: "generated".to_owned(),
            model_fingerprint: "generated".to_owned(),
        }],
        vectors: Vectors { kind: serde_json::from_value(json!(kind))?, ..Vectors::default() },
        shards: 1,
        replicas: None,
        shared_alias: None,
        adopt: false,
        retain_old: Duration::ZERO,
    };
    let standing = index::look(&cluster, &wanted)?;
    let begin = Instant::now();
    if step == "fill" {
        index::prepare(&cluster, &wanted, &standing, 1)?;
        fill(&cluster, &names::write_alias(&standing.target), vectors)?;
    } else {
        index::complete(&cluster, &wanted, &standing, Filled { run: 1, documents })?;
        index::swap(&cluster, &wanted, &standing)?;
    }
    let secs = begin.elapsed().as_secs_f64();
    println!("{}", json!({"documents": documents, "secs": secs, "index": standing.target}));
    Ok(())
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.chunks_exact(4);
    words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

fn fill(
    cluster: &Cluster,
    index: &str,
    vectors: Vec<Vec<f32>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let options = Options { require_alias: true, ..Options::default() };
    let (sender, mut receiver) = start(cluster.runtime(), cluster.client().clone(), options);
    let (server, index) = (cluster.server().clone(), std::sync::Arc::<str>::from(index));
    let sending = std::thread::spawn(move || {
        for (number, vector) in vectors.iter().enumerate() {
            let document = document(number);
            let body = Body {
                document: Described::Asset(&document),
                state: "generated",
                run_state: &json!({}),
                fields: &[],
                vectors: &[(FIELD, vector)],
            };
            let operation = Operation {
                index: index.clone(),
                id: document.asset_id.clone(),
                action: Action::Index(encode(&body, &server).into()),
                version: Some(1),
                tag: (),
            };
            if sender.send(operation).is_err() {
                return; // The receiver says why.
            }
        }
    });
    while let Some(done) = receiver.recv() {
        assert_eq!(done?.verdict, Verdict::Written);
    }
    sending.join().map_err(|_| "the generator panicked")?;
    Ok(())
}

fn document(number: usize) -> Document {
    serde_json::from_value(json!({
        "asset_id": format!("{number:016x}"), "name": format!("thing{number}"),
        "library": "generated", "pack": "generated", "uri": "file:///generated", "path": "generated",
        "tags": ["thing"], "size_bytes": 1, "modified": "2026-01-01T00:00:00Z", "fingerprint": "f",
        "embedding_fingerprint": {}, "extractor_version": "1",
        "indexed_at": "2026-01-01T00:00:00Z", "used_by": 0, "caption": {},
        "description": "a generated thing", "usd": {}, "has_visual_embedding": false,
    }))
    .expect("a document as the catalogue has it")
}
