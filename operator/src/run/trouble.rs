//! What Jobs and pods say when they do not do what they should, as sentences with a cure.

use chrono::{DateTime, Utc};
use vitrine_crds::run::{Step, Termination};

use super::found::{Job, Pod, State};
use super::names;

/// How long a node may take to start a pod before somebody should look, in seconds.
const START_SECS_MAX: i64 = 60;

/// The last words of the job's pods: of those that ended well, else of the last that spoke.
pub fn last_words(job: &Job) -> Option<Termination> {
    last_words_of(&job.pods)
}

/// The same of these pods.
pub fn last_words_of(pods: &[Pod]) -> Option<Termination> {
    let mut spoke: Vec<&Pod> = pods.iter().filter(|pod| pod.said.is_some()).collect();
    spoke.sort_by(|a, b| a.began.cmp(&b.began));
    let done = spoke.iter().rev().find(|pod| pod.exit_code == Some(0));
    done.or(spoke.last()).and_then(|pod| pod.said.clone())
}

/// Whether a Job of chunks was given up because of single chunks: the others are published. A pod that
/// says that trying again does not help ends the run.
pub fn is_of_chunks(job: &Job) -> bool {
    let is_permanent = |pod: &Pod| matches!(pod.exit_code, Some(2 | 3));
    let State::Failed { reason, .. } = &job.state else { return false };
    job.indexes.0 > 0 && reason != "DeadlineExceeded" && !job.pods.iter().any(is_permanent)
}

/// Why a Job was given up: one word and a sentence.
pub fn of_failed(job: &Job) -> (String, String) {
    if let Some(said) = last_words(job).filter(|said| said.outcome != "done") {
        return (said.reason, said.message);
    }
    let step = names::word(job.step);
    let killed = job.pods.iter().find(|pod| pod.end == "OOMKilled");
    if let Some(pod) = killed {
        let message = format!(
            "{step}: the pod {} needed more memory than its limit; raise \
             spec.workers.resources.limits.memory",
            pod.name
        );
        return ("OutOfMemory".to_owned(), message);
    }
    if let State::Failed { reason, message } = &job.state {
        if reason == "DeadlineExceeded" {
            let sentence = format!(
                "{step} took longer than spec.workers.activeDeadlineSeconds; raise it, or let more \
                 pods work at once (spec.workers.parallelism)"
            );
            return ("DeadlineExceeded".to_owned(), sentence);
        }
        return (
            reason.clone(),
            format!("{step}: Kubernetes gave up the Job {}: {message}", job.name),
        );
    }
    (
        "Failed".to_owned(),
        format!("{step} failed without a word; see the logs of the Job {}", job.name),
    )
}

/// Why the pod that ended last did not do its work, where it did not: another is tried by itself.
fn of_last_try(job: &Job) -> Option<(String, String)> {
    let ended = job.pods.iter().filter(|pod| pod.exit_code.is_some());
    let last = ended.max_by(|a, b| a.began.cmp(&b.began))?;
    let said = last.said.as_ref().filter(|said| said.outcome == "retry")?;
    Some((said.reason.clone(), format!("{}; tries again by itself", said.message)))
}

/// Which pod its node does not start, and says nothing of it.
fn of_slow_start(job: &Job, now: DateTime<Utc>) -> Option<(String, String)> {
    let is_slow = |since: i64| now.timestamp().saturating_sub(since) > START_SECS_MAX;
    let given = job.pods.iter().find_map(|pod| Some((pod, pod.given.as_ref()?)));
    let (pod, (node, _)) = given.filter(|(_, (_, since))| is_slow(*since))?;
    let message = format!(
        "{}: the node {node} has not started the pod {name} for more than a minute: kubectl describe \
         pod {name} says whether it waits for the image or a volume; if the node does not answer: {}",
        names::word(job.step),
        without(node),
        name = pod.name
    );
    Some(("NotStarted".to_owned(), message))
}

/// How to go on without a node.
fn without(node: &str) -> String {
    format!(
        "kubectl taint node {node} node.kubernetes.io/out-of-service=gone:NoExecute; if the node is \
         gone for good: kubectl delete node {node}"
    )
}

/// Why a Job stands still, where it does.
pub fn of_waiting(job: &Job, now: DateTime<Utc>) -> Option<(String, String)> {
    let step = names::word(job.step);
    if job.state == State::Suspended {
        let message = match job.step {
            Step::Work | Step::Scan | Step::Publish | Step::Cleanup => {
                format!(
                    "{step} waits for its queue (spec.workers.queueName) to admit the Job {}",
                    job.name
                )
            }
        };
        return Some(("Queued".to_owned(), message));
    }
    let lost = job.pods.iter().find_map(|pod| Some((pod, pod.lost_node.as_ref()?)));
    if let Some((pod, node)) = lost {
        let message = format!(
            "the node {node} does not answer, and the pod {} may still run there; if it does not: {}",
            pod.name,
            without(node)
        );
        return Some(("NodeLost".to_owned(), message));
    }
    let waiting = job.pods.iter().find_map(|pod| Some((pod, pod.waits.as_ref()?)));
    let Some((pod, (reason, said))) = waiting else {
        return of_slow_start(job, now).or_else(|| of_last_try(job));
    };
    let cure = match reason.as_str() {
        "Unschedulable" if said.contains("gpu") => {
            "no node has a free GPU of that name: add one, or change spec.workers.gpu"
        }
        "Unschedulable" => "no node takes it: look at spec.workers.resources and spec.workers.pod",
        "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => {
            "the image cannot be had: look at the operator's --image and \
             spec.workers.pod.imagePullSecrets"
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            "the node cannot start it: kubectl describe pod says more"
        }
        _ => "kubectl describe pod says more",
    };
    let message = format!("{step}: the pod {} does not start ({said}): {cure}", pod.name);
    Some((reason.clone(), message))
}
