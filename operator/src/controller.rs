//! Watches, and which change leads to which pass.

use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::{StreamExt, stream};
use kube::runtime::controller::Config;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher};
use kube::{Api, Client, ResourceExt};

use crate::cache::jobs::Jobs;
use crate::cache::kept::{Kept, Ref};
use crate::cache::seen::Job;
use crate::cache::unseen::Unseen;
use crate::context::Context;
use crate::metrics::Metrics;
use crate::run::plan::Course;
use crate::run::{self, names};
use crate::settings::Settings;
use crate::slots::{Place, Slots};

/// Objects of one answer when all are listed: what is read of it is in memory at once.
const PAGE: u32 = 100;

/// What the controllers of all namespaces share.
#[derive(Clone)]
pub struct Shared {
    /// The API server.
    pub client: Client,
    /// What the operator was told.
    pub settings: Arc<Settings>,
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// Places for runs.
    pub slots: Arc<Slots>,
}

/// Looks after the resources of one kind, of one namespace or of all, until told to stop.
pub async fn look_after<K: Course>(
    shared: Shared,
    namespace: Option<&str>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let Shared { client, settings, metrics, slots } = shared;
    let (resources, jobs) = (scoped(&client, namespace), scoped(&client, namespace));
    let (store, writer) = reflector::store::<Kept<K>>();
    let (wake, woken) = unbounded();
    let reporter =
        Reporter { controller: names::MANAGER.to_owned(), instance: Some(settings.name.clone()) };
    let concurrency = settings.reconciles;
    let ctx = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        settings,
        jobs: Jobs::new(),
        slots,
        unseen: Unseen::default(),
        wake: wake.clone(),
        metrics,
    });
    // Both watches are read whether or not passes are under way.
    let changes = watch_resources(resources, writer, Arc::clone(&ctx), wake.clone());
    let ends = watch_jobs(jobs, Arc::clone(&ctx), wake);
    let passes = Controller::for_stream(stream::pending(), store)
        .with_config(Config::default().concurrency(concurrency).debounce(Duration::from_millis(5)))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop)
        .run(run::reconcile::<K>, run::on_error::<K>, ctx)
        .for_each(|_| futures::future::ready(()));
    tokio::select! {
        () = passes => {}
        () = changes => tracing::error!(kind = K::WORDS.kind, "the watch of resources ended"),
        () = ends => tracing::error!(kind = K::WORDS.kind, "the watch of Jobs ended"),
    }
}

async fn watch_resources<K: Course>(
    resources: Api<K>,
    mut writer: Writer<Kept<K>>,
    ctx: Arc<Context<K>>,
    wake: UnboundedSender<Ref<K>>,
) {
    let store = writer.as_reader();
    let events = watcher(resources, watcher::Config::default().page_size(PAGE)).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => keep(event, &ctx),
            Err(error) => {
                tracing::warn!(kind = K::WORDS.kind, %error, "the watch broke; it begins again");
                continue;
            }
        };
        if let Event::Apply(kept) | Event::InitApply(kept) = &event {
            ctx.unseen.heard(kept);
            let reference = kept.reference();
            let before = store.get(&reference);
            if before.is_none_or(|before| kept.asks_other(&before)) {
                let _ = wake.unbounded_send(reference); // Err: we are told to stop.
            }
        }
        if let Event::Delete(kept) = &event {
            let namespace = kept.namespace().unwrap_or_default();
            ctx.slots.leave(Place { resource: kept.uid(), namespace: &namespace });
        }
        writer.apply_watcher_event(&event);
    }
}

/// `event` of what is kept.
fn keep<K: Course>(event: Event<K>, ctx: &Context<K>) -> Event<Kept<K>> {
    let kept = |mut resource: K| {
        resource.managed_fields_mut().clear();
        Kept::of(&resource)
    };
    match event {
        Event::Apply(resource) => Event::Apply(kept(resource)),
        Event::Delete(resource) => Event::Delete(kept(resource)),
        Event::Init => Event::Init,
        Event::InitApply(resource) => {
            let is_under_way = resource.status().is_some_and(run::is_under_way);
            let kept = kept(resource);
            if is_under_way {
                let namespace = kept.namespace().unwrap_or_default();
                ctx.slots.found(Place { resource: kept.uid(), namespace: &namespace });
            }
            Event::InitApply(kept)
        }
        Event::InitDone => Event::InitDone,
    }
}

async fn watch_jobs<K: Course>(
    jobs: Api<Job>,
    ctx: Arc<Context<K>>,
    wake: UnboundedSender<Ref<K>>,
) {
    let label = K::WORDS.names.label;
    let ours = format!("app.kubernetes.io/managed-by={},{label}", names::MANAGER);
    let config = watcher::Config::default().labels(&ours).page_size(PAGE);
    let events = watcher(jobs, config).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                for owner in ctx.jobs.hear(&event) {
                    let _ = wake.unbounded_send(owner); // Err: we are told to stop.
                }
            }
            Err(error) => tracing::warn!(%error, "the watch of Jobs broke; it begins again"),
        }
    }
}

fn scoped<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}
