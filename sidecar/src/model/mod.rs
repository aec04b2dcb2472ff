//! Models: finding, fetching, pinning and caching them.
//!
//! uri (what is meant) → cache (is it here?) → hub, maven or store (fetch) → folder (what is it?)

pub mod cache;
pub mod digest;
pub mod dual;
mod error;
pub mod folder;
pub mod http;
pub mod hub;
pub mod known;
pub mod maven;
mod networks;
pub mod store;
pub mod uri;

use std::path::{Path, PathBuf};

pub use cache::Cache;
pub use dual::{DualFiles, ImageModel, PairedText};
pub use error::ModelError;
pub use folder::TextModel;
use http::{Http, Retry};
use known::Kind;
use uri::{ModelUri, Repository};
use vitrine_crds::library::ModelSpec;

use crate::storage::{self, Location};

/// Where models come from, and where they are kept.
#[derive(Clone, Debug)]
pub struct Access {
    /// The folder of fetched models.
    pub cache: Cache,
    /// Whether the network is off limits.
    pub offline: bool,
    /// The hub: `https://host`, without a slash at the end.
    pub endpoint: String,
    /// What the hub and only the hub is shown.
    pub token: Option<String>,
    /// How to get into buckets.
    pub storage: storage::Access,
    /// Maven's client.
    pub maven: PathBuf,
    /// How often to try over the network.
    pub retry: Retry,
    /// Whether to draw progress bars.
    pub progress: bool,
}

/// A model that is on this machine.
#[derive(Clone, Debug)]
pub struct Model {
    /// The URI as configured.
    pub uri: String,
    /// Its folder, read and checked.
    pub files: TextModel,
    /// SHA-256 of the weights file; of both files where tensors are outside it.
    pub sha256: String,
    /// Where it came from; `None` for a local folder.
    pub source: Option<String>,
}

/// A dual encoder that is on this machine.
#[derive(Clone, Debug)]
pub struct DualModel {
    /// The URI as configured.
    pub uri: String,
    /// Its folder, looked through: what each encoder needs beside its weights is not yet read.
    pub files: DualFiles,
    /// What a pin is compared with: see [`DualFiles::sha256`].
    pub sha256: String,
    /// Where it came from; `None` for a local folder.
    pub source: Option<String>,
}

/// Where a model lies, not yet read.
struct Located {
    folder: PathBuf,
    source: Option<String>,
}

impl Access {
    /// Reads `HF_ENDPOINT`, `HF_HUB_OFFLINE` and `HF_TOKEN`; the cache from `cache_dir`, else
    /// `VITRINE_CACHE_DIR`, else the user's cache folder.
    ///
    /// # Errors
    ///
    /// [`ModelError::Uri`] where no variable names a place for the cache.
    pub fn from_env(cache_dir: Option<&Path>, progress: bool) -> Result<Self, ModelError> {
        let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let offline = set("HF_HUB_OFFLINE").unwrap_or_default().to_ascii_lowercase();
        Ok(Self {
            cache: cache_dir.map_or_else(Cache::from_env, |folder| Ok(Cache::new(folder)))?,
            offline: matches!(offline.as_str(), "1" | "true" | "yes" | "on"),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: set("HF_TOKEN"),
            storage: storage::Access::from_process(),
            maven: PathBuf::from("mvn"),
            retry: Retry::default(),
            progress,
        })
    }

    /// Finds the sentence model, fetching it where it is remote and not yet in the cache.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]. A wrong pin is an error also of a model that was in the cache.
    pub fn resolve(&self, spec: &ModelSpec) -> Result<Model, ModelError> {
        self.open(spec, self.locate(spec, Kind::Sentence, false)?)
    }

    /// Fetches the model again even where the cache has it; a local folder is only checked.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; the model of before then still stands.
    pub fn refresh(&self, spec: &ModelSpec) -> Result<Model, ModelError> {
        self.open(spec, self.locate(spec, Kind::Sentence, true)?)
    }

    /// Like [`Access::resolve`], for a dual encoder: both its encoders are fetched.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]. A wrong pin is an error also of a model that was in the cache.
    pub fn resolve_dual(&self, spec: &ModelSpec) -> Result<DualModel, ModelError> {
        self.open_dual(spec, self.locate(spec, Kind::Dual, false)?)
    }

