//! `vitrine embed`: a folder of dance videos to vectors that can be searched.

use std::path::{Path, PathBuf};

use serde_json::json;
use tracing::Level;
use vitrine_crds::embedding_job::REPORT;
use vitrine_crds::run::Exit;

use super::clip_settings;
use super::interrupt;
use super::log::{self, Logged};
use super::output::{self, Format, say};
use super::progress::Noun;
use super::settings::Wishes;
use super::{Failure, elasticsearch, progress, summary};
use crate::asset::assigned::Assigned;
use crate::config::Loader;
use crate::extract::footage;
use crate::run::{self, ClipSettings, Settings};
use crate::storage::{Location, Storage, StorageError};

/// The log, beside the report.
const LOG_FILE: &str = "embedding_generation.log";

/// Arguments of `vitrine embed`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine embed videos --annotations a.json --pose-model models/rtmpose --detector models/rtmdet
  vitrine embed videos --pose-model models/movenet-multipose.onnx --out output --no-index
  vitrine embed videos --annotations annotations.json --elasticsearch https://es:9200 --index moves
  vitrine embed s3://bachata/steps --config job.yaml --strict --output json
  vitrine embed videos --pose-model models/rtmpose --dry-run

Each video becomes one document with the vectors lead (512 numbers), follow (512), interaction
(256), audio (128) and text (384). A video that cannot be read (without frames, no video at all, over
ten minutes) has a line with its reason in the report, and the others go on; of one that is cut off,
what is there is taken. Annotations of wrong types end the run before it begins, with their lines; of two videos of one
name the second path gets an id behind it.

Beside the videos' own files a laptop's `.env` is read: ELASTICSEARCH_HOST, ELASTICSEARCH_PORT,
ELASTICSEARCH_INDEX, ELASTICSEARCH_API_KEY and the other logins, MMPOSE_CHECKPOINT_PATH (the pose
model), ENVIRONMENT (local; cloud asks for https and a login).

Exit codes: 0 done, also when videos failed; 1 worth a retry; 2 usage: a wrong flag, configuration
or annotation, a folder that is not there; 3 permanent: a broken model, a refused login; 4 with
--strict when videos failed; 130 ended by Ctrl-C, 143 by SIGTERM: clips that are done are kept, and
the same command goes on with the rest. `vitrine embed-query` embeds texts and pictures.")]
pub struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Read no more than this many videos, first paths first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_clips: Option<u64>,
    /// Child processes that decode [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Let go of any number of clips whose videos are gone
    #[arg(long)]
    approve_deletions: bool,
    /// Check the configuration, the annotations and the models, say what would be done, and do nothing.
    /// Models that are not on this machine are named, not fetched; `vitrine verify` checks the rest
    #[arg(long)]
    dry_run: bool,
    /// Exit with 4 when a video failed
    #[arg(long)]
    strict: bool,
    /// Where the log goes [default: embedding_generation.log in --out, where that is a folder]
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Also copy the report, embedding_generation_report.json in --out, to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Tell more, here and in the log
    #[arg(long)]
    pub(super) debug: bool,
    /// How to print what the run came to
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Show no progress, and of the log only warnings and errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What is read and where it goes: what a configuration file says too.
#[derive(Debug, clap::Args)]
pub(super) struct Inputs {
    /// The videos: a folder, searched with all below it, or file:// s3:// gs:// az:// https://. May
    /// come from the configuration instead
    video_dir: Option<String>,
    /// What people know of the clips: a JSON file, an array or a map
    #[arg(long, value_name = "FILE")]
    annotations: Option<String>,
    /// The model that finds joints: a folder with an ONNX export, an .onnx file or a .zip, here, in a
    /// bucket or at a web address, or hf://owner/name [default: MMPOSE_CHECKPOINT_PATH]
    #[arg(long, value_name = "URI", visible_alias = "checkpoint-path")]
    pose_model: Option<String>,
    /// The model that finds people, named likewise; left out where the pose model finds them itself
    #[arg(long, value_name = "URI")]
    detector: Option<String>,
    /// The model that finds the joints of hands; left out: hands are not looked at
    #[arg(long, value_name = "URI")]
    hand_model: Option<String>,
    /// The model that reads descriptions [default: all-MiniLM-L6-v2]
    #[arg(long, value_name = "URI")]
    text_model: Option<String>,
    /// Index the clips in Elasticsearch: a URL, or several nodes by commas [default:
    /// ELASTICSEARCH_HOST and ELASTICSEARCH_PORT where they are set, else none]. Logs in with
    /// ELASTICSEARCH_API_KEY, or _USERNAME and _PASSWORD, or _CLIENT_CERT and _CLIENT_KEY, and
    /// trusts _CA_CERT; a file `.env` may set all of them
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    elasticsearch: Option<String>,
    /// Name that searches use [default: ELASTICSEARCH_INDEX, else bachata_move_embeddings]
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Index nowhere: vectors and report go to --out alone
    #[arg(long, conflicts_with_all = ["elasticsearch", "index"])]
    no_index: bool,
    /// Take over an index that another collection made, or this one in another folder
    #[arg(long)]
    adopt: bool,
    /// Names the collection, so that it may move; must not change later [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where report, contact sheets and vectors go: a folder or a URI as above [default: ./output]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Frames a second that are looked at, 1 to 120 [default: 15]
    #[arg(long, value_name = "N")]
    fps: Option<u32>,
    /// Take only files that match one of these globs, as in '**/*.mp4' (repeatable)
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave out files that match one of these globs (repeatable)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// What the environment asks for: cloud wants https and a login [default: ENVIRONMENT, else local]
    #[arg(long, value_name = "NAME", value_parser = ["local", "cloud"])]
    environment: Option<String>,
    /// The configuration file, of kind EmbeddingJob [default: $VITRINE_CONFIG, else vitrine.yaml where
    /// it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Inputs {
    /// The configuration file, the environment and these flags.
    pub(super) fn loader(&self) -> Result<Loader, Failure> {
        let loader = Loader::new(self.config.clone());
        loader.map_err(|error| Failure::new(Exit::Usage, &error))
    }

