//! The same search over an index of Elasticsearch.
//!
//! alias → mapping and models → one request for every ranking → the same fusion as of a catalogue
//!
//! Rankings are fused here: the server's `rrf` retriever needs a paid licence, and not every
//! distribution has it.

mod body;
mod hits;
mod meta;

use std::time::Instant;

use serde_json::{Value, json};

use super::answer::{Answer, Hit, Query, Request};
use super::error::SearchError;
use super::fuse::{fuse, rounded, view_of};
use super::plan::{Embed, Plan, Space};
use crate::index::{self, Cluster, IndexError, Method};
use hits::{Documents, Scale};
use meta::Behind;

/// How often a search begins again because the alias moved meanwhile.
const ATTEMPTS: usize = 3;

/// An index, or all those behind an alias.
#[derive(Debug)]
pub struct Index {
    cluster: Cluster,
    alias: String,
    behind: Behind,
}

impl Index {
    /// Asks what is behind `alias`.
    ///
    /// # Errors
    ///
    /// [`SearchError::NoIndex`], [`SearchError::NotOurs`], or what Elasticsearch says.
    pub fn open(cluster: Cluster, alias: &str) -> Result<Self, SearchError> {
        let behind = look(&cluster, alias)?;
        Ok(Self { cluster, alias: alias.to_owned(), behind })
    }

    /// Its fields of vectors.
    pub fn spaces(&self) -> &[Space] {
        &self.behind.spaces
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// A request that cannot be answered, what Elasticsearch says, or what `embed` says.
    pub fn search(
        &mut self,
        request: &Request,
        embed: &mut Embed<'_>,
    ) -> Result<Answer, SearchError> {
        let began = Instant::now();
        request.check()?;
        // Loading the model takes longest, and the new index mostly has the same.
        let mut known: Option<(Space, Vec<f32>)> = None;
        let mut embed = |space: &Space, query: &Query| match &known {
            Some((of, vector)) if of == space => Ok(vector.clone()),
            _ => {
                let vector = embed(space, query)?;
                known = Some((space.clone(), vector.clone()));
                Ok(vector)
            }
        };
        for _ in 0..ATTEMPTS {
            if let Some(mut answer) = self.attempt(request, &mut embed)? {
                answer.took_ms = rounded(began.elapsed().as_secs_f64() * 1e3, 1);
                return Ok(answer);
            }
            // The alias moved between two requests: its new index may have another model.
            self.behind = look(&self.cluster, &self.alias)?;
        }
        Err(SearchError::Moving { alias: self.alias.clone() })
    }

    /// None where the alias moved.
    fn attempt(
        &self,
        request: &Request,
        embed: &mut Embed<'_>,
    ) -> Result<Option<Answer>, SearchError> {
        let Request { query, filter, top_k, .. } = request;
        let Behind { indices, spaces, mapping } = &self.behind;
        let mut plan = Plan::of(request, spaces, "index")?;
        let filter = filter.as_ref().map(|filter| filter.to_dsl(mapping)).transpose()?;
        let filter = filter.as_ref();
        let depth = plan.depth(*top_k);
        let mut fields = Vec::new();
        let mut bodies = vec![body::count(filter)];
        if let Some(space) = plan.space {
            let vector = space.vector(query, embed)?;
            bodies.push(body::knn(space, &vector, depth, filter));
            fields.push((space.field.as_str(), Scale::Cosine));
        }
        if plan.words {
            bodies.push(body::words(query.words(), mapping, depth, filter));
            fields.push(("words", Scale::Plain));
        }
        let answers = self.ask_together(bodies)?;
        if hits::strays(&answers, indices) {
            return Ok(None);
        }
        let mut documents = Documents::new();
        let rankings: Vec<_> = fields
            .into_iter()
            .zip(&answers[1..])
            .map(|((field, scale), answer)| hits::ranking(field, scale, answer, &mut documents))
            .collect();
        let hit = |(id, score, legs): (String, f64, _)| {
            let document = documents.get(&id).unwrap_or(&Value::Null);
            let hit = Hit::of(document, query.words(), score, legs);
            hit.seen(view_of(&rankings, &id))
        };
        let found: Vec<Hit> = fuse(&rankings, *top_k).into_iter().map(hit).collect();
        let total = hits::total(&answers[0]);
        if found.is_empty() && total > 0 {
            plan.explain_nothing();
        }
        let (query, image) = query.told();
        Ok(Some(Answer {
            query,
            image,
            algorithm: plan.name,
            total,
            took_ms: 0.0,
            note: plan.note,
            hits: found,
        }))
    }

    /// The answers to several searches, one each.
    fn ask_together(&self, bodies: Vec<Value>) -> Result<Vec<Value>, SearchError> {
        let count = bodies.len();
        let lines: Vec<Value> = bodies.into_iter().flat_map(|body| [json!({}), body]).collect();
        let path = format!("{}/_msearch", index::names::escaped(&self.alias));
        let asked = index::Request::new(Method::Post, path).lines(&lines);
        let answer = self.cluster.request(asked).map_err(|error| self.missing(error))?;
        hits::each(answer, count).map_err(|error| self.missing(error))
    }

    fn missing(&self, error: IndexError) -> SearchError {
        missing(&self.alias, error)
    }
}

fn look(cluster: &Cluster, alias: &str) -> Result<Behind, SearchError> {
    let path = format!("{}/_mapping", index::names::escaped(alias));
    let asked = index::Request::new(Method::Get, path);
    let answer = cluster.request(asked).map_err(|error| missing(alias, error))?;
    Behind::read(alias, &answer)
}

fn missing(alias: &str, error: IndexError) -> SearchError {
    match error.is_missing() {
        true => SearchError::NoIndex { alias: alias.to_owned() },
        false => SearchError::Index(error),
    }
}
