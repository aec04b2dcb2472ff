//! `--where` means the same documents of a catalogue and of an index: random expressions over
//! random documents, asked of both.
#![allow(clippy::unwrap_used)] // A test that fails here should say where.

mod expressions;
mod filled;

use std::collections::BTreeSet;

use expressions::{Random, documents, expression};
use filled::{Item, filled};
use serde_json::{Value, json};
use vitrine::search::filter::{Filter, Mapping};
use vitrine_crds::library::VectorIndex;
use vitrine_tests::elasticsearch::Elasticsearch;

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

#[test]
fn an_expression_means_the_same_documents_of_a_catalogue_and_of_an_index() {
    let Some(server) = Elasticsearch::find() else { return };
    let mut random = Random(0x5eed);
    let documents = documents(&mut random, DOCUMENTS);
    let items: Vec<Item> = documents
        .iter()
        .map(|document| (serde_json::from_value(document.clone()).unwrap(), None))
        .collect();
    let index = filled(&server, VectorIndex::Auto, 3, &items);
    let mapping = Mapping::new(server.mapping(&index)["properties"].clone());
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
                .find(|one| one["asset_id"].as_str() == differs.map(String::as_str));
            assert_eq!(differs, None, "{text}\n{query}\n{shown:#?}");
            asked += 1;
            divide += usize::from(!found.is_empty() && found.len() < documents.len());
        }
    }
    eprintln!("{asked} expressions asked, {refused} refused, {divide} divide the documents");
    assert!(divide > asked / 2, "most let all or nothing through: the test proves little");
    assert!(refused < asked / 2, "{refused} of {asked} cannot be asked of an index");
}
