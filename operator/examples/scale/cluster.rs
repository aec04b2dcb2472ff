//! The cluster before the operator comes: definitions, namespaces, libraries.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::json;
use vitrine_crds::condition::Status;
use vitrine_crds::library::Resource;
use vitrine_crds::manifest;

use crate::Result;

/// Libraries of one namespace.
const PER_NAMESPACE: usize = 100;
/// Requests of ours at once.
pub const AT_ONCE: usize = 32;

/// Our own way in, which nothing slows down.
pub async fn client() -> Result<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // Err: there is one already.
    Ok(Client::try_from(Config::infer().await?)?)
}

/// What the operator has said of a library that it published.
const PUBLISHED: &[u8] = include_bytes!("../../src/cache/usual.json");

/// Applies `count` libraries, and what they need; `settled`: as if they had been published before.
pub async fn prepare(client: &Client, count: usize, settled: bool) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in manifest::all() {
        created(definitions.create(&PostParams::default(), &definition).await)?;
    }
    let libraries: Api<Resource> = Api::all(client.clone());
    let end = Instant::now() + Duration::from_secs(60);
    while let Err(error) = libraries.list(&ListParams::default().limit(1)).await {
        if Instant::now() > end {
            return Err(format!("the API server does not serve libraries: {error}").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for number in 0..count.div_ceil(PER_NAMESPACE) {
        let name = namespace(number * PER_NAMESPACE);
        let made = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        created(namespaces.create(&PostParams::default(), &made).await)?;
        // Who would make it is stopped.
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), &name);
        let account = serde_json::from_value(json!({"metadata": {"name": "default"}}))?;
        created(accounts.create(&PostParams::default(), &account).await)?;
    }
    futures::stream::iter(0..count)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |number| async move {
            let libraries: Api<Resource> = Api::namespaced(client.clone(), &namespace(number));
            let mut library = library(number)?;
            if settled {
                library.metadata.finalizers = Some(vec!["vitrine.dev/cleanup".to_owned()]);
            }
            created(libraries.create(&PostParams::default(), &library).await)?;
            if settled {
                let mut published: Resource = serde_json::from_slice(PUBLISHED)?;
                if let Some(status) = &mut published.status {
                    status.next_sync_time = Some("2100-01-01T00:00:00Z".to_owned());
                }
                let patch = Patch::Merge(json!({"status": published.status}));
                let name = library.name_any();
                libraries.patch_status(&name, &PatchParams::default(), &patch).await?;
            }
            Ok(())
        })
        .await
}

fn namespace(library: usize) -> String {
    format!("bench-{:03}", library / PER_NAMESPACE)
}

/// As a person writes one for a bucket, with a GPU and a second embedding.
fn library(number: usize) -> Result<Resource> {
    let name = format!("warehouse-{number:05}");
    Ok(serde_json::from_value(json!({
        "apiVersion": "vitrine.dev/v1alpha1",
        "kind": "AssetLibrary",
        "metadata": {"name": name, "labels": {"team": "bench"}},
        "spec": {
            "source": {"uri": format!("s3://assets/{name}"), "secretRef": {"name": "store"}},
            "catalog": {"uri": format!("s3://catalogs/{name}"), "secretRef": {"name": "store"}},
            "elasticsearch": {
                "url": "https://elasticsearch.search.svc:9200",
                "secretRef": {"name": "elasticsearch"},
            },
            "syncInterval": "6h",
            "workers": {"parallelism": 2, "gpu": {"count": 1}},
        },
    }))?)
}

fn created<K>(answered: kube::Result<K>) -> Result<()> {
    match answered {
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        answered => Ok(answered.map(drop)?),
    }
}

/// Seconds after `began` when a tenth, a half, nine tenths and all of `count` libraries were Ready.
pub async fn all_ready(client: &Client, count: usize, began: Instant) -> Result<[f64; 4]> {
    let libraries: Api<Resource> = Api::all(client.clone());
    let changes = watcher(libraries, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes.applied_objects());
    let marks = [count.div_ceil(10), count.div_ceil(2), (count * 9).div_ceil(10), count];
    let mut reached = [f64::NAN; 4];
    let (mut ready, mut said) = (HashSet::new(), Instant::now());
    while let Some(library) = changes.try_next().await? {
        let conditions = library.status.as_ref().map_or(&[][..], |status| &status.conditions[..]);
        let is_ready = vitrine_crds::condition::find(conditions, "Ready")
            .is_some_and(|found| found.status == Status::True);
        if !is_ready || !ready.insert(library.uid()) {
            continue;
        }
        if said.elapsed() > Duration::from_secs(10) {
            said = Instant::now();
            eprintln!("scale: {} of {count} are Ready", ready.len());
        }
        for (mark, at) in marks.iter().zip(&mut reached) {
            if ready.len() >= *mark && at.is_nan() {
                *at = began.elapsed().as_secs_f64();
            }
        }
        if ready.len() == count {
            return Ok(reached);
        }
    }
    Err("the watch of libraries ended".into())
}
