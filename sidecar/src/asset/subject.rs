//! What a run makes documents of.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Document;
use super::clip::Clip;

/// The document of one asset or of one clip: what a run passes on without asking which.
///
/// As JSON it is the document itself; its first key, `asset_id` or `clip_id`, tells which one it is,
/// so that reading one costs no more than reading the document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Subject {
    /// Of an asset.
    Asset(Box<Document>),
    /// Of a clip.
    Clip(Box<Clip>),
}

impl Subject {
    /// `_id` of the document in an index.
    pub fn key(&self) -> &str {
        match self {
            Self::Asset(document) => &document.asset_id,
            Self::Clip(document) => &document.clip_id,
        }
    }

    /// Where it was read from, for messages.
    pub fn uri(&self) -> &str {
        match self {
            Self::Asset(document) => &document.uri,
            Self::Clip(document) => &document.video_path,
        }
    }

    /// How many others use it; clips use none.
    pub fn used_by(&self) -> u64 {
        match self {
            Self::Asset(document) => document.used_by,
            Self::Clip(_) => 0,
        }
    }

    /// Notes how many others use it.
    pub fn set_used_by(&mut self, count: u64) {
        match self {
            Self::Asset(document) => document.used_by = count,
            Self::Clip(_) => {}
        }
    }

    /// The sentence that its text vector is made from.
    pub fn description(&self) -> &str {
        match self {
            Self::Asset(document) => &document.description,
            Self::Clip(document) => &document.description,
        }
    }

    /// The English caption, where somebody wrote one.
    pub fn caption(&self) -> Option<&str> {
        match self {
            Self::Asset(document) => document.caption.en.as_deref(),
            Self::Clip(_) => None,
        }
    }

    /// The asset's document, where it is one's.
    pub fn asset(&self) -> Option<&Document> {
        match self {
            Self::Asset(document) => Some(document),
            Self::Clip(_) => None,
        }
    }

    /// The clip's document, where it is one's.
    pub fn clip(&self) -> Option<&Clip> {
        match self {
            Self::Asset(_) => None,
            Self::Clip(document) => Some(document),
        }
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self::Asset(Box::default())
    }
}

impl From<Document> for Subject {
    fn from(document: Document) -> Self {
        Self::Asset(Box::new(document))
    }
}

impl From<Clip> for Subject {
    fn from(document: Clip) -> Self {
        Self::Clip(Box::new(document))
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ByFirstKey)
    }
}

struct ByFirstKey;

impl<'de> Visitor<'de> for ByFirstKey {
    type Value = Subject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the document of an asset or of a clip")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Subject, A::Error> {
        let first: String =
            map.next_key()?.ok_or_else(|| A::Error::custom("an empty object is no document"))?;
        let is_clip = first == "clip_id";
        let whole = MapAccessDeserializer::new(Behind { first: Some(first), map });
        match is_clip {
            true => Clip::deserialize(whole).map(Subject::from),
            false => Document::deserialize(whole).map(Subject::from),
        }
    }
}

/// A map whose first key was read already.
struct Behind<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Behind<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        use serde::de::IntoDeserializer;
        match self.first.take() {
            Some(first) => seed.deserialize(first.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_as_what_it_was_and_its_json_is_its_own() {
        let asset = Document { asset_id: "0123".to_owned(), used_by: 3, ..Document::default() };
        let clip = Clip { clip_id: "step".to_owned(), ..Clip::default() };
        let json = serde_json::to_string(&Subject::from(asset.clone())).unwrap();
        assert_eq!(json, serde_json::to_string(&asset).unwrap());
        for subject in [Subject::from(asset), Subject::from(clip)] {
            let json = serde_json::to_string(&subject).unwrap();
            assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
        }
        assert!(serde_json::from_str::<Subject>("{}").is_err());
    }
}
