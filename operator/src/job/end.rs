//! The end of a job, and what is left of it.

use chrono::TimeDelta;
use vitrine_crds::condition::Status::{False, True};
use vitrine_crds::embedding_job::{Resource, report_uri};
use vitrine_crds::library::status::{Chunks, Phase};
use vitrine_crds::run::{Counts, Termination};

use crate::run::plan::{Action, Course, Failure, Planning, parsed, stamp};
use crate::run::say::{self, Say};

/// Tries of a run whose cause of failure may pass: as many as Kubernetes gives a Job's pods.
const TRIES_MAX: i32 = 6;

impl Planning<'_, Resource> {
    /// What it made is searchable: that is all of it, unless chunks were given up.
    pub(super) fn complete(&mut self, said: &Termination, counts: Counts) {
        let number = self.run().number;
        let report = self.resource.spec.output.as_ref().map(|output| report_uri(&output.uri));
        let mut message = say::counted(number, &counts, "clips");
        if let Some(quality) = &said.quality {
            message.push_str(&format!("; mean quality {:.2}", quality.mean_score));
        }
        if let Some(report) = &report {
            message.push_str(&format!("; report: {report}"));
        }
        let status = &mut self.plan.status;
        status.counts = Some(counts.into());
        status.quality = said.quality.map(Into::into);
        status.report_uri = report;
        status.last_successful_run = Some(number);
        let chunks = self.run().chunks.unwrap_or_default();
        if chunks.failed > 0 {
            return self.incomplete(chunks);
        }
        let status = &mut self.plan.status;
        status.failures = 0;
        status.completion_time = Some(stamp(self.now));
        self.event(false, "Complete", message.clone());
        self.outcome("Complete", "Published", &message);
        self.say(Say {
            kind: "Reconciling",
            status: False,
            reason: "Published",
            message: "the spec is realised",
        });
        self.say(Say {
            kind: "Stalled",
            status: False,
            reason: "Published",
            message: "nothing waits for a person",
        });
        self.phase("Complete");
        // What is left of the run is looked at when this is written.
        self.plan.again_secs = Some(0);
        Resource::ready(self);
    }

    /// The clips of some chunks are missing: another run does them, and them alone.
    fn incomplete(&mut self, chunks: Chunks) {
        let Chunks { total, succeeded: _, failed } = chunks;
        let run = self.run().number;
        self.run().phase = Phase::Failed;
        self.plan.status.failures = self.plan.status.failures.saturating_add(1);
        self.phase("Failed");
        let message =
            format!("{failed} of {total} chunks given up; clips of the others are searchable");
        let reason = "ChunksFailed".to_owned();
        self.event(true, &reason, format!("run {run}: {message}"));
        self.gone_wrong(&Failure { run, reason, message, may_pass: true });
    }

    /// The run failed: it is tried again where that may help, and the job has failed where not.
    pub(super) fn gone_wrong(&mut self, failure: &Failure) {
        let Failure { run, reason, message, may_pass } = failure;
        let failures = self.plan.status.failures;
        if *may_pass && failures <= TRIES_MAX {
            let wait = self.try_again();
            let again = format!("run {run} failed: {message}; the next try is in {wait} s");
            self.say(Say { kind: "Reconciling", status: True, reason, message: &again });
            return Resource::ready(self);
        }
        self.plan.status.next_try_time = None;
        self.plan.status.completion_time = Some(stamp(self.now));
        let sentence = match failures {
            0 | 1 => format!("run {run} failed: {message}"),
            many => format!("run {run}, the last of {many} tries, failed: {message}"),
        };
        self.outcome("Failed", reason, &sentence);
        self.say(Say { kind: "Stalled", status: True, reason, message });
        let waits = "waits for a person: another spec, or another value of the annotation \
                     vitrine.dev/sync-requested, starts it again";
        self.say(Say { kind: "Reconciling", status: False, reason, message: waits });
        self.plan.again_secs = Some(0);
        Resource::ready(self);
    }

    /// The job ended before: what is left of its run goes when its time is over.
    pub(super) fn over(&mut self, phase: &str) {
        self.phase(phase);
        let ended = self.plan.status.completion_time.as_deref().and_then(parsed);
        let ttl = self.resource.spec.ttl_seconds_after_finished;
        let (Some(ended), Some(ttl)) = (ended, ttl) else { return };
        let left = (ended + TimeDelta::seconds(ttl.into()) - self.now).num_seconds();
        if left > 0 {
            self.plan.again_secs = Some(left);
            return;
        }
        if self.found.jobs.iter().any(|job| !job.is_leaving) {
            // The Jobs last: as long as one is there, this is done again.
            let number = self.run().number;
            self.plan.actions.extend([Action::Forget(number), Action::Stop]);
        }
    }

    /// Whether searches are answered: by an index that this run, or an earlier one, published.
    pub(super) fn searchable(&mut self) {
        let status = &self.plan.status;
        let (holds, reason, message) = match (&status.index, &status.last_successful_run) {
            (Some(index), Some(run)) => {
                let failed = match status.counts.map_or(0, |counts| counts.failed) {
                    0 => String::new(),
                    some => {
                        format!("; {} could not be read: the report says why", self.things(some))
                    }
                };
                let (clips, alias) = (self.things(index.documents), &index.alias);
                let message = format!("{clips} behind the alias {alias}, by run {run}{failed}");
                (True, "Published", message)
            }
            _ => match say::message(status, "Stalled").filter(|_| say::is(status, "Stalled")) {
                Some(why) => (False, "NotPublished", format!("nothing can be searched yet: {why}")),
                None => (
                    False,
                    "NotPublished",
                    "nothing can be searched yet: its run is to be published".to_owned(),
                ),
            },
        };
        self.say(Say { kind: "Ready", status: holds, reason, message: &message });
    }
}
