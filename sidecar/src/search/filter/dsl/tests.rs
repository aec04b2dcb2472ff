//! What expressions become, and what is refused. That both mean the same documents is proved
//! against a real server by `sidecar/tests/where_dsl.rs`.

use serde_json::{Value, json};

use super::*;

fn mapping() -> Mapping {
    Mapping::new(json!({
        "name": {"type": "keyword"},
        "pack": {"type": "keyword"},
        "tags": {"type": "keyword"},
        "size_bytes": {"type": "long"},
        "modified": {"type": "date"},
        "embedding_fingerprint": {"type": "flattened"},
        "caption": {"properties": {"en": {"type": "text"}}},
        "description": {"type": "text", "fields": {"whole": {"type": "keyword"}}},
        "extent_m": {"properties": {"longest": {"type": "double"}, "height": {"type": "double"}}},
        "usd": {"properties": {
            "has_animation": {"type": "boolean"},
            "fps": {"type": "double"},
            "prims": {"type": "flattened"},
            "bounds": {"properties": {"min": {"type": "double"}}},
            "variant_sets": {"type": "nested", "properties": {"name": {"type": "keyword"}}},
        }},
    }))
}

fn dsl(expression: &str) -> Result<Value, DslError> {
    Filter::parse(expression).unwrap().to_dsl(&mapping())
}

#[test]
fn each_kind_of_test_becomes_the_clause_that_means_it() {
    let there = |field: &str| json!({"exists": {"field": field}});
    #[rustfmt::skip]
    let cases: &[(&str, Value)] = &[
        ("pack = 'a'",                 json!({"term": {"pack": {"value": "a"}}})),
        ("pack != 'a'",                json!({"bool": {"must_not": [{"term": {"pack": {"value": "a"}}}]}})),
        ("pack",                       json!({"bool": {"filter": [there("pack")], "must_not": [{"term": {"pack": {"value": ""}}}]}})),
        ("name < 'b'",                 json!({"range": {"name": {"lt": "b"}}})),
        ("name ~ 'A*b'",               json!({"wildcard": {"name": {"value": "*a\\*b*", "case_insensitive": true}}})),
        ("name ~ 'Ä.'",                json!({"regexp": {"name": {"value": ".*(ä|Ä)\\..*", "flags": "NONE"}}})),
        ("tags contains 'Lift'",       json!({"wildcard": {"tags": {"value": "lift", "case_insensitive": true}}})),
        ("description ~ 'x'",          json!({"wildcard": {"description.whole": {"value": "*x*", "case_insensitive": true}}})),
        ("caption.en",                 there("caption.en")),
        ("size_bytes > 1.5",           json!({"range": {"size_bytes": {"gt": 1}}})),
        ("size_bytes <= 1e300",        json!({"range": {"size_bytes": {"lte": 9_007_199_254_740_992_i64}}})),
        ("size_bytes = 1.5",           json!({"match_none": {}})),
        ("fps = 24",                   json!({"term": {"usd.fps": {"value": 24.0}}})),
        ("has_animation != true",      json!({"bool": {"must_not": [{"term": {"usd.has_animation": {"value": true}}}]}})),
        ("size_m > 2",                 json!({"range": {"extent_m.longest": {"gt": 2.0}}})),
        ("height_m < 2",               json!({"range": {"extent_m.height": {"lt": 2.0}}})),
        ("description",                json!({"bool": {"filter": [there("description")], "must_not": [{"term": {"description.whole": {"value": ""}}}]}})),
        ("prims.Mesh > 2",             json!({"bool": {"filter": [there("usd.prims.Mesh")], "must_not": [
                                                {"term": {"usd.prims.Mesh": {"value": "0"}}}, {"terms": {"usd.prims.Mesh": ["1", "2"]}}]}})),
        ("prims.Mesh = 0",             json!({"bool": {"should": [{"bool": {"must_not": [there("usd.prims.Mesh")]}},
                                                {"term": {"usd.prims.Mesh": {"value": "0"}}}], "minimum_should_match": 1}})),
        ("prims.Mesh >= 0",            json!({"match_all": {}})),
        ("prims.Mesh = 12",            json!({"term": {"usd.prims.Mesh": {"value": "12"}}})),
        ("kinds.component = 0",        json!({"match_all": {}})),
        ("kinds.component > 0",        json!({"match_none": {}})),
        ("prims",                      there("usd.prims")),
        ("variant_sets contains 'c'",  json!({"nested": {"path": "usd.variant_sets", "query":
                                                {"wildcard": {"usd.variant_sets.name": {"value": "c", "case_insensitive": true}}}}})),
        ("embedding_fingerprint.text > 'a'", json!({"range": {"embedding_fingerprint.text": {"gt": "a", "lte": "\u{10ffff}"}}})),
        ("modified > '2024-05-01'",    json!({"range": {"modified": {"gte": 1_714_521_600_000_i64, "format": "epoch_millis"}}})),
        ("library = 'x'",              json!({"match_none": {}})),
        ("pack in ('a', 'b')",         json!({"bool": {"should": [{"term": {"pack": {"value": "a"}}}, {"term": {"pack": {"value": "b"}}}],
                                                "minimum_should_match": 1}})),
        ("bounds",                     there("usd.bounds")),
    ];
    for (expression, expected) in cases {
        assert_eq!(dsl(expression).unwrap(), *expected, "{expression}");
    }
}

#[test]
fn what_needs_a_script_is_refused_with_what_to_write_instead() {
    #[rustfmt::skip]
    let cases: &[(&str, &str)] = &[
        ("caption.en = 'a lamp'",          "`caption.en` like this: it is indexed word by word"),
        ("prims contains 'Mesh'",          "write prims.Name"),
        ("prims.Mesh > 65536",             "up to 65535"),
        ("modified ~ '2024'",              "it is a time"),
        ("embedding_fingerprint.text ~ 'a'", "use = or in"),
    ];
    for &(expression, words) in cases {
        let error = dsl(expression).unwrap_err();
        assert!(error.to_string().contains(words), "{expression}: {error}");
        assert_eq!(error.exit(), Exit::Usage);
    }
    let long = format!("name ~ '{}'", "x".repeat(300));
    assert!(dsl(&long).unwrap_err().to_string().contains("at most 200 characters"));
}

#[test]
fn nesting_that_elasticsearch_refuses_is_refused_here() {
    let nested = |depth: usize| {
        let begin = "(pack = 'a' or pack = 'b' and ".repeat(depth);
        format!("{begin}pack = 'c'{}", ")".repeat(depth))
    };
    assert!(dsl(&nested(DEPTH_MAX / 2)).is_ok());
    assert_eq!(dsl(&nested(DEPTH_MAX / 2 + 1)).unwrap_err(), DslError::TooDeep);
    let many_nots = format!("{}pack = 'a'", "not ".repeat(60));
    assert!(dsl(&many_nots).is_ok());
}
