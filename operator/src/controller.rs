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
use vitrine_crds::library::Resource;

use crate::cache::jobs::Jobs;
use crate::cache::kept::{Kept, Ref};
use crate::cache::seen::Job;
use crate::cache::unseen::Unseen;
use crate::context::Context;
use crate::library::{self, names};
use crate::metrics::Metrics;
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

/// Looks after the libraries of one namespace, or of all, until told to stop.
pub async fn libraries(
    shared: Shared,
    namespace: Option<&str>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let Shared { client, settings, metrics, slots } = shared;
    let (libraries, jobs) = (scoped(&client, namespace), scoped(&client, namespace));
    let (store, writer) = reflector::store::<Kept>();
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
    let changes = watch_libraries(libraries, writer, Arc::clone(&ctx), wake.clone());
    let ends = watch_jobs(jobs, Arc::clone(&ctx), wake);
    let run = Controller::for_stream(stream::pending(), store)
        .with_config(Config::default().concurrency(concurrency).debounce(Duration::from_millis(5)))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop)
        .run(library::reconcile, library::on_error, ctx)
        .for_each(|_| futures::future::ready(()));
    tokio::select! {
        () = run => {}
        () = changes => tracing::error!("the watch of libraries ended"),
        () = ends => tracing::error!("the watch of Jobs ended"),
    }
}

async fn watch_libraries(
    libraries: Api<Resource>,
    mut writer: Writer<Kept>,
    ctx: Arc<Context>,
    wake: UnboundedSender<Ref>,
) {
    let store = writer.as_reader();
    let events = watcher(libraries, watcher::Config::default().page_size(PAGE)).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => keep(event, &ctx),
            Err(error) => {
                tracing::warn!(%error, "the watch of libraries broke; it begins again");
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
            ctx.slots.leave(Place { library: kept.uid(), namespace: &namespace });
        }
        writer.apply_watcher_event(&event);
    }
}

/// `event` of what is kept.
fn keep(event: Event<Resource>, ctx: &Context) -> Event<Kept> {
    let kept = |mut library: Resource| {
        library.managed_fields_mut().clear();
        Kept::of(&library)
    };
    match event {
        Event::Apply(library) => Event::Apply(kept(library)),
        Event::Delete(library) => Event::Delete(kept(library)),
        Event::Init => Event::Init,
        Event::InitApply(library) => {
            let is_under_way = library.status.as_ref().is_some_and(library::is_under_way);
            let kept = kept(library);
            if is_under_way {
                let namespace = kept.namespace().unwrap_or_default();
                ctx.slots.found(Place { library: kept.uid(), namespace: &namespace });
            }
            Event::InitApply(kept)
        }
        Event::InitDone => Event::InitDone,
    }
}

async fn watch_jobs(jobs: Api<Job>, ctx: Arc<Context>, wake: UnboundedSender<Ref>) {
    let ours = format!("app.kubernetes.io/managed-by={}", names::MANAGER);
    let config = watcher::Config::default().labels(&ours).page_size(PAGE);
    let events = watcher(jobs, config).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                for library in ctx.jobs.hear(&event) {
                    let _ = wake.unbounded_send(library); // Err: we are told to stop.
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
