//! Places inside the configuration: `elasticsearch.url`, `embeddings[0].model.uri`.

use std::fmt;

use serde_json::{Map, Value};

/// One step down.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// Into a key of an object.
    Key(String),
    /// Into an item of a list.
    Index(usize),
}

/// Steps from the top of the file. Shown without the leading `spec`, which every key would carry.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Reads what [`fmt::Display`] writes, below `spec`.
    pub fn in_spec(text: &str) -> Self {
        let mut steps = vec![Step::Key("spec".to_owned())];
        for part in text.split('.') {
            let (key, rest) = part.split_once('[').unwrap_or((part, ""));
            steps.push(Step::Key(key.to_owned()));
            let indices =
                rest.split('[').filter_map(|index| index.trim_end_matches(']').parse().ok());
            steps.extend(indices.map(Step::Index));
        }
        Self(steps)
    }

    /// One step further down.
    pub fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// One key further down.
    pub fn key(&self, key: &str) -> Self {
        self.join(Step::Key(key.to_owned()))
    }

    /// Whether `other` is this place or lies below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The environment variable that sets this place.
    pub fn variable(&self) -> String {
        let shown = match self.0.split_first() {
            Some((Step::Key(first), rest)) if first == "spec" => rest,
            _ => &self.0,
        };
        let parts: Vec<String> = shown
            .iter()
            .map(|step| match step {
                Step::Key(key) => screaming(key),
                Step::Index(index) => index.to_string(),
            })
            .collect();
        format!("{}{}", super::environment::PREFIX, parts.join("__"))
    }

    /// The value at this place of `tree`.
    pub fn get<'a>(&self, tree: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(tree, |at, step| match step {
            Step::Key(key) => at.get(key),
            Step::Index(index) => at.get(index),
        })
    }

    /// Puts `value` at this place, making the objects on the way. A list grows by at most one.
    ///
    /// # Errors
    ///
    /// The length of the list that is too short.
    pub fn set(&self, tree: &mut Value, value: Value) -> Result<(), usize> {
        let mut at = tree;
        for step in &self.0 {
            match step {
                Step::Key(key) => {
                    if !at.is_object() {
                        *at = Value::Object(Map::new());
                    }
                    let object = at.as_object_mut().expect("made an object just above");
                    at = object.entry(key.clone()).or_insert(Value::Null);
                }
                Step::Index(index) => {
                    if !at.is_array() {
                        *at = Value::Array(Vec::new());
                    }
                    let list = at.as_array_mut().expect("made a list just above");
                    if *index > list.len() {
                        return Err(list.len());
                    }
                    if *index == list.len() {
                        list.push(Value::Null);
                    }
                    at = &mut list[*index];
                }
            }
        }
        *at = value;
        Ok(())
    }
}

/// `retainOldIndexFor` to `RETAIN_OLD_INDEX_FOR`, `libraryID` to `LIBRARY_ID`.
fn screaming(key: &str) -> String {
    let mut out = String::new();
    let mut was_lower = false;
    for c in key.chars() {
        if c.is_uppercase() && was_lower {
            out.push('_');
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        out.extend(c.to_uppercase());
    }
    out
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below_spec = matches!(self.0.first(), Some(Step::Key(key)) if key == "spec");
        let shown = &self.0[usize::from(below_spec && self.0.len() > 1)..];
        for (position, step) in shown.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_is_written_and_names_its_variable() {
        #[rustfmt::skip]
        let cases = [
            ("elasticsearch.url",               "VITRINE_ELASTICSEARCH__URL"),
            ("elasticsearch.retainOldIndexFor", "VITRINE_ELASTICSEARCH__RETAIN_OLD_INDEX_FOR"),
            ("embeddings[0].model.uri",         "VITRINE_EMBEDDINGS__0__MODEL__URI"),
            ("libraryID",                       "VITRINE_LIBRARY_ID"),
            ("views",                           "VITRINE_VIEWS"),
        ];
        for (text, variable) in cases {
            let path = Path::in_spec(text);
            assert_eq!(path.to_string(), text);
            assert_eq!(path.variable(), variable);
        }
    }

    #[test]
    fn a_list_grows_by_one_at_most() {
        let mut tree = serde_json::json!({"spec": {"embeddings": [{}]}});
        let name = serde_json::json!("b");
        assert_eq!(Path::in_spec("embeddings[1].name").set(&mut tree, name.clone()), Ok(()));
        assert_eq!(Path::in_spec("embeddings[3].name").set(&mut tree, name), Err(2));
        assert_eq!(tree, serde_json::json!({"spec": {"embeddings": [{}, {"name": "b"}]}}));
    }
}
