//! Whether a run can begin, and its beginning.

use vitrine_crds::condition::Status::{False, True, Unknown};
use vitrine_crds::library::check;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::run::Step;

use super::{Action, Course, Limits, Planning, stamp};
use crate::run::kind::Standing;
use crate::run::names::{APPROVE_DELETIONS, SYNC_REQUESTED};
use crate::run::say::{self, Say};

/// How often is looked whether there is a place for a run: who waits is woken when there is one.
const LOOK_PLACE_SECS: i64 = 600;

impl<K: Course> Planning<'_, K> {
    /// The spec cannot be followed: its author is told, and nothing is started.
    pub(super) fn refuse(&mut self, mistakes: &[check::Mistake]) {
        let sentences: Vec<String> =
            mistakes.iter().map(|one| format!("spec.{} {}", one.path, one.message)).collect();
        let sentence = sentences.join("; ");
        let was = say::message(&self.plan.status, "Stalled");
        if was != Some(sentence.as_str()) {
            self.event(true, "SpecWrong", sentence.clone());
        }
        self.phase("Failed");
        self.say(Say { kind: "Stalled", status: True, reason: "SpecWrong", message: &sentence });
        self.say(Say {
            kind: "Reconciling",
            status: False,
            reason: "SpecWrong",
            message: "waits for the spec to be mended",
        });
        self.idle("SpecWrong");
        K::refused(self, &sentence);
        K::ready(self);
    }

    /// Whether the annotation asks for a run that was not begun yet.
    pub fn is_asked(&mut self) -> bool {
        let asked = self.resource.meta().annotations.as_ref();
        let asked = asked.and_then(|annotations| annotations.get(SYNC_REQUESTED));
        asked.is_some() && asked != self.plan.status.shared().last_handled_sync_request.as_ref()
    }

    /// A run is due: it begins, or waits until it may.
    pub fn begin_or_wait(&mut self, approved: bool) {
        let Some(message) = self.full() else { return self.begin(approved) };
        self.phase("Waiting");
        let kind = K::WORDS.under_way;
        self.say(Say { kind, status: False, reason: "Waiting", message: &message });
        self.plan.again_secs = Some(LOOK_PLACE_SECS);
        self.plan.waits = true;
        K::ready(self);
    }

    /// Whether a person approves of the deletions that `failed` asks for, or one of the tries before it
    /// since a run succeeded or the spec changed: while they read what to do, it is tried again.
    pub fn is_approved(&mut self, failed: &RunStatus) -> bool {
        let approved = self.resource.meta().annotations.as_ref();
        let approved = approved.and_then(|annotations| annotations.get(APPROVE_DELETIONS));
        let Some(approved) = approved.and_then(|number| number.parse::<i64>().ok()) else {
            return false;
        };
        let tries = i64::from(*self.plan.status.shared().failures);
        failed.generation == self.generation
            && approved > failed.number - tries
            && approved <= failed.number
    }

    /// Why no run can begin now. The same words as long as that is so: they are not written again.
    fn full(&self) -> Option<String> {
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
    fn begin(&mut self, approved: bool) {
        let before = self.plan.status.run().cloned();
        let number = before.as_ref().map_or(0, |run| run.planned.unwrap_or(0).max(run.number)) + 1;
        if let Some(run) = &before {
            self.plan.actions.push(Action::Forget(run.number));
        }
        let asked = self.resource.meta().annotations.as_ref();
        let asked = asked.and_then(|annotations| annotations.get(SYNC_REQUESTED)).cloned();
        let status = self.plan.status.shared();
        *status.run = Some(RunStatus {
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
        if before.as_ref().is_none_or(|run| run.generation != self.generation) {
            *status.failures = 0; // Those of another spec.
        }
        *status.last_handled_sync_request = asked;
        *status.next_time = None;
        self.phase("Scanning");
        let (kind, message) = (K::WORDS.under_way, format!("run {number} lists the source"));
        self.say(Say { kind, status: True, reason: "Scanning", message: &message });
        K::begun(self, before.as_ref());
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
        K::ready(self);
        self.plan.again_secs = Some(0);
    }
}
