//! Models in a bucket or below a web address: the standard layout, asked for by name.

use std::fs;
use std::path::Path;

use vitrine_crds::run::Exit;

use super::ModelError;
use super::http::Http;
use super::known::{self, Kind};
use crate::storage::{Access, Location, Storage, StorageError};

const CONFIG_BYTES_MAX: u64 = 256 << 20;
const WEIGHTS_BYTES_MAX: u64 = 32 << 30;

/// Fetches the files that a model of this kind needs from the bucket's folder `at` into `staging`.
///
/// Returns the paths of the files inside `staging`. A file that was cut is fetched from its start.
///
/// # Errors
///
/// [`ModelError::Store`] says what the store said, or that there is no ONNX file.
pub fn fetch_bucket(
    at: &Location,
    access: &Access,
    kind: Kind,
    staging: &Path,
) -> Result<Vec<String>, ModelError> {
    discard(staging, |_| false)?;
    let bucket = Fetching::open(at, access, staging)?;
    let mut files: Vec<String> = Vec::new();
    for tower in kind.towers() {
        for name in tower.places {
            if files.iter().any(|file| file == name) || bucket.fetch(name, WEIGHTS_BYTES_MAX)? {
                files.push((*name).to_owned());
                break;
            }
        }
        if files.is_empty() {
            return Err(no_weights(&at.to_string(), kind));
        }
    }
    files.dedup();
    for (name, bytes_max) in others(&files, kind) {
        if bucket.fetch(&name, bytes_max)? {
            files.push(name);
        }
    }
    Ok(files)
}

/// Fetches one file from the bucket's folder `at` into `staging`, and of `beside` what is there.
///
/// # Errors
///
/// As [`fetch_bucket`].
pub fn fetch_file_of_bucket(
    at: &Location,
    access: &Access,
    name: &str,
    beside: &[String],
    staging: &Path,
) -> Result<Vec<String>, ModelError> {
    discard(staging, |_| false)?;
    let bucket = Fetching::open(at, access, staging)?;
    if !bucket.fetch(name, WEIGHTS_BYTES_MAX)? {
        return Err(no_file(&bucket.storage.uri(name)));
    }
    let mut files = vec![name.to_owned()];
    for name in beside {
        if bucket.fetch(name, CONFIG_BYTES_MAX)? {
            files.push(name.clone());
        }
    }
    Ok(files)
}

/// A bucket's folder that files are taken from.
struct Fetching<'a> {
    storage: Storage,
    uri: String,
    staging: &'a Path,
}

impl<'a> Fetching<'a> {
    fn open(at: &Location, access: &Access, staging: &'a Path) -> Result<Self, ModelError> {
        let uri = at.to_string();
        let storage = Storage::open(at, access).map_err(|error| refused(&uri, error))?;
        Ok(Self { storage, uri, staging })
    }

    /// Whether the file is there; it is here then.
    fn fetch(&self, name: &str, bytes_max: u64) -> Result<bool, ModelError> {
        let failed = |error| refused(&self.uri, error);
        let Some(entry) = self.storage.head(name).map_err(failed)? else { return Ok(false) };
        if entry.size > bytes_max {
            return Err(ModelError::TooLarge { what: self.storage.uri(name), bytes_max });
        }
        create_parent(self.staging, name)?;
        tracing::info!(file = self.storage.uri(name), size_bytes = entry.size, "fetching");
        Ok(self.storage.local_copy(name, self.staging).map_err(failed)?.is_some())
    }
}

fn refused(uri: &str, error: StorageError) -> ModelError {
    ModelError::Store {
        uri: uri.to_owned(),
        transient: error.exit() == Exit::Retry,
        reason: error.to_string(),
    }
}

