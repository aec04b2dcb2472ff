//! An opened catalogue, and one search over it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::answer::{Answer, Hit, Leg, Request};
use super::documents::Documents;
use super::error::SearchError;
use super::field::Field;
use super::words;
use crate::catalog::packed::{CURRENT, Current, Packed};
use crate::nearest::nearest;

/// How a query becomes a vector of the field that is searched.
pub type Embed<'a> = dyn FnMut(&Packed, &str) -> Result<Vec<f32>, SearchError> + 'a;

/// Longest query, in bytes.
const QUERY_BYTES_MAX: usize = 8 << 10;
/// Most hits of one answer.
const TOP_K_MAX: usize = 10_000;
/// Places of each ranking that a fused one looks at, at least.
const FUSED_MIN: usize = 100;
/// How little the first places differ from those after them.
const RECIPROCAL_RANK_K: f64 = 60.0;

/// A catalogue as the newest run published it. A run that publishes while this one is open
/// disturbs nothing: it writes files of its own.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    current: Current,
    documents: Documents,
}

/// One ranking: ids with scores, best first.
struct Ranking {
    field: String,
    places: Vec<(String, f64)>,
}

impl Library {
    /// Opens the catalogue in the folder `root`.
    ///
    /// # Errors
    ///
    /// When nothing was published there, or what was is not what it should be.
    pub fn open(root: &Path) -> Result<Self, SearchError> {
        let path = root.join(CURRENT);
        let name = path.display().to_string();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SearchError::Absent { path: root.display().to_string() });
            }
            Err(source) => return Err(SearchError::Unreadable { path: name, source }),
        };
        let broken = |reason: String| SearchError::Broken { path: name.clone(), reason };
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| broken(format!("is no JSON ({error})")))?;
        if let Some(version) = value["v"].as_u64().filter(|version| *version != 1) {
            let version = u32::try_from(version).unwrap_or(u32::MAX);
            return Err(SearchError::Version { path: name, version });
        }
        let current: Current = serde_json::from_value(value)
            .map_err(|error| broken(format!("does not name a run ({error})")))?;
        let paths = current.fields.values().flat_map(|one| [&one.vectors, &one.ids]);
        if let Some(stray) = paths.chain([&current.documents]).find(|path| !stays_inside(path)) {
            return Err(broken(format!("names `{stray}`, which is not inside the catalogue")));
        }
        let documents = Documents::open(root, &current.documents)?;
        Ok(Self { root: root.to_owned(), current, documents })
    }

    /// What publish said of the catalogue.
    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// A request that cannot be answered, a catalogue that is broken, or what `embed` says.
    pub fn search(&self, request: &Request, embed: &mut Embed<'_>) -> Result<Answer, SearchError> {
        let began = Instant::now();
        let Request { query, algorithm, filter, top_k } = request;
        if query.trim().is_empty() {
            return Err(SearchError::Request(
                "the query is empty; say what you look for".to_owned(),
            ));
        }
        if query.len() > QUERY_BYTES_MAX {
            let message = format!("the query has more than {QUERY_BYTES_MAX} bytes; shorten it");
            return Err(SearchError::Request(message));
        }
        if !(1..=TOP_K_MAX).contains(top_k) {
            let message = format!("--top-k {top_k} is not a number from 1 to {TOP_K_MAX}");
            return Err(SearchError::Request(message));
        }
        let plan = self.plan(algorithm.as_deref())?;
        let only = filter.as_ref().map(|filter| self.documents.matching(filter)).transpose()?;
        let total = only.as_ref().map_or(self.current.documents_count, |only| only.len() as u64);
        let depth = if plan.is_fused() { FUSED_MIN.max(*top_k) } else { *top_k };
        let mut rankings = Vec::new();
        if total > 0 {
            if let Some((name, packed)) = plan.field {
                rankings.push(self.by_vector(name, packed, query, only.as_ref(), depth, embed)?);
            }
            if plan.words {
                let mut places = words::rank(&self.documents, query, only.as_ref())?;
                places.truncate(depth);
                places.iter_mut().for_each(|(_, score)| *score = rounded(*score, 6));
                rankings.push(Ranking { field: "words".to_owned(), places });
            }
        }
        let hits = fuse(&rankings, *top_k)
            .into_iter()
            .map(|(id, score, legs)| Ok(self.hit(&self.documents.get(&id)?, query, score, legs)))
            .collect::<Result<_, SearchError>>()?;
        Ok(Answer {
            query: query.clone(),
            algorithm: plan.name,
            total,
            took_ms: rounded(began.elapsed().as_secs_f64() * 1e3, 1),
            note: plan.note,
            hits,
        })
    }

    /// The document that `wanted` names: an id, a name, or `pack/name`.
    ///
    /// # Errors
    ///
    /// [`SearchError::NoAsset`] or [`SearchError::Ambiguous`].
    pub fn find(&self, wanted: &str) -> Result<Value, SearchError> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        self.documents.heads(|head| {
            let whole = format!("{}/{}", head.pack, head.name);
            if wanted == head.asset_id || wanted == head.name || wanted == whole {
                found.push((head.asset_id.into_owned(), whole));
            } else {
                names.push(head.name.into_owned());
            }
        })?;
        match found.as_slice() {
            [(id, _)] => self.documents.get(id),
            [] => {
                let nearest = nearest(wanted, names.iter().map(String::as_str))
                    .map(|name| format!("; did you mean `{name}`?"));
                let nearest = nearest.unwrap_or_default();
                Err(SearchError::NoAsset { wanted: wanted.to_owned(), nearest })
            }
            several => {
                let shown: Vec<&str> =
                    several.iter().take(10).map(|(_, whole)| whole.as_str()).collect();
                let candidates = shown.join(", ");
                Err(SearchError::Ambiguous { wanted: wanted.to_owned(), candidates })
            }
        }
    }

    fn plan(&self, algorithm: Option<&str>) -> Result<Plan<'_>, SearchError> {
        let fields = &self.current.fields;
        let first = || default_field(fields);
        let no_vectors = "the catalogue has no vectors, so this is a search by words; \
                          `vitrine catalog` without --no-embeddings makes some";
        match algorithm {
            Some("words") => {
                Ok(Plan { name: "words".to_owned(), field: None, words: true, note: None })
            }
            None | Some("hybrid") if fields.is_empty() => Ok(Plan {
                name: "words".to_owned(),
                field: None,
                words: true,
                note: Some(no_vectors.to_owned()),
            }),
            Some("hybrid") => {
                Ok(Plan { name: "hybrid".to_owned(), field: first(), words: true, note: None })
            }
            None => {
                let field = first();
                let name = field.map_or_else(String::new, |(_, packed)| packed.embedding.clone());
                Ok(Plan { name, field, words: false, note: None })
            }
            Some(wanted) => {
                let field = fields.iter().find(|(_, packed)| packed.embedding == wanted);
                let Some((name, packed)) = field else {
                    let names = fields.values().map(|packed| packed.embedding.as_str());
                    let known: Vec<&str> = names.chain(["words", "hybrid"]).collect();
                    let known = known.join(", ");
                    return Err(SearchError::Algorithm { wanted: wanted.to_owned(), known });
                };
                let field = Some((name.as_str(), packed));
                Ok(Plan { name: wanted.to_owned(), field, words: false, note: None })
            }
        }
    }

    fn by_vector(
        &self,
        name: &str,
        packed: &Packed,
        query: &str,
        only: Option<&HashSet<String>>,
        depth: usize,
        embed: &mut Embed<'_>,
    ) -> Result<Ranking, SearchError> {
        let field = Field::open(&self.root, name, packed)?;
        let vector = embed(packed, query)?;
        if vector.len() != packed.dims {
            let reason = format!(
                "holds vectors of {} numbers and its model makes {}",
                packed.dims,
                vector.len()
            );
            return Err(SearchError::Broken { path: packed.vectors.clone(), reason });
        }
        // Few rows of a filtered search are compared one by one; the others are not even read.
        let rows: Option<Vec<usize>> = only
            .map(|only| (0..packed.count).filter(|row| only.contains(field.id(*row))).collect());
        let places = field
            .nearest(&vector, rows.as_deref(), depth)
            .into_iter()
            .map(|one| (field.id(one.row).to_owned(), rounded(f64::from(one.score), 6)))
            .collect();
        Ok(Ranking { field: field.name().to_owned(), places })
    }

    fn hit(&self, document: &Value, query: &str, score: f64, legs: Vec<Leg>) -> Hit {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sides = document["usd"]["bounds"]["size_m"].as_array();
        Hit {
            asset_id: text("asset_id"),
            name: text("name"),
            pack: text("pack"),
            uri: text("uri"),
            score,
            legs,
            matched_tags: words::shared(query, tags.iter().filter_map(Value::as_str)),
            size_m: sides.and_then(|sides| sides.iter().filter_map(Value::as_f64).reduce(f64::max)),
            thumbnail_uri: document["thumbnail_uri"].as_str().map(str::to_owned),
        }
    }
}

