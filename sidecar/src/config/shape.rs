//! The shape of the configuration, read from its JSON Schema: which keys there are, of which type.
//!
//! One schema, generated from the types, serves the editor, the check of a file and the names of
//! the environment variables, so the three cannot disagree.

use serde_json::{Map, Value};

use super::kind::Configured;
use crate::nearest::{nearest, plain};

/// What one place of the configuration may hold. `null` is allowed where `optional` says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be null, which means absent.
    pub optional: bool,
}

/// The kinds of value that the configuration knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// An object of known keys; `required` ones have no default.
    Object { keys: Vec<(String, Shape)>, required: Vec<String> },
    /// An object of any keys.
    Map(Box<Shape>),
    /// A list.
    List { items: Box<Shape>, items_min: u64, items_max: Option<u64> },
    /// Text of at least and at most so many characters; one of `choices` where there are any.
    Text { choices: Vec<String>, chars_min: u64, chars_max: Option<u64> },
    /// A whole number in a range, both ends included.
    Whole { min: i64, max: i64 },
    /// `true` or `false`.
    Flag,
    /// Anything: another system's type.
    Any,
}

impl Shape {
    /// The shape of a whole configuration file.
    pub fn of<T: Configured>() -> Self {
        let schema: Value =
            serde_json::from_str(&T::schema_json()).expect("the schema is written as JSON");
        Self::from_schema(&schema)
    }

    /// Reads the part of JSON Schema that our types use; what it does not know is [`Kind::Any`].
    fn from_schema(schema: &Value) -> Self {
        let Some(schema) = schema.as_object() else {
            return Self { kind: Kind::Any, optional: true };
        };
        if let Some(either) = schema.get("anyOf").and_then(Value::as_array) {
            let optional = either.iter().any(|one| one["type"] == "null");
            let real = either.iter().find(|one| one["type"] != "null").unwrap_or(&Value::Null);
            return Self { kind: Self::from_schema(real).kind, optional };
        }
        if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
            let choices = variants.iter().flat_map(|one| {
                let listed = one["enum"].as_array().cloned().unwrap_or_default();
                listed.into_iter().chain(one.get("const").cloned())
            });
            return Self {
                kind: text(schema, choices.filter_map(own_text).collect()),
                optional: false,
            };
        }
        let (name, optional) = type_name(schema);
        let kind = match name {
            "object" => object(schema),
            "array" => Kind::List {
                items: Box::new(Self::from_schema(&schema["items"])),
                items_min: schema.get("minItems").and_then(Value::as_u64).unwrap_or(0),
                items_max: schema.get("maxItems").and_then(Value::as_u64),
            },
            "string" => {
                let listed = schema.get("enum").and_then(Value::as_array).cloned();
                text(schema, listed.unwrap_or_default().into_iter().filter_map(own_text).collect())
            }
            "integer" => whole(schema),
            "boolean" => Kind::Flag,
            _ => Kind::Any,
        };
        Self { kind, optional }
    }

    /// The key of this object that `name` names without regard to case and underscores.
    pub fn key_like(&self, name: &str) -> Option<(&str, &Shape)> {
        let Kind::Object { keys, .. } = &self.kind else { return None };
        let wanted = plain(name);
        keys.iter().find(|(key, _)| plain(key) == wanted).map(|(key, shape)| (key.as_str(), shape))
    }

    /// The key of this object that `name` probably meant.
    pub fn key_nearest(&self, name: &str) -> Option<&str> {
        let Kind::Object { keys, .. } = &self.kind else { return None };
        nearest(name, keys.iter().map(|(key, _)| key.as_str()))
    }

    /// What belongs here, for a sentence: `a whole number from 1 to 36`.
    pub fn wanted(&self) -> String {
        match &self.kind {
            Kind::Object { .. } => "an object of keys".to_owned(),
            Kind::Map(_) | Kind::Any => "an object".to_owned(),
            Kind::List { .. } => "a list".to_owned(),
            Kind::Text { choices, .. } if choices.is_empty() => "text".to_owned(),
            Kind::Text { choices, .. } => format!("one of {}", choices.join(", ")),
            Kind::Whole { min, max } => match (*min, *max) {
                (i64::MIN, i64::MAX) => "a whole number".to_owned(),
                (min, i64::MAX) => format!("a whole number from {min} up"),
                (min, max) => format!("a whole number from {min} to {max}"),
            },
            Kind::Flag => "true or false".to_owned(),
        }
    }
}

fn type_name(schema: &Map<String, Value>) -> (&str, bool) {
    match schema.get("type") {
        Some(Value::String(one)) => (one, false),
        Some(Value::Array(several)) => {
            let real = several.iter().filter_map(Value::as_str).find(|name| *name != "null");
            (real.unwrap_or_default(), several.iter().any(|name| name == "null"))
        }
        _ => ("", true),
    }
}

fn object(schema: &Map<String, Value>) -> Kind {
    if let Some(keys) = schema.get("properties").and_then(Value::as_object) {
        let required =
            schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        return Kind::Object {
            keys: keys.iter().map(|(key, one)| (key.clone(), Shape::from_schema(one))).collect(),
            required: required.into_iter().filter_map(own_text).collect(),
        };
    }
    match schema.get("additionalProperties") {
        Some(values @ Value::Object(_)) => Kind::Map(Box::new(Shape::from_schema(values))),
        _ => Kind::Any,
    }
}

fn text(schema: &Map<String, Value>, choices: Vec<String>) -> Kind {
    Kind::Text {
        choices,
        chars_min: schema.get("minLength").and_then(Value::as_u64).unwrap_or(0),
        chars_max: schema.get("maxLength").and_then(Value::as_u64),
    }
}

fn whole(schema: &Map<String, Value>) -> Kind {
    let (lowest, highest) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    Kind::Whole {
        min: schema.get("minimum").and_then(Value::as_i64).unwrap_or(lowest),
        max: schema.get("maximum").and_then(Value::as_i64).unwrap_or(highest),
    }
}

fn own_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
