//! The end of a library: what is left of it goes where its policy says so, and the finalizer with it.
//!
//! The clean-up Job carries no owner, so that it outlives the library. In a namespace that is being
//! deleted nothing can be started: the finalizer goes, and an Event names what is left.

use chrono::{DateTime, Utc};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use vitrine_crds::library::status::{Phase, RunStatus};
use vitrine_crds::library::{DeletionPolicy, Elasticsearch, Resource};
use vitrine_crds::run::Step;

use super::apply::{self, gone};
use super::names::{self, FINALIZER};
use super::{gather, report, trouble};
use crate::cache::seen::Job;
use crate::cache::uid::Uid;
use crate::context::{Context, Error};

/// How often the clean-up is looked at, in seconds.
const LOOK_SECS: u64 = 2;

/// Puts our finalizer on `library`, where it is not there; the library as it is then.
pub async fn guard(ctx: &Context, library: &Resource) -> Result<Option<Resource>, Error> {
    if library.finalizers().iter().any(|one| one == FINALIZER) {
        return Ok(None);
    }
    let mut all = library.finalizers().to_vec();
    all.push(FINALIZER.to_owned());
    let written = write(ctx, library, all).await?;
    ctx.unseen.wrote(&written);
    Ok(Some(written))
}

async fn write(
    ctx: &Context,
    library: &Resource,
    finalizers: Vec<String>,
) -> Result<Resource, Error> {
    let api: Api<Resource> =
        Api::namespaced(ctx.client.clone(), &library.namespace().unwrap_or_default());
    let patch = json!({"metadata": {
        "resourceVersion": library.resource_version(),
        "finalizers": finalizers,
    }});
    Ok(api.patch(&library.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await?)
}

/// One step towards the end of `library`; seconds until the next, none when it is over.
pub async fn delete(
    ctx: &Context,
    library: &Resource,
    now: DateTime<Utc>,
) -> Result<Option<u64>, Error> {
    if !library.finalizers().iter().any(|one| one == FINALIZER) {
        return Ok(None);
    }
    let left = left(library);
    if library.spec.deletion_policy == DeletionPolicy::Retain {
        let note = format!("deletionPolicy is Retain, which leaves {left}");
        return finish(ctx, library, (false, "Retained", note)).await;
    }
    let namespace = library.namespace().unwrap_or_default();
    if gather::ends(ctx, &namespace).await {
        let note =
            format!("the namespace is being deleted, where no clean-up can run; left: {left}");
        report::event_of_end(ctx, library, "NotCleaned", &note).await;
        return let_go(ctx, library).await;
    }
    let since = library.metadata.deletion_timestamp.as_ref().map(|at| at.0.as_second());
    let waited = since.map_or(0, |since| now.timestamp() - since);
    let run = last_run(library);
    let jobs: Api<Job> = Api::namespaced(ctx.client.clone(), &namespace);
    let mut writes = false;
    let uid = Uid::of(library.metadata.uid.as_deref());
    for step in names::STEPS {
        // Who still writes would write what was just removed.
        let name = names::job(&library.name_any(), run, step);
        if ctx.jobs.get(uid, run, step).is_some() {
            gone(jobs.delete(&name, &DeleteParams::foreground()).await)?;
            writes = true;
        }
    }
    if writes {
        return Ok(Some(LOOK_SECS));
    }
    let name = names::job(&library.name_any(), run, Step::Cleanup);
    let found = jobs.get_opt(&name).await?;
    let status = found.as_ref().and_then(|job| job.status.clone()).unwrap_or_default();
    let is_done = status.succeeded.unwrap_or(0) > 0;
    if is_done {
        gone(jobs.delete(&name, &DeleteParams::background()).await)?;
        return finish(ctx, library, (false, "Cleaned", format!("removed {left}"))).await;
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
        return finish(ctx, library, (true, "NotCleaned", note)).await;
    }
    if found.is_none() {
        let mut last = library.clone();
        let status = last.status.get_or_insert_default();
        status.run = Some(RunStatus {
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
                return finish(ctx, library, (true, "NotCleaned", note)).await;
            }
            started => started?,
        }
    }
    Ok(Some(LOOK_SECS))
}

async fn finish(
    ctx: &Context,
    library: &Resource,
    (is_warning, reason, note): (bool, &str, String),
) -> Result<Option<u64>, Error> {
    report::events(ctx, library, &[(is_warning, reason.to_owned(), note)]).await;
    let_go(ctx, library).await
}

/// Takes our finalizer off.
async fn let_go(ctx: &Context, library: &Resource) -> Result<Option<u64>, Error> {
    let others = library.finalizers().iter().filter(|one| *one != FINALIZER);
    match write(ctx, library, others.cloned().collect()).await {
        Err(Error::Kube(kube::Error::Api(status))) if status.code == 404 => Ok(None),
        written => written.map(|_| None),
    }
}

fn last_run(library: &Resource) -> i64 {
    let run = library.status.as_ref().and_then(|status| status.run.as_ref());
    run.map_or(0, |run| run.number)
}

/// What there is of a library, in words.
fn left(library: &Resource) -> String {
    let index = library.status.as_ref().and_then(|status| status.index.as_ref());
    let index = match (index, &library.spec.elasticsearch) {
        (Some(index), _) => Some(format!("the index {} (alias {})", index.name, index.alias)),
        (None, Some(elasticsearch)) if last_run(library) > 0 => {
            let namespace = library.namespace().unwrap_or_default();
            let alias = elasticsearch.index.clone();
            let alias = alias
                .unwrap_or_else(|| Elasticsearch::default_index(&namespace, &library.name_any()));
            Some(format!("what run {} wrote to the indices {alias}-*", last_run(library)))
        }
        (None, _) => None,
    };
    let catalog =
        library.spec.catalog.as_ref().map(|catalog| format!("the catalogue {}", catalog.uri));
    let parts: Vec<String> = index.into_iter().chain(catalog).collect();
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(" and "),
    }
}
