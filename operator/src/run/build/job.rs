//! The Job of a step.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{
    Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, EnvVar,
    KeyToPath, LocalObjectReference, PodSecurityContext, PodSpec, PodTemplateSpec,
    ResourceRequirements, SeccompProfile, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use vitrine_crds::library::{Credentials, Resources, Workers};
use vitrine_crds::run::Step;

use super::Blueprint;
use super::places::Places;
use crate::run::kind::Kind;
use crate::run::names;

/// The user that pods run as: nobody.
const USER: i64 = 65_534;
/// Where the configuration is.
const CONFIGURATION: &str = "/etc/vitrine";
/// Where pods may write: caches and what is on its way.
const SCRATCH: &str = "/var/cache/vitrine";
/// Tries of a step that is one pod, and of a chunk.
const TRIES_AGAIN: i32 = 3;
/// What runs may be ended at any point, and loses nothing; it lets go of a lock, which takes a moment.
const GRACE_SECS: i64 = 5;
/// The one container.
const CONTAINER: &str = "vitrine";

/// What pods ask for where nothing is said.
const REQUESTS: [(&str, &str); 2] = [("cpu", "500m"), ("memory", "512Mi")];

/// The Job of `step`.
pub fn job<K: Kind>(blueprint: &Blueprint<'_, K>, places: &Places<K::Spec>, step: Step) -> Job {
    let Blueprint { resource, run, pods } = blueprint;
    let workers = resource.workers();
    let mut labels = K::WORDS.names.labels(&resource.name_any());
    labels.insert(names::RUN.to_owned(), run.number.to_string());
    labels.insert(names::STEP.to_owned(), names::word(step).to_owned());
    let mut job_labels = labels.clone();
    if !workers.queue_name.is_empty() {
        job_labels.insert("kueue.x-k8s.io/queue-name".to_owned(), workers.queue_name.clone());
    }
    let chunks = run.chunks.map_or(1, |chunks| chunks.total).max(1);
    let is_indexed = step == Step::Work;
    // A queue decides when Jobs start.
    let suspend = (!workers.queue_name.is_empty()).then_some(true);
    // A clean-up outlives the resource: nobody else removes what it leaves.
    let ttl = (step == Step::Cleanup || K::WORDS.lets_jobs_expire).then_some(pods.ttl_seconds);
    let spec = JobSpec {
        completion_mode: is_indexed.then(|| "Indexed".to_owned()),
        completions: is_indexed.then_some(chunks),
        parallelism: is_indexed.then(|| workers.parallelism.clamp(1, chunks)),
        backoff_limit_per_index: is_indexed.then_some(TRIES_AGAIN),
        backoff_limit: (!is_indexed).then_some(TRIES_AGAIN),
        active_deadline_seconds: Some(workers.active_deadline_seconds),
        ttl_seconds_after_finished: ttl,
        pod_failure_policy: Some(failure_policy()),
        suspend,
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(with_own(&labels, &workers.pod.labels)),
                annotations: Some(BTreeMap::from([(
                    "cluster-autoscaler.kubernetes.io/safe-to-evict".to_owned(),
                    "false".to_owned(),
                )])),
                ..ObjectMeta::default()
            }),
            spec: Some(pod(blueprint, places, step)),
        },
        ..JobSpec::default()
    };
    // A clean-up outlives the resource, so that it carries no owner.
    let owner = resource.controller_owner_ref(&()).filter(|_| step != Step::Cleanup);
    Job {
        metadata: ObjectMeta {
            name: Some(K::WORDS.names.job(&resource.name_any(), run.number, step)),
            namespace: resource.namespace(),
            labels: Some(job_labels),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}

/// What is wrong for good ends the Job; what a node did to a pod costs no try.
fn failure_policy() -> PodFailurePolicy {
    let permanent = PodFailurePolicyRule {
        action: "FailJob".to_owned(),
        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
            container_name: Some(CONTAINER.to_owned()),
            operator: "In".to_owned(),
            values: vec![2, 3],
        }),
        on_pod_conditions: None,
    };
    let disrupted = PodFailurePolicyRule {
        action: "Ignore".to_owned(),
        on_exit_codes: None,
        on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
        }]),
    };
    PodFailurePolicy { rules: vec![disrupted, permanent] }
}

fn pod<K: Kind>(blueprint: &Blueprint<'_, K>, places: &Places<K::Spec>, step: Step) -> PodSpec {
    let Blueprint { resource, run, pods } = blueprint;
    let workers = resource.workers();
    let has_gpu = step == Step::Work && run.needs_gpu && workers.gpu.is_some();
    let decodes = step == Step::Work && K::WORDS.decodes_videos;
    let images = if decodes { &pods.video_images } else { &pods.images };
    let extra = &workers.pod;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    PodSpec {
        automount_service_account_token: Some(uses_identity::<K>(resource)),
        service_account_name: text(&workers.service_account_name),
        enable_service_links: Some(false),
        restart_policy: Some("Never".to_owned()),
        termination_grace_period_seconds: Some(GRACE_SECS),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        node_selector: (!extra.node_selector.is_empty()).then(|| extra.node_selector.clone()),
        tolerations: Some(tolerations(workers)).filter(|all| !all.is_empty()),
        affinity: affinity(workers),
        runtime_class_name: text(&extra.runtime_class_name),
        priority_class_name: text(&extra.priority_class_name),
        image_pull_secrets: Some(
            extra
                .image_pull_secrets
                .iter()
                .map(|secret| LocalObjectReference { name: secret.name.clone() })
                .collect::<Vec<_>>(),
        )
        .filter(|all| !all.is_empty()),
        volumes: Some(volumes(blueprint, places)),
        containers: vec![Container {
            name: CONTAINER.to_owned(),
            image: Some(if has_gpu { images.gpu.clone() } else { images.cpu.clone() }),
            image_pull_policy: text(&pods.pull_policy),
            args: Some(arguments(blueprint, step)),
            env: Some(environment(blueprint, step, has_gpu)),
            resources: Some(resources(workers, has_gpu)),
            volume_mounts: Some(mounts(places)),
            termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
            security_context: Some(SecurityContext {
                allow_privilege_escalation: Some(false),
                read_only_root_filesystem: Some(true),
                capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
                ..SecurityContext::default()
            }),
            ..Container::default()
        }],
        ..PodSpec::default()
    }
}

