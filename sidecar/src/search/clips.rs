//! Clips of an index: all of them, one with its vectors, those like one.
//!
//! `docs/clips.md` has the same questions as plain requests.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};
use vitrine_crds::run::Exit;

use crate::asset::Content;
use crate::asset::clip::{VECTORS, VectorField};
use crate::index::names::escaped;
use crate::index::{Cluster, IndexError, Method, Request, Version, read_vector};
use crate::nearest::nearest;

/// Documents of one page.
const PAGE: usize = 1_000;
/// Whole clips of one page: some twenty kilobytes each.
const WHOLE_PAGE: usize = 500;
/// Of several vectors, how many nearest each names at least.
const DEPTH_MIN: usize = 100;
/// Candidates of each shard that vectors are compared with, at least.
const CANDIDATES_MIN: usize = 100;
/// Most candidates, and hits, that Elasticsearch takes.
pub const HITS_MAX: usize = 10_000;
/// From here on vectors are left out of answers unless asked for.
const VECTORS_EXCLUDED: Version = Version { major: 9, minor: 2, patch: 0 };
/// What the next run continues from: nothing for readers.
const OURS: [&str; 2] = ["state", "run_state"];

/// The clips of an index, or of all those behind an alias.
#[derive(Debug)]
pub struct Clips {
    cluster: Cluster,
    alias: String,
}

/// Why a question about clips has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClipsError {
    /// Nothing is behind the alias.
    #[error(
        "no index `{alias}`; name another with --index, or fill it with `vitrine embed VIDEO_DIR \
         --elasticsearch --index {alias}`"
    )]
    NoIndex {
        /// As given.
        alias: String,
    },
    /// The index holds something else.
    #[error("the index `{alias}` holds no clips: its documents have no `clip_id`")]
    NotClips {
        /// As given.
        alias: String,
    },
    /// There is no such clip.
    #[error("no clip `{wanted}` in {alias}{nearest}; `vitrine clips list` names all")]
    NoClip {
        /// As given.
        wanted: String,
        /// The index.
        alias: String,
        /// ` (did you mean …?)` or nothing.
        nearest: String,
    },
    /// The clip lacks a vector that was asked for by its name.
    #[error("the clip `{clip}` has no vector of {absent}; it has {held}: name only those")]
    NoVector {
        /// The clip.
        clip: String,
        /// What was asked for and is not there, each with why.
        absent: String,
        /// What there is.
        held: String,
    },
    /// Weights that are none.
    #[error("--by {given}: {reason}")]
    By {
        /// As given.
        given: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Elasticsearch does not answer as it should.
    #[error(transparent)]
    Index(IndexError),
}

impl ClipsError {
    /// What a program that ends with this error should exit with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Index(error) => error.exit(),
            Self::NoIndex { .. }
            | Self::NotClips { .. }
            | Self::NoClip { .. }
            | Self::NoVector { .. }
            | Self::By { .. } => Exit::Usage,
        }
    }
}

/// A clip out of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The document without vectors.
    pub document: Map<String, Value>,
    /// Vectors in the order of [`VECTORS`]; those that the clip has.
    pub vectors: Vec<(VectorField, Vec<f32>)>,
}

impl Found {
    /// An error where the clip lacks one of `wanted`.
    ///
    /// # Errors
    ///
    /// [`ClipsError::NoVector`] names all that it lacks.
    pub fn needs(&self, clip_id: &str, wanted: &[VectorField]) -> Result<(), ClipsError> {
        let has = |field: &VectorField| self.vectors.iter().any(|(one, _)| one == field);
        let absent: Vec<String> = wanted.iter().filter(|field| !has(field)).map(unmade).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let held: Vec<&str> = self.vectors.iter().map(|(field, _)| field.name).collect();
        Err(ClipsError::NoVector {
            clip: clip_id.to_owned(),
            absent: absent.join(", "),
            held: if held.is_empty() { "none".to_owned() } else { held.join(", ") },
        })
    }
}

