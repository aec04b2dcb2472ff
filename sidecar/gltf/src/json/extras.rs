//! What applications add to an asset. It may be any JSON; the texts of an object are kept.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Entries that are kept, at most.
const ENTRIES_MAX: usize = 1_000;

/// The entries of an object by their keys; empty for anything else.
#[derive(Debug, Default)]
pub struct Extras(pub BTreeMap<String, Word>);

/// A text; none for anything else.
#[derive(Debug, Default)]
pub struct Word(pub Option<String>);

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = deserializer.deserialize_any(Any)?;
        Ok(Self(found.entries))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = deserializer.deserialize_any(Text)?;
        Ok(Self(found))
    }
}

#[derive(Default)]
struct Found {
    entries: BTreeMap<String, Word>,
}

struct Any;
struct Text;

/// Kinds of JSON that hold nothing of interest.
macro_rules! nothing {
    () => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("any JSON")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            while all.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

impl<'de> Visitor<'de> for Any {
    type Value = Found;

    nothing!();

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Found, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = all.next_key::<String>()? {
            let word: Word = all.next_value()?;
            if entries.len() < ENTRIES_MAX {
                entries.insert(key, word);
            }
        }
        Ok(Found { entries })
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    nothing!();

    fn visit_str<E>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Option<String>, A::Error> {
        while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::Extras;

    fn texts(json: &str) -> Vec<(String, Option<String>)> {
        let Extras(entries) = serde_json::from_str(json).unwrap();
        entries.into_iter().map(|(key, word)| (key, word.0)).collect()
    }

    #[test]
    fn texts_of_an_object_are_kept_and_anything_else_is_no_mistake() {
        let found = texts(r#"{"title": "Chair", "year": 2020, "more": {"title": "no"}, "l": [1]}"#);
        let expected = [("l", None), ("more", None), ("title", Some("Chair")), ("year", None)];
        let expected = expected.map(|(key, word)| (key.to_owned(), word.map(str::to_owned)));
        assert_eq!(found, expected);
        for other in ["null", "true", "-1", "1.5", "\"text\"", "[{\"title\": \"no\"}]", "{}"] {
            assert_eq!(texts(other), [], "{other}");
        }
    }
}
