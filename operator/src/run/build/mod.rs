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

/// An image, and what stands for it on a GPU.
#[derive(Clone, Debug)]
pub struct Images {
    /// For pods without a GPU.
    pub cpu: String,
    /// For pods with one; the same where none is named.
    pub gpu: String,
}

impl Images {
    /// `cpu`, and `gpu` where it is named.
    pub fn new(cpu: String, gpu: Option<String>) -> Self {
        Self { gpu: gpu.unwrap_or_else(|| cpu.clone()), cpu }
    }
}

/// What holds for the pods of every resource.
#[derive(Clone, Debug)]
pub struct Pods {
    /// Images of `vitrine`.
    pub images: Images,
    /// The same with the decoder of videos.
    pub video_images: Images,
    /// `imagePullPolicy`; empty: Kubernetes' default.
    pub pull_policy: String,
    /// Seconds after which finished Jobs are removed.
    pub ttl_seconds: i32,
}
