//! Tests of times: a document's are texts of one form, `2024-05-01T10:00:00Z`, and compare as
//! texts; the index keeps points in time.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::super::{Compare, Literal, Test};
use super::exists;
use super::query::Query;

/// Seconds of the years 0 to 9999, in which a later time is a greater text.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

/// A point in time.
pub fn moment(path: &str, test: &Test) -> Result<Query, String> {
    let (compare, wanted) = match test {
        Test::Something => return Ok(exists(path)),
        Test::Compare(compare, Literal::Text(text)) => (*compare, text.as_str()),
        Test::Contains { part, .. } if part.is_empty() => return Ok(exists(path)),
        Test::Contains { .. } | Test::Compare(..) | Test::In(_) => {
            return Err("it is a time there: use = != < <= > >= in".to_owned());
        }
    };
    let not_less = first(|text| text >= wanted);
    let greater = first(|text| text > wanted);
    let from = |second: Option<i64>| match second {
        Some(second) => bound(path, "gte", second),
        None => Query::None,
    };
    let before = |second: Option<i64>| match second {
        Some(second) => bound(path, "lt", second),
        None => exists(path),
    };
    Ok(match compare {
        Compare::Less => before(not_less),
        Compare::LessOrEqual => before(greater),
        Compare::Greater => from(greater),
        Compare::GreaterOrEqual => from(not_less),
        Compare::Equal | Compare::Unequal => match (not_less, greater) {
            (Some(second), greater) if greater != Some(second) => {
                Query::all([bound(path, "gte", second), bound(path, "lt", second + 1)])
            }
            _ => Query::None,
        },
    })
}

fn bound(path: &str, bound: &str, second: i64) -> Query {
    // Rounding would fill up what is missing; here nothing is.
    Query::Clause(json!({"range": {path: {bound: second * 1_000, "format": "epoch_millis"}}}))
}

/// The first second whose text `is_reached`, by halving: once one is, all later ones are.
fn first(is_reached: impl Fn(&str) -> bool) -> Option<i64> {
    let (mut low, mut high) = (FIRST, LAST + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let text = DateTime::<Utc>::from_timestamp_secs(middle)?;
        if is_reached(&text.to_rfc3339_opts(SecondsFormat::Secs, true)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low <= LAST).then_some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_second_of_a_text_is_where_its_comparison_turns() {
        let at = |wanted: &str| {
            let second = first(|text| text >= wanted)?;
            let time = DateTime::<Utc>::from_timestamp_secs(second)?;
            Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
        };
        #[rustfmt::skip]
        let cases: &[(&str, Option<&str>)] = &[
            ("2024-05-01T10:00:00Z",  Some("2024-05-01T10:00:00Z")),
            ("2024-05-01",            Some("2024-05-01T00:00:00Z")),
            ("2024",                  Some("2024-01-01T00:00:00Z")),
            ("2024-02-31",            Some("2024-03-01T00:00:00Z")),
            ("2024-05-01 10:00",      Some("2024-05-01T00:00:00Z")),
            ("",                      Some("0000-01-01T00:00:00Z")),
            ("9999-12-31T23:59:59ZZ", None),
            ("yesterday",             None),
        ];
        for &(wanted, expected) in cases {
            assert_eq!(at(wanted).as_deref(), expected, "{wanted}");
        }
    }
}
