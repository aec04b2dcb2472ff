//! `vitrine inspect`: what is known of one file, without a catalogue or an index.

use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::{Value, json};
use vitrine_crds::run::Exit;
use vitrine_usd::Inspection;

use super::Failure;
use super::inspect_media::Media;
use super::output::{self, harmless, say};
use crate::asset::naming;
use crate::config::{self, Loader};
use crate::extract::Bounds;
use crate::extract::pool::{self, Settings, Task};
use crate::extract::text::{Source, describe};

/// Arguments of `vitrine inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  vitrine inspect chair.usdz
  vitrine inspect chair.glb
  vitrine inspect packs/office/chair.usd --root packs --output json
  vitrine inspect step.mp4 --pose-model models/movenet-multipose.onnx --output json --frames
  vitrine inspect song.ogg --output json --frames")]
pub struct Args {
    /// The file
    file: PathBuf,
    /// The library's folder: paths are relative to it, and nothing outside it is opened
    /// [default: the working directory, or the file's folder where that is elsewhere]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// How to print it; json has the field names of the catalogue's documents
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The configuration file, for its limits [default: $VITRINE_CONFIG, else vitrine.yaml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    media: Media,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Runs `vitrine inspect`.
pub fn run(args: Args) -> Result<Exit, Failure> {
    let Args { file, root, output, config, media } = args;
    if Media::takes(&file) {
        let document = media.document(&file)?;
        match output {
            Output::Json => say!("{document:#}"),
            Output::Text => output::print(format_args!("{}", table(&document))),
        }
        return Ok(Exit::Done);
    }
    let (root, path) = place(&file, root.as_deref())?;
    let inspection = inspect(root.clone(), &path, bounds(config)?)?;
    let source = Source {
        name: naming::stem(&path),
        pack: naming::pack("", &path),
        tags: &naming::tags(&path),
        kind: inspection.kind.as_deref(),
        names: &inspection.names,
        usd: &inspection.metadata,
    };
    let document = json!({
        "name": source.name,
        "path": path,
        "size_bytes": std::fs::metadata(root.join(&path)).map(|found| found.len()).ok(),
        "tags": source.tags,
        "kind": inspection.kind,
        "description": describe(None, &source),
        "usd": inspection.metadata,
        "warnings": inspection.warnings,
    });
    match output {
        Output::Json => say!("{document:#}"),
        Output::Text => output::print(format_args!("{}", table(&document))),
    }
    Ok(Exit::Done)
}

/// The library's folder and the file's path inside it.
fn place(file: &Path, root: Option<&Path>) -> Result<(PathBuf, String), Failure> {
    let missing = |what: &Path, error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", what.display()))
    };
    let whole = file.canonicalize().map_err(|error| missing(file, error))?;
    let given = root.unwrap_or(Path::new("."));
    let mut folder = given.canonicalize().map_err(|error| missing(given, error))?;
    if root.is_none()
        && !whole.starts_with(&folder)
        && let Some(above) = whole.parent()
    {
        folder = above.to_owned();
    }
    let Ok(inside) = whole.strip_prefix(&folder) else {
        let (file, folder) = (file.display(), folder.display());
        return Err(Failure::usage(format!("{file} is not below --root {folder}")));
    };
    let names: Option<Vec<&str>> = inside
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let names = names.filter(|names| !names.is_empty());
    let Some(names) = names.filter(|_| whole.is_file()) else {
        let why = match whole.metadata() {
            Err(_) => "is not there",
            Ok(found) if found.is_dir() => "is a folder; `vitrine catalog` reads folders",
            Ok(found) if !found.is_file() => "is no regular file; copy what it gives into a file",
            Ok(_) => "has a name or folder that is not UTF-8",
        };
        return Err(Failure::usage(format!("{} {why}", file.display())));
    };
    Ok((folder, names.join("/")))
}

fn bounds(config: Option<PathBuf>) -> Result<Bounds, Failure> {
    let usage = |error: config::ConfigError| Failure::new(Exit::Usage, &error);
    let loaded = Loader::new(config).map_err(usage)?.given_optional().load().map_err(usage)?;
    let extraction = loaded.resource.spec.extraction;
    Ok(Bounds {
        usd: config::limits(&extraction),
        timeout: Duration::from_secs(extraction.timeout_seconds.unsigned_abs().into()),
        memory_bytes_max: extraction.memory_bytes_max.unsigned_abs(),
    })
}

/// Through a child with limits, as a run does it.
fn inspect(root: PathBuf, path: &str, bounds: Bounds) -> Result<Inspection, Failure> {
    let (tasks, waiting) = sync_channel(1);
    let (done, answers) = sync_channel(1);
    let settings = Settings { root, bounds, jobs: 1, pictures: None };
    let slots = pool::start(&settings, waiting, &done)
        .map_err(|error| Failure::new(Exit::Retry, &error))?;
    drop(done);
    let _ = tasks.send(vec![Task { path: path.to_owned(), fresh: false, draws: false, tag: () }]);
    drop(tasks);
    let answer = answers.recv();
    for slot in slots {
        let _ = slot.join();
    }
    let permanent = |message: String| Failure { exit: Exit::Permanent, message };
    match answer {
        Ok(Ok(done)) => match done.result {
            Ok(inspection) => Ok(*inspection),
            Err(failed) => Err(permanent(format!("{path}: {}", failed.reason))),
        },
        Ok(Err(error)) => Err(Failure::new(Exit::Retry, &error)),
        Err(_) => Err(permanent(format!("{path}: the child process gave no answer"))),
    }
}

/// One line a field; nested names joined by dots.
fn table(document: &Value) -> String {
    let mut rows = Vec::new();
    flatten("", document, &mut rows);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    const LIST_MAX: usize = 8;
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = match prefix {
                    "" | "usd" => name.clone(),
                    _ => format!("{prefix}.{name}"),
                };
                flatten(&name, value, rows);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) => {
            let mut shown: Vec<String> = items.iter().take(LIST_MAX).map(plain).collect();
            if items.len() > LIST_MAX {
                shown.push(format!("and {} more", items.len() - LIST_MAX));
            }
            rows.push((prefix.to_owned(), shown.join(", ")));
        }
        Value::Null => {}
        other => rows.push((prefix.to_owned(), plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => harmless(text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() => {
                let rounded = (float * 1e6).round() / 1e6;
                rounded.to_string()
            }
            _ => number.to_string(),
        },
        Value::Object(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            parts.join(" ")
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" "))
        }
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}
