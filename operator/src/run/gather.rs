//! Reads what the cluster holds for a resource.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use vitrine_crds::library::status::Phase;

use super::build::places;
use super::found::{Found, JobStatus, Pod, State};
use super::kind::{Kind, Standing};
use super::names;
use crate::cache::seen;
use crate::cache::uid::Uid;
use crate::context::{Context, Error};

/// Pods of one Job that are asked for at once: a chunk's last tries are among the first.
const PODS_MAX: u32 = 500;

/// How long pods may take to start before they are asked why, in seconds.
const START_SECS: i64 = 5;

/// What the cluster holds for `resource`.
pub async fn gather<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    now: DateTime<Utc>,
) -> Result<Found, Error> {
    let run = resource.status().and_then(Standing::run);
    let mut found = Found::default();
    let Some(run) = run else { return Ok(found) };
    let (name, namespace) = (resource.name_any(), resource.namespace().unwrap_or_default());
    let current = run.phase.step();
    let uid = Uid::of(resource.meta().uid.as_deref());
    for step in names::STEPS {
        let Some(status) = ctx.jobs.get(uid, run.number, step) else { continue };
        let asks = current == Some(step) && asks_pods(&status, now);
        let mut job = status.named(step, K::WORDS.names.job(&name, run.number, step));
        if asks {
            job.pods = pods(ctx, &namespace, &job.name).await?;
            job.is_asked = true;
            if !job.is_leaving && job.pods.iter().any(|pod| pod.is_leaving) {
                found.namespace_ends = ends(ctx, &namespace).await;
            }
        }
        found.jobs.push(job);
    }
    if run.phase == Phase::Cancelling {
        let selector = format!(
            "{}={},{}={}",
            K::WORDS.names.label,
            names::label(&name),
            names::RUN,
            run.number
        );
        let pods: Api<seen::Pod> = Api::namespaced(ctx.client.clone(), &namespace);
        let params = ListParams::default().labels(&selector).limit(1);
        found.has_pods = !pods.list_metadata(&params).await?.items.is_empty();
    }
    Ok(found)
}

/// Whether the namespace is being deleted. Who may not read it learns of that when nothing can be
/// created in it.
pub async fn ends<K: Kind>(ctx: &Context<K>, namespace: &str) -> bool {
    let namespaces: Api<Namespace> = Api::all(ctx.client.clone());
    let found = namespaces.get_metadata_opt(namespace).await.ok().flatten();
    found.is_some_and(|found| found.metadata.deletion_timestamp.is_some())
}

/// Whether the pods of a Job know more than it: how it ended, or why they do not run.
fn asks_pods(job: &JobStatus, now: DateTime<Utc>) -> bool {
    match job.state {
        State::Complete | State::Failed { .. } => true,
        State::Suspended => false,
        State::Active => !job.is_up && now.timestamp() - job.made_secs >= START_SECS,
    }
}

/// The pods of a Job.
pub async fn pods<K: Kind>(
    ctx: &Context<K>,
    namespace: &str,
    job: &str,
) -> Result<Vec<Pod>, Error> {
    let pods: Api<seen::Pod> = Api::namespaced(ctx.client.clone(), namespace);
    let params = ListParams::default()
        .labels(&format!("batch.kubernetes.io/job-name={job}"))
        .limit(PODS_MAX);
    Ok(pods.list(&params).await?.items.iter().map(pod).collect())
}

fn pod(pod: &seen::Pod) -> Pod {
    let status = &pod.status;
    let container = status.container_statuses.iter().flatten().next();
    let state = container.and_then(|container| container.state.as_ref());
    let ended = state.and_then(|state| state.terminated.as_ref());
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let unscheduled = status.conditions.iter().flatten().find(|found| {
        found.type_ == "PodScheduled"
            && found.status == "False"
            && found.reason.as_deref() == Some("Unschedulable")
    });
    // What every pod says on its way up.
    let is_usual = |reason: &str| matches!(reason, "ContainerCreating" | "PodInitializing");
    let waits = match (unscheduled, waiting) {
        (Some(why), _) => {
            Some(("Unschedulable".to_owned(), why.message.clone().unwrap_or_default()))
        }
        (None, Some(why)) => why.reason.clone().filter(|reason| !is_usual(reason)).map(|reason| {
            let message = why.message.clone().unwrap_or_default();
            (reason, message)
        }),
        (None, None) => None,
    };
    let is_alive = status.phase.as_deref() == Some("Running") && ended.is_none();
    let says = |kind: &str, is: &str| {
        let mut all = status.conditions.iter().flatten();
        all.any(|found| found.type_ == kind && found.status == is)
    };
    // Our containers have no probes. So a pod that is not ready although its containers are was
    // called so by who watches nodes; and one that does not end, though it should, is nobody's.
    let is_disrupted = is_alive
        && says("Ready", "False")
        && (says("ContainersReady", "True") || pod.metadata.deletion_timestamp.is_some());
    let is_unreachable = status.reason.as_deref() == Some("NodeLost") || is_disrupted;
    let scheduled = status.conditions.iter().flatten().find(|found| {
        found.type_ == "PodScheduled"
            && found.status == "True"
            && status.phase.as_deref() == Some("Pending")
    });
    let since = scheduled.and_then(|found| found.last_transition_time.as_ref());
    let node = pod.spec.node_name.clone();
    Pod {
        name: pod.name_any(),
        began: pod
            .metadata
            .creation_timestamp
            .as_ref()
            .map_or_else(String::new, |at| at.0.to_string()),
        said: ended
            .and_then(|ended| ended.message.as_deref())
            .and_then(|message| serde_json::from_str(&places::as_written(message)).ok()),
        exit_code: ended.map(|ended| ended.exit_code),
        end: ended.and_then(|ended| ended.reason.clone()).unwrap_or_default(),
        waits,
        given: node.clone().zip(since.map(|at| at.0.as_second())),
        is_leaving: pod.metadata.deletion_timestamp.is_some(),
        lost_node: node.filter(|_| is_unreachable),
    }
}