    /// Like [`Access::refresh`], for a dual encoder.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; the model of before then still stands.
    pub fn refresh_dual(&self, spec: &ModelSpec) -> Result<DualModel, ModelError> {
        self.open_dual(spec, self.locate(spec, Kind::Dual, true)?)
    }

    /// Like [`Access::networks`], but fetches again even what the cache has; what is of this machine is
    /// only checked.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; the networks of before then still stand.
    pub fn refresh_networks(&self, spec: &ModelSpec) -> Result<PathBuf, ModelError> {
        match ModelUri::parse(&spec.uri)? {
            ModelUri::Folder(_) => self.networks(spec),
            ModelUri::Known(_) | ModelUri::Hub(_) | ModelUri::Store(_) => {
                let located = self.locate(spec, Kind::People, true)?;
                Ok(located.folder.join(networks::FOLDER))
            }
        }
    }

    /// Whether the model can be had without fetching: it is a folder or file of this machine, which may
    /// be missing, or in the cache.
    ///
    /// # Errors
    ///
    /// [`ModelError::Uri`].
    pub fn needs_no_fetch(&self, spec: &ModelSpec, kind: Kind) -> Result<bool, ModelError> {
        let key = ModelUri::parse(&spec.uri)?.cache_key(kind);
        Ok(key.is_none_or(|key| self.cache.get(&key).is_some()))
    }

    /// Finds a network of people, fetching or unpacking it where that is to be done: the folder, or the
    /// file of this machine that the URI names.
    ///
    /// # Errors
    ///
    /// See [`ModelError`].
    pub fn networks(&self, spec: &ModelSpec) -> Result<PathBuf, ModelError> {
        match ModelUri::parse(&spec.uri)? {
            ModelUri::Folder(path) if !path.exists() => Err(ModelError::Folder {
                folder: path,
                reason: "there is no such folder or file; check the model's uri".to_owned(),
            }),
            // A named pipe would wait for somebody who writes.
            ModelUri::Folder(path) if !path.is_file() && !path.is_dir() => {
                Err(ModelError::Folder {
                    folder: path,
                    reason: "it is neither a folder nor a regular file; name one".to_owned(),
                })
            }
            ModelUri::Folder(path) if path.is_file() && is_archive(&path) => {
                self.unpacked(spec, &path)
            }
            ModelUri::Folder(path) => Ok(path),
            ModelUri::Known(_) | ModelUri::Hub(_) | ModelUri::Store(_) => {
                let located = self.locate(spec, Kind::People, false)?;
                Ok(located.folder.join(networks::FOLDER))
            }
        }
    }

    /// The folder of an archive of this machine, unpacked once.
    fn unpacked(&self, spec: &ModelSpec, archive: &Path) -> Result<PathBuf, ModelError> {
        let sha256 = digest::of_file_remembered(archive, self.cache.root())?;
        let key = format!("people--archive--{}", &sha256[..16]);
        let entry = match self.cache.get(&key) {
            Some(entry) => entry,
            None => {
                let lock = self.cache.lock(&key)?;
                let folder = networks_folder(&lock.staging)?;
                let files = networks::unpack(archive, &folder)
                    .and_then(|files| networks::check(&folder).map(|()| files));
                let files = files.or_else(|error| spoilt(&lock, &spec.uri, error))?;
                let source = archive.display().to_string();
                self.cache.place(lock, &key, &spec.uri, source, &inside(&files))?
            }
        };
        Ok(entry.folder.join(networks::FOLDER))
    }

    /// The model's folder, which is fetched where it is remote and absent, or wanted `again`.
    fn locate(&self, spec: &ModelSpec, kind: Kind, again: bool) -> Result<Located, ModelError> {
        let uri = ModelUri::parse(&spec.uri)?;
        let Some(key) = uri.cache_key(kind) else {
            let ModelUri::Folder(folder) = uri else {
                unreachable!("only a folder has no key in the cache")
            };
            return Ok(Located { folder, source: None });
        };
        let entry = match self.cache.get(&key) {
            Some(entry) if !again => entry,
            _ => self.fetch(spec, kind, &uri, &key, again)?,
        };
        Ok(Located { folder: entry.folder, source: Some(entry.record.source) })
    }

