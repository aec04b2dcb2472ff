//! The objects of a run, from what is planned: pure.

pub mod configuration;
pub mod job;
pub mod places;
pub mod policy;

use vitrine_crds::library::status::RunStatus;

/// What objects are made from.
#[derive(Debug)]
pub struct Blueprint<'a, K> {
    /// The resource.
    pub resource: &'a K,
    /// Its run.
    pub run: &'a RunStatus,
    /// What holds for all pods.
    pub pods: &'a Pods,
}

/// What holds for the pods of every resource.
#[derive(Clone, Debug)]
pub struct Pods {
    /// Image of `vitrine`.
    pub image: String,
    /// Image for pods with a GPU; the same where none is named.
    pub gpu_image: String,
    /// `imagePullPolicy`; empty: Kubernetes' default.
    pub pull_policy: String,
    /// Seconds after which finished Jobs are removed.
    pub ttl_seconds: i32,
}