/// Like [`fetch_bucket`], below a web address; cut files are continued.
///
/// * `base`: the folder's address, without a slash at the end.
///
/// # Errors
///
/// As [`ModelError`] says for HTTP; [`ModelError::Store`] where there is no ONNX file.
pub async fn fetch_web(
    http: &Http,
    base: &str,
    kind: Kind,
    staging: &Path,
) -> Result<Vec<String>, ModelError> {
    // What is whole may be old. What is not is continued only where the server says it is the same.
    discard(staging, |name| name.ends_with(".partial") || name.ends_with(".partial-etag"))?;
    let mut files: Vec<String> = Vec::new();
    for tower in kind.towers() {
        for name in tower.places {
            if files.iter().any(|file| file == name)
                || fetch_file(http, base, staging, name, WEIGHTS_BYTES_MAX).await?
            {
                files.push((*name).to_owned());
                break;
            }
        }
        if files.is_empty() {
            return Err(no_weights(base, kind));
        }
    }
    files.dedup();
    for (name, bytes_max) in others(&files, kind) {
        if fetch_file(http, base, staging, &name, bytes_max).await? {
            files.push(name);
        }
    }
    Ok(files)
}

/// Like [`fetch_file_of_bucket`], below a web address; cut files are continued.
///
/// # Errors
///
/// As [`fetch_web`].
pub async fn fetch_file_of_web(
    http: &Http,
    base: &str,
    name: &str,
    beside: &[String],
    staging: &Path,
) -> Result<Vec<String>, ModelError> {
    discard(staging, |name| name.ends_with(".partial") || name.ends_with(".partial-etag"))?;
    if !fetch_file(http, base, staging, name, WEIGHTS_BYTES_MAX).await? {
        return Err(no_file(&format!("{base}/{name}")));
    }
    let mut files = vec![name.to_owned()];
    for name in beside {
        if fetch_file(http, base, staging, name, CONFIG_BYTES_MAX).await? {
            files.push(name.clone());
        }
    }
    Ok(files)
}

async fn fetch_file(
    http: &Http,
    base: &str,
    staging: &Path,
    name: &str,
    bytes_max: u64,
) -> Result<bool, ModelError> {
    create_parent(staging, name)?;
    match http.download(&format!("{base}/{name}"), &staging.join(name), bytes_max).await {
        Ok(()) => Ok(true),
        Err(ModelError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What may lie beside the weights, each with its largest size.
fn others(weights: &[String], kind: Kind) -> Vec<(String, u64)> {
    let data = weights.iter().flat_map(|weights| {
        known::EXTERNAL_DATA.map(|suffix| (format!("{weights}{suffix}"), WEIGHTS_BYTES_MAX))
    });
    let configs = kind.configs().iter().map(|name| ((*name).to_owned(), CONFIG_BYTES_MAX));
    data.chain(configs).collect()
}

fn no_file(uri: &str) -> ModelError {
    let reason = "there is no such file; check the model's uri".to_owned();
    ModelError::Store { uri: uri.to_owned(), reason, transient: false }
}

fn no_weights(uri: &str, kind: Kind) -> ModelError {
    let places: Vec<&str> =
        kind.towers().iter().take(1).flat_map(|tower| tower.places).copied().collect();
    ModelError::Store {
        uri: uri.to_owned(),
        reason: format!("neither {} is there; check the folder's name", places.join(" nor ")),
        transient: false,
    }
}

fn create_parent(staging: &Path, name: &str) -> Result<(), ModelError> {
    let path = staging.join(name);
    let folder = path.parent().unwrap_or(staging);
    fs::create_dir_all(folder).map_err(ModelError::io("write", folder))
}

/// Removes the files below `folder` that `keep` does not want.
fn discard(folder: &Path, keep: fn(&str) -> bool) -> Result<(), ModelError> {
    for entry in fs::read_dir(folder).map_err(ModelError::io("read", folder))? {
        let path = entry.map_err(ModelError::io("read", folder))?.path();
        if path.is_dir() {
            discard(&path, keep)?;
        } else if !path.file_name().and_then(|name| name.to_str()).is_some_and(keep) {
            fs::remove_file(&path).map_err(ModelError::io("remove", &path))?;
        }
    }
    Ok(())
}
