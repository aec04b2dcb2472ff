//! The index that a run fills: what the run wants of Elasticsearch, in the run's words.

use std::sync::{Arc, OnceLock};

use vitrine_bulk::{Action, Operation, Options, Receiver, Sender};
use vitrine_crds::run::{Counts, Exit};

use super::crash::{self, Point};
use super::fingerprint;
use super::records::{Failure, Indexed, Plan, PlannedEmbedding, RunState};
use super::report::IndexReport;
use super::work::decoded;
use super::{RunError, Settings};
use crate::asset::clip::Clip;
use crate::asset::{Document, Subject};
use crate::catalog::packed::{Current, IndexedAs};
use crate::index::claims;
use crate::index::failures::{self, Failed};
use crate::index::{
    self, Body, Cluster, Described, Destination, FieldWanted, Filled, Holds, IndexError, Kept,
    Standing, Wanted, names,
};

/// Documents between work and the verdict of the index, at most: each holds its receipt too.
const WAITING_DOCUMENTS_MAX: usize = 4_096;

/// Removes all that the library has in its cluster. Returns the names.
pub(super) fn remove(destination: &Destination) -> Result<Vec<String>, RunError> {
    let cluster = Cluster::connect(&destination.connection)?;
    Ok(index::remove_all(&cluster, &destination.wanted(Vec::new()))?)
}

/// Every document of an index.
type All<'a> = Box<dyn Iterator<Item = Result<index::Exported<Subject>, RunError>> + 'a>;

fn whole<D: Into<Subject>>(exported: index::Exported<D>) -> index::Exported<Subject> {
    let index::Exported { document, run_state, vectors } = exported;
    index::Exported { document: document.into(), run_state, vectors }
}

/// What an index says of its documents.
type Entries<'a> = Box<dyn Iterator<Item = Result<index::Entry, RunError>> + 'a>;

/// The index that a run fills.
pub(super) struct Target {
    cluster: Cluster,
    url: String,
    wanted: Wanted,
    standing: Standing,
    name: Arc<str>,
    /// The number that this process took.
    claimed: OnceLock<u64>,
}

impl Target {
    /// Looks at the index; none where none is wanted.
    pub(super) fn open(
        cluster: Cluster,
        settings: &Settings,
        embeddings: &[PlannedEmbedding],
    ) -> Result<Option<Self>, RunError> {
        let Some(destination) = &settings.index else { return Ok(None) };
        let fields = embeddings.iter().map(|planned| FieldWanted {
            field: planned.field.clone(),
            dims: planned.dims,
            embedding: planned.name.clone(),
            algorithm: planned.algorithm,
            content: planned.content,
            model_uri: planned.model_uri.clone(),
            model_fingerprint: planned.model_fingerprint.clone(),
        });
        let wanted = destination.wanted(fields.collect());
        let standing = index::look(&cluster, &wanted)?;
        let name = names::write_alias(&standing.target).into();
        let url = destination.connection.name();
        let claimed = OnceLock::new();
        Ok(Some(Self { cluster, url, wanted, standing, name, claimed }))
    }

    /// Takes a number for a run.
    pub(super) fn claim(&self, at_least: u64, holder: &str) -> Result<u64, RunError> {
        // A run that continues has written under its number already.
        let mut run = claims::claim(&self.cluster, &self.wanted, at_least, holder)?;
        if run < self.standing.newest_run {
            let lowest = self.standing.newest_run + 1;
            run = claims::claim(&self.cluster, &self.wanted, lowest, holder)?;
        }
        Ok(*self.claimed.get_or_init(|| run))
    }

    /// Tells why the run that this process began, or else `run`, ended early. What may pass is not
    /// told: the run goes on with the next try. Nor is what another process does under its number.
    pub(super) fn stopped(&self, run: Option<u64>, error: &RunError) {
        let Some(run) = self.claimed.get().copied().or(run) else { return };
        let is_anothers = match error {
            RunError::Superseded { .. } => true,
            RunError::Index(IndexError::Superseded { run, by }) => run == by,
            _ => false,
        };
        if is_anothers || error.exit() == Exit::Retry {
            return;
        }
        let told = claims::stopped(&self.cluster, &self.wanted.alias, run, error.reason());
        if let Err(untold) = told {
            tracing::debug!(%untold, "the end of run {run} is not noted");
        }
    }

