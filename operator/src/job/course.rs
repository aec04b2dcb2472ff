//! When a job runs: once for each spec, and again where a person asks for it.
//!
//! ```text
//! begun ──▶ Complete                          stays so until another spec, or an annotation, asks
//!   └─────▶ tried again, later each time      a cause that may pass: a store, Elasticsearch
//!   └─────▶ Failed                            a cause that does not, or the tries are used up
//! ```

use vitrine_crds::condition::Status::{False, True};
use vitrine_crds::embedding_job::Resource;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::run::{Counts, Termination};

use super::digest::digest;
use crate::run::plan::{Action, Course, Failure, Planning, parsed};
use crate::run::say::Say;

impl Course for Resource {
    fn is_current(planning: &mut Planning<'_, Self>) -> bool {
        let generation = planning.generation;
        let status = &mut planning.plan.status;
        // A run that was cancelled is of no generation.
        let Some(run) = status.run.as_mut().filter(|run| run.generation >= 0) else { return false };
        if run.generation == generation {
            return true;
        }
        // A change that the run need not know of: such as how long its Jobs stay.
        let is_same = status.spec_digest.as_deref() == Some(&digest(&planning.resource.spec));
        if is_same {
            run.generation = generation;
        }
        is_same
    }

    fn rest(planning: &mut Planning<'_, Self>) {
        let is_asked = planning.is_asked();
        let is_current = Self::is_current(planning);
        let run = planning.plan.status.run.clone().filter(|_| is_current);
        let failed = run.as_ref().filter(|run| run.phase == Phase::Failed);
        let approved = failed.is_some_and(|run| planning.is_approved(run));
        let is_allowed = approved && failed.is_some_and(|run| !run.deletions_approved);
        let next = planning.plan.status.next_try_time.as_deref().and_then(parsed);
        let is_due = next.is_some_and(|next| next <= planning.now);
        let is_wanted = !is_current || is_asked || is_allowed;
        let is_over = is_current && next.is_none();
        if planning.resource.spec.suspend && (is_wanted || !is_over) {
            return planning.suspended();
        }
        if is_wanted || is_due {
            if is_wanted && is_current {
                planning.plan.status.failures = 0; // Who asks has mended something.
            }
            return planning.begin_or_wait(approved);
        }
        match (failed, next) {
            (_, Some(next)) => {
                planning.plan.again_secs = Some((next - planning.now).num_seconds().max(1));
                planning.phase("Failed");
            }
            (Some(_), None) => planning.over("Failed"),
            (None, None) => planning.over("Complete"),
        }
        Self::ready(planning);
    }

    fn refused(planning: &mut Planning<'_, Self>, sentence: &str) {
        planning.outcome("Failed", "SpecWrong", sentence);
    }

    fn begun(planning: &mut Planning<'_, Self>, before: Option<&RunStatus>) {
        if before.is_some() {
            // Jobs that no time was set for.
            planning.plan.actions.push(Action::Stop);
        }
        let status = &mut planning.plan.status;
        status.spec_digest = Some(digest(&planning.resource.spec));
        status.completion_time = None;
        let message = format!("run {} is under way", planning.run().number);
        for kind in ["Complete", "Failed"] {
            planning.say(Say { kind, status: False, reason: "Running", message: &message });
        }
    }

    /// The report is written by publish, also of clips that were indexed before.
    fn ends_with_scan(_: &Planning<'_, Self>) -> bool {
        false
    }

    fn succeeded(planning: &mut Planning<'_, Self>, said: &Termination, counts: Counts) {
        planning.complete(said, counts);
    }

    fn failed(planning: &mut Planning<'_, Self>, failure: &Failure) {
        planning.gone_wrong(failure);
    }

    fn ready(planning: &mut Planning<'_, Self>) {
        planning.searchable();
    }
}

impl Planning<'_, Resource> {
    /// Nothing starts, and nothing is lost.
    fn suspended(&mut self) {
        self.phase("Suspended");
        let message = match self.plan.status.run {
            Some(_) => {
                "spec.suspend is true: it goes on where it was when that is false; clips that were \
                 done are not done again"
            }
            None => "spec.suspend is true: no run starts until it is false",
        };
        for kind in ["Complete", "Reconciling"] {
            self.say(Say { kind, status: False, reason: "Suspended", message });
        }
        Resource::ready(self);
    }

    /// Says how the job ended, as Kubernetes says it of its own: one of two conditions.
    pub(super) fn outcome(&mut self, holds: &str, reason: &str, message: &str) {
        for kind in ["Complete", "Failed"] {
            let status = if kind == holds { True } else { False };
            self.say(Say { kind, status, reason, message });
        }
    }
}