    fn open(&self, spec: &ModelSpec, at: Located) -> Result<Model, ModelError> {
        let files = TextModel::read(&at.folder)?;
        let weights = digest::of_file_remembered(&files.weights, self.cache.root())?;
        if let Some(pin) = &spec.sha256 {
            digest::check(&files.weights.display().to_string(), &weights, pin)?;
        }
        let sha256 = match &files.external_data {
            None => weights,
            Some(data) => {
                let data = digest::of_file_remembered(data, self.cache.root())?;
                digest::of_bytes(format!("{weights} {data}").as_bytes())
            }
        };
        Ok(Model { uri: spec.uri.clone(), files, sha256, source: at.source })
    }

    fn open_dual(&self, spec: &ModelSpec, at: Located) -> Result<DualModel, ModelError> {
        let files = DualFiles::read(&at.folder)?;
        let sha256 = files.sha256(|file| digest::of_file_remembered(file, self.cache.root()))?;
        if let Some(pin) = &spec.sha256 {
            digest::check(&files.named(), &sha256, pin)?;
        }
        Ok(DualModel { uri: spec.uri.clone(), files, sha256, source: at.source })
    }

    fn fetch(
        &self,
        spec: &ModelSpec,
        kind: Kind,
        uri: &ModelUri,
        key: &str,
        again: bool,
    ) -> Result<cache::Entry, ModelError> {
        if let ModelUri::Known(known) = uri {
            let reason = match kind {
                Kind::Sentence => None,
                Kind::Dual => {
                    Some("it is a sentence model, not a dual encoder; configure algorithm `text`")
                }
                Kind::People => Some("it is a sentence model, and knows nothing of people"),
            };
            if let Some(reason) = reason {
                let uri = known.name.to_owned();
                return Err(ModelError::Uri { uri, reason: reason.to_owned() });
            }
        }
        if self.offline {
            let cache = self.cache.root().to_owned();
            let used = match kind {
                Kind::Sentence => "",
                Kind::Dual => " --algorithm clip",
                Kind::People => " --algorithm people",
            };
            return Err(ModelError::Offline { uri: spec.uri.clone(), used, cache });
        }
        let lock = self.cache.lock(key)?;
        // Whoever held the lock before us may have fetched it.
        if let (Some(entry), false) = (self.cache.get(key), again) {
            return Ok(entry);
        }
        let staging = match kind {
            Kind::Sentence | Kind::Dual => lock.staging.clone(),
            Kind::People => networks_folder(&lock.staging)?,
        };
        let fetched = match uri {
            ModelUri::Folder(_) => unreachable!("a folder has no key in the cache"),
            ModelUri::Known(known) => self.fetch_known(known, &staging),
            ModelUri::Hub(repository) => self.fetch_hub(spec, kind, repository, &staging),
            ModelUri::Store(at) => {
                self.fetch_store(at, kind, &staging).map(|files| (at.to_string(), files))
            }
        };
        let (source, files) = match kind {
            Kind::Sentence | Kind::Dual => fetched?,
            Kind::People => fetched
                .and_then(|fetched| networks::check(&staging).map(|()| fetched))
                .or_else(|error| spoilt(&lock, &spec.uri, error))?,
        };
        // Before it is placed: a wrong file must not become the model of this key.
        let (named, sha256) = match kind {
            Kind::Sentence => {
                let staged = TextModel::read(&lock.staging)?;
                let sha256 = spec.sha256.as_ref().map(|_| digest::of_file(&staged.weights));
                (staged.weights.display().to_string(), sha256)
            }
            Kind::Dual => {
                let staged = DualFiles::read(&lock.staging)?;
                let sha256 = spec.sha256.as_ref().map(|_| staged.sha256(digest::of_file));
                (staged.named(), sha256)
            }
            // What it is, its description says: who uses it reads that.
            Kind::People => {
                let weights = files.iter().find(|name| name.ends_with(".onnx"));
                let weights = staging.join(weights.map_or("", String::as_str));
                let sha256 = spec.sha256.as_ref().map(|_| digest::of_file(&weights));
                (weights.display().to_string(), sha256)
            }
        };
        let files = match kind {
            Kind::Sentence | Kind::Dual => files,
            Kind::People => inside(&files),
        };
        if let (Some(pin), Some(sha256)) = (&spec.sha256, sha256) {
            let checked = digest::check(&format!("{named} from {source}"), &sha256?, pin);
            if checked.is_err() {
                let staging = &lock.staging;
                std::fs::remove_dir_all(staging).map_err(ModelError::io("remove", staging))?;
            }
            checked?;
        }
        self.cache.place(lock, key, &spec.uri, source, &files)
    }