    /// Whether any flag is given that only a job over videos knows.
    pub(super) fn names_job(&self) -> bool {
        let named = [
            &self.video_dir,
            &self.annotations,
            &self.pose_model,
            &self.detector,
            &self.hand_model,
            &self.text_model,
        ];
        named.into_iter().any(Option::is_some) || self.fps.is_some()
    }

    /// The settings that they lead to.
    pub(super) fn settings(self, loader: Loader, wishes: &Wishes) -> Result<ClipSettings, Failure> {
        let no_index = self.no_index;
        let wishes = Wishes { name: self.name.clone(), ..wishes.clone() };
        let mut loader = self.flags(loader)?;
        if !no_index {
            loader = clip_settings::with_environment(loader)?;
        }
        let settings = clip_settings::load(loader, &wishes)?;
        let index = settings.index.filter(|_| !no_index);
        Ok(ClipSettings { index, ..settings })
    }

    /// Lays the flags on top.
    fn flags(self, mut loader: Loader) -> Result<Loader, Failure> {
        if let Some(environment) = self.environment {
            loader = loader.variable("ENVIRONMENT", &environment);
        }
        loader = loader.argument("videos.uri", "VIDEO_DIR");
        loader = loader.argument("models.pose.uri", "--pose-model");
        let texts = [
            ("videos.uri", self.video_dir, "VIDEO_DIR"),
            ("annotations.uri", self.annotations, "--annotations"),
            ("models.pose.uri", self.pose_model, "--pose-model"),
            ("models.detector.uri", self.detector, "--detector"),
            ("models.hands.uri", self.hand_model, "--hand-model"),
            ("models.text.uri", self.text_model, "--text-model"),
            ("output.uri", self.out, "--out"),
            ("elasticsearch.index", self.index, "--index"),
        ];
        for (path, value, flag) in texts {
            if let Some(value) = value {
                loader = loader.flag(path, value, flag);
            }
        }
        if !self.include.is_empty() {
            loader = loader.flag("videos.include", self.include, "--include");
        }
        if !self.exclude.is_empty() {
            loader = loader.flag("videos.exclude", self.exclude, "--exclude");
        }
        if let Some(fps) = self.fps {
            loader = loader.flag("sampling.fps", fps, "--fps");
        }
        if let Some(urls) = self.elasticsearch {
            let urls = elasticsearch::urls(&urls, loader.environment())?;
            loader = loader.flag("elasticsearch.url", urls, "--elasticsearch");
        }
        if self.adopt {
            loader = loader.flag("elasticsearch.adopt", true, "--adopt");
        }
        Ok(loader)
    }
}

/// Runs `vitrine embed`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let (strict, dry_run, output, quiet, debug) =
        (args.strict, args.dry_run, args.output, args.quiet, args.debug);
    let (log_file, copy) = (args.log_file.clone(), args.report.clone());
    let (jobs, deletions_approved) = (args.jobs, args.approve_deletions);
    let wishes = Wishes { jobs, deletions_approved, ..Wishes::default() };
    let loader = args.inputs.loader()?;
    let settings = args.inputs.settings(loader, &wishes)?;
    let settings = ClipSettings { clips_max: args.max_clips, ..settings };
    if dry_run {
        return plan(&settings, output);
    }
    let log_file = log_file.or_else(|| {
        let Location::Folder(folder) = &settings.out else { return None };
        std::fs::create_dir_all(folder).ok()?;
        Some(folder.join(LOG_FILE))
    });
    log_file.map(|path| log::to_file(&path, debug)).transpose()?;
    let version = env!("CARGO_PKG_VERSION");
    let (videos, out) = (&settings.videos, &settings.out);
    log::tell(Level::INFO, &format!("vitrine {version} embeds {videos}; report in {out}"));
    for warning in &settings.annotations.warnings {
        log::tell(Level::WARN, warning); // The terminal has it already.
    }
    let settings = Settings::from(settings);
    let tally = interrupt::end_when_told();
    let watch = progress::watch(quiet, Noun::Clips);
    let logged = Logged { inner: watch.as_ref() };
    let done = run::catalog(&settings, &tally.counting(Noun::Clips, &logged));
    drop(watch); // Takes the bar away before anything else is printed.
    let report =
        done.map_err(|error| Failure::new(error.exit(), &error)).inspect_err(|failure| {
            log::tell(Level::ERROR, &failure.message);
        })?;
    let mut text = summary::of(&report, &settings.out, Noun::Clips);
    if report.counts.read == 0 {
        text.push_str(&summary::nothing(&settings.source, &settings.filter, Noun::Clips));
    }
    log::tell(Level::INFO, &text);
    if let Some(copy) = copy {
        copy_report(&settings, &copy)?;
    }
    match output {
        Format::Json => say!("{:#}", json!(report)),
        Format::Text => output::print(format_args!("{text}")),
    }
    let failed = report.counts.failed > 0;
    Ok(if strict && failed { Exit::Strict } else { Exit::Done })
}

