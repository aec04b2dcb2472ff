//! What an index can be asked of a field: its mapping, read as `GET <index>/_mapping` gives it.

use serde_json::Value;

/// The properties of an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    properties: Value,
}

/// How a field is stored, and under which path it is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stored {
    /// Whole texts.
    Keyword(String),
    /// Words; there is no field of the whole text beside them.
    Words(String),
    /// Words, and the whole text beside them where it is not too long.
    Text {
        /// Where its words are.
        words: String,
        /// Where it is whole.
        whole: String,
    },
    /// A point in time.
    Date(String),
    /// Whole numbers of at most 64 bits.
    Whole(String),
    /// Numbers with a fraction.
    Real(String),
    /// True or false.
    Flag(String),
    /// A `flattened` field itself.
    Flattened(String),
    /// One key of a `flattened` field: texts, whatever was written.
    Key(String),
    /// An object with fields of its own.
    Object(String),
    /// Objects that are documents of their own.
    Nested(String),
    /// Something that cannot be asked for.
    Opaque,
    /// Not in the mapping. Under `dynamic: strict` no document has it.
    Absent,
}

impl Mapping {
    /// Takes the `properties` of a mapping.
    pub fn new(properties: Value) -> Self {
        Self { properties }
    }

    /// How the field at `path` is stored.
    pub fn stored(&self, path: &[String]) -> Stored {
        let name = || path.join(".");
        let mut properties = &self.properties;
        for (depth, segment) in path.iter().enumerate() {
            let Some(field) = properties.get(segment) else { return Stored::Absent };
            let kind = field["type"].as_str();
            let is_last = depth + 1 == path.len();
            if kind == Some("flattened") {
                return if is_last { Stored::Flattened(name()) } else { Stored::Key(name()) };
            }
            if field["enabled"] == false {
                return Stored::Opaque;
            }
            if is_last {
                return Self::leaf(field, name());
            }
            properties = &field["properties"];
        }
        Stored::Absent
    }

    /// Whether the field, `name.words` for one, is searched word by word.
    pub fn has_words(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field["type"] == "text")
    }

    /// Whether the words of a field are found in all their forms, as `english` does; `standard`
    /// finds them as they are written.
    pub fn has_forms(&self, name: &str) -> bool {
        let analyzer = self.field(name).and_then(|field| field["analyzer"].as_str());
        analyzer.is_some_and(|analyzer| analyzer != "standard")
    }

    fn field(&self, name: &str) -> Option<&Value> {
        let mut at = &self.properties;
        let mut segments = name.split('.').peekable();
        while let Some(segment) = segments.next() {
            let field = at.get(segment)?;
            if segments.peek().is_none() {
                return Some(field);
            }
            // Another field of the same value is beside it, the fields of an object are inside.
            at = field.get("properties").or(field.get("fields"))?;
        }
        None
    }

    fn leaf(field: &Value, name: String) -> Stored {
        match field["type"].as_str() {
            Some("keyword" | "wildcard" | "constant_keyword") => Stored::Keyword(name),
            Some("text" | "match_only_text") => match whole_beside(field) {
                Some(beside) => Stored::Text { whole: format!("{name}.{beside}"), words: name },
                None => Stored::Words(name),
            },
            Some("date") => Stored::Date(name),
            Some("byte" | "short" | "integer" | "long" | "unsigned_long") => Stored::Whole(name),
            Some("double" | "float" | "half_float" | "scaled_float") => Stored::Real(name),
            Some("boolean") => Stored::Flag(name),
            Some("nested") => Stored::Nested(name),
            None | Some("object") if field["properties"].is_object() => Stored::Object(name),
            _ => Stored::Opaque,
        }
    }
}

/// The field that keeps the whole of a text beside its words.
fn whole_beside(field: &Value) -> Option<&str> {
    let beside = field["fields"].as_object()?;
    let is_whole = |one: &Value| match one["type"].as_str() {
        Some("keyword") => one["normalizer"].is_null(),
        Some("wildcard") => true,
        _ => false,
    };
    beside.iter().find(|(_, one)| is_whole(one)).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_what_the_index_keeps_there() {
        let mapping = Mapping::new(json!({
            "pack": {"type": "keyword"},
            "caption": {"properties": {
                "en": {"type": "text", "fields": {"whole": {"type": "keyword"}}},
                "zh": {"type": "text"},
            }},
            "run_state": {"type": "object", "enabled": false},
            "usd": {"properties": {
                "prims": {"type": "flattened"},
                "variant_sets": {"type": "nested", "properties": {"name": {"type": "keyword"}}},
                "points": {"type": "long"},
            }},
        }));
        let text = |name: &str| name.to_owned();
        #[rustfmt::skip]
        let cases: &[(&str, Stored)] = &[
            ("pack",                  Stored::Keyword(text("pack"))),
            ("caption.en",            Stored::Text { words: text("caption.en"), whole: text("caption.en.whole") }),
            ("caption.zh",            Stored::Words(text("caption.zh"))),
            ("caption",               Stored::Object(text("caption"))),
            ("run_state",             Stored::Opaque),
            ("run_state.files",       Stored::Opaque),
            ("usd.prims",             Stored::Flattened(text("usd.prims"))),
            ("usd.prims.Mesh",        Stored::Key(text("usd.prims.Mesh"))),
            ("usd.variant_sets",      Stored::Nested(text("usd.variant_sets"))),
            ("usd.points",            Stored::Whole(text("usd.points"))),
            ("usd.faces",             Stored::Absent),
            ("nothing",               Stored::Absent),
        ];
        for (path, expected) in cases {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(mapping.stored(&path), *expected, "{path:?}");
        }
        for (name, expected) in [("caption.zh", true), ("pack", false), ("caption.en.whole", false)]
        {
            assert_eq!(mapping.has_words(name), expected, "{name}");
        }
    }
}