/// Which rankings a request needs.
struct Plan<'a> {
    name: String,
    field: Option<(&'a str, &'a Packed)>,
    words: bool,
    note: Option<String>,
}

impl Plan<'_> {
    fn is_fused(&self) -> bool {
        self.field.is_some() && self.words
    }
}

/// The field of the embedding `text`, else the first.
fn default_field(fields: &BTreeMap<String, Packed>) -> Option<(&str, &Packed)> {
    let text = fields.iter().find(|(_, packed)| packed.embedding == "text");
    text.or_else(|| fields.iter().next()).map(|(name, packed)| (name.as_str(), packed))
}

/// One ranking of several. A single one keeps its scores; of more, each place counts
/// `1 / (60 + rank)`, because their scores have no common measure.
///
/// # Source
///
/// Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion.
fn fuse(rankings: &[Ranking], top_k: usize) -> Vec<(String, f64, Vec<Leg>)> {
    let mut fused: Vec<(String, f64, Vec<Leg>)> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for Ranking { field, places } in rankings {
        for (index, (id, score)) in places.iter().enumerate() {
            let rank = index + 1;
            let at = *place.entry(id).or_insert_with(|| {
                fused.push((id.clone(), 0.0, Vec::new()));
                fused.len() - 1
            });
            let share =
                if rankings.len() == 1 { *score } else { 1.0 / (RECIPROCAL_RANK_K + rank as f64) };
            fused[at].1 += share;
            fused[at].2.push(Leg { field: field.clone(), score: *score, rank });
        }
    }
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    fused.truncate(top_k);
    fused
}

/// A float32's digits after the seventh are noise, and print as such.
fn rounded(number: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (number * unit).round() / unit
}

/// Whether a path of `current.json` names something below the catalogue.
fn stays_inside(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests;
