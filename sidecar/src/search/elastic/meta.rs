//! What an alias says of itself: `GET <alias>/_mapping`.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::error::SearchError;
use super::super::filter::Mapping;
use super::super::plan::Space;

/// The version of `_meta.vitrine` that this program reads.
const VERSION: u64 = 1;

/// The indices behind an alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// Their names.
    pub indices: BTreeSet<String>,
    /// Fields of vectors that all of them have, made by the same model.
    pub spaces: Vec<Space>,
    /// How fields are stored.
    pub mapping: Mapping,
}

impl Behind {
    /// Reads the answer for `alias`.
    ///
    /// # Errors
    ///
    /// [`SearchError::NotOurs`] or [`SearchError::Version`].
    pub fn read(alias: &str, answer: &Value) -> Result<Self, SearchError> {
        let mut behind: Option<Self> = None;
        for (index, body) in answer.as_object().into_iter().flatten() {
            let spaces = spaces(index, &body["mappings"]["_meta"]["vitrine"])?;
            match &mut behind {
                None => {
                    behind = Some(Self {
                        indices: BTreeSet::from([index.clone()]),
                        spaces,
                        mapping: Mapping::new(body["mappings"]["properties"].clone()),
                    });
                }
                Some(behind) => {
                    behind.indices.insert(index.clone());
                    behind.spaces.retain(|one| spaces.contains(one));
                }
            }
        }
        behind.ok_or_else(|| SearchError::NoIndex { alias: alias.to_owned() })
    }
}

fn spaces(index: &str, meta: &Value) -> Result<Vec<Space>, SearchError> {
    let foreign = || SearchError::NotOurs { index: index.to_owned() };
    let version = meta["v"].as_u64().ok_or_else(foreign)?;
    if version != VERSION {
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        return Err(SearchError::Version { path: format!("the index {index}"), version });
    }
    let one = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().map(str::to_owned);
        Some(Space {
            field: text("field")?,
            embedding: text("embedding")?,
            algorithm: said(&entry["algorithm"])?,
            content: said(&entry["content"])?,
            dims: usize::try_from(entry["dims"].as_u64()?).ok()?,
            model_uri: text("model_uri")?,
            model_fingerprint: text("model_fingerprint")?,
            pair: None,
        })
    };
    let entries = meta["embeddings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let spaces = entries.iter().map(|entry| one(entry).ok_or_else(foreign));
    let mut spaces = spaces.collect::<Result<Vec<_>, _>>()?;
    Space::pair(&mut spaces);
    Ok(spaces)
}

/// What is left out where it is the usual.
fn said<T: Default + DeserializeOwned>(value: &Value) -> Option<T> {
    match value {
        Value::Null => Some(T::default()),
        value => serde_json::from_value(value.clone()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn index(fields: &[(&str, &str)]) -> Value {
        let embeddings: Vec<Value> = fields
            .iter()
            .map(|(embedding, model)| {
                json!({
                    "field": format!("{embedding}_embedding"), "dims": 3, "embedding": embedding,
                    "model_uri": "m", "model_fingerprint": model,
                })
            })
            .collect();
        json!({"mappings": {
            "_meta": {"vitrine": {"v": 1, "embeddings": embeddings}},
            "properties": {"pack": {"type": "keyword"}},
        }})
    }

    #[test]
    fn of_several_indices_the_fields_count_that_one_model_made_in_all() {
        let answer = json!({
            "a-1": index(&[("text", "f1"), ("other", "f1")]),
            "b-1": index(&[("text", "f1"), ("other", "f2")]),
        });
        let behind = Behind::read("all", &answer).unwrap();
        let names: Vec<&str> = behind.spaces.iter().map(|one| one.embedding.as_str()).collect();
        assert_eq!(names, ["text"]);
        assert_eq!(behind.indices.len(), 2);
        assert_ne!(behind.mapping, Mapping::default());
    }

    #[test]
    fn both_halves_of_a_dual_encoder_know_each_other() {
        let half = |field: &str, content: &str| {
            json!({
                "field": field, "dims": 3, "embedding": "look", "model_uri": "m",
                "algorithm": "clip", "content": content, "model_fingerprint": content,
            })
        };
        let mut all = index(&[("text", "f1")]);
        let embeddings = &mut all["mappings"]["_meta"]["vitrine"]["embeddings"];
        let list = embeddings.as_array_mut().unwrap();
        list.extend([half("look_text", "caption"), half("look_views", "views")]);
        let behind = Behind::read("a", &json!({"a-1": all})).unwrap();
        let pair = |one: &Space| one.pair.as_ref().map(|pair| pair.fingerprint.clone());
        let pairs: Vec<_> = behind.spaces.iter().map(pair).collect();
        let pairs: Vec<_> = pairs.iter().map(Option::as_deref).collect();
        assert_eq!(pairs, [None, Some("views"), Some("caption")]);
    }

    #[test]
    fn an_index_of_somebody_else_or_of_a_newer_program_is_refused() {
        let foreign = json!({"x": {"mappings": {"properties": {}}}});
        let error = Behind::read("x", &foreign).unwrap_err().to_string();
        assert!(error.contains("`vitrine catalog` did not make"), "{error}");
        let newer = json!({"x": {"mappings": {"_meta": {"vitrine": {"v": 2}}}}});
        let error = Behind::read("x", &newer).unwrap_err().to_string();
        assert!(error.contains("version 2"), "{error}");
        assert!(matches!(Behind::read("x", &json!({})), Err(SearchError::NoIndex { .. })));
    }
}
