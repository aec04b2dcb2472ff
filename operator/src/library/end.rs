//! The end of a library's run, and what is said of the library until the next.

use chrono::TimeDelta;
use kube::ResourceExt;
use vitrine_crds::condition::Status::{False, True};
use vitrine_crds::library::{Resource, check};
use vitrine_crds::run::Counts;

use crate::run::names;
use crate::run::plan::{Course, Failure, Planning, kept_until, stamp};
use crate::run::say::{self, Say};

/// How long after a run the next one may start that only removes an old index, in seconds.
const REMOVAL_SECS: i64 = 60;

impl Planning<'_, Resource> {
    pub(super) fn succeeded(&mut self, counts: Counts) {
        let number = self.run().number;
        let is_first = self.plan.status.last_successful_run.is_none();
        let status = &mut self.plan.status;
        status.counts = Some(counts.into());
        status.failures = 0;
        status.last_successful_run = Some(number);
        status.last_successful_generation = Some(self.generation);
        status.last_successful_time = Some(stamp(self.now));
        self.phase("Ready");
        let message = say::counted(number, &counts, "assets");
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
        Resource::ready(self);
    }

    fn schedule(&mut self) {
        let period = self.resource.spec.sync_interval.as_deref().and_then(check::period_seconds);
        let period = period.and_then(|secs| i64::try_from(secs).ok()).filter(|secs| *secs > 0);
        let sync = period.map(|period| {
            // Up to a tenth more, always the same for one library: they do not all come at once.
            let key = format!(
                "{}/{}",
                self.resource.namespace().unwrap_or_default(),
                self.resource.name_any()
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

    /// A run that failed is tried again, whatever the cause: a library is to stay current.
    pub(super) fn tried(&mut self, failure: &Failure) {
        let Failure { run, reason, message, may_pass: _ } = failure;
        let wait = self.try_again();
        self.say(Say { kind: "Stalled", status: True, reason, message });
        let waits = "waits for the cause of the failure to be mended; tries again by itself";
        self.say(Say { kind: "Reconciling", status: False, reason, message: waits });
        let again = format!("run {run} failed; the next try is in {wait} s");
        self.say(Say { kind: "Syncing", status: False, reason, message: &again });
        Resource::ready(self);
    }

    /// Whether searches are answered: by an index, or a catalogue, that was published before.
    pub(super) fn searchable(&mut self) {
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
                    some => {
                        format!("; {} could not be read: the report says why", self.things(some))
                    }
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
