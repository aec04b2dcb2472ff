//! What comes back: answers of searches. Pure.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::super::answer::View;
use super::super::fuse::{Ranking, rounded};
use super::body::{BEST_VIEW, number_of};
use crate::index::IndexError;

/// Documents of an answer by id.
pub type Documents = HashMap<String, Value>;

/// What scores mean.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scale {
    /// `(1 + cosine) / 2`, as a `dense_vector` of similarity `cosine` scores.
    Cosine,
    /// As they are.
    Plain,
}

/// The ranking in an answer; its documents are added to `documents`.
pub fn ranking(field: &str, scale: Scale, answer: &Value, documents: &mut Documents) -> Ranking {
    let mut views = HashMap::new();
    let hits = answer["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut places: Vec<(String, f64)> = hits
        .iter()
        .map(|hit| {
            let id = hit["_id"].as_str().unwrap_or_default();
            documents.entry(id.to_owned()).or_insert_with(|| hit["_source"].clone());
            if let Some(view) = view(field, id, hit) {
                views.insert(id.to_owned(), view);
            }
            let score = hit["_score"].as_f64().unwrap_or_default();
            let score = match scale {
                Scale::Cosine => 2.0 * score - 1.0,
                Scale::Plain => score,
            };
            (id.to_owned(), rounded(score, 6))
        })
        .collect();
    // Of equal scores the lower id first, whatever shard answered first.
    places.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ranking { field: field.to_owned(), places, views }
}

/// The best view of a hit, where views were asked for.
fn view(field: &str, asset_id: &str, hit: &Value) -> Option<View> {
    let best = &hit["inner_hits"][BEST_VIEW]["hits"]["hits"][0]["fields"][number_of(field)][0];
    let number = usize::try_from(best.as_u64()?).ok()?;
    // One view alone may come without its brackets.
    let count = hit["_source"][field].as_array().map_or(1, Vec::len);
    Some(View::of(asset_id, number, count))
}

/// The answers of `_msearch`, one each of `count` searches.
///
/// # Errors
///
/// The first search that failed, or [`IndexError::Protocol`].
pub fn each(mut answer: Value, count: usize) -> Result<Vec<Value>, IndexError> {
    let action = || "POST /_msearch".to_owned();
    let Value::Array(answers) = answer["responses"].take() else {
        return Err(IndexError::Protocol { action: action(), reason: "no responses".to_owned() });
    };
    if answers.len() != count {
        let reason = format!("{} answers to {count} searches", answers.len());
        return Err(IndexError::Protocol { action: action(), reason });
    }
    for answer in &answers {
        let error = &answer["error"];
        let failed = answer["_shards"]["failed"].as_u64().unwrap_or_default();
        if error.is_null() && failed == 0 && answer["timed_out"] != true {
            continue;
        }
        // A shard that failed would leave its documents out, and nobody would notice.
        let error = match error.is_null() {
            true => &answer["_shards"]["failures"][0]["reason"],
            false => error.get("root_cause").map_or(error, |causes| &causes[0]),
        };
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| *status >= 400).unwrap_or(503);
        let (kind, reason) = (text("type"), text("reason"));
        return Err(IndexError::Answer { action: action(), status, kind, reason });
    }
    Ok(answers)
}

/// How many documents an answer counts.
pub fn total(answer: &Value) -> u64 {
    answer["hits"]["total"]["value"].as_u64().unwrap_or_default()
}

/// Whether a hit of `answers` is of another index than `indices`: the alias moved in between.
pub fn strays(answers: &[Value], indices: &BTreeSet<String>) -> bool {
    let hits = answers.iter().filter_map(|answer| answer["hits"]["hits"].as_array()).flatten();
    hits.filter_map(|hit| hit["_index"].as_str()).any(|index| !indices.contains(index))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({"hits": {"total": {"value": 7}, "hits": [
            {"_index": "a", "_id": "3", "_score": 1.0, "_source": {"name": "three"}},
            {"_index": "a", "_id": "2", "_score": 0.25, "_source": {"name": "two"}},
            {"_index": "a", "_id": "1", "_score": 0.25, "_source": {"name": "one"}},
        ]}})
    }

    #[test]
    fn scores_of_vectors_are_cosines_again_and_ties_go_to_the_lower_id() {
        let mut documents = Documents::new();
        let ranking = ranking("text_embedding", Scale::Cosine, &answer(), &mut documents);
        let expected =
            [("3", 1.0), ("1", -0.5), ("2", -0.5)].map(|(id, score)| (id.to_owned(), score));
        assert_eq!(ranking.places, expected);
        assert_eq!(documents["1"]["name"], "one");
        assert_eq!(total(&answer()), 7);
    }

    #[test]
    fn the_best_view_is_in_the_inner_hit_and_how_many_there_are_in_the_source() {
        let inner =
            json!({"best_view": {"hits": {"hits": [{"fields": {"look_views.view": [2]}}]}}});
        let answer = json!({"hits": {"hits": [
            {"_id": "7", "_score": 1.0, "inner_hits": inner,
             "_source": {"look_views": [{"view": 0}, {"view": 1}, {"view": 2}, {"view": 3}]}},
        ]}});
        let ranking = ranking("look_views", Scale::Cosine, &answer, &mut Documents::new());
        let view = &ranking.views["7"];
        assert_eq!((view.number, view.azimuth_degrees), (2, 180.0));
        assert_eq!(view.picture.as_deref(), Some("thumbnails/7/180.png"));
    }

    #[test]
    fn a_search_that_failed_or_saw_a_part_is_an_error() {
        let gone = json!({"error": {"type": "x", "reason": "gone", "root_cause": [
            {"type": "index_not_found_exception", "reason": "no such index"}]}, "status": 404});
        let error = each(json!({"responses": [answer(), gone]}), 2).unwrap_err();
        assert!(error.is_missing() && error.to_string().contains("no such index"), "{error}");
        let part = json!({"_shards": {"failed": 1, "failures": [{"reason": {"reason": "lost"}}]},
            "status": 200});
        let error = each(json!({"responses": [part]}), 1).unwrap_err().to_string();
        assert!(error.contains("lost") && error.contains("503"), "{error}");
        assert!(each(json!({"responses": [answer()]}), 2).is_err());
        assert_eq!(each(json!({"responses": [answer()]}), 1).unwrap(), [answer()]);
    }

    #[test]
    fn a_hit_of_an_index_that_was_not_behind_the_alias_is_noticed() {
        let indices = BTreeSet::from(["a".to_owned()]);
        assert!(!strays(&[answer(), json!({})], &indices));
        assert!(strays(&[answer()], &BTreeSet::from(["b".to_owned()])));
    }
}
