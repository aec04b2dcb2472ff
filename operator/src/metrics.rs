//! Every number that the operator exports. Labels are closed enums, never names or error text, so the
//! count of time series is known when the program is compiled.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use vitrine_crds::library::status::{Phase, RunStatus};

use crate::cache::uid::Uid;
use crate::run::kind::{Kind, Standing as _};

/// Upper bounds of a pass's time, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Why a pass failed.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, Hash, PartialEq)]
pub enum Reason {
    /// Somebody wrote in between.
    Conflict,
    /// A right is missing.
    Forbidden,
    /// The API server refused.
    Refused,
    /// The API server did not answer.
    Unreachable,
    /// What we keep of a resource cannot be read.
    Kept,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ReasonLabel {
    reason: Reason,
}

#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, Hash, PartialEq)]
enum Outcome {
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct OutcomeLabel {
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, Hash, PartialEq)]
enum Standing {
    Pending,
    Running,
    Ready,
    Failed,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct StandingLabel {
    standing: Standing,
}

/// Which number counts a kind of resource.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Counted {
    /// `libraries`.
    Libraries,
    /// `embedding_jobs`.
    EmbeddingJobs,
}

/// The numbers.
pub struct Metrics {
    registry: Registry,
    reconciles: Histogram,
    failures: Family<ReasonLabel, Counter>,
    runs: Family<OutcomeLabel, Counter>,
    libraries: Family<StandingLabel, Gauge>,
    embedding_jobs: Family<StandingLabel, Gauge>,
    leader: Gauge,
    standings: Mutex<HashMap<Uid, Standing>>,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("vitrine_operator");
        let reconciles = Histogram::new(BUCKETS);
        let help = "Time of one pass over one resource";
        registry.register_with_unit("reconcile_duration", help, Unit::Seconds, reconciles.clone());
        let failures = Family::default();
        registry.register("reconcile_failures", "Passes that failed", failures.clone());
        let runs = Family::default();
        registry.register("runs", "Runs that ended", runs.clone());
        let libraries = Family::default();
        registry.register("libraries", "Asset libraries, by how they stand", libraries.clone());
        let embedding_jobs = Family::default();
        let help = "Embedding jobs, by how they stand; a ready one is complete";
        registry.register("embedding_jobs", help, embedding_jobs.clone());
        let leader = Gauge::default();
        registry.register("leader", "1 where this copy acts", leader.clone());
        let standings = Mutex::default();
        Self { registry, reconciles, failures, runs, libraries, embedding_jobs, leader, standings }
    }

    /// Measures until it is dropped.
    pub fn reconcile_timer(&self) -> impl Drop + use<> {
        struct Timer(Histogram, Instant);
        impl Drop for Timer {
            fn drop(&mut self) {
                self.0.observe(self.1.elapsed().as_secs_f64());
            }
        }
        Timer(self.reconciles.clone(), Instant::now())
    }

    /// A pass failed.
    pub fn reconcile_failed(&self, reason: Reason) {
        self.failures.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// This copy acts, or does not.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// What was planned for `resource`.
    pub fn planned<K: Kind>(&self, resource: &K, now: &K::Status) {
        let phase = |run: Option<&RunStatus>| run.map(|run| (run.number, run.phase));
        let was = phase(resource.status().and_then(|status| status.run()));
        let is = phase(now.run());
        if was != is {
            let outcome = match is {
                Some((_, Phase::Succeeded)) => Some(Outcome::Succeeded),
                Some((_, Phase::Failed)) => Some(Outcome::Failed),
                _ => None,
            };
            if let Some(outcome) = outcome {
                self.runs.get_or_create(&OutcomeLabel { outcome }).inc();
            }
        }
        let standing = match is {
            None => Standing::Pending,
            Some((_, Phase::Succeeded)) => Standing::Ready,
            Some((_, Phase::Failed)) => Standing::Failed,
            Some(_) => Standing::Running,
        };
        self.stands(resource, Some(standing));
    }

    /// `resource` is gone.
    pub fn forget<K: Kind>(&self, resource: &K) {
        self.stands(resource, None);
    }

    fn stands<K: Kind>(&self, resource: &K, standing: Option<Standing>) {
        let key = Uid::of(resource.meta().uid.as_deref());
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match standing {
            Some(standing) => standings.insert(key, standing),
            None => standings.remove(&key),
        };
        let all = match K::WORDS.counted {
            Counted::Libraries => &self.libraries,
            Counted::EmbeddingJobs => &self.embedding_jobs,
        };
        let gauge = |standing| all.get_or_create(&StandingLabel { standing }).clone();
        before.inspect(|&standing| {
            gauge(standing).dec();
        });
        standing.inspect(|&standing| {
            gauge(standing).inc();
        });
    }

    /// As Prometheus and OpenMetrics read them.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let written = text::encode(&mut out, &self.registry);
        written.map(|()| out).unwrap_or_default()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
