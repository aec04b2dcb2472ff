//! Which of several copies acts: who holds the Lease.
//!
//! The holder renews every third of the time that a Lease lasts, and ends its process when it cannot:
//! nobody acts on a Lease that ran out. A copy that stands by takes a Lease that nobody renewed, by its
//! own clock: clocks of different machines are never compared.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

/// Name of the Lease.
const NAME: &str = "vitrine-operator";
/// How long a Lease lasts.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is looked at, or renewed.
const EVERY: Duration = Duration::from_secs(5);

/// A place to lead from.
pub struct Leadership {
    leases: Api<Lease>,
    name: String,
}

impl Leadership {
    /// In `namespace`, as `name`.
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { leases: Api::namespaced(client, namespace), name: name.to_owned() }
    }

    /// Waits until this process leads.
    pub async fn win(&self) {
        let mut seen: Option<(Option<String>, Instant)> = None;
        loop {
            match self.try_win(&mut seen).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "cannot ask for the lease; will try again"),
            }
            tokio::time::sleep(EVERY / 2).await;
        }
    }

    async fn try_win(
        &self,
        seen: &mut Option<(Option<String>, Instant)>,
    ) -> Result<bool, kube::Error> {
        let Some(found) = self.leases.get_opt(NAME).await? else {
            let lease = Lease {
                metadata: ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() },
                spec: Some(self.held(0)),
            };
            return won(self.leases.create(&PostParams::default(), &lease).await);
        };
        let spec = found.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let version = found.metadata.resource_version.clone();
        let is_fresh = match seen {
            Some((before, since)) if *before == version => since.elapsed() < LASTS,
            _ => {
                *seen = Some((version, Instant::now()));
                true
            }
        };
        if is_fresh && !holder.is_empty() && holder != self.name {
            return Ok(false);
        }
        let transitions = spec.lease_transitions.unwrap_or(0) + 1;
        let lease = Lease { spec: Some(self.held(transitions)), ..found };
        won(self.leases.replace(NAME, &PostParams::default(), &lease).await)
    }

    /// Renews until that fails for as long as a Lease lasts: then somebody else may act.
    pub async fn keep(&self) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < LASTS - EVERY / 2 {
            tokio::time::sleep(EVERY).await;
            let began = Instant::now();
            match tokio::time::timeout(EVERY, self.renew()).await {
                Ok(Ok(true)) => renewed = began,
                Ok(Ok(false)) => return,
                Ok(Err(error)) => tracing::warn!(%error, "cannot renew the lease"),
                Err(_) => tracing::warn!("the API server does not answer in time"),
            }
        }
    }

    async fn renew(&self) -> Result<bool, kube::Error> {
        let found = self.leases.get(NAME).await?;
        let spec = found.spec.clone().unwrap_or_default();
        if spec.holder_identity.as_deref() != Some(&self.name) {
            return Ok(false);
        }
        let renewed = LeaseSpec { renew_time: Some(MicroTime(Timestamp::now())), ..spec };
        let lease = Lease { spec: Some(renewed), ..found };
        won(self.leases.replace(NAME, &PostParams::default(), &lease).await)
    }

    /// Lets others lead at once.
    pub async fn resign(&self) {
        let resigned = async {
            let found = self.leases.get(NAME).await?;
            let spec = found.spec.clone().unwrap_or_default();
            if spec.holder_identity.as_deref() == Some(&self.name) {
                let spec = LeaseSpec { holder_identity: Some(String::new()), ..spec };
                let lease = Lease { spec: Some(spec), ..found };
                self.leases.replace(NAME, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        };
        if let Err(error) = resigned.await {
            tracing::debug!(%error, "cannot give the lease back; it runs out");
        }
    }

    fn held(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.name.clone()),
            lease_duration_seconds: Some(LASTS.as_secs() as i32),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }
}

/// Whether our word was taken: where somebody else was faster, it was not.
fn won(answered: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match answered {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
