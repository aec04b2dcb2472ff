//! What is to be done for a library, and what is to be said of it: pure, and without a clock.
//!
//! ```text
//! Scanning ──▶ Working ──▶ Publishing ──▶ Succeeded        a step without work is left out
//!     └───────────┴────────────┴────────▶ Failed           tried again, later each time
//!     └───────────┴────────────┴────────▶ Cancelling ──▶ Scanning     the spec changed
//! ```
//!
//! The status is written before the first object of a run: what a plan does is only what the written
//! status asks for.

mod begin;
mod end;
mod follow;

use chrono::{DateTime, SecondsFormat, Utc};
use vitrine_crds::library::status::{AssetLibraryStatus, IndexStatus, Phase, RunStatus};
use vitrine_crds::library::{Resource, check};
use vitrine_crds::run::Step;

use super::found::Found;
use super::say::Say;

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Makes the policies and the configuration of the run, and the Job of this step.
    Start(Step),
    /// Removes the Jobs of the run, with their pods.
    Stop,
    /// Removes the configuration of an earlier run.
    Forget(i64),
}

/// What is to be done, said, and when to look again.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In this order.
    pub actions: Vec<Action>,
    /// What is written.
    pub status: AssetLibraryStatus,
    /// Events: whether it is a warning, one word, a sentence.
    pub events: Vec<(bool, String, String)>,
    /// Seconds until it is looked at again where nothing happens before; none: when something does.
    pub again_secs: Option<i64>,
    /// Whether a run waits for a place.
    pub waits: bool,
}

/// Limits that hold for all libraries.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Runs at once in the whole cluster.
    pub runs_max: usize,
    /// Runs at once in one namespace.
    pub runs_per_namespace_max: usize,
}

/// What is to be done for `library`, which is not being deleted.
pub fn plan(library: &Resource, found: &Found, limits: Limits, now: DateTime<Utc>) -> Plan {
    let status = library.status.clone().unwrap_or_default();
    let generation = library.metadata.generation.unwrap_or(0);
    let mut planning = Planning {
        library,
        found,
        limits,
        now,
        generation,
        plan: Plan {
            actions: Vec::new(),
            status,
            events: Vec::new(),
            again_secs: None,
            waits: false,
        },
    };
    planning.plan.status.observed_generation = Some(generation);
    planning.decide();
    planning.plan
}

struct Planning<'a> {
    library: &'a Resource,
    found: &'a Found,
    limits: Limits,
    now: DateTime<Utc>,
    generation: i64,
    plan: Plan,
}

impl Planning<'_> {
    fn decide(&mut self) {
        let mistakes = mistakes(self.library);
        let phase = self.plan.status.run.as_ref().map(|run| run.phase);
        match phase {
            Some(Phase::Cancelling) => self.cancelling(),
            Some(Phase::Scanning | Phase::Working | Phase::Publishing) => {
                let is_other = self.run().generation != self.generation;
                if self.found.namespace_ends {
                    return self.give_up();
                }
                match is_other || self.library.spec.suspend || !mistakes.is_empty() {
                    true => self.cancel(is_other),
                    false => self.go_on(),
                }
            }
            None | Some(Phase::Succeeded | Phase::Failed) => match mistakes.is_empty() {
                true => self.rest(),
                false => self.refuse(&mistakes),
            },
        }
    }

    fn run(&mut self) -> &mut RunStatus {
        self.plan.status.run.as_mut().expect("a run's phase was read before")
    }

    fn say(&mut self, said: Say) {
        said.to(&mut self.plan.status, self.generation, &stamp(self.now));
    }

    fn event(&mut self, is_warning: bool, reason: &str, sentence: String) {
        self.plan.events.push((is_warning, reason.to_owned(), sentence));
    }
}

fn said_by(step: Step) -> &'static str {
    match step {
        Step::Scan => "Scanned",
        Step::Work => "Worked",
        Step::Publish | Step::Cleanup => "Published",
    }
}

fn mistakes(library: &Resource) -> Vec<check::Mistake> {
    check::on_cluster(&library.spec)
}

fn kept_until(index: &IndexStatus) -> Option<DateTime<Utc>> {
    index.kept_until.as_deref().and_then(parsed)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn parsed(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}
