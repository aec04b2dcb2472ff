//! What expressions mean, and what is said about mistakes.

use serde_json::json;

use super::*;

fn forklift() -> Value {
    json!({
        "asset_id": "0123456789abcdef", "name": "Forklift", "pack": "warehouse",
        "tags": ["forklift", "lift", "vehicle"], "size_bytes": 2048,
        "modified": "2024-05-01T10:00:00Z", "used_by": 0,
        "caption": {"en": "A yellow \"fork\" lift"}, "has_visual_embedding": false,
        "embedding_fingerprint": {"text": "abc"},
        "usd": {
            "up_axis": "Z", "has_animation": true, "points": 1200, "cameras": ["/Root/Cam"],
            "prims": {"Mesh": 4, "(untyped)": 1}, "kinds": {"component": 1},
            "variant_sets": [{"prim": "/R", "name": "color", "variants": ["a"], "selection": "a"}],
            "missing_dependencies": [],
            "bounds": {"min": [0, 0, 0], "max": [1, 2, 3], "size_m": [1.25, 2.5, 0.5]},
        },
    })
}

fn matches(text: &str) -> bool {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).matches(&forklift())
}

#[test]
fn expressions_mean_what_they_say() {
    #[rustfmt::skip]
    let cases: &[(&str, bool)] = &[
        ("size_m < 3 and has_animation",                   true),
        ("size_m<2 and has_animation",                     false),
        ("size_m = 2.5",                                   true),
        ("usd.bounds.size_m >= 2.5",                       true),
        ("height_m = .5 and size_x_m = 125e-2",            true),
        ("points > 1e3 and not (faces > 0)",               true),
        ("usd.points == 1200",                             true),
        ("prims.Mesh = 4 and prims.Xform = 0",             true),
        ("prims.'(untyped)' = 1",                          true),
        ("prims contains 'mesh'",                          true),
        ("kinds.component",                                true),
        ("kinds.assembly",                                 false),
        ("pack = 'warehouse'",                             true),
        ("pack = 'Warehouse'",                             false),
        ("pack in ('office', \"warehouse\")",              true),
        ("pack not in ('office', 'kitchen')",              true),
        ("points in (1, 1200)",                            true),
        ("name ~ 'fork'",                                  true),
        ("name contains 'LIFT'",                           true),
        ("tags contains 'lift'",                           true),
        ("tags contains 'fork'",                           false),
        ("tags ~ 'fork'",                                  true),
        ("variant_sets contains 'color'",                  true),
        ("cameras and not missing_dependencies",           true),
        ("lights",                                         false),
        ("bounds",                                         true),
        ("caption.en ~ '\"fork\"'",                        true),
        ("caption.en = 'A yellow \"fork\" lift'",          true),
        ("caption.en = \"A yellow \\\"fork\\\" lift\"",    true),
        ("caption.zh = 'x'",                               false),
        ("caption.zh != 'x'",                              true),
        ("not caption.zh",                                 true),
        ("has_animation = TRUE AND NOT has_visual_embedding", true),
        ("has_animation != true",                          false),
        ("modified > '2024-01-01'",                        true),
        ("embedding_fingerprint.text = 'abc'",             true),
        ("used_by or used_by or points",                   true),
        // `and` binds before `or`.
        ("points or points and used_by",                   true),
        ("(points or points) and used_by",                 false),
        ("not points or points",                           true),
        ("size_bytes > -1",                                true),
    ];
    for &(text, expected) in cases {
        assert_eq!(matches(text), expected, "{text}");
    }
}