    /// Whether what stands behind the alias is what `current` was published as.
    pub(super) fn is_of(&self, current: Option<&Current>) -> bool {
        let of = current.and_then(|current| Some((current.run, current.index.as_ref()?)));
        match (of, &self.standing.live) {
            (Some((run, index)), Some(live)) => {
                index.alias == self.wanted.alias && index.name == live.index && run == live.run
            }
            _ => false,
        }
    }

    /// Whether the target holds exactly what `current` was published as, by a few numbers.
    pub(super) fn agrees(&self, current: Option<&Current>) -> bool {
        let Some(live) = self.standing.live.as_ref().filter(|_| self.is_of(current)) else {
            return false;
        };
        let index = current.and_then(|current| current.index.as_ref());
        live.index == self.standing.target
            && live.meta.run == live.run
            && index.is_some_and(|index| {
                let IndexedAs { alias: _, name: _, documents, refused, served } = index;
                *documents == live.documents && *refused == 0 && *served == self.served()
            })
    }

    /// What of the configuration changes an index without making another.
    fn served(&self) -> String {
        let Wanted { replicas, shared_alias, .. } = &self.wanted;
        let replicas = replicas.map_or_else(|| "auto".to_owned(), |count| count.to_string());
        format!("replicas {replicas}, shared {}", shared_alias.as_deref().unwrap_or("-"))
    }

