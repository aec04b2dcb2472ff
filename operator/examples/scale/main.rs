//! Many libraries at once: the operator as a process of its own, a real API server, simulated pods.
//!
//! ```text
//! scripts/cluster.sh run --nodes 0 -- scale --libraries 2000 --operator target/release/vitrine-operator
//! ```
//!
//! libraries applied → operator started → all Ready → rest → operator started again. What is measured
//! is printed as a table; a limit that is broken ends the program with 1.

mod cluster;
mod measure;
mod operator;
mod pods;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use kube::Client;

use operator::Operator;
use report::Figures;

/// What went wrong, in a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// What came of it, or what went wrong.
pub type Result<T> = std::result::Result<T, Failure>;

/// What is measured.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// Libraries
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub libraries: usize,
    /// The program that is measured
    #[arg(long, value_name = "FILE")]
    pub operator: PathBuf,
    /// Begin with libraries that were published before: what thousands at rest cost
    #[arg(long)]
    pub settled: bool,
    /// Runs at once; more wait
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub runs_max: usize,
    /// Seconds of rest that are watched
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub rest_secs: u64,
    /// Seconds that a step takes
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    pub step_secs: f64,
    /// Seconds after which the libraries are given up
    #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
    pub ready_secs_max: u64,
    /// Resident memory that is allowed, in MB
    #[arg(long, value_name = "MB")]
    pub memory_mb_max: Option<f64>,
    /// Where the figures go, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let measured = async {
        let client = cluster::client().await?;
        let arguments = Arguments::parse();
        tokio::select! {
            figures = run(client.clone(), arguments.clone()) => figures,
            played = pods::simulate(client, arguments.step_secs) => Err(played.expect_err("it plays on")),
        }
    };
    match measured.await {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            broken.iter().for_each(|sentence| eprintln!("scale: {sentence}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(client: Client, arguments: Arguments) -> Result<Vec<String>> {
    cluster::prepare(&client, arguments.libraries, arguments.settled).await?;
    eprintln!("scale: {} libraries are applied", arguments.libraries);
    let mut figures = Figures { libraries: arguments.libraries, ..Figures::default() };

    let before = measure::requests(&client).await?;
    let (server_cpu, began) = (measure::api_server_cpu_secs(), Instant::now());
    let operator = Operator::start(&arguments)?;
    let ready = cluster::all_ready(&client, arguments.libraries, began);
    let longest = Duration::from_secs(arguments.ready_secs_max);
    let at_once = tokio::time::timeout(longest, ready).await;
    figures.reached = at_once.map_err(|_| "not all libraries became Ready in time")??;
    tokio::time::sleep(Duration::from_secs(2)).await; // Last Events are still on their way.
    figures.server_cpu_secs = measure::api_server_cpu_secs() - server_cpu;
    figures.ready = operator.sample().await?;
    figures.requests = measure::requests(&client).await?.since(&before).of_the_operator();

    figures.rest = rest(&client, &operator, &arguments).await?;
    let stopped = operator.stop().await?;
    figures.peak_mb = stopped.peak_mb;

    let operator = Operator::start(&arguments)?;
    operator.until_it_rests().await?;
    figures.again = rest(&client, &operator, &arguments).await?;
    operator.stop().await?;
    figures.print();
    if let Some(out) = &arguments.out {
        std::fs::write(out, serde_json::to_string_pretty(&figures)?)?;
    }
    Ok(figures.broken(arguments.memory_mb_max))
}

/// What happens where nothing is to be done.
async fn rest(client: &Client, operator: &Operator, told: &Arguments) -> Result<report::Rest> {
    let before = (measure::requests(client).await?, operator.sample().await?);
    tokio::time::sleep(Duration::from_secs(told.rest_secs)).await;
    let after = (measure::requests(client).await?, operator.sample().await?);
    Ok(report::Rest {
        secs: told.rest_secs,
        requests: after.0.since(&before.0).of_the_operator(),
        passes: after.1.passes - before.1.passes,
        resident_mb: after.1.resident_mb,
        peak_mb: after.1.peak_mb,
    })
}
