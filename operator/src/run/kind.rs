//! What differs between the kinds of resource that have runs: their words, the parts of their specs that
//! pods are made of, and how their status is laid out. When a run is due is in [`super::plan::Course`].

use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vitrine_crds::condition::Condition;
use vitrine_crds::library::check::Mistake;
use vitrine_crds::library::status::{IndexStatus, RunStatus};
use vitrine_crds::library::{Credentials, DeletionPolicy, Elasticsearch, SecretRef, Workers};
use vitrine_crds::run::FailureSample;

use super::names::Names;
use crate::metrics::Counted;

/// A kind of resource that has runs.
pub trait Kind:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// What is wanted.
    type Spec: Clone + Serialize + Send + Sync;
    /// What we say of it.
    type Status: Standing;

    /// What it is called, and what belongs to it.
    const WORDS: Words;

    /// What is wanted.
    fn spec(&self) -> &Self::Spec;
    /// What we said of it.
    fn status(&self) -> Option<&Self::Status>;
    /// The same, to be changed.
    fn status_mut(&mut self) -> &mut Option<Self::Status>;
    /// Every mistake of its spec.
    fn mistakes(&self) -> Vec<Mistake>;
    /// Whether nothing is to be started.
    fn is_suspended(&self) -> bool;
    /// What happens to what it made when it is deleted.
    fn deletion_policy(&self) -> DeletionPolicy;
    /// Its pods.
    fn workers(&self) -> &Workers;
    /// What it keeps beside an index, in words.
    fn kept(&self) -> Option<String>;
    /// The places that `spec` names: all of them, because pods have those alone.
    fn open(spec: &mut Self::Spec) -> Opened<'_>;
}

/// What a kind is called, and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// As Kubernetes calls it.
    pub kind: &'static str,
    /// As `kubectl` takes it.
    pub short: &'static str,
    /// What a run reads, one and many.
    pub things: (&'static str, &'static str),
    /// The condition that says that a run is under way.
    pub under_way: &'static str,
    /// Whether its work decodes videos, for which there is an image of its own.
    pub decodes_videos: bool,
    /// The key of a run's ConfigMap that holds the configuration.
    pub file: &'static str,
    /// Names of its objects.
    pub names: Names,
    /// Whether Kubernetes removes finished Jobs after the operator's time for that.
    pub lets_jobs_expire: bool,
    /// The number that counts it.
    pub counted: Counted,
}

/// The places of a spec.
pub struct Opened<'a> {
    /// Stores of files.
    pub stores: Vec<Store<'a>>,
    /// Where models are.
    pub models: Vec<&'a mut String>,
    /// Where documents are indexed.
    pub elasticsearch: Option<&'a mut Elasticsearch>,
}

/// A store of files.
pub struct Store<'a> {
    /// Where it is.
    pub uri: &'a mut String,
    /// The Secret with its login.
    pub secret: Option<&'a SecretRef>,
    /// How to get in without one.
    pub credentials: Credentials,
    /// Whether pods write there.
    pub writes: bool,
}

/// A status: what every kind says of itself, wherever it has it.
pub trait Standing: Clone + Debug + Default + PartialEq + Serialize + Send + Sync {
    /// What every kind says of itself.
    fn shared(&mut self) -> Shared<'_>;
    /// The newest run.
    fn run(&self) -> Option<&RunStatus>;
    /// Conditions.
    fn conditions(&self) -> &[Condition];
    /// Where documents are.
    fn index(&self) -> Option<&IndexStatus>;
}

/// What every kind says of itself.
pub struct Shared<'a> {
    /// The resource in one word.
    pub phase: &'a mut String,
    /// Conditions.
    pub conditions: &'a mut Vec<Condition>,
    /// The generation that all of this is said of.
    pub observed_generation: &'a mut Option<i64>,
    /// The newest run.
    pub run: &'a mut Option<RunStatus>,
    /// Runs in a row that failed.
    pub failures: &'a mut i32,
    /// When a run begins by itself.
    pub next_time: &'a mut Option<String>,
    /// The annotation that was answered last.
    pub last_handled_sync_request: &'a mut Option<String>,
    /// Where documents are.
    pub index: &'a mut Option<IndexStatus>,
    /// Some things that could not be read.
    pub failure_samples: &'a mut Vec<FailureSample>,
    /// Digests of models, by vector field.
    pub model_digests: &'a mut BTreeMap<String, String>,
}
