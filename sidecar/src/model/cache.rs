//! The folder of fetched models that all processes of a user share.
//!
//! ```text
//! <cache>/models/<key>/             a model, complete: it appears by one rename
//! <cache>/models/<key>/vitrine.json what it is, where it came from, SHA-256 of every file
//! <cache>/models/<key>.part/        a fetch under way, or one to be continued
//! <cache>/models/<key>.lock         held while fetching
//! <cache>/digests/                  see [`super::digest`]
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::known::Kind;
use super::{ModelError, digest, networks};

const RECORD: &str = "vitrine.json";
const LOCK_WAIT_SECS: u64 = 3_600;
const LOCK_POLL: Duration = Duration::from_millis(100);

/// What is written beside a fetched model.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// Version of this shape: 1.
    pub v: u32,
    /// The URI as configured.
    pub uri: String,
    /// Where it came from in the end: the hub's address with its commit, or the Maven artifact.
    pub source: String,
    /// Files by their path in the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// One file of a fetched model.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FileRecord {
    /// Size.
    pub size_bytes: u64,
    /// 64 hex digits.
    pub sha256: String,
}

/// A fetched model.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its folder.
    pub folder: PathBuf,
    /// What is written beside it.
    pub record: Record,
}

/// The shared folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// The right to fetch one model. Ends with the process, however that ends.
pub struct Lock {
    _file: File,
    /// Where to put the files. What an earlier attempt left is still there.
    pub staging: PathBuf,
}

impl Cache {
    /// The cache in `root`, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `VITRINE_CACHE_DIR`, else `$XDG_CACHE_HOME/vitrine`, else `~/.cache/vitrine`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Uri`] where none of these variables is set.
    pub fn from_env() -> Result<Self, ModelError> {
        let set =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("VITRINE_CACHE_DIR")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("vitrine")))
            .or_else(|| Some(set("HOME")?.join(".cache/vitrine")))
            .map(Self::new)
            .ok_or_else(|| ModelError::Uri {
                uri: "cache".to_owned(),
                reason: "there is no HOME; set VITRINE_CACHE_DIR to a folder".to_owned(),
            })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// The model of this key, where it is complete. Takes no lock.
    pub fn get(&self, key: &str) -> Option<Entry> {
        let folder = self.models().join(key);
        let record = serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()?;
        Some(Entry { folder, record })
    }

    /// Every complete model, by key.
    ///
    /// # Errors
    ///
    /// [`ModelError::Io`] where the folder exists and cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, ModelError> {
        let models = self.models();
        let folders = match fs::read_dir(&models) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(ModelError::io("read", &models))?,
        };
        let mut keys: Vec<String> = folders
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.ends_with(".part") && !name.ends_with(".old"))
            .collect();
        keys.sort();
        Ok(keys.iter().filter_map(|key| self.get(key)).collect())
    }

    /// Waits until no other process fetches this model, and keeps others from it.
    ///
    /// # Errors
    ///
    /// [`ModelError::Locked`] after an hour, [`ModelError::Io`] where the cache cannot be written.
    pub fn lock(&self, key: &str) -> Result<Lock, ModelError> {
        let models = self.models();
        fs::create_dir_all(&models).map_err(ModelError::io("write", &models))?;
        let path = models.join(format!("{key}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(ModelError::io("write", &path))?;
        let started = Instant::now();
        let mut told = false;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(ModelError::io("lock", &path)(error.into())),
            }
            if started.elapsed() > Duration::from_secs(LOCK_WAIT_SECS) {
                return Err(ModelError::Locked { lock: path, waited_secs: LOCK_WAIT_SECS });
            }
            if !told {
                tracing::info!(lock = %path.display(), "another process fetches this model; waiting");
                told = true;
            }
            std::thread::sleep(LOCK_POLL);
        }
        let staging = models.join(format!("{key}.part"));
        fs::create_dir_all(&staging).map_err(ModelError::io("write", &staging))?;
        Ok(Lock { _file: file, staging })
    }

    /// Makes the staged files the model of `key`: checked, recorded, synced, renamed.
    ///
    /// * `files`: paths inside the staging folder; anything else there is left out.
    ///
    /// # Errors
    ///
    /// [`ModelError::Io`]; the model of before, if any, then still stands.
    pub fn place(
        &self,
        lock: Lock,
        key: &str,
        uri: &str,
        source: String,
        files: &[String],
    ) -> Result<Entry, ModelError> {
        let folder = self.models().join(key);
        let mut record = Record { v: 1, uri: uri.to_owned(), source, files: BTreeMap::new() };
        for name in files {
            let path = lock.staging.join(name);
            let file = File::open(&path).map_err(ModelError::io("read", &path))?;
            file.sync_all().map_err(ModelError::io("write", &path))?;
            let size_bytes = file.metadata().map_err(ModelError::io("read", &path))?.len();
            let sha256 = digest::of_file(&path)?;
            record.files.insert(name.clone(), FileRecord { size_bytes, sha256 });
        }
        discard_others(&lock.staging, &lock.staging, files)?;
        let path = lock.staging.join(RECORD);
        let json = serde_json::to_vec_pretty(&record).expect("strings and numbers are JSON");
        fs::write(&path, json).map_err(ModelError::io("write", &path))?;

        let old = self.models().join(format!("{key}.old"));
        remove_folder(&old)?;
        if folder.exists() {
            fs::rename(&folder, &old).map_err(ModelError::io("replace", &folder))?;
        }
        fs::rename(&lock.staging, &folder).map_err(ModelError::io("write", &folder))?;
        remove_folder(&old)?;
        Ok(Entry { folder, record })
    }
}

