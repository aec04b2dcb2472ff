//! The end of a run, and what is said of the library until the next.

use chrono::TimeDelta;
use kube::ResourceExt;
use vitrine_crds::condition::Status::{False, True};
use vitrine_crds::library::check;
use vitrine_crds::library::status::{IndexStatus, Phase};
use vitrine_crds::run::{Counts, FAILURES_MAX, Termination};

use super::{Planning, kept_until, said_by, stamp};
use crate::library::found::Job;
use crate::library::names::{self, APPROVE_DELETIONS};
use crate::library::say::{self, Say};
use crate::library::trouble;

/// How long until a run that failed is tried again, at first and at most, in seconds.
const RETRY_SECS: (i64, i64) = (10, 600);
/// How long after a run the next one may start that only removes an old index, in seconds.
const REMOVAL_SECS: i64 = 60;

impl Planning<'_> {
    pub(super) fn published(&mut self, said: &Termination) {
        let status = &mut self.plan.status;
        status.index = said.index.clone().map(IndexStatus::from).or(status.index.take());
        status.model_digests.clone_from(&said.models);
        status.failure_samples.clone_from(&said.failures);
        status.failure_samples.truncate(FAILURES_MAX);
        self.succeeded(said.counts);
    }

    pub(super) fn succeeded(&mut self, counts: Counts) {
        let number = self.run().number;
        let is_first = self.plan.status.last_successful_run.is_none();
        self.run().phase = Phase::Succeeded;
        let status = &mut self.plan.status;
        status.counts = Some(counts.into());
        status.failures = 0;
        status.last_successful_run = Some(number);
        status.last_successful_generation = Some(self.generation);
        status.last_successful_time = Some(stamp(self.now));
        status.phase = "Ready".to_owned();
        let message = say::counted(number, &counts);
        if is_first || counts.indexed + counts.deleted + counts.failed > 0 {
            self.event(false, "Published", message.clone());
        }
        self.schedule();
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
        self.say(Say { kind: "Syncing", status: False, reason: "Published", message: &message });
        self.ready();
    }

    pub(super) fn schedule(&mut self) {
        let period = self.library.spec.sync_interval.as_deref().and_then(check::period_seconds);
        let period = period.and_then(|secs| i64::try_from(secs).ok()).filter(|secs| *secs > 0);
        let sync = period.map(|period| {
            // Up to a tenth more, always the same for one library: they do not all come at once.
            let key = format!(
                "{}/{}",
                self.library.namespace().unwrap_or_default(),
                self.library.name_any()
            );
            let jitter = i64::from(names::fnv(&key) % 1000) * (period / 10) / 1000;
            self.now + TimeDelta::seconds(period.saturating_add(jitter).min(10 * 365 * 86_400))
        });
        // An old index is removed by a run, also where nothing else asks for one.
        let soon = self.now + TimeDelta::seconds(REMOVAL_SECS);
        let removal = self.plan.status.index.as_ref().and_then(kept_until);
        let removal = removal.map(|until| until.max(soon));
        let next = sync.into_iter().chain(removal).min();
        self.plan.status.next_sync_time = next.map(stamp);
        self.plan.again_secs = next.map(|next| (next - self.now).num_seconds().max(1));
    }

    /// The run ended before it was visible: it is tried again, later each time.
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
        let status = &mut self.plan.status;
        status.failures = status.failures.saturating_add(1);
        status.phase = "Failed".to_owned();
        let (first, most) = RETRY_SECS;
        let wait = first.saturating_mul(1 << (status.failures - 1).clamp(0, 20)).min(most);
        status.next_sync_time = Some(stamp(self.now + TimeDelta::seconds(wait)));
        self.plan.again_secs = Some(wait);
        let cure = match reason.as_str() {
            "DeletionsNeedApproval" | "SourceEmpty" => format!(
                "{message}; to let them go: kubectl annotate al {} -n {} {APPROVE_DELETIONS}={number} --overwrite",
                self.library.name_any(),
                self.library.namespace().unwrap_or_default()
            ),
            _ => message,
        };
        self.event(true, &reason, format!("run {number}: {cure}"));
        self.say(Say { kind: "Stalled", status: True, reason: &reason, message: &cure });
        let waits = "waits for the cause of the failure to be mended; tries again by itself";
        self.say(Say { kind: "Reconciling", status: False, reason: &reason, message: waits });
        let again = format!("run {number} failed; the next try is in {wait} s");
        self.say(Say { kind: "Syncing", status: False, reason: &reason, message: &again });
        self.ready();
    }

    /// Whether searches are answered: by an index, or a catalogue, that was published before.
    pub(super) fn ready(&mut self) {
        let status = &self.plan.status;
        let said = match (&status.last_successful_run, &status.counts) {
            (Some(run), Some(counts)) => {
                let served = match &status.index {
                    Some(index) => {
                        format!("{} documents behind the alias {}", index.documents, index.alias)
                    }
                    None => format!("{} assets in the catalogue", counts.read - counts.failed),
                };
                let failed = match counts.failed {
                    0 => String::new(),
                    1 => "; 1 asset could not be read: the report says why".to_owned(),
                    many => format!("; {many} assets could not be read: the report says why"),
                };
                (True, "Published", format!("{served}, by run {run}{failed}"))
            }
            _ => match say::message(status, "Stalled").filter(|_| say::is(status, "Stalled")) {
                Some(why) => (False, "NotPublished", format!("nothing can be searched yet: {why}")),
                None => (
                    False,
                    "NotPublished",
                    "nothing can be searched yet: the first run is to be published".to_owned(),
                ),
            },
        };
        let (status, reason, message) = said;
        self.say(Say { kind: "Ready", status, reason, message: &message });
    }
}
