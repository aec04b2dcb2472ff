//! `vitrine catalog`: a library to a catalogue that can be searched.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use vitrine_crds::library::{AssetLibrarySpec, Credentials, DeletionPolicy};
use vitrine_crds::run::Exit;

use super::output::{self, say};
use super::{Failure, progress};
use crate::asset::captions::Captions;
use crate::config::{self, Environment, Loader};
use crate::embed;
use crate::extract::Bounds;
use crate::run::report::Report;
use crate::run::{self, Deletions, Embedding, Removal, Settings};
use crate::storage::{Access, Filter, Location, Storage};

/// Arguments of `vitrine catalog`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine catalog ~/assets --out ~/catalog
  vitrine catalog s3://packs/warehouse --out ./warehouse --include '**/*.usdz' --jobs 8

Exit codes: 0 done, also when assets failed; 1 worth a retry; 2 usage; 3 permanent;
4 with --strict when assets failed.")]
pub struct Args {
    /// The library: a folder, or file:// s3:// gs:// az:// https://. May come from the
    /// configuration instead.
    source: Option<String>,
    /// Where the catalogue goes: a folder or a URI as above [default: ./catalog]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Take only files that match one of these globs, as in '**/*.usdz' (repeatable)
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave out files that match one of these globs (repeatable)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Make no vectors: nothing is downloaded, and search by words only
    #[arg(long, conflicts_with = "model")]
    no_embeddings: bool,
    /// Read no more than this many assets, first paths first
    #[arg(long, value_name = "N")]
    max_assets: Option<u32>,
    /// Captions by id or path: a .csv, .json or .jsonl file
    #[arg(long, value_name = "FILE")]
    captions: Option<String>,
    /// Child processes that read assets [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Names the library in asset ids; must not change later [default: the folder's name]
    #[arg(long)]
    name: Option<String>,
    /// The text model: a folder, or hf://owner/name
    #[arg(long, value_name = "URI")]
    model: Option<String>,
    /// Exit with 4 when an asset failed
    #[arg(long)]
    strict: bool,
    /// Let go of any number of assets that are gone from the source
    #[arg(long)]
    approve_deletions: bool,
    /// The configuration file [default: $VITRINE_CONFIG, else vitrine.yaml where it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print what the run came to
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Runs `vitrine catalog`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let (strict, output, quiet) = (args.strict, args.output, args.quiet);
    let settings = settings(args)?;
    let watch = progress::watch(quiet);
    let done = run::catalog(&settings, watch.as_ref());
    drop(watch); // Takes the bar away before anything else is printed.
    let report = done.map_err(|error| Failure::new(error.exit(), &error))?;
    match output {
        Output::Json => say!("{:#}", json!(report)),
        Output::Text => output::print(format_args!("{}", summary(&report, &settings.out))),
    }
    let failed = report.counts.failed > 0;
    Ok(if strict && failed { Exit::Strict } else { Exit::Done })
}

fn settings(args: Args) -> Result<Settings, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error);
    let approved = args.approve_deletions;
    let jobs = args.jobs;
    let loader = flags(Loader::new(args.config.clone()).map_err(|error| usage(&error))?, args);
    let environment = loader.environment().clone();
    let loaded = loader.load().map_err(|error| usage(&error))?;
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    let name = loaded.library.metadata.name.clone();
    let spec = loaded.library.spec;
    if spec.source.roots_only {
        return Err(Failure::usage(
            "`source.rootsOnly` is not known to `vitrine catalog` yet: leave it out, and exclude \
             the folders of parts instead",
        ));
    }
    let place = |uri: &str| Location::parse(uri).map_err(|error| usage(&error));
    let source = place(&spec.source.uri)?;
    let library = spec.library_id.clone().or(name).or_else(|| source.stem());
    let access = access(&environment, &spec);
    Ok(Settings {
        out: place(spec.catalog.as_ref().map_or("catalog", |catalog| &catalog.uri))?,
        library: library.unwrap_or_else(|| "library".to_owned()),
        filter: Filter::new(&spec.source.include, &spec.source.exclude)
            .map_err(|error| usage(&error))?,
        assets_max: spec.max_assets.and_then(|max| u64::try_from(max).ok()),
        captions: match &spec.captions {
            Some(captions) => read_captions(&captions.uri, &access)?,
            None => Captions::default(),
        },
        bounds: Bounds {
            usd: config::limits(&spec.extraction),
            timeout: Duration::from_secs(spec.extraction.timeout_seconds.unsigned_abs().into()),
            memory_bytes_max: spec.extraction.memory_bytes_max.unsigned_abs(),
        },
        jobs: jobs.map_or_else(cores, usize::from),
        embeddings: embeddings(&spec),
        deletions: match approved {
            true => Deletions::Approved,
            false => Deletions::Percent(spec.deletion_guard.max_percent.unsigned_abs()),
        },
        removal: match spec.deletion_policy {
            DeletionPolicy::Retain => Removal::Retain,
            DeletionPolicy::Delete => Removal::Remove,
        },
        source,
        access,
    })
}