#[test]
fn a_mistake_points_at_its_column_and_says_what_to_write() {
    #[rustfmt::skip]
    let cases: &[(&str, usize, &str)] = &[
        ("",                          1,  "expected a field"),
        ("siz_m < 2",                 1,  "did you mean `size_m`?"),
        ("points > 1 and pionts < 3", 16, "did you mean `points`?"),
        ("banana = 3",                1,  "unknown field `banana`"),
        ("pack = warehouse",          8,  "write 'warehouse'"),
        ("points = 'many'",           10, "expected a number"),
        ("points < ",                 10, "expected a number, found the end"),
        ("tags = 'lift'",             8,  "tags contains 'word'"),
        ("prims > 3",                 9,  "prims.Name > 0"),
        ("has_animation < true",      1,  "write `has_animation` or `not has_animation`"),
        ("points ~ 'x'",              10, "is a number"),
        ("(points",                   8,  "expected `)`"),
        ("points points",             8,  "expected `and`, `or` or the end"),
        ("name = 'x",                 8,  "not closed"),
        ("points > 12kg",             10, "`12kg` is not a number"),
        ("points > 1e999",            10, "`1e999` is not a number"),
        ("名前 = 3",                   1,  "unknown field `名前`"),
        ("points > 3 ; x",            12, "`;` has no meaning"),
        ("pack in 'a'",               9,  "expected `(`"),
        ("pack in ('a' 'b')",         14, "expected `,` or `)`"),
        ("usd. > 3",                  6,  "expected a name after the dot"),
        ("points not 3",              8,  "expected `and`, `or` or the end"),
    ];
    for &(text, column, words) in cases {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("points > {}1", " ".repeat(LENGTH_BYTES_MAX));
    assert_eq!(Filter::parse(&long).unwrap_err().mistake, Mistake::TooLong);
    let nested = |depth: usize| format!("{}points{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(DEPTH_MAX - 1)).is_ok());
    assert_eq!(Filter::parse(&nested(DEPTH_MAX)).unwrap_err().mistake, Mistake::TooDeep);
    assert_eq!(Filter::parse(&"not ".repeat(900)).unwrap_err().mistake, Mistake::TooDeep);
}

/// Random texts over the language's own pieces: most are no expressions, and none may do harm.
#[test]
fn no_text_makes_the_parser_or_a_filter_panic_and_not_inverts_every_filter() {
    const PIECES: &[&str] = &[
        "size_m",
        "points",
        "pack",
        "tags",
        "prims",
        ".",
        "Mesh",
        "has_animation",
        "bounds",
        "and",
        "or",
        "not",
        "in",
        "contains",
        "~",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        ">=",
        "'a'",
        "\"",
        "'",
        "1",
        "-2.5e3",
        ".",
        "true",
        "é",
        "箱",
        "\\",
        "\u{0}",
        "caption",
        "en",
        "usd",
        " ",
    ];
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let document = forklift();
    let mut parsed = 0;
    for _ in 0..20_000 {
        let text: Vec<&str> = (0..1 + next(9)).map(|_| PIECES[next(PIECES.len())]).collect();
        let text = text.join(if next(2) == 0 { " " } else { "" });
        match Filter::parse(&text) {
            Ok(filter) => {
                parsed += 1;
                let inverse = Filter::parse(&format!("not ({text})")).unwrap();
                assert_ne!(filter.matches(&document), inverse.matches(&document), "{text}");
                assert!(
                    !Filter::parse(&format!("({text}) and not ({text})"))
                        .unwrap()
                        .matches(&document)
                );
            }
            Err(error) => {
                let end = text.chars().count() + 1;
                assert!((1..=end).contains(&error.column), "{text:?}: {error}");
            }
        }
    }
    assert!(parsed > 200, "only {parsed} of the texts were expressions: the test proves little");
}

#[test]
fn numbers_compare_as_numbers_compare() {
    for a in [-3.5, -1.0, 0.0, 0.5, 2.0, 1e9] {
        let document = json!({"size_bytes": a});
        for b in [-3.5, -1.0, 0.0, 0.5, 2.0, 1e9] {
            for (sign, expected) in [
                ("<", a < b),
                ("<=", a <= b),
                (">", a > b),
                (">=", a >= b),
                ("=", a == b),
                ("!=", a != b),
            ] {
                let filter = Filter::parse(&format!("size_bytes {sign} {b}")).unwrap();
                assert_eq!(filter.matches(&document), expected, "{a} {sign} {b}");
            }
        }
    }
}

#[test]
fn every_field_of_a_document_can_be_named() {
    use crate::asset::Document;
    use std::collections::BTreeMap;
    use vitrine_usd::{Bounds, Metadata};

    let filled = json!({
        "asset_id": "a", "name": "a", "library": "a", "pack": "a", "uri": "a", "path": "a",
        "tags": ["a"], "size_bytes": 1, "modified": "a", "fingerprint": "a",
        "embedding_fingerprint": {}, "extractor_version": "a", "indexed_at": "a", "used_by": 1,
        "caption": {"en": "a", "zh": "a"}, "description": "a", "thumbnail_uri": "a",
        "has_visual_embedding": true,
        "usd": Metadata {
            default_prim: Some("a".to_owned()),
            documentation: Some("a".to_owned()),
            bounds: Some(Bounds::default()),
            prims: BTreeMap::from([("Mesh".to_owned(), 1)]),
            ..Metadata::default()
        },
    });
    let document: Document = serde_json::from_value(filled).unwrap();
    let document = serde_json::to_value(document).unwrap();
    let mut names: Vec<String> = Vec::new();
    for (key, value) in document.as_object().unwrap() {
        match key.as_str() {
            "usd" | "caption" => {
                names.extend(
                    value.as_object().unwrap().keys().map(|inner| format!("{key}.{inner}")),
                );
            }
            _ => names.push(key.clone()),
        }
    }
    assert!(names.len() > 35, "{names:?}");
    for name in names {
        assert!(FIELDS.iter().any(|field| field.name == name), "`{name}` is not in FIELDS");
    }
}

#[test]
fn the_page_about_expressions_names_every_field() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/where.md");
    let page = std::fs::read_to_string(page).unwrap();
    for Known { name, .. } in FIELDS.iter().chain(ALIASES) {
        assert!(page.contains(&format!("`{name}`")), "docs/where.md does not name `{name}`");
    }
}
