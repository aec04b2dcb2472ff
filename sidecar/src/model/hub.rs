//! Models of a hub: the protocol of Hugging Face, which mirrors speak too.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::ModelError;
use super::http::Http;
use super::known::{self, Kind, Tower};
use super::uri::Repository;

const LISTING_BYTES_MAX: u64 = 16 << 20;
const CONFIG_BYTES_MAX: u64 = 256 << 20; // A large vocabulary's tokenizer.json has 20 MB.
const WEIGHTS_BYTES_MAX: u64 = 32 << 30;
/// Names the commit that the staged files belong to.
const STAGED: &str = ".commit";

#[derive(Deserialize)]
struct Listing {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// What a fetch brought.
pub struct Fetched {
    /// The repository's address with its commit.
    pub source: String,
    /// Paths of the files inside the staging folder.
    pub files: Vec<String>,
}

/// Fetches the files that a model of this kind needs into `staging`, continuing what is there.
///
/// * `endpoint`: `https://host`, without a slash at the end.
///
/// # Errors
///
/// As [`ModelError`] says for HTTP; [`ModelError::Uri`] where the repository has no ONNX file.
pub async fn fetch(
    http: &Http,
    endpoint: &str,
    repository: &Repository,
    kind: Kind,
    staging: &Path,
) -> Result<Fetched, ModelError> {
    let listing = list(http, endpoint, repository).await?;
    // Every file of one fetch comes from one commit, however long that takes.
    let commit = listing.as_ref().and_then(|listing| listing.sha.as_deref());
    let commit = commit.filter(|sha| sha.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    keep_only(staging, commit)?;

    let revision = commit.unwrap_or(&repository.revision).replace('/', "%2F");
    let address = format!("{endpoint}/{}", repository.id());
    let names = listing.as_ref().map(|listing| {
        listing.siblings.iter().map(|sibling| sibling.rfilename.as_str()).collect::<Vec<_>>()
    });
    let source = Source { http, base: format!("{address}/resolve/{revision}"), staging };
    let mut files = Vec::new();
    // The weights first: where there are none, nothing else is of use.
    for tower in kind.towers() {
        let Some(weights) = source.weights(kind, tower, repository, names.as_deref()).await? else {
            continue;
        };
        if files.contains(&weights) {
            continue; // Two encoders in one file.
        }
        for suffix in known::EXTERNAL_DATA {
            let name = format!("{weights}{suffix}");
            if source.optional(&name, names.as_deref(), WEIGHTS_BYTES_MAX).await? {
                files.push(name);
            }
        }
        files.push(weights);
    }
    for name in kind.configs() {
        if source.optional(name, names.as_deref(), CONFIG_BYTES_MAX).await? {
            files.push((*name).to_owned());
        }
    }
    Ok(Fetched { source: format!("{address}@{revision}"), files })
}

/// The repository's files, or `None` where the server has no listing (a plain mirror).
async fn list(
    http: &Http,
    endpoint: &str,
    repository: &Repository,
) -> Result<Option<Listing>, ModelError> {
    let revision = repository.revision.replace('/', "%2F");
    let url = format!("{endpoint}/api/models/{}/revision/{revision}", repository.id());
    match http.get(&url, LISTING_BYTES_MAX).await {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(listing) => Ok(Some(listing)),
            Err(error) => {
                tracing::debug!(%error, "the listing is not readable; asking for files by name");
                Ok(None)
            }
        },
        Err(ModelError::NotFound { .. } | ModelError::Status { status: 405 | 501, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Forgets staged files of another commit, or of one that nobody can name.
fn keep_only(staging: &Path, commit: Option<&str>) -> Result<(), ModelError> {
    let marker = staging.join(STAGED);
    if commit.is_some() && fs::read_to_string(&marker).ok().as_deref() == commit {
        return Ok(());
    }
    fs::remove_dir_all(staging).map_err(ModelError::io("remove", staging))?;
    fs::create_dir_all(staging).map_err(ModelError::io("write", staging))?;
    fs::write(&marker, commit.unwrap_or_default()).map_err(ModelError::io("write", &marker))
}

struct Source<'a> {
    http: &'a Http,
    base: String,
    staging: &'a Path,
}

impl Source<'_> {
    /// Fetches one encoder's weights; `None` where it may be absent, and is.
    async fn weights(
        &self,
        kind: Kind,
        tower: &Tower,
        repository: &Repository,
        names: Option<&[&str]>,
    ) -> Result<Option<String>, ModelError> {
        for name in tower.places {
            if self.optional(name, names, WEIGHTS_BYTES_MAX).await? {
                return Ok(Some((*name).to_owned()));
            }
        }
        if !tower.is_needed {
            return Ok(None);
        }
        if kind == Kind::Dual {
            let reason = "the repository has neither vision_model.onnx nor model.onnx, at its root or \
                          below onnx/; export one (`optimum-cli export onnx --model NAME FOLDER`) and \
                          give the folder"
                .to_owned();
            return Err(ModelError::Uri { uri: format!("hf://{}", repository.id()), reason });
        }
        let is_onnx = |name: &&&str| {
            let name = name.strip_prefix("onnx/").unwrap_or(name);
            name.ends_with(".onnx") && !name.contains(['/', '\\'])
        };
        let others: Vec<&&str> = names.unwrap_or_default().iter().filter(is_onnx).collect();
        if let [only] = others[..] {
            self.optional(only, names, WEIGHTS_BYTES_MAX).await?;
            return Ok(Some((*only).to_owned()));
        }
        let reason = if others.is_empty() {
            "the repository has no ONNX file; export one (`optimum-cli export onnx --model NAME \
             --task feature-extraction FOLDER`) and give the folder"
                .to_owned()
        } else {
            "the repository has several ONNX files and none is onnx/model.onnx; fetch the one you \
             want into a folder as onnx/model.onnx and give the folder"
                .to_owned()
        };
        Err(ModelError::Uri { uri: format!("hf://{}", repository.id()), reason })
    }

    /// Fetches the file unless it is here already; `false` where the repository has none.
    async fn optional(
        &self,
        name: &str,
        names: Option<&[&str]>,
        bytes_max: u64,
    ) -> Result<bool, ModelError> {
        if names.is_some_and(|names| !names.contains(&name)) {
            return Ok(false);
        }
        let to = self.staging.join(name);
        if to.is_file() {
            return Ok(true);
        }
        let folder = to.parent().unwrap_or(self.staging);
        fs::create_dir_all(folder).map_err(ModelError::io("write", folder))?;
        match self.http.download(&format!("{}/{name}", self.base), &to, bytes_max).await {
            Ok(()) => Ok(true),
            Err(ModelError::NotFound { .. }) if names.is_none() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
