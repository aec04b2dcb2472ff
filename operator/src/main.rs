//! Vitrine's operator: makes a cluster match the resources that people apply.

mod cache;
mod context;
mod controller;
mod http;
mod job;
mod leader;
mod library;
mod metrics;
mod run;
mod settings;
mod slots;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use futures::FutureExt;
use futures::future::{join, join_all};
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use vitrine_crds::{embedding_job, library as asset_library, manifest};

use settings::{LogFormat, Settings};

/// How long the API server may be away when the operator starts.
const API_FOR: Duration = Duration::from_secs(300);
/// Between two questions whether it is there.
const API_PAUSE: Duration = Duration::from_secs(2);

/// Makes a cluster match the resources that people apply.
#[derive(Debug, Parser)]
#[command(name = "vitrine-operator", version)]
enum Cli {
    /// Look after a cluster until told to stop.
    Run(Box<Settings>),
    /// Write the definitions of the resources, one file each.
    Crds {
        /// Where the files go.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Run(settings) => run(*settings),
        Cli::Crds { out } => crds(&out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn crds(out: &std::path::Path) -> Result<(), String> {
    for crd in manifest::all() {
        let path = out.join(manifest::file_name(&crd));
        std::fs::write(&path, manifest::to_yaml(&crd))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// The API server's version. It may be away for a while, as in an upgrade; a process that ended each time
/// would be started later and later.
async fn version(client: &Client) -> Result<String, String> {
    let began = Instant::now();
    loop {
        match client.apiserver_version().await {
            Ok(version) => return Ok(version.git_version),
            Err(error) if began.elapsed() < API_FOR => {
                tracing::warn!(%error, "the API server does not answer; will try again");
                tokio::time::sleep(API_PAUSE).await;
            }
            Err(error) => return Err(format!("the API server does not answer: {error}")),
        }
    }
}

// It waits most of its time: one thread is enough for hundreds of Jobs a second, and a second one would
// bring a heap of its own.
#[tokio::main(flavor = "current_thread")]
async fn run(settings: Settings) -> Result<(), String> {
    log(settings.log_format);
    // Built beside crates that bring another one, rustls would not choose.
    let _ = rustls::crypto::ring::default_provider().install_default(); // Err: there is one already.
    let client = Client::try_default().await.map_err(|error| {
        format!("no cluster: {error}; run in a pod with a service account, or set KUBECONFIG")
    })?;
    let metrics = Arc::new(metrics::Metrics::new());
    let is_ready = Arc::new(AtomicBool::new(false));
    let served = http::Served { metrics: Arc::clone(&metrics), is_ready: Arc::clone(&is_ready) };
    let listen = settings.listen;
    let serving = tokio::spawn(async move { http::serve(listen, served).await });
    let stop = stopped().map_err(|error| format!("cannot wait for signals: {error}"))?.shared();
    let version = tokio::select! {
        version = version(&client) => version?,
        () = stop.clone() => return Ok(()),
    };
    tracing::info!(kubernetes = version, "vitrine-operator {}", env!("CARGO_PKG_VERSION"));
    is_ready.store(true, Ordering::Relaxed);
    let leadership = leader::Leadership::new(client.clone(), &settings.namespace, &settings.name);
    if settings.leader_election {
        tokio::select! {
            () = leadership.win() => {}
            () = stop.clone() => return Ok(()),
        }
    }
    metrics.leads(true);
    tracing::info!("leads");
    let namespaces: Vec<Option<&str>> = match settings.namespaces.is_empty() {
        true => vec![None],
        false => settings.namespaces.iter().map(|name| Some(name.as_str())).collect(),
    };
    let shared = controller::Shared {
        client,
        slots: Arc::new(slots::Slots::new(settings.limits())),
        settings: Arc::new(settings.clone()),
        metrics,
    };
    let watched = namespaces.into_iter().map(|namespace| {
        join(
            controller::look_after::<asset_library::Resource>(
                shared.clone(),
                namespace,
                stop.clone(),
            ),
            controller::look_after::<embedding_job::Resource>(
                shared.clone(),
                namespace,
                stop.clone(),
            ),
        )
    });
    let ended = tokio::select! {
        _ = join_all(watched) => Ok(()),
        () = kept(&leadership, settings.leader_election) => {
            Err("another copy leads now, or the API server was away too long".to_owned())
        }
        served = serving => match served {
            Ok(Err(error)) => Err(format!("cannot serve metrics on {listen}: {error}")),
            _ => Err("the server of metrics ended".to_owned()),
        },
    };
    if settings.leader_election && ended.is_ok() {
        leadership.resign().await;
    }
    ended
}

async fn kept(leadership: &leader::Leadership, elects: bool) {
    match elects {
        true => leadership.keep().await,
        false => futures::future::pending().await,
    }
}

/// Resolves when the process is asked to end.
fn stopped() -> std::io::Result<impl Future<Output = ()> + Send + Sync + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (told, hears) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.send_replace(true);
    });
    Ok(async move {
        let mut hears = hears;
        let _ = hears.wait_for(|told| *told).await; // The other end lives as long as we do.
    })
}

fn log(format: LogFormat) {
    let asked = std::env::var("VITRINE_LOG").ok().and_then(|asked| asked.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| {
        let own = ("vitrine_operator", tracing::Level::INFO);
        Targets::new().with_default(tracing::Level::WARN).with_targets([own])
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