    /// What the target holds; nothing where it is not there yet.
    pub(super) fn written(&self) -> Result<Entries<'_>, RunError> {
        match self.standing.exists {
            false => Ok(Box::new(std::iter::empty())),
            true => self.entries(&self.standing.target),
        }
    }

    /// What an index holds.
    pub(super) fn entries(&self, index: &str) -> Result<Entries<'_>, RunError> {
        let entries = index::list(&self.cluster, (index, self.wanted.holds))?;
        Ok(Box::new(entries.map(|entry| entry.map_err(RunError::from))))
    }

    /// What stands behind the alias.
    pub(super) fn live(&self) -> Option<&index::Live> {
        self.standing.live.as_ref()
    }

    /// Every document of `live`, whole, in the order of ids.
    pub(super) fn export<'a>(&'a self, live: &index::Live) -> Result<All<'a>, RunError> {
        let fields = live.meta.embeddings.iter().map(|field| field.field.clone()).collect();
        let place = (live.index.as_str(), self.wanted.holds);
        Ok(match self.wanted.holds {
            Holds::Assets => {
                let exported = index::export::<Document>(&self.cluster, place, fields)?;
                Box::new(exported.map(|one| Ok(whole(one?))))
            }
            Holds::Clips => {
                let exported = index::export::<Clip>(&self.cluster, place, fields)?;
                Box::new(exported.map(|one| Ok(whole(one?))))
            }
        })
    }

    /// Makes the target, or makes it ready for `run`.
    pub(super) fn prepare(&self, run: u64) -> Result<(), RunError> {
        Ok(index::prepare(&self.cluster, &self.wanted, &self.standing, run)?)
    }

    /// Asks whether nobody claimed a later run.
    pub(super) fn still_newest(&self, plan: &Plan) -> Result<(), RunError> {
        Ok(claims::still_newest(&self.cluster, &self.wanted, plan.run, &plan.holder)?)
    }

    /// The name that searches use.
    pub(super) fn alias(&self) -> &str {
        &self.wanted.alias
    }

    /// The index that is filled.
    pub(super) fn name(&self) -> &str {
        &self.standing.target
    }

    /// Whether it is to take the place of another.
    pub(super) fn replaces(&self) -> bool {
        self.standing.live.as_ref().is_some_and(|live| live.index != self.standing.target)
    }

    /// Starts a load.
    pub(super) fn start<T: Send + 'static>(&self) -> (Sender<T>, Receiver<T>) {
        let options = Options {
            waiting_documents_max: WAITING_DOCUMENTS_MAX,
            require_alias: true,
            ..Options::default()
        };
        let options = crash::patience(options);
        vitrine_bulk::start(self.cluster.runtime(), self.cluster.client().clone(), options)
    }

    /// A document as the index takes it.
    pub(super) fn write(&self, indexed: &Indexed) -> Action {
        let Indexed { known, document, vectors, .. } = indexed;
        let vectors: Vec<(&str, Vec<f32>)> =
            vectors.iter().map(|(field, text)| (field.as_str(), numbers(text))).collect();
        let vectors: Vec<(&str, &[f32])> =
            vectors.iter().map(|(field, vector)| (*field, vector.as_slice())).collect();
        let state = fingerprint::state(known);
        let run_state = &RunState::of(known);
        let fields = &self.wanted.fields;
        let document = match document {
            Subject::Asset(asset) => Described::Asset(asset),
            Subject::Clip(clip) => Described::Clip(clip),
        };
        let body = Body { document, state: &state, run_state, fields, vectors: &vectors };
        Action::Index(index::encode(&body, self.cluster.server()).into())
    }

    /// One thing to do to the target in `run`.
    pub(super) fn operation<T>(
        &self,
        run: u64,
        id: String,
        action: Action,
        tag: T,
    ) -> Operation<T> {
        Operation { index: Arc::clone(&self.name), id, action, version: Some(run), tag }
    }

    /// Tells which assets have no current document.
    pub(super) fn record(&self, plan: &Plan, found: &[Failure]) -> Result<(), RunError> {
        let found: Vec<Failed<'_>> = found.iter().map(failed).collect();
        Ok(failures::record(&self.cluster, &self.wanted, plan.run, &found)?)
    }

    /// Makes what was written searchable, and lets searches see it.
    pub(super) fn publish(
        &self,
        plan: &Plan,
        documents: u64,
        refused: u64,
    ) -> Result<IndexedAs, RunError> {
        let Self { cluster, wanted, standing, .. } = self;
        // Where somebody else had a hand in the index, a later run is the best of reasons.
        let newest = |error: IndexError| match self.still_newest(plan) {
            Err(superseded) => superseded,
            Ok(()) => error.into(),
        };
        index::complete(cluster, wanted, standing, Filled { run: plan.run, documents })
            .map_err(newest)?;
        crash::at(Point::AfterGraph);
        // Building a graph takes its time: a later run may have begun, and published.
        self.still_newest(plan)?;
        index::swap(cluster, wanted, standing).map_err(newest)?;
        let (alias, name) = (wanted.alias.clone(), standing.target.clone());
        Ok(IndexedAs { alias, name, documents, refused, served: self.served() })
    }

    /// Tells how the run ended, and takes away indices whose time has come. Comes back with those that
    /// are kept.
    pub(super) fn end(&self, plan: &Plan, counts: Counts) -> Result<Option<Kept>, RunError> {
        let counts = serde_json::to_value(counts).expect("counts are numbers");
        claims::published(&self.cluster, &self.wanted.alias, plan.run, counts)?;
        Ok(index::remove_old(&self.cluster, &self.wanted, &self.standing, plan.run)?)
    }

    /// What the report says of it.
    pub(super) fn report(&self, published: &IndexedAs) -> IndexReport {
        let IndexedAs { alias, name, documents, .. } = published.clone();
        IndexReport { url: self.url.clone(), alias, name, documents, kept: None, kept_until: None }
    }
}

fn failed(failure: &Failure) -> Failed<'_> {
    let Failure { id, uri, path: _, step, reason, attempts, time } = failure;
    Failed { id, uri, step, reason, attempts: *attempts, time }
}

fn numbers(text: &str) -> Vec<f32> {
    let bytes = decoded(text);
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
