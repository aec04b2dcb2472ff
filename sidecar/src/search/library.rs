//! An opened catalogue, and one search over it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::answer::{Answer, Hit, Request, View};
use super::documents::Documents;
use super::error::SearchError;
use super::field::Field;
use super::fuse::{Ranking, fuse, rounded, view_of};
use super::plan::{Embed, Plan, Space};
use super::words;
use crate::catalog::layout;
use crate::catalog::packed::{CURRENT, Current};
use crate::nearest::nearest;

/// A catalogue as the newest run published it. A run that publishes while this one is open
/// disturbs nothing: it writes files of its own.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    current: Current,
    spaces: Vec<Space>,
    documents: Documents,
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
        if let Some(stray) = paths.chain([&current.documents]).find(|path| !layout::is_inside(path))
        {
            return Err(broken(format!("names `{stray}`, which is not inside the catalogue")));
        }
        let documents = Documents::open(root, &current.documents)?;
        let mut spaces: Vec<Space> =
            current.fields.iter().map(|(field, packed)| Space::of(field, packed)).collect();
        Space::pair(&mut spaces);
        Ok(Self { root: root.to_owned(), current, spaces, documents })
    }

    /// What publish said of the catalogue.
    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Its fields of vectors.
    pub fn spaces(&self) -> &[Space] {
        &self.spaces
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// A request that cannot be answered, a catalogue that is broken, or what `embed` says.
    pub fn search(&self, request: &Request, embed: &mut Embed<'_>) -> Result<Answer, SearchError> {
        let began = Instant::now();
        request.check()?;
        let Request { query, filter, top_k, .. } = request;
        let mut plan = Plan::of(request, &self.spaces, "catalogue")?;
        let only = filter.as_ref().map(|filter| self.documents.matching(filter)).transpose()?;
        let total = only.as_ref().map_or(self.current.documents_count, |only| only.len() as u64);
        let depth = plan.depth(*top_k);
        let mut rankings = Vec::new();
        if total > 0 {
            if let Some(space) = plan.space {
                let packed = &self.current.fields[&space.field];
                let field = Field::open(&self.root, &space.field, packed)?;
                let vector = space.vector(query, embed)?;
                rankings.push(by_vector(&field, &vector, only.as_ref(), depth));
            }
            if plan.words {
                let mut places = words::rank(&self.documents, query.words(), only.as_ref())?;
                places.truncate(depth);
                places.iter_mut().for_each(|(_, score)| *score = rounded(*score, 6));
                let (field, views) = ("words".to_owned(), HashMap::new());
                rankings.push(Ranking { field, places, views });
            }
        }
        let hits = fuse(&rankings, *top_k)
            .into_iter()
            .map(|(id, score, legs)| {
                let hit = Hit::of(&self.documents.get(&id)?, query.words(), score, legs);
                Ok(hit.seen(view_of(&rankings, &id)))
            })
            .collect::<Result<Vec<_>, SearchError>>()?;
        if hits.is_empty() && total > 0 {
            plan.explain_nothing();
        }
        let (query, image) = query.told();
        Ok(Answer {
            query,
            image,
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
}

/// The best `depth` assets of a field. Few rows of a filtered search are compared one by one; the
/// others are not even read.
fn by_vector(
    field: &Field,
    vector: &[f32],
    only: Option<&HashSet<String>>,
    depth: usize,
) -> Ranking {
    let rows: Option<Vec<usize>> =
        only.map(|only| (0..field.count()).filter(|row| only.contains(field.id(*row))).collect());
    let mut views = HashMap::new();
    let places = field.nearest(vector, rows.as_deref(), depth).into_iter().map(|one| {
        let id = field.id(one.row).to_owned();
        if let Some((number, count)) = field.view(one.row) {
            views.insert(id.clone(), View::of(&id, number, count));
        }
        (id, rounded(f64::from(one.score), 6))
    });
    Ranking { field: field.name().to_owned(), places: places.collect(), views }
}

#[cfg(test)]
mod tests;
