//! What every pass over a resource uses, and how a pass fails.

use std::sync::Arc;

use futures::channel::mpsc::UnboundedSender;
use kube::Client;
use kube::runtime::events::Recorder;

use crate::cache::jobs::Jobs;
use crate::cache::kept::Ref;
use crate::cache::unseen::Unseen;
use crate::metrics::{Metrics, Reason};
use crate::run::kind::Kind;
use crate::settings::Settings;
use crate::slots::Slots;

/// What every pass over resources of one kind uses.
pub struct Context<K: Kind> {
    /// The API server.
    pub client: Client,
    /// What the operator was told.
    pub settings: Arc<Settings>,
    /// Our Jobs, as they were last heard of.
    pub jobs: Jobs<K>,
    /// Places for runs, of all namespaces.
    pub slots: Arc<Slots>,
    /// What we wrote and have not yet heard of.
    pub unseen: Unseen,
    /// Asks for a pass.
    pub wake: UnboundedSender<Ref<K>>,
    /// Publishes Events.
    pub recorder: Recorder,
    /// Numbers.
    pub metrics: Arc<Metrics>,
}

/// Why a pass failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused or did not answer.
    #[error("a request to the API server failed")]
    Kube(#[from] kube::Error),
    /// What we keep of a resource cannot be read.
    #[error("what is kept of it cannot be read ({0}); restart the operator")]
    Kept(String),
}

impl Error {
    /// Whether somebody wrote in between.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Kube(kube::Error::Api(status)) if status.code == 409)
    }

    /// A word for metrics.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Kube(kube::Error::Api(status)) => match status.code {
                409 => Reason::Conflict,
                403 => Reason::Forbidden,
                _ => Reason::Refused,
            },
            Self::Kube(_) => Reason::Unreachable,
            Self::Kept(_) => Reason::Kept,
        }
    }
}
