//! Whether a run is due, and its beginning.

use kube::ResourceExt;
use vitrine_crds::condition::Status::{False, True, Unknown};
use vitrine_crds::library::check;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::run::Step;

use super::{Action, Limits, Planning, parsed, stamp};
use crate::library::names::{APPROVE_DELETIONS, SYNC_REQUESTED};
use crate::library::say::{self, Say};

/// How often is looked whether there is a place for a run: who waits is woken when there is one.
const LOOK_PLACE_SECS: i64 = 600;

impl Planning<'_> {
    /// The spec cannot be followed: its author is told, and nothing is started.
    pub(super) fn refuse(&mut self, mistakes: &[check::Mistake]) {
        let sentences: Vec<String> =
            mistakes.iter().map(|one| format!("spec.{} {}", one.path, one.message)).collect();
        let sentence = sentences.join("; ");
        let was = say::message(&self.plan.status, "Stalled");
        if was != Some(sentence.as_str()) {
            self.event(true, "SpecWrong", sentence.clone());
        }
        self.plan.status.phase = "Failed".to_owned();
        self.say(Say { kind: "Stalled", status: True, reason: "SpecWrong", message: &sentence });
        self.say(Say {
            kind: "Reconciling",
            status: False,
            reason: "SpecWrong",
            message: "waits for the spec to be mended",
        });
        say::not_syncing(&mut self.plan.status, self.generation, &stamp(self.now), "SpecWrong");
        self.ready();
    }

    /// No run is under way: is one due?
    pub(super) fn rest(&mut self) {
        let status = &self.plan.status;
        let annotations = self.library.annotations();
        let asked = annotations.get(SYNC_REQUESTED);
        let is_asked = asked.is_some() && asked != status.last_handled_sync_request.as_ref();
        let run = status.run.as_ref();
        let is_new = run.is_none_or(|run| run.generation != self.generation);
        let failed = run.filter(|run| run.phase == Phase::Failed);
        let approved = failed.is_some_and(|run| self.is_approved(run));
        // Once is enough to start at once: what fails then waits as any other run does.
        let is_allowed = approved && failed.is_some_and(|run| !run.deletions_approved);
        let next = status.next_sync_time.as_deref().and_then(parsed);
        let is_due = next.is_some_and(|next| next <= self.now);
        if self.library.spec.suspend {
            self.plan.status.phase = "Suspended".to_owned();
            self.plan.status.next_sync_time = None;
            let message = "spec.suspend is true: no run starts until it is false";
            self.say(Say { kind: "Reconciling", status: False, reason: "Suspended", message });
            say::not_syncing(&mut self.plan.status, self.generation, &stamp(self.now), "Suspended");
            return self.ready();
        }
        if !(is_new || is_asked || is_allowed || is_due) {
            self.plan.again_secs = next.map(|next| (next - self.now).num_seconds().max(1));
            self.plan.status.phase = if failed.is_some() { "Failed" } else { "Ready" }.to_owned();
            return self.ready();
        }
        if let Some(message) = self.full() {
            self.plan.status.phase = "Waiting".to_owned();
            self.say(Say { kind: "Syncing", status: False, reason: "Waiting", message: &message });
            self.plan.again_secs = Some(LOOK_PLACE_SECS);
            self.plan.waits = true;
            return self.ready();
        }
        self.begin(approved);
    }

    /// Whether a person approves of the deletions that `failed` asks for, or one of the tries before it
    /// since a run succeeded or the spec changed: while they read what to do, it is tried again.
    pub(super) fn is_approved(&self, failed: &RunStatus) -> bool {
        let approved = self.library.annotations().get(APPROVE_DELETIONS);
        let Some(approved) = approved.and_then(|number| number.parse::<i64>().ok()) else {
            return false;
        };
        let tries = i64::from(self.plan.status.failures);
        failed.generation == self.generation
            && approved > failed.number - tries
            && approved <= failed.number
    }

    /// Why no run can begin now. The same words as long as that is so: they are not written again.
    pub(super) fn full(&self) -> Option<String> {
        let (all, own) = self.found.others_running;
        let Limits { runs_max, runs_per_namespace_max } = self.limits;
        if all >= runs_max {
            return Some(format!(
                "{runs_max} runs are under way in the cluster, which is the limit"
            ));
        }
        (own >= runs_per_namespace_max).then(|| {
            format!(
                "{runs_per_namespace_max} runs are under way in this namespace, which is the limit"
            )
        })
    }

    /// Writes down that there is a run. Its objects follow when that is written.
    pub(super) fn begin(&mut self, approved: bool) {
        let before = self.plan.status.run.as_ref();
        let number = before.map_or(0, |run| run.planned.unwrap_or(0).max(run.number)) + 1;
        if let Some(run) = before {
            self.plan.actions.push(Action::Forget(run.number));
        }
        let is_first = self.plan.status.last_successful_run.is_none();
        let is_new = before.is_none_or(|run| run.generation != self.generation);
        self.plan.status.run = Some(RunStatus {
            number,
            phase: Phase::Scanning,
            generation: self.generation,
            start_time: stamp(self.now),
            planned: None,
            deletions_approved: approved,
            needs_gpu: false,
            chunks: None,
            results: Vec::new(),
        });
        let status = &mut self.plan.status;
        if is_new {
            status.failures = 0; // Those of another spec.
        }
        status.last_handled_sync_request = self.library.annotations().get(SYNC_REQUESTED).cloned();
        status.next_sync_time = None;
        status.phase = "Scanning".to_owned();
        let message = format!("run {number} lists the source");
        self.say(Say { kind: "Syncing", status: True, reason: "Scanning", message: &message });
        if is_first || is_new {
            let message = format!("run {number} makes what the spec asks for");
            self.say(Say {
                kind: "Reconciling",
                status: True,
                reason: "Syncing",
                message: &message,
            });
        }
        for kind in ["Worked", "Published"] {
            let message = format!("run {number} has not come that far");
            self.say(Say { kind, status: Unknown, reason: "Pending", message: &message });
        }
        // Said now, it is not written once more when its Job is there.
        self.goes_on(Step::Scan);
        self.say(Say {
            kind: "Stalled",
            status: False,
            reason: "Syncing",
            message: "a run is under way",
        });
        self.ready();
        self.plan.again_secs = Some(0);
    }
}
