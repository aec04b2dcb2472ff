//! A cluster that does what it is told, and a clock: what stories of runs are told in.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vitrine_crds::condition::{Status, find};
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::run::{Step, Termination};

use super::build::{Images, Pods};
use super::found::{Found, Job, Pod, State};
use super::kind::Standing;
use super::names;
use super::plan::{Action, Course, Limits, Plan, plan};

/// Few enough that stories reach them.
pub const LIMITS: Limits = Limits { runs_max: 2, runs_per_namespace_max: 1 };

/// What holds for the pods that stories look at.
pub fn pods() -> Pods {
    Pods {
        images: Images::new("vitrine:1".into(), Some("vitrine:1-cuda".into())),
        video_images: Images::new("vitrine-video:1".into(), Some("vitrine-video:1-cuda".into())),
        pull_policy: String::new(),
        ttl_seconds: 3600,
    }
}

/// A cluster that does what it is told, and a clock.
pub struct Story<K: Course> {
    /// What the cluster holds of it.
    pub resource: K,
    /// What else it holds.
    pub found: Found,
    /// The time.
    pub now: DateTime<Utc>,
    /// Reasons of the Events.
    pub events: Vec<String>,
    /// The last plan.
    pub last: Option<Plan<K::Status>>,
}

impl<K: Course> Story<K> {
    /// That nothing was done for yet.
    pub fn of(resource: K) -> Self {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        Self { resource, found: Found::default(), now, events: Vec::new(), last: None }
    }

    /// Plans until nothing is left to do at once; what was started.
    pub fn settle(&mut self) -> Vec<Action> {
        let mut done = Vec::new();
        for _ in 0..20 {
            let planned = plan(&self.resource, &self.found, LIMITS, self.now);
            let is_written = self.resource.status() == Some(&planned.status);
            *self.resource.status_mut() = Some(planned.status.clone());
            self.events.extend(planned.events.iter().map(|(_, reason, _)| reason.clone()));
            for action in &planned.actions {
                match action {
                    Action::Start(step) => {
                        let one = running(*step);
                        self.found.jobs.retain(|job| job.step != *step);
                        self.found.jobs.push(one);
                    }
                    Action::Stop => self.found.jobs.clear(),
                    Action::Forget(_) => {}
                }
            }
            let is_quiet = is_written && planned.actions.is_empty();
            done.extend(planned.actions.clone());
            self.last = Some(planned);
            if is_quiet {
                return done;
            }
        }
        panic!("the plan never rests: {:?}", self.last);
    }

    /// The Job of `step` ends with these words.
    pub fn ends(&mut self, step: Step, code: i32, words: Value) -> &mut Self {
        let mut said = json!({
            "v": 1, "run": 1, "step": step, "outcome": if code == 0 { "done" } else { "failed" },
            "reason": "Planned", "message": "said", "counts": {"read": 50, "indexed": 50,
            "skipped": 0, "failed": 0, "deleted": 0},
        });
        for (key, value) in words.as_object().unwrap() {
            said[key] = value.clone();
        }
        let said: Termination = serde_json::from_value(said).unwrap();
        let job = self.found.jobs.iter_mut().find(|job| job.step == step).unwrap();
        job.state = match code {
            0 => State::Complete,
            _ => State::Failed { reason: "PodFailurePolicy".into(), message: "exit code".into() },
        };
        job.pods = vec![Pod { said: Some(said), exit_code: Some(code), ..Pod::default() }];
        self
    }

    /// A run from its scan to the end.
    pub fn whole_run(&mut self) -> &mut Self {
        self.settle();
        self.ends(Step::Scan, 0, json!({"chunks": 2, "needs_gpu": true})).settle();
        self.ends(Step::Work, 0, json!({})).settle();
        let index = json!({"name": "w-1", "alias": "w", "documents": 50});
        self.ends(Step::Publish, 0, json!({"index": index, "reason": "Published"})).settle();
        self.found.jobs.clear();
        self
    }

    /// Where the run is.
    pub fn phase(&self) -> Phase {
        self.run().phase
    }

    /// The run.
    pub fn run(&self) -> &RunStatus {
        self.resource.status().and_then(Standing::run).unwrap()
    }

    /// Its number.
    pub fn number(&self) -> i64 {
        self.run().number
    }

    /// What is said of a condition.
    pub fn says(&self, kind: &str) -> (Status, String) {
        let found = find(self.resource.status().unwrap().conditions(), kind);
        let found = found.unwrap_or_else(|| panic!("no condition {kind}"));
        (found.status, found.message.clone())
    }

    /// Somebody changed the spec.
    pub fn changes(&mut self, generation: i64) -> &mut Self {
        self.resource.meta_mut().generation = Some(generation);
        self
    }
}

fn running(step: Step) -> Job {
    Job {
        step,
        name: format!("warehouse-1-{}", names::word(step)),
        state: State::Active,
        indexes: (0, 0),
        is_leaving: false,
        is_up: false,
        is_asked: true,
        pods: Vec::new(),
    }
}
