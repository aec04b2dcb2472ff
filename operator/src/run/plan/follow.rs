//! A run under way: from step to step, or to an early end.

use vitrine_crds::condition::Status::{False, True, Unknown};
use vitrine_crds::condition::find;
use vitrine_crds::library::status::{Chunks, Phase, StepResult};
use vitrine_crds::run::{Counts, Step, Termination};

use super::{Action, Course, Planning, said_by};
use crate::run::found::{Job, State};
use crate::run::kind::Standing;
use crate::run::say::{self, Say};
use crate::run::{names, trouble};

/// How often a run is looked at whose pods do not all run, in seconds.
const LOOK_SECS: i64 = 10;
/// How often one is looked at whose pods run: its Job is watched.
const LOOK_UP_SECS: i64 = 120;
/// How often the progress of a run is written, at most: a hundred times.
const PROGRESS_STEPS: i32 = 100;

impl<K: Course> Planning<'_, K> {
    /// A changed spec, or one that is suspended, ends the run.
    pub(super) fn cancel(&mut self, is_other: bool) {
        let number = self.run().number;
        self.run().phase = Phase::Cancelling;
        self.plan.actions.push(Action::Stop);
        let why = match is_other {
            true => "the spec changed",
            false => "spec.suspend is true",
        };
        let message = format!("run {number} is cancelled: {why}");
        self.event(false, "Cancelled", message.clone());
        self.phase("Waiting");
        self.say(Say {
            kind: K::WORDS.under_way,
            status: True,
            reason: "Cancelling",
            message: &message,
        });
        self.plan.again_secs = Some(1);
    }

    /// A namespace that is being deleted waits for its pods to be gone before anything else of it goes,
    /// and Kubernetes keeps the failed pod of a chunk until another replaces it, which cannot be made
    /// there: both wait for ever, unless the Job goes.
    pub(super) fn give_up(&mut self) {
        let number = self.run().number;
        self.run().phase = Phase::Failed;
        self.plan.actions.push(Action::Stop);
        *self.plan.status.shared().next_time = None;
        self.phase("Failed");
        let message = format!("run {number} is given up: the namespace is being deleted");
        self.say(Say {
            kind: K::WORDS.under_way,
            status: False,
            reason: "NamespaceEnds",
            message: &message,
        });
        K::ready(self);
    }

    pub(super) fn cancelling(&mut self) {
        if self.found.jobs.is_empty() && !self.found.has_pods {
            self.run().phase = Phase::Failed;
            // The next run is of another generation, and starts at once where it may.
            self.run().generation = -1;
            return self.decide();
        }
        if self.found.jobs.iter().any(|job| !job.is_leaving) {
            self.plan.actions.push(Action::Stop);
        }
        self.plan.again_secs = Some(2);
    }

    /// Follows the run's step.
    pub(super) fn go_on(&mut self) {
        let step = self.run().phase.step().unwrap_or(Step::Scan);
        let Some(job) = self.found.job(step).cloned() else {
            self.plan.actions.push(Action::Start(step));
            self.plan.again_secs = Some(LOOK_SECS);
            return;
        };
        if let (Step::Work, Some(chunks)) = (step, self.run().chunks.as_mut()) {
            let (succeeded, failed) = job.indexes;
            let step = match job.state {
                State::Active => (chunks.total / PROGRESS_STEPS).max(1),
                State::Suspended | State::Complete | State::Failed { .. } => 1,
            };
            (chunks.succeeded, chunks.failed) = (succeeded - succeeded % step, failed);
        }
        match &job.state {
            State::Active | State::Suspended => self.wait_for(&job),
            State::Complete => self.ended(&job),
            State::Failed { .. } => match step {
                Step::Work if trouble::is_of_chunks(&job) => self.ended(&job),
                _ => self.failed(&job),
            },
        }
    }

    pub(super) fn wait_for(&mut self, job: &Job) {
        self.plan.again_secs = Some(if job.is_up { LOOK_UP_SECS } else { LOOK_SECS });
        let kind = said_by(job.step);
        if let Some((reason, message)) = trouble::of_waiting(job, self.now) {
            if say::message(&self.plan.status, kind) != Some(message.as_str()) {
                self.event(true, &reason, message.clone());
            }
            self.say(Say { kind, status: False, reason: &reason, message: &message });
            return;
        }
        let was = find(self.plan.status.conditions(), kind);
        if was.is_some_and(|was| was.status == False) && !job.is_asked && !job.is_up {
            return; // What its pods said last still holds.
        }
        self.goes_on(job.step);
    }

    /// A step is under way.
    pub(super) fn goes_on(&mut self, step: Step) {
        let number = self.run().number;
        let message = match self.run().chunks {
            Some(Chunks { total: 1, failed: 0, .. }) if step == Step::Work => {
                format!("run {number}: works on one chunk")
            }
            Some(Chunks { total, succeeded, failed }) if step == Step::Work => {
                let given_up = match failed {
                    0 => String::new(),
                    _ => format!(", {failed} given up"),
                };
                format!("run {number}: {succeeded} of {total} chunks done{given_up}")
            }
            _ => format!("run {number}: {} is under way", names::word(step)),
        };
        let kind = said_by(step);
        self.say(Say { kind, status: Unknown, reason: "Running", message: &message });
    }

    /// A step ended well enough to go on.
    pub(super) fn ended(&mut self, job: &Job) {
        let Some(said) = trouble::last_words(job) else {
            // Its pods were removed before they were asked: it is done once more.
            if job.step == Step::Work {
                return self.worked();
            }
            self.plan.actions.push(Action::Stop);
            self.plan.again_secs = Some(2);
            return;
        };
        self.note(job.step, &said);
        match job.step {
            Step::Scan => self.scanned(&said),
            Step::Work => self.worked(),
            Step::Publish | Step::Cleanup => self.published(&said),
        }
    }

    pub(super) fn note(&mut self, step: Step, said: &Termination) {
        let Termination { outcome, reason, message, .. } = said.clone();
        let status = if outcome == "done" { True } else { False };
        self.say(Say { kind: said_by(step), status, reason: &reason, message: &message });
        let run = self.run();
        run.results.retain(|result| result.step != step);
        run.results.push(StepResult { step, outcome, reason, message });
    }

    pub(super) fn scanned(&mut self, said: &Termination) {
        let total = said.chunks.unwrap_or(0).try_into().unwrap_or(i32::MAX);
        let run = self.run();
        run.planned = i64::try_from(said.run).ok();
        run.needs_gpu = said.needs_gpu.unwrap_or(true);
        run.chunks = Some(Chunks { total, ..Chunks::default() });
        if said.reason == "NothingChanged" && K::ends_with_scan(self) {
            for kind in ["Worked", "Published"] {
                let message = "nothing changed since the last run";
                self.say(Say { kind, status: True, reason: "NothingChanged", message });
            }
            let counts = said.counts;
            self.run().phase = Phase::Succeeded;
            return K::succeeded(self, said, Counts { skipped: counts.read, ..counts });
        }
        self.run().phase = if total > 0 { Phase::Working } else { Phase::Publishing };
        let (phase, message) = match total {
            0 => {
                let message = "nothing to work on";
                self.say(Say { kind: "Worked", status: True, reason: "NothingToDo", message });
                ("Publishing", "publishes what changed".to_owned())
            }
            1 => ("Working", "works on one chunk".to_owned()),
            _ => ("Working", format!("works on {total} chunks")),
        };
        self.to(phase, &message);
    }

    pub(super) fn worked(&mut self) {
        let Chunks { total, succeeded, failed } = self.run().chunks.unwrap_or_default();
        let message = match failed {
            0 if total == 1 => "its chunk is done".to_owned(),
            0 => format!("{total} of {total} chunks done"),
            _ => format!(
                "{succeeded} of {total} chunks done, {failed} given up: their {} keep the document they have",
                K::WORDS.things.1
            ),
        };
        let status = if failed == 0 { True } else { False };
        let reason = if failed == 0 { "Worked" } else { "ChunksFailed" };
        self.say(Say { kind: "Worked", status, reason, message: &message });
        if failed > 0 {
            self.event(true, reason, message);
        }
        self.run().phase = Phase::Publishing;
        self.to("Publishing", "publishes what was made");
    }

    pub(super) fn to(&mut self, phase: &str, what: &str) {
        let message = format!("run {} {what}", self.run().number);
        self.phase(phase);
        self.say(Say { kind: K::WORDS.under_way, status: True, reason: phase, message: &message });
        match self.run().phase {
            Phase::Working => self.goes_on(Step::Work),
            Phase::Publishing => self.goes_on(Step::Publish),
            Phase::Scanning | Phase::Succeeded | Phase::Failed | Phase::Cancelling => {}
        }
        self.plan.again_secs = Some(0);
    }
}
