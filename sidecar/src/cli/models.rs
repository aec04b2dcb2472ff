//! `vitrine models`.

use std::path::{Path, PathBuf};

use serde_json::json;
use vitrine_crds::library::ModelSpec;
use vitrine_crds::run::Exit;

use super::Failure;
use super::output::say;
use crate::embed::{self, people::PeopleModels};
use crate::model::cache::Entry;
use crate::model::known::{self, Kind};
use crate::model::uri::ModelUri;
use crate::model::{Access, DualModel, ImageModel, Model, ModelError, PairedText};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// Folder of fetched models [default: the user's cache folder].
    #[arg(long, global = true, env = "VITRINE_CACHE_DIR", value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// How to print the answer.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the models in the cache, and those known by name.
    #[command(after_help = "Examples:\n  vitrine models list\n  vitrine models list --output json")]
    List,
    /// Fetch a model into the cache, so that later commands need no network.
    #[command(after_help = "Examples:\n  \
        vitrine models pull\n  \
        vitrine models pull hf://sentence-transformers/all-MiniLM-L6-v2@main\n  \
        vitrine models pull s3://models/all-MiniLM-L6-v2 --sha256 759c3cd2…\n  \
        vitrine models pull hf://Xenova/clip-vit-base-patch32 --algorithm clip\n  \
        vitrine models pull https://example.org/rtmpose.zip --algorithm people\n\n\
        Of a dual encoder both encoders are fetched; its digest covers all their files.\n\
        HF_ENDPOINT names another hub, HF_TOKEN opens private models, HF_HUB_OFFLINE=1 forbids the \
        network.")]
    Pull {
        /// The model [default: the one a library has when its configuration names none].
        model: Option<String>,
        /// How the model is used, which says which of its files are needed.
        #[arg(long, value_enum, default_value_t, value_name = "ALGORITHM")]
        algorithm: Used,
        /// SHA-256 that the weights must have.
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
        /// Fetch it again even where the cache has it.
        #[arg(long)]
        force: bool,
    },
    /// Read models again and compare every file with what came.
    #[command(after_help = "Examples:\n  \
        vitrine models verify\n  \
        vitrine models verify hf://sentence-transformers/all-MiniLM-L6-v2")]
    Verify {
        /// The models [default: all in the cache].
        models: Vec<String>,
    },
}

/// The configuration's algorithms.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Used {
    /// A sentence encoder.
    #[default]
    Text,
    /// A CLIP dual encoder.
    Clip,
    /// A SigLIP or SigLIP 2 dual encoder.
    Siglip,
    /// Networks that find people, their joints or their hands.
    People,
}

pub fn run(args: Args) -> Result<Exit, Failure> {
    let Args { command, cache_dir, output } = args;
    let access = Access::from_env(cache_dir.as_deref(), true).map_err(failure)?;
    match command {
        Command::List => list(&access, output),
        Command::Pull { model, algorithm, sha256, force } => {
            let uri = model.map_or_else(|| embed::default_text().model.uri, named);
            let spec = ModelSpec { uri, sha256 };
            match algorithm {
                Used::Text => {
                    let pulled = if force { access.refresh(&spec) } else { access.resolve(&spec) };
                    print_pulled(&pulled.map_err(failure)?, output);
                }
                Used::Clip | Used::Siglip => {
                    let pulled =
                        if force { access.refresh_dual(&spec) } else { access.resolve_dual(&spec) };
                    print_dual(&pulled.map_err(failure)?, output)?;
                }
                Used::People => {
                    let pulled =
                        if force { access.refresh_networks(&spec) } else { access.networks(&spec) };
                    print_people(&spec, &pulled.map_err(failure)?, output)?;
                }
            }
            Ok(Exit::Done)
        }
        Command::Verify { models } => verify(&access, models, output),
    }
}

/// `text` is what a default configuration calls its model.
fn named(model: String) -> String {
    let default = embed::default_text();
    if model == default.name && !Path::new(&model).exists() { default.model.uri } else { model }
}

fn failure(error: ModelError) -> Failure {
    Failure::new(error.exit(), &error)
}

fn list(access: &Access, output: Output) -> Result<Exit, Failure> {
    let entries = access.cache.list().map_err(failure)?;
    match output {
        Output::Json => {
            let cached: Vec<_> = entries.iter().map(described).collect();
            let known: Vec<_> = known::MODELS
                .iter()
                .map(|known| {
                    json!({"name": known.name, "artifact": known.artifact, "dims": known.dims,
                           "repository": known.repository})
                })
                .collect();
            let cache = access.cache.root();
            print_json(&json!({"cache": cache, "models": cached, "known": known}));
        }
        Output::Text => {
            say!("In the cache {}:", access.cache.root().display());
            for entry in &entries {
                let mb = entry.size_bytes() as f64 / 1e6;
                let kind = words(entry.kind());
                say!("  {}  {kind}, {mb:.1} MB, from {}", entry.record.uri, entry.record.source);
            }
            if entries.is_empty() {
                say!("  nothing; `vitrine models pull` fetches the default model");
            }
            say!("Known by name, out of Maven artifacts:");
            for known in &known::MODELS {
                say!("  {}  {} dims, {}", known.name, known.dims, known.artifact);
            }
        }
    }
    Ok(Exit::Done)
}

