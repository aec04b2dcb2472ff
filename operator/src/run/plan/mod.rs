//! What is to be done for a resource, and what is to be said of it: pure, and without a clock.
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
use vitrine_crds::condition::Status::False;
use vitrine_crds::library::status::{IndexStatus, Phase, RunStatus};
use vitrine_crds::run::{Counts, Step, Termination};

use super::found::Found;
use super::kind::{Kind, Standing};
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
pub struct Plan<S> {
    /// In this order.
    pub actions: Vec<Action>,
    /// What is written.
    pub status: S,
    /// Events: whether it is a warning, one word, a sentence.
    pub events: Vec<(bool, String, String)>,
    /// Seconds until it is looked at again where nothing happens before; none: when something does.
    pub again_secs: Option<i64>,
    /// Whether a run waits for a place.
    pub waits: bool,
}

/// Limits that hold for all resources.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Runs at once in the whole cluster.
    pub runs_max: usize,
    /// Runs at once in one namespace.
    pub runs_per_namespace_max: usize,
}

/// When a kind of resource runs, and what it says of its runs. The plan asks at each turn of a run.
pub trait Course: Kind {
    /// Whether the newest run is one of the spec as it is.
    fn is_current(planning: &mut Planning<'_, Self>) -> bool;
    /// No run is under way: is one due?
    fn rest(planning: &mut Planning<'_, Self>);
    /// The spec cannot be followed, for the reason that is said.
    fn refused(planning: &mut Planning<'_, Self>, sentence: &str);
    /// A run begins; `before` is the one before it.
    fn begun(planning: &mut Planning<'_, Self>, before: Option<&RunStatus>);
    /// Whether a run ends with its scan, which found nothing to do.
    fn ends_with_scan(planning: &Planning<'_, Self>) -> bool;
    /// The run is visible, or nothing had to be; `said` are the last words of its last step.
    fn succeeded(planning: &mut Planning<'_, Self>, said: &Termination, counts: Counts);
    /// The run ended before it was visible.
    fn failed(planning: &mut Planning<'_, Self>, failure: &Failure);
    /// Whether searches are answered.
    fn ready(planning: &mut Planning<'_, Self>);
}

/// Why a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run's number.
    pub run: i64,
    /// One word.
    pub reason: String,
    /// A sentence, with the cure where there is one.
    pub message: String,
    /// Whether its last pod said that the cause may pass.
    pub may_pass: bool,
}

/// What is to be done for `resource`, which is not being deleted.
pub fn plan<K: Course>(
    resource: &K,
    found: &Found,
    limits: Limits,
    now: DateTime<Utc>,
) -> Plan<K::Status> {
    let status = resource.status().cloned().unwrap_or_default();
    let generation = resource.meta().generation.unwrap_or(0);
    let mut planning = Planning {
        resource,
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
    *planning.plan.status.shared().observed_generation = Some(generation);
    planning.decide();
    planning.plan
}

/// A plan that is being made.
pub struct Planning<'a, K: Kind> {
    /// What it is made for.
    pub resource: &'a K,
    /// What the cluster holds for it.
    pub found: &'a Found,
    /// The time.
    pub now: DateTime<Utc>,
    /// The generation of the spec.
    pub generation: i64,
    /// The plan so far.
    pub plan: Plan<K::Status>,
    limits: Limits,
}

impl<K: Course> Planning<'_, K> {
    fn decide(&mut self) {
        let mistakes = self.resource.mistakes();
        match self.plan.status.run().map(|run| run.phase) {
            Some(Phase::Cancelling) => self.cancelling(),
            Some(Phase::Scanning | Phase::Working | Phase::Publishing) => {
                let is_other = !K::is_current(self);
                if self.found.namespace_ends {
                    return self.give_up();
                }
                match is_other || self.resource.is_suspended() || !mistakes.is_empty() {
                    true => self.cancel(is_other),
                    false => self.go_on(),
                }
            }
            None | Some(Phase::Succeeded | Phase::Failed) => match mistakes.is_empty() {
                true => K::rest(self),
                false => self.refuse(&mistakes),
            },
        }
    }

    /// The run, which there is.
    pub fn run(&mut self) -> &mut RunStatus {
        self.plan.status.shared().run.as_mut().expect("a run's phase was read before")
    }

    /// Says a condition.
    pub fn say(&mut self, said: Say) {
        said.to(&mut self.plan.status, self.generation, &stamp(self.now));
    }

    /// Says the resource in one word.
    pub fn phase(&mut self, word: &str) {
        word.clone_into(self.plan.status.shared().phase);
    }

    /// Says that no run is under way, and why none is.
    pub fn idle(&mut self, reason: &str) {
        // Where it is the same condition, what is said of the spec says more.
        if K::WORDS.under_way != "Reconciling" {
            let (kind, message) = (K::WORDS.under_way, "no run is under way");
            self.say(Say { kind, status: False, reason, message });
        }
    }

    /// Tells of something in an Event.
    pub fn event(&mut self, is_warning: bool, reason: &str, sentence: String) {
        self.plan.events.push((is_warning, reason.to_owned(), sentence));
    }

    /// How many things, in words.
    pub fn things(&self, count: i64) -> String {
        let (one, many) = K::WORDS.things;
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

fn said_by(step: Step) -> &'static str {
    match step {
        Step::Scan => "Scanned",
        Step::Work => "Worked",
        Step::Publish | Step::Cleanup => "Published",
    }
}

/// When an index that was replaced is to go.
pub fn kept_until(index: &IndexStatus) -> Option<DateTime<Utc>> {
    index.kept_until.as_deref().and_then(parsed)
}

/// As a status has it.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What [`stamp`] wrote.
pub fn parsed(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}
