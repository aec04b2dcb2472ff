//! Our Jobs as they were last heard of: of each what a plan reads, by the resource that owns it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{PoisonError, RwLock};

use kube::ResourceExt;
use kube::runtime::watcher::Event;
use tokio::sync::watch;
use vitrine_crds::run::Step;

use crate::cache::kept::{self, Ref};
use crate::cache::seen::Job;
use crate::cache::uid::Uid;
use crate::run::found::JobStatus;
use crate::run::kind::Kind;
use crate::run::names;

/// All our Jobs of one kind of resource.
pub struct Jobs<K: Kind> {
    known: RwLock<Known<K>>,
    is_ready: watch::Sender<bool>,
}

struct Known<K: Kind> {
    by_owner: HashMap<Uid, Owned<K>>,
    /// Counts how often all were listed anew.
    listing: u32,
}

struct Owned<K: Kind> {
    owner: Ref<K>,
    jobs: Vec<Kept>,
}

struct Kept {
    run: i64,
    step: Step,
    status: JobStatus,
    listing: u32,
}

impl<K: Kind> Jobs<K> {
    /// None yet.
    pub fn new() -> Self {
        let known = Known { by_owner: HashMap::new(), listing: 0 };
        Self { known: RwLock::new(known), is_ready: watch::Sender::new(false) }
    }

    /// Waits until those are known that were there before us.
    pub async fn ready(&self) {
        let mut hears = self.is_ready.subscribe();
        let _ = hears.wait_for(|is_ready| *is_ready).await; // The other end lives as long as we do.
    }

    /// How the Job of `step` of a resource's run stands.
    pub fn get(&self, owner: Uid, run: i64, step: Step) -> Option<JobStatus> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.find(owner, run, step).map(|kept| kept.status.clone())
    }

    /// We made `job`: a pass before it is heard of is not to make it again.
    pub fn made(&self, job: &Job) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, run, step, _)) = belongs::<K>(job)
            && known.find(owner, run, step).is_none()
        {
            known.apply(job);
        }
    }

    /// Takes in what was heard; the resources for which that is something new.
    pub fn hear(&self, event: &Event<Job>) -> Vec<Ref<K>> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Apply(job) | Event::InitApply(job) => known.apply(job).into_iter().collect(),
            Event::Delete(job) => known.remove(job).into_iter().collect(),
            Event::Init => {
                known.listing += 1;
                Vec::new()
            }
            Event::InitDone => {
                let gone = known.remove_unlisted();
                drop(known);
                self.is_ready.send_replace(true);
                gone
            }
        }
    }
}

impl<K: Kind> Known<K> {
    fn find(&self, owner: Uid, run: i64, step: Step) -> Option<&Kept> {
        let owned = self.by_owner.get(&owner)?;
        owned.jobs.iter().find(|kept| (kept.run, kept.step) == (run, step))
    }

    fn apply(&mut self, job: &Job) -> Option<Ref<K>> {
        let (uid, run, step, owner) = belongs(job)?;
        let (status, listing) = (JobStatus::of(job), self.listing);
        let all = self.by_owner.entry(uid);
        let new = || Owned { owner: owner.clone(), jobs: Vec::new() };
        let all = &mut all.or_insert_with(new).jobs;
        if let Some(kept) = all.iter_mut().find(|kept| (kept.run, kept.step) == (run, step)) {
            kept.listing = listing;
            let is_news = kept.status != status;
            kept.status = status;
            return is_news.then_some(owner);
        }
        all.reserve_exact(1);
        all.push(Kept { run, step, status, listing });
        Some(owner)
    }

    fn remove(&mut self, job: &Job) -> Option<Ref<K>> {
        let (uid, run, step, owner) = belongs(job)?;
        if let Entry::Occupied(mut entry) = self.by_owner.entry(uid) {
            entry.get_mut().jobs.retain(|kept| (kept.run, kept.step) != (run, step));
            if entry.get().jobs.is_empty() {
                entry.remove();
            }
        }
        Some(owner)
    }