/// A vector that a clip lacks, and why a clip may.
fn unmade(field: &VectorField) -> String {
    let why = match field.content {
        Content::Sound => "no sound is heard in it",
        Content::Motion if field.name == "interaction" => "no couple is seen in it",
        Content::Motion => "no such dancer is seen in it",
        Content::Description | Content::Caption | Content::Views => "no run has made it",
    };
    format!("{} ({why})", field.name)
}

/// The clips that are like one, and what they were compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// Names of the vectors that were compared, separated by commas: the clip has all of them.
    pub by: String,
    /// The most alike first.
    pub hits: Vec<Alike>,
}

/// A clip that is like another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alike {
    /// Its id.
    pub clip_id: String,
    /// Cosine of the two vectors, -1…1; of several the weighted mean, where a vector that the clip does
    /// not have counts as 0.
    pub score: f64,
    /// The document without vectors.
    pub document: Map<String, Value>,
}

/// How clips are compared.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// All vectors that the clip has, alike.
    All,
    /// These, with weights above 0.
    Named(Vec<(VectorField, f64)>),
}

impl By {
    /// Reads `lead`, `lead,audio` or `lead=2,audio=1`; `all` are all five alike.
    ///
    /// # Errors
    ///
    /// [`ClipsError::By`] says what it takes.
    pub fn parse(given: &str) -> Result<Self, ClipsError> {
        let wrong = |reason: String| ClipsError::By { given: given.to_owned(), reason };
        if given.trim() == "all" {
            return Ok(Self::All);
        }
        let mut fields: Vec<(VectorField, f64)> = Vec::new();
        for part in given.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, weight) = match part.split_once('=') {
                Some((name, weight)) => (name.trim(), weight.trim()),
                None => (part, "1"),
            };
            let names = || VECTORS.map(|one| one.name);
            let plain = name.strip_suffix("_embedding").unwrap_or(name);
            let Some(field) = VECTORS.into_iter().find(|one| one.name == plain) else {
                let hint = nearest(name, names()).map(|near| format!(", did you mean {near}?"));
                let known = names().join(", ");
                let hint = hint.unwrap_or_default();
                return Err(wrong(format!("there is no vector `{name}`{hint} use {known}")));
            };
            let weight: Option<f64> = weight.parse().ok();
            let Some(weight) = weight.filter(|weight| (1e-6..=1e6).contains(weight)) else {
                return Err(wrong(format!("the weight of {name} has to be a number above 0")));
            };
            if fields.iter().any(|(one, _)| *one == field) {
                return Err(wrong(format!("{name} is there twice")));
            }
            fields.push((field, weight));
        }
        match fields.is_empty() {
            true => Err(wrong("name vectors, as in lead or lead=2,audio=1".to_owned())),
            false => Ok(Self::Named(fields)),
        }
    }

    /// Fields and weights, of a clip that has `held`.
    fn terms<'a>(&self, held: &'a [(VectorField, Vec<f32>)]) -> Vec<(VectorField, f64, &'a [f32])> {
        let weighted = |(field, vector): &'a (VectorField, Vec<f32>)| {
            let weight = match self {
                Self::All => Some(1.0),
                Self::Named(named) => {
                    named.iter().find(|(one, _)| one == field).map(|(_, weight)| *weight)
                }
            };
            Some((*field, weight?, vector.as_slice()))
        };
        held.iter().filter_map(weighted).collect()
    }
}

impl Clips {
    /// The clips behind `alias`.
    pub fn new(cluster: Cluster, alias: &str) -> Self {
        Self { cluster, alias: alias.to_owned() }
    }