fn described(entry: &Entry) -> serde_json::Value {
    json!({
        "uri": entry.record.uri,
        "kind": words(entry.kind()),
        "source": entry.record.source,
        "folder": entry.folder,
        "size_bytes": entry.size_bytes(),
        "files": entry.record.files,
    })
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Sentence => "sentences",
        Kind::Dual => "pictures and texts",
        Kind::People => "people",
    }
}

/// Reads what the encoders need beside their weights: a folder that cannot work says so now.
fn print_dual(model: &DualModel, output: Output) -> Result<(), Failure> {
    let folder = &model.files.folder;
    let preparation = ImageModel::read(folder).map_err(failure)?.preparation;
    let (width, height) = (preparation.width(), preparation.height());
    let texts = PairedText::read(folder);
    match output {
        Output::Json => print_json(&json!({
            "uri": model.uri,
            "source": model.source,
            "folder": folder,
            "sha256": model.sha256,
            "weights": model.files.weights,
            "family": model.files.family.map(|family| family.name()),
            "width": width,
            "height": height,
            "tokens_max": texts.as_ref().ok().map(|texts| texts.tokens),
        })),
        Output::Text => {
            say!("{}", model.uri);
            say!("  folder    {}", folder.display());
            if let Some(source) = &model.source {
                say!("  from      {source}");
            }
            say!("  sha256    {}", model.sha256);
            for weights in &model.files.weights {
                say!("  weights   {}", weights.display());
            }
            say!("  pictures  {width} × {height}");
            match texts {
                Ok(texts) => say!("  texts     {}, {} tokens", texts.family.name(), texts.tokens),
                Err(error) => say!("  texts     none: {error}"),
            }
        }
    }
    Ok(())
}

/// Reads what describes the networks, as a run does: what is none says so now.
fn print_people(spec: &ModelSpec, at: &Path, output: Output) -> Result<(), Failure> {
    let options = embed::Options::default();
    let here = ModelSpec { uri: at.display().to_string(), sha256: spec.sha256.clone() };
    let found = PeopleModels::find([&here], &options);
    let found = found.map_err(|error| Failure::new(error.exit(), &error))?;
    let weights: Vec<_> = found.weights().collect();
    match output {
        Output::Json => {
            print_json(&json!({"uri": spec.uri, "folder": at, "weights": weights}));
        }
        Output::Text => {
            say!("{}", spec.uri);
            say!("  folder   {}", at.display());
            for weights in weights {
                say!("  weights  {}", weights.display());
            }
        }
    }
    Ok(())
}

fn print_pulled(model: &Model, output: Output) {
    match output {
        Output::Json => print_json(&json!({
            "uri": model.uri,
            "source": model.source,
            "folder": model.files.folder,
            "sha256": model.sha256,
            "pooling": model.files.pooling.name(),
            "tokens_max": model.files.tokens_max,
        })),
        Output::Text => {
            say!("{}", model.uri);
            say!("  folder   {}", model.files.folder.display());
            if let Some(source) = &model.source {
                say!("  from     {source}");
            }
            say!("  sha256   {}", model.sha256);
            let pooling = model.files.pooling.name();
            say!("  pooling  {pooling}, up to {} tokens", model.files.tokens_max);
        }
    }
}

fn verify(access: &Access, models: Vec<String>, output: Output) -> Result<Exit, Failure> {
    let entries = if models.is_empty() {
        access.cache.list().map_err(failure)?
    } else {
        let found: Result<Vec<Vec<Entry>>, Failure> =
            models.into_iter().map(|model| cached(access, &named(model))).collect();
        found?.concat()
    };
    let mut broken = 0;
    let mut answers = Vec::new();
    for entry in &entries {
        let uri = &entry.record.uri;
        let verified = entry.verify();
        match (output, &verified) {
            (Output::Text, Ok(())) => say!("ok      {uri}"),
            (Output::Text, Err(error)) => say!("broken  {uri}: {error}"),
            (Output::Json, verified) => answers.push(json!({
                "uri": uri,
                "ok": verified.is_ok(),
                "reason": verified.as_ref().err().map(ToString::to_string),
            })),
        }
        broken += usize::from(verified.is_err());
    }
    if let Output::Json = output {
        print_json(&json!({"models": answers}));
    }
    if broken == 0 {
        return Ok(Exit::Done);
    }
    let all = entries.len();
    let message = format!(
        "{broken} of {all} models changed on disk or cannot be used; `vitrine models pull --force \
         MODEL` fetches one again, of people with --algorithm people"
    );
    Err(Failure { exit: Exit::Permanent, message })
}

/// What the cache knows of a model, as whatever it is used; a local folder has no record, so there is
/// nothing to compare.
fn cached(access: &Access, model: &str) -> Result<Vec<Entry>, Failure> {
    let uri = ModelUri::parse(model).map_err(failure)?;
    if let ModelUri::Folder(_) = uri {
        return Err(Failure::usage(format!(
            "{model} is a local folder, which nothing recorded; pin it by `sha256` in the \
             configuration, or compare with `vitrine models pull {model} --sha256 HEX`"
        )));
    }
    let keys = [Kind::Sentence, Kind::Dual, Kind::People]
        .into_iter()
        .filter_map(|kind| uri.cache_key(kind));
    let found: Vec<Entry> = keys.filter_map(|key| access.cache.get(&key)).collect();
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "{model} is not in the cache; `vitrine models pull {model}` fetches it"
        )));
    }
    Ok(found)
}

fn print_json(value: &serde_json::Value) {
    say!("{}", serde_json::to_string_pretty(value).expect("a JSON value is JSON"));
}
