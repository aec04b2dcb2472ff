//! The configuration in force, for people and for programs. Never a secret.

use serde_json::{Map, Value, json};

use super::path::{Path, Step};
use super::{Configured, Environment, Loaded, Origin};

/// Variables that say where a cluster is: no secrets.
const PLAIN: [&str; 3] = ["ELASTICSEARCH_HOST", "ELASTICSEARCH_PORT", "ELASTICSEARCH_INDEX"];

/// YAML that can be used as a file again; a remark says where each value came from.
pub fn yaml<T: Configured>(loaded: &Loaded<T>, environment: &Environment) -> String {
    let mut lines = Vec::new();
    write(&tree(loaded), &Path::default(), 0, "", &mut lines);
    let widest = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
    let mut out = String::new();
    for (line, path) in lines {
        match path {
            Some(path) => {
                let origin = loaded.origin(&path);
                out.push_str(&format!("{line:widest$}  # {origin}\n"));
            }
            None => out.push_str(&format!("{line}\n")),
        }
    }
    for (name, origin) in credentials(environment) {
        let value = environment.get(name).filter(|value| {
            // A URL may hold a password.
            PLAIN.contains(&name) && !value.contains('@')
        });
        let value = value.unwrap_or("value not shown");
        out.push_str(&format!("# {name}: {origin}, {value}\n"));
    }
    out
}

/// `config`, `origins` by key, and the names of `credentials`.
pub fn json<T: Configured>(loaded: &Loaded<T>, environment: &Environment) -> Value {
    let tree = tree(loaded);
    let mut origins = Map::new();
    super::leaves(&tree, &Path::default(), &mut |path| {
        origins.insert(path.to_string(), json!(loaded.origin(&path).to_string()));
    });
    let credentials: Map<String, Value> =
        credentials(environment).map(|(name, origin)| (name.to_owned(), json!(origin))).collect();
    json!({ "config": tree, "origins": origins, "credentials": credentials })
}

/// The configuration as values, without placeholders of what a command may give and
/// without the queries of URIs, which may carry signatures.
fn tree<T: Configured>(loaded: &Loaded<T>) -> Value {
    let mut tree = serde_json::to_value(&loaded.resource)
        .expect("a configuration is made of texts, numbers and flags");
    for given in T::GIVEN {
        let given = Path::in_spec(given);
        if loaded.origin(&given) == Origin::Default {
            let _ = given.set(&mut tree, Value::Null);
        }
    }
    redact(&mut tree);
    tree
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((before, _)) = text.split_once('?')
                && before.contains("://")
            {
                *text = format!("{before}?redacted");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(redact),
        Value::Object(object) => object.values_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn credentials(environment: &Environment) -> impl Iterator<Item = (&str, &'static str)> {
    environment.credential_names().into_iter().map(|name| {
        (
            name,
            if environment.is_from_file(name) { "set in .env" } else { "set in the environment" },
        )
    })
}

/// One line for each value, with its path where it has an origin of its own.
fn write(
    value: &Value,
    at: &Path,
    depth: usize,
    lead: &str,
    lines: &mut Vec<(String, Option<Path>)>,
) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (position, (key, held)) in object.iter().enumerate() {
                // The first key of a list's item stands behind its dash.
                let start = match position {
                    0 if !lead.is_empty() => format!("{}{lead}", "  ".repeat(depth - 1)),
                    _ => indent.clone(),
                };
                entry(held, &at.key(key), depth, format!("{start}{}:", scalar(key)), lines);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, held) in list.iter().enumerate() {
                let below = at.join(Step::Index(index));
                match held {
                    Value::Object(object) if !object.is_empty() => {
                        write(held, &below, depth + 1, "- ", lines);
                    }
                    _ => lines.push((format!("{indent}- {}", flow(held)), Some(below))),
                }
            }
        }
        _ => lines.push((format!("{indent}{}", flow(value)), Some(at.clone()))),
    }
}

fn entry(
    held: &Value,
    at: &Path,
    depth: usize,
    start: String,
    lines: &mut Vec<(String, Option<Path>)>,
) {
    let is_branch = match held {
        Value::Object(object) => !object.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if is_branch {
        lines.push((start, None));
        write(held, at, depth + 1, "", lines);
    } else {
        lines.push((format!("{start} {}", flow(held)), Some(at.clone())));
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML would read something else.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '.'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-:@?=&~+".contains(c))
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n" | ".nan" | ".inf"
        )
        && text.parse::<f64>().is_err();
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Loader;

    fn loaded(variables: &[(&str, &str)]) -> (Loaded, Environment) {
        let owned = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let environment =
            Environment::from_parts(owned, "AWS_SECRET_ACCESS_KEY=hunter2", ".env").unwrap();
        (Loader::with(None, environment.clone()).load().unwrap(), environment)
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_configuration() {
        let (loaded, environment) = loaded(&[
            ("VITRINE_SOURCE__URI", "a b: #c"),
            ("VITRINE_SOURCE__EXCLUDE", "**/x,yes,1.5"),
            (
                "VITRINE_WORKERS__POD__TOLERATIONS",
                "[{key: gpu, operator: Exists}, {effect: NoExecute}]",
            ),
            ("VITRINE_WORKERS__POD__AFFINITY", "{nodeAffinity: {a: [{b: [1, {c: null}]}]}}"),
        ]);
        let text = yaml(&loaded, &environment);
        let back: vitrine_crds::library::AssetLibrary = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(back, loaded.resource, "{text}");
        assert!(text.contains("# VITRINE_SOURCE__URI"), "{text}");
        assert!(text.contains("# default"), "{text}");
    }

    #[test]
    fn names_of_credentials_are_shown_and_values_are_not() {
        let (loaded, environment) =
            loaded(&[("VITRINE_SOURCE__URI", "https://host/packs?sig=hunter2")]);
        for text in [yaml(&loaded, &environment), json(&loaded, &environment).to_string()] {
            assert!(text.contains("AWS_SECRET_ACCESS_KEY"), "{text}");
            assert!(text.contains("https://host/packs?redacted"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