fn arguments<K: Kind>(blueprint: &Blueprint<'_, K>, step: Step) -> Vec<String> {
    let run = blueprint.run;
    let mut arguments = vec![
        "run".to_owned(),
        names::word(step).to_owned(),
        format!("--config={CONFIGURATION}/{}", K::WORDS.file),
    ];
    // Scan may answer with a higher number, which is the one that the other steps mean.
    match step {
        Step::Scan => arguments.push(format!("--run={}", run.number)),
        Step::Work | Step::Publish => {
            arguments.push(format!("--run={}", run.planned.unwrap_or(run.number)));
        }
        Step::Cleanup => {}
    }
    if step == Step::Scan && run.deletions_approved {
        arguments.push("--approve-deletions".to_owned());
    }
    arguments
}

fn environment<K: Kind>(blueprint: &Blueprint<'_, K>, step: Step, has_gpu: bool) -> Vec<EnvVar> {
    let variable = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        value_from: None,
    };
    let mut variables = vec![
        variable("HOME", SCRATCH),
        variable("TMPDIR", SCRATCH),
        variable("VITRINE_CACHE_DIR", &format!("{SCRATCH}/models")),
    ];
    if has_gpu {
        // What the container runtime of NVIDIA lets in: CUDA, and Vulkan for drawing.
        variables.push(variable("NVIDIA_DRIVER_CAPABILITIES", "compute,utility,graphics"));
    } else if step == Step::Work && blueprint.resource.workers().gpu.is_some() {
        // No GPU was asked for, because there is nothing that one makes faster.
        variables.push(variable("VITRINE_DEVICE__PROVIDER", "cpu"));
    }
    variables
}

fn resources(workers: &Workers, has_gpu: bool) -> ResourceRequirements {
    let Resources { requests, limits } = &workers.resources;
    let quantities = |all: &BTreeMap<String, String>| -> BTreeMap<String, Quantity> {
        all.iter().map(|(name, value)| (name.clone(), Quantity(value.clone()))).collect()
    };
    let (mut requests, mut limits) = (quantities(requests), quantities(limits));
    for (name, value) in REQUESTS {
        if !limits.contains_key(name) {
            requests.entry(name.to_owned()).or_insert_with(|| Quantity(value.to_owned()));
        }
    }
    if let (true, Some(gpu)) = (has_gpu, &workers.gpu) {
        limits.insert(gpu.resource_name.clone(), Quantity(gpu.count.to_string()));
    }
    ResourceRequirements {
        requests: Some(requests).filter(|all| !all.is_empty()),
        limits: Some(limits).filter(|all| !all.is_empty()),
        claims: None,
    }
}

fn tolerations(workers: &Workers) -> Vec<Toleration> {
    let own = workers.pod.tolerations.iter().map(|one| Toleration {
        key: one.key.clone(),
        operator: one.operator.map(|operator| format!("{operator:?}")),
        value: one.value.clone(),
        effect: one.effect.map(|effect| format!("{effect:?}")),
        toleration_seconds: one.toleration_seconds,
    });
    own.collect()
}

fn affinity(workers: &Workers) -> Option<Affinity> {
    let written = &workers.pod.affinity;
    if written.is_empty() {
        return None;
    }
    // What is no affinity was refused before.
    serde_json::from_value(serde_json::Value::Object(written.clone())).ok()
}

/// Labels of a person, without taking over ours.
fn with_own(
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = theirs.clone();
    all.extend(ours.clone());
    all
}

fn uses_identity<K: Kind>(resource: &K) -> bool {
    let mut spec = resource.spec().clone();
    K::open(&mut spec).stores.iter().any(|one| one.credentials == Credentials::WorkloadIdentity)
}

fn volumes<K: Kind>(blueprint: &Blueprint<'_, K>, places: &Places<K::Spec>) -> Vec<Volume> {
    let Blueprint { resource, run, .. } = blueprint;
    let configuration = Volume {
        name: "configuration".to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: K::WORDS.names.configuration(&resource.name_any(), run.number),
            items: Some(vec![KeyToPath {
                key: K::WORDS.file.to_owned(),
                path: K::WORDS.file.to_owned(),
                mode: None,
            }]),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    let scratch = Volume {
        name: "scratch".to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    };
    [configuration, scratch].into_iter().chain(places.volumes.iter().cloned()).collect()
}

fn mounts<S>(places: &Places<S>) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    let own = [mount("configuration", CONFIGURATION, true), mount("scratch", SCRATCH, false)];
    own.into_iter().chain(places.mounts.iter().cloned()).collect()
}
