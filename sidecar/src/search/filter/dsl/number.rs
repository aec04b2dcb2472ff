//! Tests of numbers, counts and flags.

use serde_json::{Value, json};

use super::super::{Compare, Literal, Test};
use super::query::Query;
use super::{exists, range, term};

/// Highest count that is compared: Elasticsearch takes this many numbers in one clause.
const COUNT_MAX: u64 = 65_535;

/// Numbers with a fraction.
pub fn real(path: &str, test: &Test) -> Result<Query, String> {
    match test {
        Test::Something => Ok(not_zero(path)),
        Test::Compare(compare, Literal::Number(number)) => Ok(range(path, *compare, *number)),
        other => Err(wrong(other)),
    }
}

/// Whole numbers: Elasticsearch refuses bounds that are outside of theirs.
pub fn whole(path: &str, test: &Test) -> Result<Query, String> {
    let (compare, number) = match test {
        Test::Something => return Ok(not_zero(path)),
        Test::Compare(compare, Literal::Number(number)) => (*compare, *number),
        other => return Err(wrong(other)),
    };
    // Below it every whole number is exact; no size and no count is beyond.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let bound = match compare {
        Compare::Equal | Compare::Unequal if number.fract() != 0.0 => return Ok(Query::None),
        Compare::Equal | Compare::Unequal => number,
        Compare::Less | Compare::GreaterOrEqual => number.ceil(),
        Compare::LessOrEqual | Compare::Greater => number.floor(),
    };
    let bound = bound.clamp(-EXACT, EXACT) as i64;
    Ok(range(path, compare, bound))
}

/// True or false.
pub fn flag(path: &str, test: &Test) -> Result<Query, String> {
    match test {
        Test::Something => Ok(term(path, true)),
        Test::Compare(Compare::Equal, Literal::Flag(flag)) => Ok(term(path, *flag)),
        other => Err(wrong(other)),
    }
}

/// Counts by name, which are kept as texts, `10` before `9`: a comparison names every number on
/// the shorter side. What is not counted is there zero times, with `path` or without.
pub fn count(path: Option<&str>, test: &Test) -> Result<Query, String> {
    // How many counts, from 0, are below what the test lets through, or let through themselves.
    let (below, is_asked) = match test {
        Test::Something => (1, false),
        Test::Compare(compare, Literal::Number(number)) => match compare {
            Compare::Equal | Compare::Unequal => {
                let is_count = number.fract() == 0.0 && (0.0..=9e15).contains(number);
                return Ok(match (is_count, path) {
                    (false, _) => Query::None,
                    (true, _) if *number == 0.0 => zero(path),
                    (true, None) => Query::None,
                    (true, Some(path)) => term(path, format!("{}", *number as u64)),
                });
            }
            Compare::Less => (counts_below(number.ceil())?, true),
            Compare::LessOrEqual => (counts_below(number.floor() + 1.0)?, true),
            Compare::Greater => (counts_below(number.floor() + 1.0)?, false),
            Compare::GreaterOrEqual => (counts_below(number.ceil())?, false),
        },
        other => return Err(wrong(other)),
    };
    let less = match (below, path) {
        (0, _) => Query::None,
        (_, None) => Query::Every,
        (1, _) => zero(path),
        (below, Some(path)) => {
            let named: Vec<Value> = (1..below).map(|count| count.to_string().into()).collect();
            Query::any([zero(Some(path)), Query::Clause(json!({"terms": {path: named}}))])
        }
    };
    Ok(if is_asked { less } else { less.negated() })
}

/// How many counts are less than `number`.
fn counts_below(number: f64) -> Result<u64, String> {
    if number <= 0.0 {
        return Ok(0);
    }
    if number > COUNT_MAX as f64 {
        return Err(format!("numbers by name are compared up to {COUNT_MAX}; `=` takes any"));
    }
    Ok(number as u64)
}

fn zero(path: Option<&str>) -> Query {
    match path {
        None => Query::Every,
        Some(path) => Query::any([exists(path).negated(), term(path, "0")]),
    }
}

fn not_zero(path: &str) -> Query {
    Query::all([exists(path), term(path, 0).negated()])
}

fn wrong(test: &Test) -> String {
    // The parser lets no other test through; an index whose mapping is not ours may meet one.
    match test {
        Test::Contains { .. } => "the index keeps numbers there, which contain nothing".to_owned(),
        Test::Something | Test::Compare(..) | Test::In(_) => {
            "the index keeps numbers or flags there, and the expression compares with something \
             else"
                .to_owned()
        }
    }
}
