//! `vitrine catalog`: a library to a catalogue that can be searched.

use std::path::PathBuf;

use serde_json::json;
use vitrine_crds::library::embedding::DEFAULT_TEXT_MODEL;
use vitrine_crds::run::Exit;

use super::output::{self, Format, say};
use super::progress::Noun;
use super::settings::{self, Wishes};
use super::{Failure, elasticsearch, interrupt, progress, summary};
use crate::config::Loader;
use crate::run::{self, Settings};

/// Arguments of `vitrine catalog`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine catalog ~/assets --out ~/catalog
  vitrine catalog s3://packs/warehouse --out ./warehouse --include '**/*.usdz' --jobs 8
  vitrine catalog ~/assets --siglip hf://onnx-community/siglip2-base-patch16-224-ONNX
  vitrine catalog ~/assets --elasticsearch https://es:9200 --index warehouse

Exit codes: 0 done, also when assets failed; 1 worth a retry; 2 usage; 3 permanent;
4 with --strict when assets failed; 130 ended by Ctrl-C, 143 by SIGTERM: what is done is kept, and the
same command goes on with the rest.")]
#[command(group(clap::ArgGroup::new("sees").multiple(true).args(["clip", "siglip"])))]
pub struct Args {
    /// The library: a folder, or file:// s3:// gs:// az:// https://. May come from the
    /// configuration instead.
    source: Option<String>,
    /// Where the catalogue goes: a folder or a URI as above [default: ./catalog; with
    /// --elasticsearch none]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Index the library in Elasticsearch: a URL, or several nodes by commas; without one
    /// ELASTICSEARCH_HOST and ELASTICSEARCH_PORT say where it is. Logs in with
    /// ELASTICSEARCH_API_KEY, or _USERNAME and _PASSWORD, or _CLIENT_CERT and _CLIENT_KEY, and
    /// trusts _CA_CERT; a file `.env` may set all of them
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    elasticsearch: Option<String>,
    /// Name that searches use [default: ELASTICSEARCH_INDEX, else the library's name]
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Take over an index that another owner made
    #[arg(long)]
    adopt: bool,
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
    /// A CLIP model that sees the views: a folder, or hf://owner/name with ONNX files. Makes the
    /// fields clip_views and clip_text
    #[arg(long, value_name = "URI", conflicts_with = "no_embeddings")]
    clip: Option<String>,
    /// A SigLIP or SigLIP 2 model that sees the views, as with --clip. Makes the fields
    /// siglip_views and siglip_text
    #[arg(long, value_name = "URI", conflicts_with = "no_embeddings")]
    siglip: Option<String>,
    /// A sentence encoder that shares the space of the pictures of --clip or --siglip [default: the
    /// model's own text encoder]
    #[arg(long, value_name = "URI", requires = "sees")]
    paired_text: Option<String>,
    /// Put no pictures and no GLB into the catalogue; views are drawn only for --clip and --siglip
    #[arg(long)]
    no_thumbnails: bool,
    /// Pictures of each asset, evenly around it, 1 to 36 [default: 8]
    #[arg(long, value_name = "N")]
    views: Option<u32>,
    /// Width and height of a picture, 64 to 4096 [default: 512]
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,
    /// Also make the pictures that an asset's own cameras give
    #[arg(long)]
    cameras: bool,
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
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Show no progress, and of the log only warnings and errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Runs `vitrine catalog`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let (strict, output, quiet) = (args.strict, args.output, args.quiet);
    let settings = settings(args)?;
    let tally = interrupt::end_when_told();
    let watch = progress::watch(quiet, Noun::Assets);
    let done = run::catalog(&settings, &tally.counting(Noun::Assets, watch.as_ref()));
    drop(watch); // Takes the bar away before anything else is printed.
    let report = done.map_err(|error| Failure::new(error.exit(), &error))?;
    match output {
        Format::Json => say!("{:#}", json!(report)),
        Format::Text => {
            output::print(format_args!("{}", summary::of(&report, &settings.out, Noun::Assets)))
        }
    }
    let failed = report.counts.failed > 0;
    Ok(if strict && failed { Exit::Strict } else { Exit::Done })
}

fn settings(args: Args) -> Result<Settings, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error);
    let (jobs, deletions_approved) = (args.jobs, args.approve_deletions);
    let wishes = Wishes { jobs, deletions_approved, ..Wishes::default() };
    let loader = flags(Loader::new(args.config.clone()).map_err(|error| usage(&error))?, args)?;
    settings::load(loader, &wishes)
}

fn flags(mut loader: Loader, args: Args) -> Result<Loader, Failure> {
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
    let sees = [("clip", "--clip", args.clip), ("siglip", "--siglip", args.siglip)];
    let sees: Vec<_> =
        sees.into_iter().filter_map(|(name, flag, uri)| Some((name, flag, uri?))).collect();
    if args.model.is_some() || !sees.is_empty() {
        let flag = sees.first().map_or("--model", |(_, flag, _)| flag);
        let uri = args.model.unwrap_or_else(|| DEFAULT_TEXT_MODEL.to_owned());
        let text = ("text", "", uri);
        let entries = [text].into_iter().chain(sees).map(|(name, _, uri)| {
            let mut entry = json!({"name": name, "algorithm": name, "model": {"uri": uri}});
            if let Some(uri) = args.paired_text.as_ref().filter(|_| name != "text") {
                entry["textModel"] = json!({"uri": uri});
            }
            entry
        });
        loader = loader.flag("embeddings", entries.collect::<Vec<_>>(), flag);
    }
    if args.no_thumbnails {
        loader = loader.flag("views.thumbnails", false, "--no-thumbnails");
    }
    if let Some(count) = args.views {
        loader = loader.flag("views.count", count, "--views");
    }
    if let Some(size) = args.size {
        loader = loader.flag("views.size", size, "--size");
    }
    if args.cameras {
        loader = loader.flag("views.cameras", true, "--cameras");
    }
    if let Some(urls) = args.elasticsearch {
        let urls = elasticsearch::urls(&urls, loader.environment())?;
        loader = loader.flag("elasticsearch.url", urls, "--elasticsearch");
    }
    if let Some(index) = args.index {
        loader = loader.flag("elasticsearch.index", index, "--index");
    }
    if args.adopt {
        loader = loader.flag("elasticsearch.adopt", true, "--adopt");
    }
    Ok(loader)
}