/// Copies the report for people of other programs.
fn copy_report(settings: &Settings, to: &Path) -> Result<(), Failure> {
    let storage = |error: StorageError| Failure::new(error.exit(), &error);
    let out = Storage::open(&settings.out, &settings.out_access).map_err(storage)?;
    let absent = || Failure::usage(format!("there is no {REPORT} in {}", settings.out));
    let bytes = out.get(REPORT).map_err(storage)?.ok_or_else(absent)?;
    std::fs::write(to, bytes).map_err(|error| {
        let to = to.display();
        Failure::usage(format!(
            "cannot copy the report to {to}: {error}; name another file with --report (the run is \
             done, and its report is in {})",
            settings.out
        ))
    })
}

/// Says what a run would do, of what can be known without looking at a video.
fn plan(settings: &ClipSettings, output: Format) -> Result<Exit, Failure> {
    let storage = |error: StorageError| Failure::new(error.exit(), &error);
    run::check_folder(&settings.videos, "videos")
        .map_err(|error| Failure::new(error.exit(), &error))?;
    let listing = Storage::open(&settings.videos, &settings.access).map_err(storage)?;
    let listing = listing.list().map_err(storage)?;
    let mut paths: Vec<&str> = listing.iter().map(|entry| entry.path.as_str()).collect();
    paths.retain(|path| settings.filter.takes(path));
    paths.sort_unstable();
    let mut names = crate::asset::naming::Names::default();
    let mut clips: Vec<(String, &str)> = paths
        .into_iter()
        .map(|path| {
            let id = crate::asset::asset_id(&settings.collection, path);
            (crate::asset::clip::clip_id(&mut names, path, &id), path)
        })
        .collect();
    let remote = settings.models.check(&settings.options);
    let remote = remote.map_err(|error| Failure::new(error.exit(), &error))?;
    let remote: Vec<&str> = remote.into_iter().map(|model| model.uri.as_str()).collect();
    footage::program().map_err(|error| Failure::new(Exit::Permanent, &error))?;
    let written = Assigned::new(&settings.annotations, clips.iter().map(|(_, path)| *path));
    let each = || clips.iter().map(|(id, path)| (id.as_str(), *path));
    let unused_told = run::unused(&written, each());
    let unused: Vec<_> = written.unused(each()).into_iter().map(|(name, _)| name).collect();
    let most = settings.clips_max.and_then(|most| usize::try_from(most).ok());
    clips.truncate(most.unwrap_or(usize::MAX));
    let annotated = clips.iter().filter(|(id, path)| written.find(id, path).is_some()).count();
    let index = settings
        .index
        .as_ref()
        .map(|index| json!({"url": index.connection.name(), "alias": index.alias}));
    match output {
        Format::Json => {
            let clips: Vec<_> =
                clips.iter().map(|(id, path)| json!({"clip_id": id, "video_path": path})).collect();
            say!(
                "{:#}",
                json!({"v": 1, "videos": settings.videos.to_string(), "clips": clips,
                       "annotated": annotated, "unused_annotations": unused, "fps": settings.fps,
                       "models_to_fetch": remote, "out": settings.out.to_string(), "index": index})
            );
        }
        Format::Text => {
            let found = Noun::Clips.count(clips.len() as u64);
            say!("{}: {found}, {annotated} with an annotation", settings.videos);
            if clips.is_empty() {
                let words = summary::nothing(&settings.videos, &settings.filter, Noun::Clips);
                output::print(format_args!("{words}"));
            }
            for line in unused_told {
                say!("{}", output::harmless(&line));
            }
            match remote.is_empty() {
                true => say!("models: all load"),
                false => say!("models: to be fetched first: {}", remote.join(", ")),
            }
            match &settings.index {
                Some(index) => say!("index: {} at {}", index.alias, index.connection.name()),
                None => say!("index: none"),
            }
            say!("report: {}/{REPORT}", settings.out);
        }
    }
    Ok(Exit::Done)
}
