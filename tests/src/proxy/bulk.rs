//! Bulk requests taken apart, and their answers put together again.

use serde_json::{Value, json};

use super::fault::ItemError;
use crate::http::Head;

/// A bulk request of which some items are kept back.
pub(super) struct Split {
    /// What goes to the server.
    pub(super) body: Vec<u8>,
    /// Items in it.
    pub(super) kept: usize,
    /// All items in order: action, index, id, and whether it was picked.
    items: Vec<(String, Value, String, bool)>,
}

/// Takes the items out that `pick` names by number and id.
pub(super) fn split(body: &[u8], pick: impl Fn(usize, &str) -> bool) -> Split {
    let mut lines = body.split_inclusive(|&byte| byte == b'\n');
    let mut split = Split { body: Vec::new(), kept: 0, items: Vec::new() };
    while let Some(line) = lines.next() {
        let Ok(action) = serde_json::from_slice::<Value>(line) else { continue };
        let Some((verb, target)) = action.as_object().and_then(|all| all.iter().next()) else {
            continue;
        };
        let id = target["_id"].as_str().unwrap_or_default().to_owned();
        let document = if verb == "delete" { None } else { lines.next() };
        let picked = pick(split.items.len(), &id);
        if !picked {
            split.body.extend_from_slice(line);
            split.body.extend_from_slice(document.unwrap_or_default());
            split.kept += 1;
        }
        split.items.push((verb.clone(), target["_index"].clone(), id, picked));
    }
    split
}

/// The server's answer with the items that were kept back, as errors, at their places.
pub(super) fn merge(
    (head, body): (Head, Vec<u8>),
    split: &Split,
    error: &ItemError,
) -> (Head, Vec<u8>) {
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return (head, body) };
    let Some(items) = answer["items"].as_array() else { return (head, body) };
    let mut answered = items.clone().into_iter();
    let mut harmed = false;
    let mut all = Vec::with_capacity(split.items.len());
    for (verb, index, id, picked) in &split.items {
        if *picked {
            harmed = true;
            let mut item = serde_json::Map::new();
            let inside =
                json!({"_index": index, "_id": id, "status": error.status, "error": error.json()});
            item.insert(verb.clone(), inside);
            all.push(Value::Object(item));
        } else {
            all.extend(answered.next());
        }
    }
    answer["items"] = Value::Array(all);
    if harmed {
        answer["errors"] = Value::Bool(true);
    }
    (head, answer.to_string().into_bytes())
}
