//! Objects of Kubernetes with only those parts that we read.
//!
//! What reads a whole pod, with every kind of volume that there is, is most of a program's code, and
//! that lies in memory, too.

use std::borrow::Cow;

use k8s_openapi::api::{batch::v1 as batch, core::v1 as core};
use kube::api::ObjectMeta;
use serde::Deserialize;

/// A Job, without what its pods are made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// How it stands.
    pub status: Option<batch::JobStatus>,
}

/// A pod, of whose specification only the node is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Its name, and when it was made.
    pub metadata: ObjectMeta,
    /// Where it runs.
    pub spec: Node,
    /// How it stands.
    pub status: core::PodStatus,
}

/// Where a pod runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Node {
    /// The node, where one was found.
    pub node_name: Option<String>,
}

/// `$seen` is read where `$whole` is.
macro_rules! reads {
    ($seen:ty, $whole:ty) => {
        impl kube::Resource for $seen {
            type DynamicType = ();
            type Scope = k8s_openapi::NamespaceResourceScope;

            fn kind((): &()) -> Cow<'_, str> {
                <$whole as kube::Resource>::kind(&())
            }

            fn group((): &()) -> Cow<'_, str> {
                <$whole as kube::Resource>::group(&())
            }

            fn version((): &()) -> Cow<'_, str> {
                <$whole as kube::Resource>::version(&())
            }

            fn plural((): &()) -> Cow<'_, str> {
                <$whole as kube::Resource>::plural(&())
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

reads!(Job, batch::Job);
reads!(Pod, core::Pod);
