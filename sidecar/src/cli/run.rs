//! `vitrine run`: the steps of a run, each a process of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vitrine_crds::run::{
    Counts, Exit, FAILURES_MAX, FailureSample, IndexState, QualityState, Step, Termination,
};

use super::clip_settings;
use super::interrupt::{self, Tally};
use super::output::{self, Format, say};
use super::progress::Noun;
use super::settings::{self, Wishes};
use super::{Failure, progress, summary};
use crate::config::Loader;
use crate::run::report::{IndexReport, Report};
use crate::run::steps::{self, Cleaned, Worked};
use crate::run::watch::Watch;
use crate::run::{Removal, RunError, Settings};

/// Where Kubernetes reads a container's last words.
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Highest number that a run may be given: those after it still have room to count on.
const RUN_MAX: u64 = 1_000_000_000_000;

/// Arguments of `vitrine run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine run scan --config library.yaml
  vitrine run work --config library.yaml --chunk 0
  vitrine run publish --config library.yaml --output json
  vitrine run work --config job.yaml --chunk 0        # of kind EmbeddingJob

Exit codes: 0 done, also when assets or clips failed; 1 worth a retry; 2 usage; 3 permanent; 4 with
--strict when some failed; 130 ended by Ctrl-C, 143 by SIGTERM: what is done is kept, and the same
step goes on with the rest.")]
pub struct Args {
    /// What to do: scan plans a run, work does one chunk of it or all, publish makes it visible,
    /// cleanup removes what a deleted library or job leaves
    #[arg(value_enum)]
    step: StepName,
    /// The configuration file [default: $VITRINE_CONFIG, else vitrine.yaml where it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Number of the run: scan takes this or a higher one, the others exactly this [default: the
    /// newest that was planned]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=RUN_MAX))]
    run: Option<u64>,
    /// The chunk that work is to do, from 0 [default: all]
    #[arg(long, value_name = "I", env = "JOB_COMPLETION_INDEX")]
    chunk: Option<u32>,
    /// Child processes that read assets or decode videos [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Exit with 4 when an asset or a clip failed
    #[arg(long)]
    strict: bool,
    /// Let scan plan to let go of any number of assets or clips that are gone from the source
    #[arg(long)]
    approve_deletions: bool,
    /// Where the last words go, as JSON of at most 4 KB [default: /dev/termination-log where that
    /// is there]
    #[arg(long, value_name = "PATH")]
    termination_log: Option<PathBuf>,
    /// How to print what the step came to
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Show no progress, and of the log only warnings and errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum StepName {
    Scan,
    Work,
    Publish,
    Cleanup,
}

impl From<StepName> for Step {
    fn from(name: StepName) -> Self {
        match name {
            StepName::Scan => Self::Scan,
            StepName::Work => Self::Work,
            StepName::Publish => Self::Publish,
            StepName::Cleanup => Self::Cleanup,
        }
    }
}

/// What a step came to.
#[derive(Default)]
struct Done {
    run: u64,
    /// One word in CamelCase.
    reason: &'static str,
    counts: Counts,
    chunks: Option<u32>,
    needs_gpu: Option<bool>,
    index: Option<IndexState>,
    models: BTreeMap<String, String>,
    quality: Option<QualityState>,
    failures: Vec<FailureSample>,
    text: String,
    json: Value,
}

/// Why a step did not come to its end.
struct Stopped {
    failure: Failure,
    reason: &'static str,
}

impl From<RunError> for Stopped {
    fn from(error: RunError) -> Self {
        Self { reason: error.reason(), failure: Failure::new(error.exit(), &error) }
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        let reason = match failure.exit {
            Exit::Usage => "ConfigurationWrong",
            _ => "CaptionsUnreadable",
        };
        Self { reason, failure }
    }
}

/// Runs `vitrine run`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let tally = interrupt::end_when_told();
    let done = step(&args, &tally);
    let last_words = last_words(&args, &done);
    let written = write(&args, &last_words);
    let done = done.map_err(|stopped| stopped.failure)?;
    written?;
    match args.output {
        Format::Json => say!("{:#}", done.json),
        Format::Text => output::print(format_args!("{}", done.text)),
    }
    let failed = done.counts.failed > 0;
    Ok(if args.strict && failed { Exit::Strict } else { Exit::Done })
}

fn step(args: &Args, tally: &Tally) -> Result<Done, Stopped> {
    let wishes = Wishes {
        step: Some(args.step.into()),
        jobs: args.jobs,
        deletions_approved: args.approve_deletions,
        ..Wishes::default()
    };
    let loader = Loader::new(args.config.clone());
    let loader = loader.map_err(|error| Failure::new(Exit::Usage, &error))?;
    let is_job = super::config::is_job(&loader)?;
    let settings: Settings = match is_job {
        true => clip_settings::load(loader, &wishes)?.into(),
        false => settings::load(loader, &wishes)?,
    };
    let noun = Noun::of(&settings);
    let watch = progress::watch(args.quiet, noun);
    let watch: &dyn Watch = &tally.counting(noun, watch.as_ref());
    match args.step {
        StepName::Scan => scan(&settings, args, watch),
        StepName::Work => work(&settings, args, watch),
        StepName::Publish => publish(&settings, args, watch),
        StepName::Cleanup => cleanup(&settings, watch),
    }
}

