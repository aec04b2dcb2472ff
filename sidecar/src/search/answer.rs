//! What is asked and what is answered.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use vitrine_image::Rgb;

use super::error::SearchError;
use super::filter::Filter;
use super::words;
use crate::catalog::layout;

/// Longest query, in bytes.
pub(super) const QUERY_BYTES_MAX: usize = 8 << 10;
/// Most hits of one answer.
const TOP_K_MAX: usize = 10_000;

/// What is looked for.
#[derive(Clone)]
pub enum Query {
    /// Something in words.
    Words(String),
    /// What looks like this.
    Picture(Picture),
}

/// A picture to search by.
#[derive(Clone)]
pub struct Picture {
    /// What the answer calls it: the file.
    pub name: String,
    /// What it shows.
    pub pixels: Arc<Rgb>,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => write!(f, "words {words:?}"),
            Self::Picture(picture) => write!(f, "picture {:?}", picture.name),
        }
    }
}

impl Query {
    /// Its words; none of a picture.
    pub fn words(&self) -> &str {
        match self {
            Self::Words(words) => words,
            Self::Picture(_) => "",
        }
    }

    /// As the answer repeats it: words, or the name of a picture.
    pub(super) fn told(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Words(words) => (Some(words.clone()), None),
            Self::Picture(picture) => (None, Some(picture.name.clone())),
        }
    }
}

impl From<&str> for Query {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

/// What is asked of a catalogue.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is looked for.
    pub query: Query,
    /// Whether words are compared with pictures, and a picture with captions. Else words are compared
    /// with words and pictures with pictures.
    pub is_cross_modal: bool,
    /// `words`, `hybrid` or the name of an embedding. None: by meaning where the catalogue has
    /// vectors, else by words.
    pub algorithm: Option<String>,
    /// Which documents may be in the answer; none: all.
    pub filter: Option<Filter>,
    /// How many at most, 1 to 10,000.
    pub top_k: usize,
}

impl Request {
    /// Whether it can be answered at all.
    ///
    /// # Errors
    ///
    /// [`SearchError::Request`].
    pub fn check(&self) -> Result<(), SearchError> {
        let Self { query, top_k, .. } = self;
        let words = match query {
            Query::Words(words) => Some(words),
            Query::Picture(_) => None,
        };
        let message = if words.is_some_and(|words| words.trim().is_empty()) {
            "the query is empty; say what you look for".to_owned()
        } else if words.is_some_and(|words| words.len() > QUERY_BYTES_MAX) {
            format!("the query has more than {QUERY_BYTES_MAX} bytes; shorten it")
        } else if !(1..=TOP_K_MAX).contains(top_k) {
            format!("--top-k {top_k} is not a number from 1 to {TOP_K_MAX}")
        } else {
            return Ok(());
        };
        Err(SearchError::Request(message))
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The words, as asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The picture, as named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How it was searched.
    pub algorithm: String,
    /// Documents that the filter let through.
    pub total: u64,
    /// Time from request to answer, loading and running the model included, in milliseconds.
    pub took_ms: f64,
    /// What a reader should know, such as that there are no vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// One asset of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// See [`crate::asset::asset_id`].
    pub asset_id: String,
    /// Name of the asset, unique in its pack.
    pub name: String,
    /// Its pack.
    pub pack: String,
    /// Where it is.
    pub uri: String,
    /// Higher is better. By meaning: cosine, −1 to 1. By words: BM25, from 0. Hybrid: reciprocal
    /// ranks.
    pub score: f64,
    /// What the score is made of.
    pub legs: Vec<Leg>,
    /// Tags that the query names.
    pub matched_tags: Vec<String>,
    /// Longest side in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_m: Option<f64>,
    /// Its caption, in English where it has one, else in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The sentence that describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Path of the thumbnail inside the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_uri: Option<String>,
    /// Path of the GLB inside the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_uri: Option<String>,
    /// The view that the query is nearest to, where views were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
}

/// One view of an asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// From 0.
    pub number: usize,
    /// How far the camera went around the asset, from the front, in degrees; 0 to below 360.
    pub azimuth_degrees: f64,
    /// Path of the picture inside the catalogue, where it has pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl View {
    /// The view `number` of the `count` that the asset has.
    pub fn of(asset_id: &str, number: usize, count: usize) -> Self {
        let count = count.max(number.saturating_add(1));
        let azimuth_degrees = number as f64 * 360.0 / count as f64;
        // An asset with more views than that is a mistake of somebody's index.
        let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let picture = Some(layout::view(asset_id, whole(number), whole(count)));
        Self { number, azimuth_degrees, picture }
    }
}

impl Hit {
    /// Fields of a document that a hit needs.
    pub const FIELDS: [&str; 10] = [
        "asset_id",
        "name",
        "pack",
        "uri",
        "tags",
        "caption",
        "description",
        "usd.bounds.size_m",
        "thumbnail_uri",
        "model_uri",
    ];

    /// With the view that was found; its picture only where the asset has pictures.
    pub fn seen(self, view: Option<View>) -> Self {
        let has_pictures = self.thumbnail_uri.is_some();
        let shown = |view: View| View { picture: view.picture.filter(|_| has_pictures), ..view };
        Self { view: view.map(shown), ..self }
    }

    /// The hit of a document.
    ///
    /// * `words`: of the query.
    pub fn of(document: &Value, words: &str, score: f64, legs: Vec<Leg>) -> Self {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let said = |text: &Value| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let caption = &document["caption"];
        let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sides = document["usd"]["bounds"]["size_m"].as_array();
        Self {
            asset_id: text("asset_id"),
            name: text("name"),
            pack: text("pack"),
            uri: text("uri"),
            score,
            legs,
            matched_tags: words::shared(words, tags.iter().filter_map(Value::as_str)),
            size_m: sides.and_then(|sides| sides.iter().filter_map(Value::as_f64).reduce(f64::max)),
            caption: said(&caption["en"]).or_else(|| said(&caption["zh"])),
            description: said(&document["description"]),
            thumbnail_uri: said(&document["thumbnail_uri"]),
            model_uri: said(&document["model_uri"]),
            view: None,
        }
    }
}

/// One ranking that an asset is in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leg {
    /// The vector field, or `words`.
    pub field: String,
    /// The field's own score.
    pub score: f64,
    /// Place in the field's own ranking, from 1.
    pub rank: usize,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_names_its_picture_only_where_the_asset_has_pictures() {
        for (document, expected) in [
            (
                json!({"asset_id": "7", "thumbnail_uri": "thumbnails/7.png"}),
                Some("thumbnails/7/180.png"),
            ),
            (json!({"asset_id": "7"}), None),
        ] {
            let hit = Hit::of(&document, "", 1.0, Vec::new()).seen(Some(View::of("7", 2, 4)));
            let view = hit.view.unwrap();
            assert_eq!((view.number, view.picture.as_deref()), (2, expected));
        }
    }
}
