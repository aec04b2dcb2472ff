//! What is sent: bodies of searches. Pure.

use serde_json::{Value, json};

use super::super::answer::Hit;
use super::super::filter::Mapping;
use super::super::plan::Space;
use super::super::words;
use crate::asset::Content;

/// Candidates of each shard that vectors are compared with, at least: with 100 the graph of
/// 200,000 vectors finds 99.9 % of the ten nearest.
const CANDIDATES_MIN: usize = 100;
/// Most candidates that Elasticsearch takes.
const CANDIDATES_MAX: usize = 10_000;

/// Fields that words are looked for in, with their weights: the same as of a catalogue.
const WORD_FIELDS: [(&str, u32); 4] =
    [("name.words", 3), ("description", 1), ("caption.en", 1), ("caption.zh", 1)];
const TAGS_WEIGHT: u32 = 2;

/// Name of the inner hit that is an asset's best view.
pub const BEST_VIEW: &str = "best_view";

/// The `depth` nearest of `vector` among what `filter` lets through: it is applied while the graph
/// is walked, so that there are `depth` hits where that many documents pass.
pub fn knn(space: &Space, vector: &[f32], depth: usize, filter: Option<&Value>) -> Value {
    let candidates = (2 * depth).clamp(CANDIDATES_MIN, CANDIDATES_MAX);
    let field = &space.field;
    let mut knn = json!({
        "field": field, "query_vector": vector, "k": depth, "num_candidates": candidates,
    });
    if let Some(filter) = filter {
        knn["filter"] = filter.clone();
    }
    let mut body = hits(depth);
    if space.content == Content::Views {
        // An asset scores as its best view; which that is, the inner hit says.
        knn["field"] = json!(format!("{field}.vector"));
        knn["inner_hits"] = json!({
            "name": BEST_VIEW, "size": 1, "_source": false, "docvalue_fields": [number_of(field)],
        });
        // The numbers of all views tell how many there are.
        if let Some(sources) = body["_source"]["includes"].as_array_mut() {
            sources.push(json!(number_of(field)));
        }
    }
    body["knn"] = knn;
    body
}

/// Where the number of a view is.
pub fn number_of(field: &str) -> String {
    format!("{field}.view")
}

/// The `depth` best by words.
pub fn words(query: &str, mapping: &Mapping, depth: usize, filter: Option<&Value>) -> Value {
    let mut clauses = Vec::new();
    let forms = words::forms(query);
    // A server without an analyzer for English would find a word in the one form alone.
    let text = match mapping.has_forms("description") {
        true => words::spoken(query).join(" "),
        false => forms.concat().join(" "),
    };
    if !text.is_empty() {
        let fields: Vec<String> = WORD_FIELDS
            .iter()
            .filter(|(field, _)| mapping.has_words(field))
            .map(|(field, weight)| format!("{field}^{weight}"))
            .collect();
        if !fields.is_empty() {
            // Every field counts, as in a catalogue, and not only the one that fits best.
            clauses.push(json!({"multi_match": {
                "query": text, "type": "most_fields", "fields": fields,
            }}));
        }
        // Tags are whole words in lower case, which no analyzer touches.
        clauses.extend(forms.into_iter().map(|forms| {
            let tag = |form| json!({"term": {"tags": {"value": form, "boost": TAGS_WEIGHT}}});
            json!({"dis_max": {"queries": forms.into_iter().map(tag).collect::<Vec<_>>()}})
        }));
    }
    let mut body = hits(depth);
    body["query"] = match (clauses.is_empty(), filter) {
        (true, _) => json!({"match_none": {}}),
        (false, None) => json!({"bool": {"should": clauses, "minimum_should_match": 1}}),
        (false, Some(filter)) => json!({"bool": {
            "should": clauses, "minimum_should_match": 1, "filter": [filter],
        }}),
    };
    body
}

/// How many documents `filter` lets through.
pub fn count(filter: Option<&Value>) -> Value {
    let query = filter.cloned().unwrap_or_else(|| json!({"match_all": {}}));
    json!({"size": 0, "track_total_hits": true, "query": query})
}

