//! The end of a run.

use chrono::TimeDelta;
use kube::ResourceExt;
use vitrine_crds::condition::Status::False;
use vitrine_crds::library::status::{IndexStatus, Phase};
use vitrine_crds::run::{FAILURES_MAX, Termination};

use super::{Course, Failure, Planning, said_by, stamp};
use crate::run::found::Job;
use crate::run::kind::Standing;
use crate::run::names::APPROVE_DELETIONS;
use crate::run::say::Say;
use crate::run::trouble;

/// How long until a run that failed is tried again, at first and at most, in seconds.
const RETRY_SECS: (i64, i64) = (10, 600);

impl<K: Course> Planning<'_, K> {
    pub(super) fn published(&mut self, said: &Termination) {
        let status = self.plan.status.shared();
        *status.index = said.index.clone().map(IndexStatus::from).or(status.index.take());
        status.model_digests.clone_from(&said.models);
        status.failure_samples.clone_from(&said.failures);
        status.failure_samples.truncate(FAILURES_MAX);
        self.run().phase = Phase::Succeeded;
        K::succeeded(self, said, said.counts);
    }

    /// The run ended before it was visible.
    pub(super) fn failed(&mut self, job: &Job) {
        let (reason, message) = trouble::of_failed(job);
        let said = trouble::last_words(job);
        let number = self.run().number;
        if let Some(said) = &said {
            self.note(job.step, said);
        } else {
            self.say(Say {
                kind: said_by(job.step),
                status: False,
                reason: &reason,
                message: &message,
            });
        }
        self.run().phase = Phase::Failed;
        let failures = self.plan.status.shared().failures;
        *failures = failures.saturating_add(1);
        self.phase("Failed");
        let message = match reason.as_str() {
            "DeletionsNeedApproval" | "SourceEmpty" => format!(
                "{message}; to let them go: kubectl annotate {} {} -n {} {APPROVE_DELETIONS}={number} --overwrite",
                K::WORDS.short,
                self.resource.name_any(),
                self.resource.namespace().unwrap_or_default()
            ),
            _ => message,
        };
        self.event(true, &reason, format!("run {number}: {message}"));
        let may_pass = said.is_some_and(|said| said.outcome == "retry");
        K::failed(self, &Failure { run: number, reason, message, may_pass });
    }

    /// Tries again by itself, later each time; in how many seconds.
    pub fn try_again(&mut self) -> i64 {
        let status = self.plan.status.shared();
        let (first, most) = RETRY_SECS;
        let wait = first.saturating_mul(1 << (*status.failures - 1).clamp(0, 20)).min(most);
        *status.next_time = Some(stamp(self.now + TimeDelta::seconds(wait)));
        self.plan.again_secs = Some(wait);
        wait
    }
}
