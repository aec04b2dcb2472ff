//! Pods that are not there: what a kubelet and the controller of Jobs would write.
//!
//! Each Job is told that its pod runs, then that it is done; the pod carries the last words of the step.

use std::collections::HashSet;
use std::time::Duration;

use futures::TryStreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource as _, ResourceExt};
use serde_json::{Value, json};
use vitrine_crds::run::{Counts, IndexState, Step, Termination};

use crate::cluster::AT_ONCE;
use crate::{Failure, Result};

/// Plays for all Jobs of the operator; returns when it cannot.
pub async fn simulate(client: Client, step_secs: f64) -> Result<()> {
    let ours = watcher::Config::default().labels("app.kubernetes.io/managed-by=vitrine-operator");
    let changes = watcher(Api::<Job>::all(client.clone()), ours).default_backoff();
    let mut begun = HashSet::new();
    let jobs = changes.applied_objects().map_err(Failure::from).try_filter(|job| {
        let is_over = job.status.as_ref().is_some_and(|status| status.completion_time.is_some());
        futures::future::ready(!is_over && begun.insert(job.uid()))
    });
    let played = jobs.try_for_each_concurrent(AT_ONCE, |job| {
        let client = client.clone();
        async move {
            let played = play(&client, &job, step_secs).await;
            let name = job.name_any();
            played.map_err(|error| format!("the pod of {name} cannot be played: {error}").into())
        }
    });
    played.await?;
    Err("the watch of Jobs ended".into())
}

async fn play(client: &Client, job: &Job, step_secs: f64) -> Result<()> {
    let namespace = job.namespace().ok_or("a Job without a namespace")?;
    let jobs: Api<Job> = Api::namespaced(client.clone(), &namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let name = job.name_any();
    let since = Timestamp::now();
    let running = json!({"status": {"startTime": since, "active": 1, "ready": 1}});
    let params = PatchParams::default();
    jobs.patch_status(&name, &params, &Patch::Merge(&running)).await?;
    let pod = pods.create(&PostParams::default(), &pod(job)?).await?;
    if step_secs > 0.0 {
        tokio::time::sleep(Duration::from_secs_f64(step_secs)).await;
    }
    let ended = json!({"status": {
        "phase": "Succeeded",
        "containerStatuses": [{
            "name": "vitrine", "image": "none", "imageID": "none", "ready": false, "restartCount": 0,
            "state": {"terminated": {
                "exitCode": 0, "reason": "Completed", "message": last_words(job)?.to_json(),
                "startedAt": since, "finishedAt": Timestamp::now(),
            }},
        }],
    }});
    pods.patch_status(&pod.name_any(), &params, &Patch::Merge(&ended)).await?;
    jobs.patch_status(&name, &params, &Patch::Merge(&done(job))).await?;
    Ok(())
}

fn pod(job: &Job) -> Result<Pod> {
    let template = &job.spec.as_ref().ok_or("a Job without a spec")?.template;
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert("batch.kubernetes.io/job-name".to_owned(), job.name_any());
    let mut pod = Pod { spec: template.spec.clone(), ..Pod::default() };
    pod.metadata.generate_name = Some(format!("{}-", job.name_any()));
    pod.metadata.labels = Some(labels);
    pod.metadata.owner_references = Some(job.controller_owner_ref(&()).into_iter().collect());
    Ok(pod)
}

fn done(job: &Job) -> Value {
    let now = Timestamp::now();
    let indexes = job.spec.as_ref().and_then(|spec| spec.completion_mode.as_deref());
    let condition = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
            "lastProbeTime": now, "lastTransitionTime": now,
        })
    };
    json!({"status": {
        "completionTime": now, "active": 0, "ready": 0, "succeeded": 1,
        "terminating": 0,
        "completedIndexes": (indexes == Some("Indexed")).then_some("0"),
        "uncountedTerminatedPods": {},
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    }})
}

fn last_words(job: &Job) -> Result<Termination> {
    let label = |key: &str| job.labels().get(key).cloned().unwrap_or_default();
    let step: Step = serde_json::from_value(Value::String(label("vitrine.dev/step")))?;
    let library = label("vitrine.dev/library");
    let (reason, message) = match step {
        Step::Scan => ("Planned", "50 assets: 50 to do in 1 chunk"),
        Step::Work => ("Worked", "50 assets read"),
        Step::Publish => ("Published", "50 documents are searchable"),
        Step::Cleanup => ("Cleaned", "nothing is left"),
    };
    Ok(Termination {
        v: 1,
        run: label("vitrine.dev/run").parse()?,
        step,
        outcome: "done".to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        counts: Counts { read: 50, indexed: 50, ..Counts::default() },
        chunks: (step == Step::Scan).then_some(1),
        needs_gpu: (step == Step::Scan).then_some(true),
        index: (step == Step::Publish).then(|| IndexState {
            name: format!("{library}-0123456789ab-1"),
            alias: library.clone(),
            documents: 50,
            ..IndexState::default()
        }),
        models: (step == Step::Publish)
            .then(|| ("text_embedding".to_owned(), "0123456789abcdef".repeat(4)))
            .into_iter()
            .collect(),
        quality: None,
        failures: Vec::new(),
    })
}