    fn fetch_known(
        &self,
        known: &known::Known,
        staging: &Path,
    ) -> Result<(String, Vec<String>), ModelError> {
        let files = maven::fetch(known, &self.maven, staging)?;
        Ok((format!("maven:{}", known.artifact), files))
    }

    fn fetch_store(
        &self,
        at: &Location,
        kind: Kind,
        staging: &Path,
    ) -> Result<Vec<String>, ModelError> {
        let address = at.to_string();
        if let (Kind::People, Some((folder, name))) = (kind, networks::single(&address)) {
            return self.fetch_network(folder, name, staging);
        }
        if !address.starts_with("https://") {
            return store::fetch_bucket(at, &self.storage, kind, staging);
        }
        // A web server is no hub: our token is not its business.
        let http = Http::new(&address, None, self.retry.clone(), self.progress)?;
        http::wait(store::fetch_web(&http, &address, kind, staging))
    }

    /// One file of a store, and what describes it beside it.
    fn fetch_network(
        &self,
        folder: &str,
        name: &str,
        staging: &Path,
    ) -> Result<Vec<String>, ModelError> {
        let beside = match networks::is_archive(name) {
            true => Vec::new(),
            false => networks::descriptions(name).to_vec(),
        };
        let files = if folder.starts_with("https://") {
            let http = Http::new(folder, None, self.retry.clone(), self.progress)?;
            http::wait(store::fetch_file_of_web(&http, folder, name, &beside, staging))?
        } else {
            let ModelUri::Store(at) = ModelUri::parse(folder)? else {
                unreachable!("what holds a store's file is in the store")
            };
            store::fetch_file_of_bucket(&at, &self.storage, name, &beside, staging)?
        };
        match networks::is_archive(name) {
            true => networks::unpack_here(staging, name),
            false => Ok(files),
        }
    }

    fn fetch_hub(
        &self,
        spec: &ModelSpec,
        kind: Kind,
        repository: &Repository,
        staging: &Path,
    ) -> Result<(String, Vec<String>), ModelError> {
        // Another revision than the artifact's is not the artifact's to replace.
        let stand_in = known::by_repository(&repository.id());
        let stand_in = stand_in.filter(|_| kind == Kind::Sentence && repository.revision == "main");
        let mut retry = self.retry.clone();
        if stand_in.is_some() {
            // There is a second way: better to take it soon than to wait for the first.
            retry.tries_max = retry.tries_max.min(2);
        }
        let http = Http::new(&self.endpoint, self.token.clone(), retry, self.progress)?;
        let fetched = http::wait(hub::fetch(&http, &self.endpoint, repository, kind, staging));
        let hub = match fetched {
            Ok(hub::Fetched { source, files }) => return Ok((source, files)),
            Err(error) => error,
        };
        let Some(known) = stand_in else { return Err(hub) };
        if matches!(hub, ModelError::Digest { .. } | ModelError::Io { .. }) {
            return Err(hub);
        }
        tracing::info!(error = %hub, "the hub does not give the model; taking it from Maven");
        self.fetch_known(known, staging).map_err(|maven| ModelError::Nowhere {
            uri: spec.uri.clone(),
            hub: Box::new(hub),
            maven: Box::new(maven),
        })
    }
}

/// Takes away what came and is of no use, so that the next try begins anew; what was cut is kept, to be
/// continued.
fn spoilt<T>(lock: &cache::Lock, uri: &str, error: ModelError) -> Result<T, ModelError> {
    if error.is_transient() {
        return Err(error);
    }
    let staging = &lock.staging;
    std::fs::remove_dir_all(staging).map_err(ModelError::io("remove", staging))?;
    Err(match error {
        // Who configured it knows its address, not our folders.
        ModelError::Folder { folder: _, reason } => {
            ModelError::Store { uri: uri.to_owned(), reason, transient: false }
        }
        other => other,
    })
}

fn is_archive(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(networks::is_archive)
}

/// Where networks of people are staged: beside what the cache writes of them.
fn networks_folder(staging: &Path) -> Result<PathBuf, ModelError> {
    let folder = staging.join(networks::FOLDER);
    std::fs::create_dir_all(&folder).map_err(ModelError::io("write", &folder))?;
    Ok(folder)
}

/// Paths in [`networks_folder`] as those of the cache's entry.
fn inside(files: &[String]) -> Vec<String> {
    files.iter().map(|file| format!("{}/{file}", networks::FOLDER)).collect()
}
