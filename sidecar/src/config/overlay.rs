//! From a variable's name and text to a place and a value.

use serde_json::Value;

use super::environment::{Environment, PREFIX, RESERVED, RESERVED_PREFIXES};
use super::path::{Path, Step};
use super::shape::{Kind, Shape};

/// One variable that sets a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key.
    pub path: Path,
    /// Its value, of the key's type.
    pub value: Value,
    /// The variable.
    pub variable: String,
}

/// What the variables of an environment say.
#[derive(Debug, Default)]
pub struct Settings {
    /// Those that set a key.
    pub settings: Vec<Setting>,
    /// Variable and sentence of those that mean to and cannot.
    pub mistakes: Vec<(String, String)>,
    /// Sentences about those that may be meant for someone else.
    pub warnings: Vec<String>,
}

/// Reads every `VITRINE_…` variable that is not reserved.
///
/// A variable whose first part names no key is no mistake: a cluster sets `VITRINE_PORT` and more
/// in every pod beside a Service called `vitrine`.
pub fn settings(environment: &Environment, shape: &Shape) -> Settings {
    let mut read = Settings::default();
    for (name, text) in environment.starting_with(PREFIX) {
        let reserved = RESERVED.contains(&name)
            || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if reserved {
            continue;
        }
        let parts: Vec<&str> = name[PREFIX.len()..].split("__").collect();
        let Some((top, path)) = first_step(shape, parts[0]) else {
            read.warnings.extend(near_miss(shape, name, parts[0]));
            continue;
        };
        match descend(top, path, &parts[1..]).and_then(|(shape, path)| {
            let value = parse(shape, text)?;
            Ok(Setting { path, value, variable: name.to_owned() })
        }) {
            Ok(setting) => read.settings.push(setting),
            Err(message) => read.mistakes.push((name.to_owned(), message)),
        }
    }
    read
}

/// A key of `spec`, or `metadata`.
fn first_step<'a>(shape: &'a Shape, part: &str) -> Option<(&'a Shape, Path)> {
    let (spec, below) = shape.key_like("spec")?;
    if let Some((key, inner)) = below.key_like(part) {
        return Some((inner, Path::default().key(spec).key(key)));
    }
    let (key, inner) = shape.key_like(part).filter(|(key, _)| *key == "metadata")?;
    Some((inner, Path::default().key(key)))
}

fn near_miss(shape: &Shape, name: &str, part: &str) -> Option<String> {
    let (_, below) = shape.key_like("spec")?;
    let near = below.key_nearest(part)?;
    let variable = Path::in_spec(near).variable();
    // `VITRINE_SEARCH_PORT` is what a cluster says of a Service, not a slip of ours.
    let whole = crate::nearest::plain(part).len().abs_diff(crate::nearest::plain(near).len()) <= 2;
    whole.then(|| format!("{name} names no key and is ignored; did you mean {variable}?"))
}

fn descend<'a>(
    mut shape: &'a Shape,
    mut path: Path,
    parts: &[&str],
) -> Result<(&'a Shape, Path), String> {
    for (position, part) in parts.iter().enumerate() {
        (shape, path) = match &shape.kind {
            Kind::Object { keys, .. } => match shape.key_like(part) {
                Some((key, inner)) => (inner, path.key(key)),
                None => {
                    return Err(match shape.key_nearest(part) {
                        Some(near) => {
                            format!("sets no key; did you mean {}?", path.key(near).variable())
                        }
                        None => {
                            let known: Vec<String> =
                                keys.iter().map(|(key, _)| path.key(key).variable()).collect();
                            format!("sets no key; known are {}", known.join(", "))
                        }
                    });
                }
            },
            Kind::List { items, .. } => match part.parse::<usize>() {
                Ok(index) => (&**items, path.join(Step::Index(index))),
                Err(_) => {
                    let first = path.join(Step::Index(0)).variable();
                    return Err(format!("`{path}` is a list; begin with {first}"));
                }
            },
            // The variable's name has lost the key's case, so only lower-case keys can be set.
            Kind::Map(inner) => {
                let key = parts[position..].join("__").to_lowercase();
                return Ok((inner, path.key(&key)));
            }
            Kind::Text { .. } | Kind::Whole { .. } | Kind::Flag | Kind::Any => {
                return Err(format!("`{path}` has no keys below; set {}", path.variable()));
            }
        };
    }
    Ok((shape, path))
}

/// Reads `text` as the type of the key. Lists may be written `a,b`; objects and lists as JSON or
/// in YAML's flow style.
fn parse(shape: &Shape, text: &str) -> Result<Value, String> {
    let refuse = || Err(format!("`{text}` is not {}", shape.wanted()));
    if shape.optional && (text.is_empty() || text == "null") {
        return Ok(Value::Null);
    }
    match &shape.kind {
        Kind::Text { .. } => Ok(Value::String(text.to_owned())),
        Kind::Whole { .. } => match text.trim().parse::<i64>() {
            Ok(whole) => Ok(Value::from(whole)),
            Err(_) => refuse(),
        },
        Kind::Flag => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Value::Bool(true)),
            "false" | "0" | "no" | "off" => Ok(Value::Bool(false)),
            _ => refuse(),
        },
        Kind::List { items, .. } if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| parse(items, part)).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::List { .. } => match serde_saphyr::from_str::<Value>(text) {
            Ok(list @ Value::Array(_)) => Ok(list),
            _ => refuse(),
        },
        Kind::Object { .. } | Kind::Map(_) | Kind::Any => {
            match serde_saphyr::from_str::<Value>(text) {
                Ok(object @ Value::Object(_)) => Ok(object),
                _ => Err(format!("`{text}` is not an object; write {{\"key\": \"value\"}}")),
            }
        }
    }
}