impl Entry {
    /// What it was fetched as: see [`super::uri::ModelUri::cache_key`].
    pub fn kind(&self) -> Kind {
        let key = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match key {
            _ if key.starts_with("dual--") => Kind::Dual,
            _ if key.starts_with("people--") => Kind::People,
            _ => Kind::Sentence,
        }
    }

    /// Reads every file again and compares it with what was recorded when it came.
    ///
    /// # Errors
    ///
    /// [`ModelError::Digest`] names the first file that changed, [`ModelError::Io`] one that is gone,
    /// [`ModelError::Folder`] one that never was a network.
    pub fn verify(&self) -> Result<(), ModelError> {
        for (name, recorded) in &self.record.files {
            let path = self.folder.join(name);
            digest::check(&path.display().to_string(), &digest::of_file(&path)?, &recorded.sha256)?;
        }
        match self.kind() {
            Kind::People => networks::check(&self.folder.join(networks::FOLDER)),
            Kind::Sentence | Kind::Dual => Ok(()),
        }
    }

    /// Bytes on disk.
    pub fn size_bytes(&self) -> u64 {
        self.record.files.values().map(|file| file.size_bytes).sum()
    }
}

fn remove_folder(path: &Path) -> Result<(), ModelError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ModelError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes everything below `folder` but `files`: what an earlier, other attempt left behind.
fn discard_others(root: &Path, folder: &Path, files: &[String]) -> Result<(), ModelError> {
    for entry in fs::read_dir(folder).map_err(ModelError::io("read", folder))? {
        let path = entry.map_err(ModelError::io("read", folder))?.path();
        let name = path.strip_prefix(root).unwrap_or(&path);
        if files.iter().any(|file| Path::new(file) == name) {
            continue;
        }
        if path.is_dir() {
            if files.iter().any(|file| Path::new(file).starts_with(name)) {
                discard_others(root, &path, files)?;
            } else {
                remove_folder(&path)?;
            }
        } else {
            fs::remove_file(&path).map_err(ModelError::io("remove", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(cache: &Cache, text: &str) -> Entry {
        let lock = cache.lock("k").unwrap();
        fs::create_dir_all(lock.staging.join("onnx")).unwrap();
        fs::write(lock.staging.join("onnx/model.onnx"), text).unwrap();
        fs::write(lock.staging.join("left-over"), "x").unwrap();
        cache
            .place(lock, "k", "hf://a/b", "test".to_owned(), &["onnx/model.onnx".to_owned()])
            .unwrap()
    }

    #[test]
    fn a_model_appears_whole_and_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert!(cache.get("k").is_none());
        assert!(cache.list().unwrap().is_empty());
        assert_eq!(place(&cache, "one").record.files["onnx/model.onnx"].size_bytes, 3);
        assert!(!cache.get("k").unwrap().folder.join("left-over").exists());
        place(&cache, "three");
        let entry = cache.get("k").unwrap();
        assert_eq!(fs::read_to_string(entry.folder.join("onnx/model.onnx")).unwrap(), "three");
        assert_eq!(cache.list().unwrap().len(), 1);
        entry.verify().unwrap();
    }

    #[test]
    fn verify_finds_the_file_that_changed() {
        let folder = tempfile::tempdir().unwrap();
        let entry = place(&Cache::new(folder.path()), "one");
        fs::write(entry.folder.join("onnx/model.onnx"), "two").unwrap();
        let said = entry.verify().unwrap_err().to_string();
        assert!(said.contains("model.onnx") && said.contains(&digest::of_bytes(b"one")), "{said}");
    }

    #[test]
    fn a_second_process_waits_for_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let held = cache.lock("k").unwrap();
        let other = cache.clone();
        let waiting = std::thread::spawn(move || {
            other.lock("k").unwrap();
            Instant::now()
        });
        std::thread::sleep(Duration::from_millis(250));
        assert!(!waiting.is_finished());
        let released = Instant::now();
        drop(held);
        assert!(waiting.join().unwrap() >= released);
    }
}
