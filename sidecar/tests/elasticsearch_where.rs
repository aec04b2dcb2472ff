//! `--where` means the same documents of a catalogue and of an index: random expressions over
//! random documents, asked of both.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

mod expressions;

use std::collections::BTreeSet;

use expressions::{Random, documents, expression};
use serde_json::{Value, json};
use vitrine::search::filter::{Filter, Mapping};
use vitrine_tests::elasticsearch::{Elasticsearch, Name};

const DOCUMENTS: usize = 200;
/// Expressions asked in one request.
const BATCH: usize = 100;
const BATCHES: usize = 15;

/// The ids that a filter lets through, as a search of a catalogue finds them.
fn passing(documents: &[Value], filter: &Filter) -> BTreeSet<String> {
    let some = documents.iter().filter(|document| filter.matches(document));
    some.map(|document| document["asset_id"].as_str().unwrap().to_owned()).collect()
}

/// What an answer of Elasticsearch found.
fn found(answer: &Value) -> BTreeSet<String> {
    let hits = answer["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{answer}"));
    hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect()
}

/// An index of `documents`.
fn filled(server: &Elasticsearch, mappings: &Value, documents: &[Value]) -> Name {
    let index = server.name("where");
    let made = json!({"settings": {"number_of_replicas": 0}, "mappings": mappings});
    server.must("PUT", &format!("/{index}"), Some(&made));
    let line = |document: &Value| {
        format!("{}\n{document}\n", json!({"index": {"_id": document["asset_id"]}}))
    };
    let body: String = documents.iter().map(line).collect();
    let done = server.must("POST", &format!("/{index}/_bulk?refresh=true"), Some(&body.into()));
    assert_eq!(done["errors"], false, "{done}");
    index
}

#[test]
fn an_expression_means_the_same_documents_of_a_catalogue_and_of_an_index() {
    let Some(server) = Elasticsearch::find() else { return };
    let mut random = Random(0x5eed);
    let documents = documents(&mut random, DOCUMENTS);
    let mappings = mappings();
    let index = filled(&server, &mappings, &documents);
    let mapping = Mapping::new(mappings["properties"].clone());
    let (mut asked, mut refused, mut divide) = (0, 0, 0);
    for _ in 0..BATCHES {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let text = expression(&mut random, 3);
            let filter = Filter::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            match filter.to_dsl(&mapping) {
                Ok(query) => batch.push((text, filter, query)),
                Err(_) => refused += 1,
            }
        }
        let line = |query: &Value| {
            format!("{{}}\n{}\n", json!({"size": DOCUMENTS, "_source": false, "query": query}))
        };
        let body: String = batch.iter().map(|(_, _, query)| line(query)).collect();
        let answers = server.must("POST", &format!("/{index}/_msearch"), Some(&body.into()));
        let answers = answers["responses"].as_array().unwrap();
        for ((text, filter, query), answer) in batch.iter().zip(answers) {
            let (found, expected) = (found(answer), passing(&documents, filter));
            let differs = found.symmetric_difference(&expected).next();
            let shown = documents
                .iter()
                .find(|one| Some(&one["asset_id"].as_str().unwrap().to_owned()) == differs);
            assert_eq!(differs, None, "{text}\n{query}\n{shown:#?}");
            asked += 1;
            divide += usize::from(!found.is_empty() && found.len() < documents.len());
        }
    }
    eprintln!("{asked} expressions asked, {refused} refused, {divide} divide the documents");
    assert!(divide > asked / 2, "most let all or nothing through: the test proves little");
    assert!(refused < asked / 2, "{refused} of {asked} cannot be asked of an index");
}

fn mappings() -> Value {
    let keyword = || json!({"type": "keyword"});
    let text = || json!({"type": "text", "fields": {"whole": {"type": "keyword"}}});
    let mut usd = serde_json::Map::new();
    let mut all = serde_json::Map::new();
    for name in ["meters_per_unit", "start_time", "end_time", "fps", "time_codes_per_second"] {
        usd.insert(name.to_owned(), json!({"type": "double"}));
    }
    for name in ["points", "faces", "instances"] {
        usd.insert(name.to_owned(), json!({"type": "long"}));
    }
    for name in ["prims", "kinds", "applied_schemas"] {
        usd.insert(name.to_owned(), json!({"type": "flattened"}));
    }
    for name in [
        "default_prim",
        "up_axis",
        "cameras",
        "lights",
        "skeletons",
        "materials",
        "custom_data_keys",
        "dependencies",
        "missing_dependencies",
    ] {
        usd.insert(name.to_owned(), keyword());
    }
    usd.insert("documentation".to_owned(), text());
    usd.insert("has_animation".to_owned(), json!({"type": "boolean"}));
    let double = json!({"type": "double"});
    usd.insert(
        "bounds".to_owned(),
        json!({"properties": {"min": double, "max": double, "size_m": double}}),
    );
    usd.insert(
        "variant_sets".to_owned(),
        json!({"properties": {
            "prim": keyword(), "name": keyword(), "variants": keyword(), "selection": keyword(),
        }}),
    );
    for name in [
        "asset_id",
        "name",
        "library",
        "pack",
        "uri",
        "path",
        "tags",
        "fingerprint",
        "extractor_version",
        "thumbnail_uri",
    ] {
        all.insert(name.to_owned(), keyword());
    }
    for name in ["size_bytes", "used_by"] {
        all.insert(name.to_owned(), json!({"type": "long"}));
    }
    for name in ["modified", "indexed_at"] {
        all.insert(name.to_owned(), json!({"type": "date"}));
    }
    all.insert("embedding_fingerprint".to_owned(), json!({"type": "flattened"}));
    all.insert("has_visual_embedding".to_owned(), json!({"type": "boolean"}));
    all.insert("caption".to_owned(), json!({"properties": {"en": text(), "zh": text()}}));
    all.insert("description".to_owned(), text());
    all.insert("usd".to_owned(), json!({"properties": usd}));
    json!({"dynamic": "strict", "properties": all})
}