fn scan(settings: &Settings, args: &Args, watch: &dyn Watch) -> Result<Done, Stopped> {
    let plan = steps::scan(settings, args.run.unwrap_or(0), watch)?;
    let found = plan.found;
    let text = format!(
        "run {}: {}: {} to read, {} to describe, {} to send, {} unchanged, {} gone; {} of work\n",
        plan.run,
        Noun::of(settings).count(found.assets),
        found.to_read,
        found.to_describe,
        found.to_send,
        found.unchanged,
        found.deleted,
        chunks_of(plan.chunks as usize)
    );
    Ok(Done {
        run: plan.run,
        reason: if plan.has_changes() { "Planned" } else { "NothingChanged" },
        counts: Counts {
            read: found.assets,
            skipped: found.unchanged,
            deleted: found.deleted,
            ..Counts::default()
        },
        chunks: Some(plan.chunks),
        needs_gpu: Some(found.to_read + found.to_look > 0),
        text,
        json: json!({
            "v": 1,
            "run": plan.run,
            "session": plan.session,
            "library": plan.library,
            "chunks": plan.chunks,
            "found": found,
        }),
        ..Done::default()
    })
}

fn work(settings: &Settings, args: &Args, watch: &dyn Watch) -> Result<Done, Stopped> {
    let Worked { run, chunks, assets, done_before, indexed, failed } =
        steps::work(settings, args.run, args.chunk, watch)?;
    let noun = Noun::of(settings);
    let text = format!(
        "run {run}: {} of {}: {indexed} {}, {failed} failed, {done_before} done before\n",
        noun.count(assets),
        chunks_of(chunks.len()),
        noun.done(settings.index.is_some())
    );
    let counts =
        Counts { read: assets, indexed, skipped: done_before, failed, ..Counts::default() };
    let json = json!({"v": 1, "run": run, "chunks": chunks, "counts": counts});
    Ok(Done { run, reason: "Worked", counts, text, json, ..Done::default() })
}

fn chunks_of(count: usize) -> String {
    format!("{count} chunk{}", if count == 1 { "" } else { "s" })
}

fn publish(settings: &Settings, args: &Args, watch: &dyn Watch) -> Result<Done, Stopped> {
    let report: Report = steps::publish(settings, args.run, watch)?;
    let index = report.index.clone().map(|index| {
        let IndexReport { url: _, alias, name, documents, kept, kept_until } = index;
        IndexState { name, alias, documents, previous: kept, kept_until }
    });
    Ok(Done {
        run: report.run,
        reason: "Published",
        counts: report.counts,
        index,
        models: report.models.clone(),
        quality: report.quality,
        failures: report
            .failures
            .iter()
            .take(FAILURES_MAX)
            .map(|one| {
                FailureSample::new(&output::harmless(&one.uri), &output::harmless(&one.reason))
            })
            .collect(),
        text: summary::of(&report, &settings.out, Noun::of(settings)),
        json: json!(report),
        ..Done::default()
    })
}

fn cleanup(settings: &Settings, watch: &dyn Watch) -> Result<Done, Stopped> {
    let Cleaned { files, indices } = steps::cleanup(settings, watch)?;
    Ok(Done {
        reason: "Cleaned",
        text: match indices.as_slice() {
            _ if settings.removal == Removal::Retain => {
                "removed nothing: deletionPolicy is Retain\n".to_owned()
            }
            [] => format!("removed {files} files of {}\n", settings.out),
            some => format!("removed {files} files of {}, and {}\n", settings.out, some.join(", ")),
        },
        json: json!({"v": 1, "files": files, "indices": indices}),
        ..Done::default()
    })
}

fn last_words(args: &Args, done: &Result<Done, Stopped>) -> Termination {
    let step = args.step.into();
    let said = |text: &str| output::harmless(text.trim_end());
    match done {
        Ok(done) => Termination {
            v: 1,
            run: done.run,
            step,
            outcome: "done".to_owned(),
            reason: done.reason.to_owned(),
            message: said(done.text.lines().next().unwrap_or_default()),
            counts: done.counts,
            chunks: done.chunks,
            needs_gpu: done.needs_gpu,
            index: done.index.clone(),
            models: done.models.clone(),
            quality: done.quality,
            failures: done.failures.clone(),
        },
        Err(Stopped { failure, reason }) => Termination {
            v: 1,
            run: args.run.unwrap_or(0),
            step,
            outcome: if failure.exit == Exit::Retry { "retry" } else { "failed" }.to_owned(),
            reason: (*reason).to_owned(),
            message: said(&failure.message),
            counts: Counts::default(),
            chunks: None,
            needs_gpu: None,
            index: None,
            models: BTreeMap::new(),
            quality: None,
            failures: Vec::new(),
        },
    }
}

/// Leaves the last words where Kubernetes finds them.
fn write(args: &Args, words: &Termination) -> Result<(), Failure> {
    let path = match &args.termination_log {
        Some(path) => path,
        None if Path::new(TERMINATION_LOG).exists() => Path::new(TERMINATION_LOG),
        None => return Ok(()),
    };
    std::fs::write(path, words.to_json()).map_err(|error| Failure {
        exit: Exit::Retry,
        message: format!("cannot write the termination message to {}: {error}", path.display()),
    })
}