fn flags(mut loader: Loader, args: Args) -> Loader {
    if let Some(source) = args.source {
        loader = loader.flag("source.uri", source, "SOURCE");
    }
    if let Some(out) = args.out {
        loader = loader.flag("catalog.uri", out, "--out");
    }
    if !args.include.is_empty() {
        loader = loader.flag("source.include", args.include, "--include");
    }
    if !args.exclude.is_empty() {
        loader = loader.flag("source.exclude", args.exclude, "--exclude");
    }
    if let Some(max) = args.max_assets {
        loader = loader.flag("maxAssets", max, "--max-assets");
    }
    if let Some(captions) = args.captions {
        loader = loader.flag("captions.uri", captions, "--captions");
    }
    if let Some(name) = args.name {
        loader = loader.flag("libraryID", name, "--name");
    }
    if args.no_embeddings {
        loader = loader.flag("embeddings", json!([]), "--no-embeddings");
    }
    if let Some(uri) = args.model {
        let entry = json!([{"name": "text", "algorithm": "text", "model": {"uri": uri}}]);
        loader = loader.flag("embeddings", entry, "--model");
    }
    loader
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn access(environment: &Environment, spec: &AssetLibrarySpec) -> Access {
    let identity = [
        Some(&spec.source.credentials),
        spec.catalog.as_ref().map(|catalog| &catalog.credentials),
        spec.captions.as_ref().map(|captions| &captions.credentials),
    ]
    .into_iter()
    .flatten()
    .any(|credentials| *credentials == Credentials::WorkloadIdentity);
    let variables =
        Access::PREFIXES.into_iter().flat_map(|prefix| environment.starting_with(prefix));
    Access::new(variables, identity)
}

fn embeddings(spec: &AssetLibrarySpec) -> Vec<Embedding> {
    let options = embed::Options::on(&spec.device);
    let entries = spec.embeddings.iter();
    entries.map(|spec| Embedding { spec: spec.clone(), options: options.clone() }).collect()
}

/// Largest captions file, in bytes: a million assets with two sentences each.
const CAPTIONS_BYTES_MAX: u64 = 512 << 20;

fn read_captions(uri: &str, access: &Access) -> Result<Captions, Failure> {
    let storage = |error: crate::storage::StorageError| Failure::new(error.exit(), &error);
    let (folder, file) = match uri.rsplit_once('/') {
        Some(("", file)) => ("/", file),
        Some((folder, file)) => (folder, file),
        None => (".", uri),
    };
    let location = Location::parse(folder).map_err(storage)?;
    let from = Storage::open(&location, access).map_err(storage)?;
    let absent = || Failure::usage(format!("there is no captions file {uri}"));
    let size = from.head(file).map_err(storage)?.ok_or_else(absent)?.size;
    if size > CAPTIONS_BYTES_MAX {
        return Err(Failure::usage(format!(
            "the captions file {uri} has {size} bytes, more than {CAPTIONS_BYTES_MAX}; split it"
        )));
    }
    let bytes = from.get(file).map_err(storage)?.ok_or_else(absent)?;
    Captions::parse(uri, &bytes).map_err(|error| Failure::new(Exit::Usage, &error))
}

/// What the run came to, for people.
fn summary(report: &Report, out: &Location) -> String {
    let Report { run, library, counts, found, steps, failures, .. } = report;
    let mut text = format!(
        "{library}: {} assets: {} indexed, {} unchanged, {} failed, {} deleted (run {run})\n",
        counts.read, counts.indexed, counts.skipped, counts.failed, counts.deleted
    );
    if found.resumed > 0 {
        text.push_str(&format!("{} were done by an earlier, interrupted start\n", found.resumed));
    }
    let secs = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    text.push_str(&format!(
        "took {}: scan {}, work {} (busy: read {}, embed {}, write {}), publish {}\n",
        secs(steps.total),
        secs(steps.scan),
        secs(steps.work),
        secs(steps.read_busy),
        secs(steps.embed_busy),
        secs(steps.write_busy),
        secs(steps.publish)
    ));
    let done = counts.indexed as f64;
    if counts.indexed > 0 && steps.total > Duration::ZERO {
        text.push_str(&format!("{:.1} assets/s\n", done / steps.total.as_secs_f64()));
    }
    const SHOWN: usize = 10;
    for failure in failures.iter().take(SHOWN) {
        text.push_str(&format!("failed: {}\n", failure.reason));
    }
    if failures.len() > SHOWN {
        text.push_str(&format!("and {} more\n", failures.len() - SHOWN));
    }
    if !failures.is_empty() {
        let report = crate::catalog::layout::report(*run);
        text.push_str(&format!("all failures: {out}/{report}\n"));
    }
    text.push_str(&format!("catalogue: {out}\n"));
    text
}