    /// Documents without vectors in the order of ids, at most `most` of those after `after`.
    ///
    /// # Errors
    ///
    /// [`ClipsError::NoIndex`], [`ClipsError::NotClips`], or what Elasticsearch says.
    pub fn list(
        &self,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Map<String, Value>>, ClipsError> {
        let mut all: Vec<Map<String, Value>> = Vec::new();
        let mut after = after.map(|after| json!([after]));
        while all.len() < most {
            let mut body = json!({
                "size": PAGE.min(most - all.len()), "sort": [{"clip_id": "asc"}],
                "track_total_hits": false, "_source": {"excludes": hidden()},
            });
            if let Some(after) = after.take() {
                body["search_after"] = after;
            }
            let mut answer = self.search(&body)?;
            let Some(hits) = answer["hits"]["hits"].as_array_mut().filter(|hits| !hits.is_empty())
            else {
                break;
            };
            after = hits.last().map(|last| last["sort"].clone());
            all.extend(hits.iter_mut().map(source));
        }
        Ok(all)
    }

    /// One clip with its vectors.
    ///
    /// # Errors
    ///
    /// As [`Clips::list`], and [`ClipsError::NoClip`].
    pub fn get(&self, clip_id: &str) -> Result<Found, ClipsError> {
        let mut found = self.whole(&[clip_id])?;
        found.pop().ok_or_else(|| self.absent(clip_id))
    }

    /// Clips with their vectors, in no order; an id that is not there is left out.
    fn whole(&self, ids: &[&str]) -> Result<Vec<Found>, ClipsError> {
        let mut wanted = json!({"excludes": OURS});
        if self.cluster.server().version.is_none_or(|version| version >= VECTORS_EXCLUDED) {
            wanted["exclude_vectors"] = json!(false);
        }
        let query = json!({"ids": {"values": ids}});
        let body = json!({"size": ids.len(), "query": query, "_source": wanted});
        hits(self.search(&body)?).iter_mut().map(whole).collect()
    }

    /// The `top_k` clips most like one, by the vectors that `by` names; the clip itself is left out. Of
    /// several vectors, clips that are among the nearest of none are not seen.
    ///
    /// # Errors
    ///
    /// As [`Clips::get`], and [`ClipsError::NoVector`] where the clip lacks a vector that is named.
    pub fn like(&self, clip_id: &str, by: &By, top_k: usize) -> Result<Likeness, ClipsError> {
        let found = self.get(clip_id)?;
        if let By::Named(named) = by {
            found.needs(clip_id, &named.iter().map(|(field, _)| *field).collect::<Vec<_>>())?;
        }
        let terms = by.terms(&found.vectors);
        if terms.is_empty() {
            found.needs(clip_id, &VECTORS)?;
        }
        // Of several vectors each names its nearest, and all of them are compared exactly.
        let depth = if terms.len() == 1 { top_k } else { (5 * top_k).clamp(DEPTH_MIN, HITS_MAX) };
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for (field, _, vector) in &terms {
            let near = hits(self.search(&nearest_by(field, vector, (clip_id, depth)))?);
            ids.extend(near.iter().filter_map(|hit| hit["_id"].as_str().map(str::to_owned)));
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut alike = Vec::new();
        for some in ids.chunks(WHOLE_PAGE) {
            alike.extend(self.whole(some)?.into_iter().map(|other| {
                Alike {
                    clip_id: other
                        .document
                        .get("clip_id")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                    score: rounded(likeness(&terms, &other)),
                    document: other.document,
                }
            }));
        }
        alike.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.clip_id.cmp(&b.clip_id)));
        alike.truncate(top_k);
        let by = terms.iter().map(|(field, _, _)| field.name).collect::<Vec<_>>().join(", ");
        Ok(Likeness { by, hits: alike })
    }

    fn search(&self, body: &Value) -> Result<Value, ClipsError> {
        let path = format!("{}/_search", escaped(&self.alias));
        let request = Request::new(Method::Post, path)
            .query("allow_partial_search_results", false)
            .json(body);
        self.cluster.request(request).map_err(|error| match error {
            error if error.is_missing() => ClipsError::NoIndex { alias: self.alias.clone() },
            // Sorted by, or compared with, a field that the index does not have.
            IndexError::Answer { status: 400, reason, .. }
                if reason.contains("[clip_id]") || reason.contains("all shards failed") =>
            {
                ClipsError::NotClips { alias: self.alias.clone() }
            }
            error => ClipsError::Index(error),
        })
    }

    fn absent(&self, wanted: &str) -> ClipsError {
        let all = self.list(None, HITS_MAX).unwrap_or_default();
        let ids = all.iter().filter_map(|one| one.get("clip_id")?.as_str());
        let near = nearest(wanted, ids).map(|near| format!(" (did you mean `{near}`?)"));
        ClipsError::NoClip {
            wanted: wanted.to_owned(),
            alias: self.alias.clone(),
            nearest: near.unwrap_or_default(),
        }
    }
}