    fn remove_unlisted(&mut self) -> Vec<Ref<K>> {
        let (listing, mut gone) = (self.listing, Vec::new());
        self.by_owner.retain(|_, Owned { owner, jobs }| {
            let before = jobs.len();
            jobs.retain(|kept| kept.listing == listing);
            if jobs.len() < before {
                gone.push(owner.clone());
            }
            !jobs.is_empty()
        });
        gone
    }
}

/// The resource that owns `job`, and which of its Jobs it is.
fn belongs<K: Kind>(job: &Job) -> Option<(Uid, i64, Step, Ref<K>)> {
    let owner = job.owner_references().iter().find(|owner| owner.kind == K::WORDS.kind)?;
    let run = job.labels().get(names::RUN)?.parse().ok()?;
    let step = names::step(job.labels().get(names::STEP)?)?;
    let reference = kept::reference(&owner.name, job.metadata.namespace.as_deref()?);
    Some((Uid::of(Some(&owner.uid)), run, step, reference))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

    use serde_json::{Value, json};
    use vitrine_crds::library::Resource;

    use super::*;
    use crate::run::found::State;

    const LIBRARY: &str = "11111111-2222-3333-4444-555555555555";

    fn job(step: &str, status: Value) -> Job {
        serde_json::from_value(json!({
            "metadata": {
                "name": format!("warehouse-1-{step}"), "namespace": "assets",
                "labels": {"vitrine.dev/run": "1", "vitrine.dev/step": step},
                "ownerReferences": [{"apiVersion": "vitrine.dev/v1alpha1", "kind": "AssetLibrary",
                    "name": "warehouse", "uid": LIBRARY}],
            },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn what_changes_nothing_for_a_plan_wakes_nobody() {
        let jobs = Jobs::<Resource>::new();
        let hear = |event: Event<Job>| jobs.hear(&event).len();
        assert_eq!(hear(Event::Apply(job("scan", json!({})))), 1, "it is there now");
        assert_eq!(hear(Event::Apply(job("scan", json!({"active": 1, "ready": 0})))), 0);
        assert_eq!(hear(Event::Apply(job("scan", json!({"active": 1, "ready": 1})))), 1, "it runs");
        let counting =
            json!({"active": 1, "ready": 1, "uncountedTerminatedPods": {"succeeded": ["a"]}});
        assert_eq!(hear(Event::Apply(job("scan", counting))), 0);
        let complete =
            json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
        assert_eq!(hear(Event::Apply(job("scan", complete))), 1, "it is done");
        let uid = Uid::of(Some(LIBRARY));
        assert_eq!(jobs.get(uid, 1, Step::Scan).unwrap().state, State::Complete);
        assert_eq!(hear(Event::Delete(job("scan", json!({})))), 1);
        assert_eq!(jobs.get(uid, 1, Step::Scan), None);
    }

    #[test]
    fn a_job_that_we_made_is_known_at_once_and_what_was_heard_of_it_before_stays() {
        let (jobs, uid) = (Jobs::<Resource>::new(), Uid::of(Some(LIBRARY)));
        jobs.made(&job("scan", json!({})));
        assert_eq!(jobs.get(uid, 1, Step::Scan).unwrap().state, State::Active);
        let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
        jobs.hear(&Event::Apply(job("scan", complete)));
        jobs.made(&job("scan", json!({})));
        assert_eq!(jobs.get(uid, 1, Step::Scan).unwrap().state, State::Complete);
    }

    #[test]
    fn a_job_that_went_while_nobody_listened_is_missed_when_all_are_listed_again() {
        let jobs = Jobs::<Resource>::new();
        let hear = |event: Event<Job>| jobs.hear(&event).len();
        for event in [Event::Init, Event::InitApply(job("scan", json!({})))] {
            hear(event);
        }
        hear(Event::InitApply(job("work", json!({}))));
        assert_eq!(hear(Event::InitDone), 0);
        hear(Event::Init);
        assert_eq!(hear(Event::InitApply(job("work", json!({})))), 0, "nothing new");
        assert_eq!(hear(Event::InitDone), 1);
        let uid = Uid::of(Some(LIBRARY));
        assert_eq!(jobs.get(uid, 1, Step::Scan), None);
        assert!(jobs.get(uid, 1, Step::Work).is_some());
    }
}
