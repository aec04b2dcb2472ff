//! Tests of texts.

use serde_json::json;

use super::super::{Compare, Literal, Test};
use super::query::Query;
use super::{exists, range, term};

/// Longest part that is looked for inside of texts: longer ones make automatons that
/// Elasticsearch refuses.
const PART_CHARACTERS_MAX: usize = 200;
/// Comes after every text.
const LAST: &str = "\u{10ffff}";

/// Whole texts, one or a list.
pub fn keyword(path: &str, test: &Test) -> Result<Query, String> {
    match test {
        Test::Something => Ok(not_empty(path)),
        Test::Compare(compare, Literal::Text(text)) => Ok(range(path, *compare, text.as_str())),
        Test::Contains { part, whole } => contains(path, part, *whole),
        Test::Compare(..) | Test::In(_) => Err(NO_TEXT.to_owned()),
    }
}

/// Texts by name, in a `flattened` field.
pub fn key(path: &str, test: &Test) -> Result<Query, String> {
    match test {
        Test::Something => Ok(not_empty(path)),
        Test::Compare(compare, Literal::Text(text)) => {
            // Elasticsearch before 9.2 takes no range there that is open at one end.
            let (low, high) = match compare {
                Compare::Equal | Compare::Unequal => return Ok(term(path, text.as_str())),
                Compare::Less => (("gte", ""), ("lt", text.as_str())),
                Compare::LessOrEqual => (("gte", ""), ("lte", text.as_str())),
                Compare::Greater => (("gt", text.as_str()), ("lte", LAST)),
                Compare::GreaterOrEqual => (("gte", text.as_str()), ("lte", LAST)),
            };
            Ok(Query::Clause(json!({"range": {path: {low.0: low.1, high.0: high.1}}})))
        }
        Test::Contains { .. } => {
            Err("parts of texts by name are not indexed; use = or in".to_owned())
        }
        Test::Compare(..) | Test::In(_) => Err(NO_TEXT.to_owned()),
    }
}

const NO_TEXT: &str =
    "the index keeps texts there, and the expression compares with something else";

fn not_empty(path: &str) -> Query {
    Query::all([exists(path), term(path, "").negated()])
}

/// Texts that are `part`, or hold it, upper and lower case aside; `part` is in lower case.
fn contains(path: &str, part: &str, whole: bool) -> Result<Query, String> {
    if part.is_empty() {
        return Ok(if whole { term(path, "") } else { exists(path) });
    }
    if part.chars().count() > PART_CHARACTERS_MAX {
        return Err(format!("parts of texts have at most {PART_CHARACTERS_MAX} characters there"));
    }
    let around = |pattern: String, any: &str| match whole {
        true => pattern,
        false => format!("{any}{pattern}{any}"),
    };
    // `case_insensitive` knows ASCII alone.
    Ok(Query::Clause(if part.is_ascii() {
        let value = around(escaped(part, "*?\\"), "*");
        json!({"wildcard": {path: {"value": value, "case_insensitive": true}}})
    } else {
        let value: String = part.chars().map(both_cases).collect();
        json!({"regexp": {path: {"value": around(value, ".*"), "flags": "NONE"}}})
    }))
}

/// A character as a regular expression that takes it in upper and in lower case.
fn both_cases(lower: char) -> String {
    let itself = escaped(&lower.to_string(), ".?+*|{}[]()\"\\#@&<>~^$-");
    let mut upper = lower.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if upper != lower => format!("({itself}|{upper})"),
        _ => itself,
    }
}

fn escaped(text: &str, special: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
