//! The answer to a bulk request: each item's own status.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{Action, BulkError, Verdict};

/// What the request asks to be told: few paths, because the server tries each on every item.
pub(crate) const FILTER_PATH: &str = "items.*._id,items.*.status,items.*.error";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    items: Vec<Entry<'a>>,
}

/// One of the two, as it was asked.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    index: Option<Status<'a>>,
    #[serde(borrow)]
    delete: Option<Status<'a>>,
}

/// What became of one item.
#[derive(Debug, Deserialize)]
pub(crate) struct Status<'a> {
    #[serde(borrow, rename = "_id")]
    id: Option<Cow<'a, str>>,
    status: u16,
    #[serde(borrow)]
    error: Option<Cause<'a>>,
}

#[derive(Debug, Deserialize)]
struct Cause<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    caused_by: Option<Box<Cause<'a>>>,
}

/// How to go on with one item.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It has its verdict.
    Settled(Verdict),
    /// The index holds a higher version; which one has to be asked.
    Conflict,
    /// It may pass later.
    Again { status: u16, kind: String },
    /// It may pass when somebody lets the index be written to again.
    Blocked { reason: String },
    /// The whole load ends.
    Ends(BulkError),
}

impl Status<'_> {
    /// Decides by status and type; reasons are for people alone.
    pub(crate) fn fate(&self, action: &Action, index: &str) -> Fate {
        let (kind, reason) = match &self.error {
            None => ("", String::new()),
            Some(cause) => (&*cause.kind, cause.sentence()),
        };
        match (self.status, kind) {
            (200..=299, "") => Fate::Settled(Verdict::Written),
            (404, "") if matches!(action, Action::Delete) => Fate::Settled(Verdict::Written),
            (404, _) => Fate::Ends(BulkError::IndexMissing { index: index.to_owned() }),
            (409, "version_conflict_engine_exception") => Fate::Conflict,
            (_, "cluster_block_exception" | "index_closed_exception") => Fate::Blocked { reason },
            (401, _) => Fate::Ends(BulkError::Unauthorized { reason }),
            (403, _) => Fate::Ends(BulkError::Forbidden { index: index.to_owned(), reason }),
            (status @ (408 | 429 | 500..=599), kind) => {
                Fate::Again { status, kind: kind.to_owned() }
            }
            (status, kind) => {
                Fate::Settled(Verdict::Refused { status, kind: kind.to_owned(), reason })
            }
        }
    }
}

impl Cause<'_> {
    /// The reason and that of its cause, where it has one.
    fn sentence(&self) -> String {
        let own = self.reason.as_deref().unwrap_or(&self.kind);
        match &self.caused_by {
            Some(cause) => format!("{own}: {}", cause.sentence()),
            None => own.to_owned(),
        }
    }
}

/// The status of every item, in the order of `ids`.
///
/// # Errors
///
/// [`BulkError::Protocol`] when the answer does not have exactly one status for each of `ids`, in
/// their order: nothing in it can be trusted then.
pub(crate) fn read<'a>(
    body: &'a [u8],
    ids: impl ExactSizeIterator<Item = &'a str>,
) -> Result<Vec<Status<'a>>, BulkError> {
    let protocol = |reason: String| BulkError::Protocol { reason };
    let answer: Answer<'a> =
        serde_json::from_slice(body).map_err(|error| protocol(error.to_string()))?;
    if answer.items.len() != ids.len() {
        let (got, sent) = (answer.items.len(), ids.len());
        return Err(protocol(format!("{got} items for the {sent} that were sent")));
    }
    let mut statuses = Vec::with_capacity(answer.items.len());
    for (entry, id) in answer.items.into_iter().zip(ids) {
        let Some(status) = entry.index.or(entry.delete) else {
            return Err(protocol(format!("no status for the document {id}")));
        };
        if let Some(other) = status.id.as_deref().filter(|other| *other != id) {
            return Err(protocol(format!("a status of {other} in the place of {id}")));
        }
        statuses.push(status);
    }
    Ok(statuses)
}

/// Type and reason of an answer that is an error as a whole; empty where it says none.
pub(crate) fn whole(body: &[u8]) -> (String, String) {
    #[derive(Deserialize)]
    struct Failed<'a> {
        #[serde(borrow)]
        error: Option<Cause<'a>>,
    }
    match serde_json::from_slice::<Failed>(body) {
        Ok(Failed { error: Some(cause) }) => (cause.kind.to_string(), cause.sentence()),
        _ => (String::new(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn fates(body: &str, ids: &[&str], action: &Action) -> Vec<Fate> {
        let statuses = read(body.as_bytes(), ids.iter().copied()).unwrap();
        statuses.iter().map(|status| status.fate(action, "x")).collect()
    }

    #[test]
    fn each_item_is_judged_by_its_own_status_and_type() {
        let body = r#"{"errors":true,"items":[
            {"index":{"_id":"a","status":201}},
            {"index":{"_id":"b","status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},
            {"index":{"_id":"c","status":400,"error":{"type":"document_parsing_exception","reason":"no","caused_by":{"type":"x","reason":"a \"b\""}}}},
            {"index":{"_id":"d","status":409,"error":{"type":"version_conflict_engine_exception","reason":"v"}}},
            {"index":{"_id":"e","status":429,"error":{"type":"cluster_block_exception","reason":"flood"}}},
            {"index":{"_id":"f","status":503,"error":{"type":"unavailable_shards_exception","reason":"u"}}},
            {"index":{"_id":"g","status":404,"error":{"type":"index_not_found_exception","reason":"n"}}}
        ]}"#;
        let action = Action::Index(Bytes::new());
        let expected = vec![
            Fate::Settled(Verdict::Written),
            Fate::Again { status: 429, kind: "es_rejected_execution_exception".to_owned() },
            Fate::Settled(Verdict::Refused {
                status: 400,
                kind: "document_parsing_exception".to_owned(),
                reason: "no: a \"b\"".to_owned(),
            }),
            Fate::Conflict,
            Fate::Blocked { reason: "flood".to_owned() },
            Fate::Again { status: 503, kind: "unavailable_shards_exception".to_owned() },
            Fate::Ends(BulkError::IndexMissing { index: "x".to_owned() }),
        ];
        let found = fates(body, &["a", "b", "c", "d", "e", "f", "g"], &action);
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }

    #[test]
    fn removing_what_is_not_there_is_done() {
        let body = r#"{"errors":false,"items":[{"delete":{"_id":"a","status":404}}]}"#;
        assert_eq!(fates(body, &["a"], &Action::Delete), [Fate::Settled(Verdict::Written)]);
    }

    #[test]
    fn an_answer_with_other_items_than_were_sent_is_none() {
        for (because, body) in [
            ("one is missing", r#"{"items":[{"index":{"_id":"a","status":201}}]}"#),
            (
                "another's place",
                r#"{"items":[{"index":{"_id":"b","status":201}},{"index":{"_id":"a","status":201}}]}"#,
            ),
            ("no status", r#"{"items":[{"index":{"_id":"a","status":201}},{}]}"#),
            ("no JSON", "<html>"),
        ] {
            assert!(read(body.as_bytes(), ["a", "b"].into_iter()).is_err(), "{because}");
        }
    }
}