/// Fields that no list shows.
fn hidden() -> Vec<&'static str> {
    OURS.into_iter().chain(VECTORS.map(|field| field.field)).collect()
}

fn source(hit: &mut Value) -> Map<String, Value> {
    match hit["_source"].take() {
        Value::Object(mut source) => {
            source.retain(|field, _| !OURS.contains(&field.as_str()));
            // A server that filters fields mixes them up.
            source.sort_keys();
            source
        }
        _ => Map::new(),
    }
}

fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}

/// The nearest by one vector: the graph, where the index has one.
fn nearest_by(field: &VectorField, vector: &[f32], (clip_id, depth): (&str, usize)) -> Value {
    json!({
        "size": depth,
        "_source": false,
        "knn": {
            "field": field.field, "query_vector": vector, "k": depth,
            "num_candidates": (2 * depth).clamp(CANDIDATES_MIN, HITS_MAX),
            "filter": {"bool": {"must_not": {"ids": {"values": [clip_id]}}}},
        },
    })
}

/// A clip with its vectors out of a hit.
fn whole(hit: &mut Value) -> Result<Found, ClipsError> {
    let mut document = source(hit);
    let mut vectors = Vec::new();
    for field in VECTORS {
        let Some(value) = document.shift_remove(field.field) else { continue };
        let vector = read_vector(&value).filter(|vector| vector.len() == field.dims);
        let vector = vector.ok_or_else(|| {
            ClipsError::Index(IndexError::Inconsistent {
                message: format!(
                    "{} of the clip {} is no vector of {} numbers; run `vitrine embed` again",
                    field.field, hit["_id"], field.dims
                ),
            })
        })?;
        vectors.push((field, vector));
    }
    Ok(Found { document, vectors })
}

fn hits(mut answer: Value) -> Vec<Value> {
    match answer["hits"]["hits"].take() {
        Value::Array(hits) => hits,
        _ => Vec::new(),
    }
}

/// Weighted mean of cosines; a vector that the other does not have counts as 0. Vectors are of length
/// 1.
fn likeness(terms: &[(VectorField, f64, &[f32])], other: &Found) -> f64 {
    let sum: f64 = terms.iter().map(|(_, weight, _)| weight).sum();
    let cosine = |(field, weight, vector): &(VectorField, f64, &[f32])| {
        let (_, same) = other.vectors.iter().find(|(one, _)| one == field)?;
        let dot = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
        Some(weight * vector.iter().zip(same).map(dot).sum::<f64>())
    };
    terms.iter().filter_map(cosine).sum::<f64>() / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_and_what_is_none_is_told() {
        let by = By::parse("lead=2, audio").unwrap();
        assert_eq!(by, By::Named(vec![(VECTORS[0], 2.0), (VECTORS[3], 1.0)]));
        assert_eq!(By::parse("text_embedding").unwrap(), By::Named(vec![(VECTORS[4], 1.0)]));
        assert_eq!(By::parse("all").unwrap(), By::All);
        for (given, words) in [
            ("leed", "did you mean lead?"),
            ("lead=0", "above 0"),
            ("lead=nan", "above 0"),
            ("lead,lead=2", "twice"),
            ("", "lead=2,audio=1"),
        ] {
            let said = By::parse(given).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_clip_is_not_like_itself_and_a_vector_that_is_not_there_counts_as_0() {
        let body = nearest_by(&VECTORS[3], &[1.0], ("step", 3));
        assert_eq!(body["knn"]["field"], "audio_embedding");
        assert_eq!(body["knn"]["filter"]["bool"]["must_not"]["ids"]["values"], json!(["step"]));
        let vector: &[f32] = &[0.6, 0.8];
        let terms = [(VECTORS[0], 3.0, vector), (VECTORS[3], 1.0, vector)];
        let other = Found { document: Map::new(), vectors: vec![(VECTORS[0], vec![0.8, 0.6])] };
        assert!((likeness(&terms, &other) - 0.75 * 0.96).abs() < 1e-6);
    }
}