fn hits(size: usize) -> Value {
    json!({"size": size, "track_total_hits": false, "_source": {"includes": Hit::FIELDS}})
}

#[cfg(test)]
mod tests {
    use vitrine_crds::library::Algorithm;

    use super::*;

    fn space() -> Space {
        Space {
            field: "text_embedding".to_owned(),
            embedding: "text".to_owned(),
            algorithm: Algorithm::Text,
            content: Content::Description,
            dims: 2,
            model_uri: "m".to_owned(),
            model_fingerprint: "f".to_owned(),
            pair: None,
        }
    }

    fn mapping() -> Mapping {
        Mapping::new(json!({
            "name": {"type": "keyword", "fields": {"words": {"type": "text"}}},
            "description": {"type": "text", "analyzer": "english"},
            "caption": {"properties": {"en": {"type": "text"}}},
        }))
    }

    #[test]
    fn the_filter_of_a_vector_search_is_inside_so_that_enough_are_found() {
        let filter = json!({"term": {"pack": {"value": "office"}}});
        let body = knn(&space(), &[0.5, -1.0], 10, Some(&filter));
        let expected = json!({
            "field": "text_embedding", "query_vector": [0.5, -1.0], "k": 10,
            "num_candidates": 100, "filter": filter,
        });
        assert_eq!(
            (&body["knn"], &body["size"], &body["query"]),
            (&expected, &json!(10), &Value::Null)
        );
        let sources = body["_source"]["includes"].as_array().unwrap();
        assert!(!sources.contains(&json!("text_embedding")));
    }

    #[test]
    fn views_are_nested_and_the_best_one_and_their_number_are_asked_for() {
        let field = "look_views".to_owned();
        let (algorithm, content) = (Algorithm::Clip, Content::Views);
        let space = Space { field, algorithm, content, ..space() };
        let body = knn(&space, &[0.5, -1.0], 3, Some(&json!({"term": {"pack": "office"}})));
        let expected = json!({
            "field": "look_views.vector", "query_vector": [0.5, -1.0], "k": 3,
            "num_candidates": 100, "filter": {"term": {"pack": "office"}},
            "inner_hits": {"name": "best_view", "size": 1, "_source": false,
                           "docvalue_fields": ["look_views.view"]},
        });
        assert_eq!(body["knn"], expected);
        let sources = body["_source"]["includes"].as_array().unwrap();
        assert!(sources.contains(&json!("look_views.view")), "{sources:?}");
    }

    #[test]
    fn candidates_grow_with_the_answer_up_to_what_elasticsearch_takes() {
        for (depth, candidates) in
            [(1, 100), (50, 100), (51, 102), (5_001, 10_000), (10_000, 10_000)]
        {
            let body = knn(&space(), &[1.0, 0.0], depth, None);
            assert_eq!(body["knn"]["num_candidates"], candidates, "{depth}");
            assert!(body["knn"].get("filter").is_none());
        }
    }

    #[test]
    fn words_are_looked_for_in_the_fields_that_the_index_has() {
        let body = words("something to lift Pallets with", &mapping(), 7, None);
        let tag = |word: &str| json!({"term": {"tags": {"value": word, "boost": 2}}});
        let expected = json!({"bool": {"minimum_should_match": 1, "should": [
            {"multi_match": {
                "query": "lift Pallets", "type": "most_fields",
                "fields": ["name.words^3", "description^1", "caption.en^1"],
            }},
            {"dis_max": {"queries": [tag("lift"), tag("lifts")]}},
            {"dis_max": {"queries": [tag("pallet"), tag("pallets")]}},
        ]}});
        assert_eq!((&body["query"], &body["size"]), (&expected, &json!(7)));
        let plain = Mapping::new(json!({"description": {"type": "text", "analyzer": "standard"}}));
        let plain = words("lift Pallets", &plain, 7, None);
        let text = &plain["query"]["bool"]["should"][0]["multi_match"]["query"];
        assert_eq!(text, "lift lifts pallet pallets");
        let none = words("the of it", &mapping(), 7, Some(&json!({"match_all": {}})));
        assert_eq!(none["query"], json!({"match_none": {}}));
    }
}
