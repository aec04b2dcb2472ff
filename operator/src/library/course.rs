//! When a library runs: again and again, each time something asks for it.

use vitrine_crds::condition::Status::{False, True};
use vitrine_crds::library::Resource;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::run::{Counts, Termination};

use crate::run::plan::{Course, Failure, Planning, kept_until, parsed};
use crate::run::say::Say;

impl Course for Resource {
    fn is_current(planning: &mut Planning<'_, Self>) -> bool {
        let run = planning.plan.status.run.as_ref();
        run.is_some_and(|run| run.generation == planning.generation)
    }

    fn rest(planning: &mut Planning<'_, Self>) {
        let is_asked = planning.is_asked();
        let is_new = !Self::is_current(planning);
        let run = planning.plan.status.run.clone();
        let failed = run.filter(|run| run.phase == Phase::Failed);
        let approved = failed.as_ref().is_some_and(|run| planning.is_approved(run));
        // Once is enough to start at once: what fails then waits as any other run does.
        let is_allowed = approved && failed.as_ref().is_some_and(|run| !run.deletions_approved);
        let next = planning.plan.status.next_sync_time.as_deref().and_then(parsed);
        let is_due = next.is_some_and(|next| next <= planning.now);
        if planning.resource.spec.suspend {
            planning.phase("Suspended");
            planning.plan.status.next_sync_time = None;
            let message = "spec.suspend is true: no run starts until it is false";
            planning.say(Say { kind: "Reconciling", status: False, reason: "Suspended", message });
            planning.idle("Suspended");
            return Self::ready(planning);
        }
        if !(is_new || is_asked || is_allowed || is_due) {
            planning.plan.again_secs = next.map(|next| (next - planning.now).num_seconds().max(1));
            planning.phase(if failed.is_some() { "Failed" } else { "Ready" });
            return Self::ready(planning);
        }
        planning.begin_or_wait(approved);
    }

    fn refused(_: &mut Planning<'_, Self>, _: &str) {}

    fn begun(planning: &mut Planning<'_, Self>, before: Option<&RunStatus>) {
        let is_first = planning.plan.status.last_successful_run.is_none();
        let is_new = before.is_none_or(|run| run.generation != planning.generation);
        if is_first || is_new {
            let message = format!("run {} makes what the spec asks for", planning.run().number);
            planning.say(Say {
                kind: "Reconciling",
                status: True,
                reason: "Syncing",
                message: &message,
            });
        }
    }

    fn ends_with_scan(planning: &Planning<'_, Self>) -> bool {
        let status = &planning.plan.status;
        let index = status.index.as_ref();
        let has_index = planning.resource.spec.elasticsearch.is_none() || index.is_some();
        // Publish removes old indices.
        // Another spec may keep them for another time.
        let is_same = status.last_successful_generation == Some(planning.generation);
        let until = index.and_then(kept_until);
        let is_kept_too_long = until.is_some_and(|until| !is_same || until <= planning.now);
        has_index && !is_kept_too_long && status.counts.is_some()
    }

    fn succeeded(planning: &mut Planning<'_, Self>, _: &Termination, counts: Counts) {
        planning.succeeded(counts);
    }

    fn failed(planning: &mut Planning<'_, Self>, failure: &Failure) {
        planning.tried(failure);
    }

    fn ready(planning: &mut Planning<'_, Self>) {
        planning.searchable();
    }
}
