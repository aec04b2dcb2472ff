//! Does what was planned.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use vitrine_crds::run::Step;

use super::build::places::Places;
use super::build::{Blueprint, configuration, job, policy};
use super::kind::{Kind, Standing};
use super::names;
use super::plan::Action;
use crate::cache::seen;
use crate::context::{Context, Error};

/// Who owns what we apply.
const FIELD_MANAGER: &str = "vitrine-operator";

/// Does `actions` for `resource`, whose written status names the run.
pub async fn apply<K: Kind>(
    ctx: &Context<K>,
    resource: &K,
    actions: &[Action],
) -> Result<(), Error> {
    for action in actions {
        match action {
            Action::Start(step) => start(ctx, resource, *step).await?,
            Action::Stop => stop(ctx, resource).await?,
            Action::Forget(run) => forget(ctx, resource, *run).await?,
        }
    }
    Ok(())
}

/// Makes what a step needs: each once, so that what is there already stays.
pub async fn start<K: Kind>(ctx: &Context<K>, resource: &K, step: Step) -> Result<(), Error> {
    let Some(run) = resource.status().and_then(Standing::run) else {
        return Ok(());
    };
    let namespace = resource.namespace().unwrap_or_default();
    let pods = ctx.settings.pods();
    let blueprint = Blueprint { resource, run, pods: &pods };
    let named = K::WORDS.names.configuration(&resource.name_any(), run.number);
    let places = Places::of::<K>(resource.spec(), &namespace, &named);
    if matches!(step, Step::Scan | Step::Cleanup) {
        let policies: Api<NetworkPolicy> = Api::namespaced(ctx.client.clone(), &namespace);
        let policy = policy::policy(resource, &ctx.settings.egress_ports);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        policies.patch(&policy.name_any(), &params, &Patch::Apply(&policy)).await?;
        // The other steps find it: it is immutable, and of this run.
        let maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &namespace);
        once(&maps, &configuration::configuration(&blueprint, &places)).await?;
    }
    if let Some(made) = make(ctx, &namespace, &job::job(&blueprint, &places, step)).await? {
        ctx.jobs.made(&made);
    }
    Ok(())
}

/// Makes a Job; as it is then, or none where it was there. It is written whole, and not read whole.
async fn make<K: Kind>(
    ctx: &Context<K>,
    namespace: &str,
    job: &Job,
) -> Result<Option<seen::Job>, Error> {
    let path = <seen::Job as kube::Resource>::url_path(&(), Some(namespace));
    let body = serde_json::to_vec(job).map_err(kube::Error::SerdeError)?;
    let request = kube::core::Request::new(path).create(&PostParams::default(), body);
    let request = request.map_err(kube::Error::BuildRequest)?;
    made(ctx.client.request(request).await)
}

/// Makes `object`, where it is not there.
async fn once<K>(api: &Api<K>, object: &K) -> Result<(), Error>
where
    K: kube::Resource + Clone + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
{
    made(api.create(&PostParams::default(), object).await).map(drop)
}

/// What is there already stays.
fn made<K>(answered: Result<K, kube::Error>) -> Result<Option<K>, Error> {
    match answered {
        Ok(made) => Ok(Some(made)),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Removes the Jobs of the run, with their pods.
async fn stop<K: Kind>(ctx: &Context<K>, resource: &K) -> Result<(), Error> {
    let Some(run) = resource.status().and_then(Standing::run) else {
        return Ok(());
    };
    let jobs: Api<seen::Job> =
        Api::namespaced(ctx.client.clone(), &resource.namespace().unwrap_or_default());
    for step in names::STEPS {
        let name = K::WORDS.names.job(&resource.name_any(), run.number, step);
        gone(jobs.delete(&name, &DeleteParams::background()).await)?;
    }
    Ok(())
}

async fn forget<K: Kind>(ctx: &Context<K>, resource: &K, run: i64) -> Result<(), Error> {
    let maps: Api<ConfigMap> =
        Api::namespaced(ctx.client.clone(), &resource.namespace().unwrap_or_default());
    let name = K::WORDS.names.configuration(&resource.name_any(), run);
    gone(maps.delete(&name, &DeleteParams::default()).await)
}

/// What is not there is gone already.
pub fn gone<T>(deleted: Result<T, kube::Error>) -> Result<(), Error> {
    match deleted {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}
