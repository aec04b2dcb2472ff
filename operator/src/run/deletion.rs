//! The end of a resource: what is left of it goes where its policy says so, and the finalizer with it.
//!
//! The clean-up Job carries no owner, so that it outlives the resource. In a namespace that is being
//! deleted nothing can be started: the finalizer goes, and an Event names what is left.

use chrono::{DateTime, Utc};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::library::{DeletionPolicy, Elasticsearch};
use vitrine_crds::run::Step;

use super::apply::{self, gone};
use super::kind::{Kind, Standing};
use super::names::{self, FINALIZER};
use super::{gather, report, trouble};
use crate::cache::seen::Job;
use crate::cache::uid::Uid;
use crate::context::{Context, Error};

/// How often the clean-up is looked at, in seconds.
const LOOK_SECS: u64 = 2;

/// Puts our finalizer on `resource`, where it is not there; the resource as it is then.
pub async fn guard<K: Kind>(ctx: &Context<K>, resource: &K) -> Result<Option<K>, Error> {
    if resource.finalizers().iter().any(|one| one == FINALIZER) {
        return Ok(None);
    }
    let mut all = resource.finalizers().to_vec();
    all.push(FINALIZER.to_owned());
    let written = write(ctx, resource, all).await?;
    ctx.unseen.wrote(&written);
    Ok(Some(written))
}

async fn write<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    finalizers: Vec<String>,
) -> Result<K, Error> {
    let api: Api<K> =
        Api::namespaced(ctx.client.clone(), &resource.namespace().unwrap_or_default());
    let patch = json!({"metadata": {
        "resourceVersion": resource.resource_version(),
        "finalizers": finalizers,
    }});
    Ok(api.patch(&resource.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await?)
}

/// One step towards the end of `resource`; seconds until the next, none when it is over.
pub async fn delete<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    now: DateTime<Utc>,
) -> Result<Option<u64>, Error> {
    if !resource.finalizers().iter().any(|one| one == FINALIZER) {
        return Ok(None);
    }
    let left = left(resource);
    if resource.deletion_policy() == DeletionPolicy::Retain {
        let note = format!("deletionPolicy is Retain, which leaves {left}");
        return finish(ctx, resource, (false, "Retained", note)).await;
    }
    let namespace = resource.namespace().unwrap_or_default();
    if gather::ends(ctx, &namespace).await {
        let note =
            format!("the namespace is being deleted, where no clean-up can run; left: {left}");
        report::event_of_end(ctx, resource, "NotCleaned", &note).await;
        return let_go(ctx, resource).await;
    }
    let since = resource.meta().deletion_timestamp.as_ref().map(|at| at.0.as_second());
    let waited = since.map_or(0, |since| now.timestamp() - since);
    let run = last_run(resource);
    let jobs: Api<Job> = Api::namespaced(ctx.client.clone(), &namespace);
    let mut writes = false;
    let uid = Uid::of(resource.meta().uid.as_deref());
    for step in names::STEPS {
        // Who still writes would write what was just removed.
        let name = K::WORDS.names.job(&resource.name_any(), run, step);
        if ctx.jobs.get(uid, run, step).is_some() {
            gone(jobs.delete(&name, &DeleteParams::foreground()).await)?;
            writes = true;
        }
    }
    if writes {
        return Ok(Some(LOOK_SECS));
    }
    let name = K::WORDS.names.job(&resource.name_any(), run, Step::Cleanup);
    let found = jobs.get_opt(&name).await?;
    let status = found.as_ref().and_then(|job| job.status.clone()).unwrap_or_default();
    let is_done = status.succeeded.unwrap_or(0) > 0;
    if is_done {
        gone(jobs.delete(&name, &DeleteParams::background()).await)?;
        return finish(ctx, resource, (false, "Cleaned", format!("removed {left}"))).await;
    }
    let has_failed =
        status.conditions.iter().flatten().any(|one| one.type_ == "Failed" && one.status == "True");
    let is_late = waited > ctx.settings.cleanup_deadline_seconds;
    if is_late || has_failed {
        let said = trouble::last_words_of(&gather::pods(ctx, &namespace, &name).await?);
        // It has no owner that would take it along.
        gone(jobs.delete(&name, &DeleteParams::background()).await)?;
        let why = said.as_ref().map_or_else(String::new, |said| format!(" ({})", said.message));
        let is_hopeless = said.is_some_and(|said| said.reason == "IndexOfAnother");
        let note = match (is_late, is_hopeless) {
            (_, true) => format!("the clean-up is refused{why}; left: {left}"),
            (true, false) => format!(
                "the clean-up did not end within {} s{why}; left: {left}",
                ctx.settings.cleanup_deadline_seconds
            ),
            // Elasticsearch may be back by now: a new Job tries again.
            (false, false) => return Ok(Some(LOOK_SECS)),
        };
        return finish(ctx, resource, (true, "NotCleaned", note)).await;
    }
    if found.is_none() {
        let mut last = resource.clone();
        let status = last.status_mut().get_or_insert_default();
        *status.shared().run = Some(RunStatus {
            number: run,
            phase: Phase::Succeeded,
            generation: 0,
            start_time: String::new(),
            planned: None,
            deletions_approved: false,
            needs_gpu: false,
            chunks: None,
            results: Vec::new(),
        });
        match apply::start(ctx, &last, Step::Cleanup).await {
            Err(Error::Kube(kube::Error::Api(status))) if status.code == 403 => {
                let note =
                    format!("no clean-up can be started here ({}); left: {left}", status.message);
                return finish(ctx, resource, (true, "NotCleaned", note)).await;
            }
            started => started?,
        }
    }
    Ok(Some(LOOK_SECS))
}

async fn finish<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    (is_warning, reason, note): (bool, &str, String),
) -> Result<Option<u64>, Error> {
    report::events(ctx, resource, &[(is_warning, reason.to_owned(), note)]).await;
    let_go(ctx, resource).await
}

/// Takes our finalizer off.
async fn let_go<K: Kind>(ctx: &Context<K>, resource: &K) -> Result<Option<u64>, Error> {
    let others = resource.finalizers().iter().filter(|one| *one != FINALIZER);
    match write(ctx, resource, others.cloned().collect()).await {
        Err(Error::Kube(kube::Error::Api(status))) if status.code == 404 => Ok(None),
        written => written.map(|_| None),
    }
}

fn last_run<K: Kind>(resource: &K) -> i64 {
    resource.status().and_then(Standing::run).map_or(0, |run| run.number)
}

/// What there is of a resource, in words.
fn left<K: Kind>(resource: &K) -> String {
    let index = resource.status().and_then(Standing::index);
    let mut spec = resource.spec().clone();
    let index = match (index, K::open(&mut spec).elasticsearch) {
        (Some(index), _) => Some(format!("the index {} (alias {})", index.name, index.alias)),
        (None, Some(elasticsearch)) if last_run(resource) > 0 => {
            let namespace = resource.namespace().unwrap_or_default();
            let alias = elasticsearch.index.clone();
            let alias = alias
                .unwrap_or_else(|| Elasticsearch::default_index(&namespace, &resource.name_any()));
            Some(format!("what run {} wrote to the indices {alias}-*", last_run(resource)))
        }
        (None, _) => None,
    };
    let parts: Vec<String> = index.into_iter().chain(resource.kept()).collect();
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(" and "),
    }
}
