//! Compares a tree of values with the shape it should have, and finds every mistake.

use serde_json::Value;

use super::path::{Path, Step};
use super::shape::{Kind, Shape};

/// A mistake and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Where.
    pub path: Path,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Collects every mistake of `tree` and takes out what is wrong, so that what is left can be read
/// into types and checked further.
pub fn check(tree: &mut Value, shape: &Shape) -> Vec<Found> {
    let mut found = Vec::new();
    visit(tree, shape, &Path::default(), &mut found);
    found
}

/// Returns whether the value may stay.
fn visit(value: &mut Value, shape: &Shape, path: &Path, found: &mut Vec<Found>) -> bool {
    if value.is_null() && shape.optional {
        return true;
    }
    let mut wrong = |message: String| {
        found.push(Found { path: path.clone(), message });
        false
    };
    match (&shape.kind, &mut *value) {
        (Kind::Object { keys, required }, Value::Object(object)) => {
            let unknown: Vec<String> = object
                .keys()
                .filter(|key| !keys.iter().any(|(name, _)| name == *key))
                .cloned()
                .collect();
            for key in unknown {
                object.shift_remove(&key);
                let message = unknown_key(shape, path, &key);
                found.push(Found { path: path.key(&key), message });
            }
            // A key with nothing after it is a key that was left out.
            object.retain(|_, held| !held.is_null());
            for (key, inner) in keys {
                let below = path.key(key);
                match object.get_mut(key) {
                    Some(held) => {
                        let stays = visit(held, inner, &below, found);
                        if !stays {
                            object.shift_remove(key);
                        }
                    }
                    None if required.contains(key) => {
                        let message = missing(&below, inner);
                        found.push(Found { path: below, message });
                    }
                    None => {}
                }
            }
            true
        }
        (Kind::Map(inner), Value::Object(object)) => {
            object.retain(|key, held| visit(held, inner, &path.key(key), found));
            true
        }
        (Kind::List { items, items_min, items_max }, Value::Array(list)) => {
            let count = list.len() as u64;
            if count < *items_min {
                return wrong(format!("needs at least {items_min} items"));
            }
            if items_max.is_some_and(|max| count > max) {
                let max = items_max.unwrap_or_default();
                return wrong(format!("has {count} items; at most {max} are allowed"));
            }
            // A wrong item would shift those after it, so a list with one goes as a whole.
            let before = found.len();
            for (index, item) in list.iter_mut().enumerate() {
                visit(item, items, &path.join(Step::Index(index)), found);
            }
            found.len() == before
        }
        (Kind::Text { choices, chars_min, chars_max }, Value::String(text)) => {
            let count = text.chars().count() as u64;
            if !choices.is_empty() && !choices.contains(text) {
                return wrong(format!("`{text}` is not {}", shape.wanted()));
            }
            if count < *chars_min {
                return wrong("is empty".to_owned());
            }
            if chars_max.is_some_and(|max| count > max) {
                let max = chars_max.unwrap_or_default();
                return wrong(format!("has {count} characters; at most {max} are allowed"));
            }
            true
        }
        (Kind::Whole { min, max }, Value::Number(number)) => match number.as_i64() {
            Some(whole) if (*min..=*max).contains(&whole) => true,
            _ => wrong(format!("{number} is not {}", shape.wanted())),
        },
        (Kind::Flag, Value::Bool(_)) => true,
        (Kind::Any, Value::Object(_)) => true,
        (Kind::Text { choices, .. }, Value::Number(_) | Value::Bool(_)) if choices.is_empty() => {
            wrong(format!("needs text; write it in quotes: \"{value}\""))
        }
        (_, other) => wrong(format!("needs {}, not {}", shape.wanted(), describe(other))),
    }
}

fn unknown_key(shape: &Shape, path: &Path, key: &str) -> String {
    // The most likely slip of someone who writes the first file by hand.
    if path.0.is_empty()
        && let Some((_, spec)) = shape.key_like("spec")
        && let Some((inner, _)) = spec.key_like(key)
    {
        return format!("is not known at the top; write `{inner}` under `spec:`");
    }
    let Kind::Object { keys, .. } = &shape.kind else { return "is not known".to_owned() };
    match shape.key_nearest(key) {
        Some(near) => format!("is not known; did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
            format!("is not known; the keys here are {}", known.join(", "))
        }
    }
}

fn missing(path: &Path, shape: &Shape) -> String {
    let cure = match shape.kind {
        Kind::Object { .. } => "add it to the file".to_owned(),
        _ => format!("add it to the file or set {}", path.variable()),
    };
    format!("is missing: {}; {cure}", shape.wanted())
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) if text.chars().count() <= 40 => format!("`{text}`"),
        Value::String(_) => "a long text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
