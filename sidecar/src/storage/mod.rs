//! Folders and buckets behind one type: list, read, write. No other room touches either.
//!
//! Calls block; buckets are driven by a small runtime of their own, so never call from inside an
//! async task. Paths are always relative to the opened location, with `/` between folders.

mod access;
mod bucket;
mod error;
mod filter;
mod folder;
mod journal;
mod location;
mod process;
mod writer;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use access::Access;
pub use bucket::{Bucket, Held};
pub use error::StorageError;
pub use filter::{ASSET_FILES, Filter};
pub use folder::Folder;
pub use journal::Journal;
pub use location::Location;
pub use process::process_name;
pub use writer::Writer;

/// One listed file or object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Path inside the location, `/` between folders.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Time of last change.
    pub modified: DateTime<Utc>,
    /// Content version: the ETag in a store, size and modification time on disk.
    pub version: Box<str>,
}

/// What a location holds, sorted by path in byte order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    entries: Vec<Entry>,
}

impl Listing {
    /// Sorts `entries` by path.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self { entries }
    }

    /// The entry at exactly `path`.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        Some(&self.entries[at])
    }

    /// The entries whose paths start with `prefix`, in path order.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Entry> {
        let from = self.entries.partition_point(|entry| entry.path.as_str() < prefix);
        self.entries[from..].iter().take_while(move |entry| entry.path.starts_with(prefix))
    }

    /// Every entry, in path order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// An opened folder or bucket prefix.
#[derive(Clone, Debug)]
pub enum Storage {
    /// A folder of this machine.
    Folder(Folder),
    /// A prefix of an object store.
    Bucket(Bucket),
}

impl Storage {
    /// Opens `location` without asking it anything yet.
    ///
    /// # Errors
    ///
    /// When the settings in `access` do not make a client.
    pub fn open(location: &Location, access: &Access) -> Result<Self, StorageError> {
        match location {
            Location::Folder(path) => Ok(Self::Folder(Folder::new(path.clone()))),
            Location::Bucket(bucket) => Ok(Self::Bucket(Bucket::open(bucket, access)?)),
        }
    }

    /// The folder on this machine, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder.root()),
            Self::Bucket(_) => None,
        }
    }

    /// A URI of `path` that a reader can open; of the location itself for an empty path.
    pub fn uri(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => folder.uri(path),
            Self::Bucket(bucket) => bucket.uri(path),
        }
    }

    /// Everything below the location. Names that start with a dot are left out, folders too.
    /// On disk a link to a file is listed when the file is inside the folder; links to folders
    /// are not entered.
    ///
    /// # Errors
    ///
    /// When any part cannot be listed: a partial listing is never returned.
    pub fn list(&self) -> Result<Listing, StorageError> {
        match self {
            Self::Folder(folder) => folder.list(),
            Self::Bucket(bucket) => bucket.list(),
        }
    }

    /// Paths below `prefix`, dot files included; empty where there is none.
    ///
    /// # Errors
    ///
    /// When the location cannot be listed.
    pub fn list_below(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        match self {
            Self::Folder(folder) => folder.list_below(prefix),
            Self::Bucket(bucket) => bucket.list_below(prefix),
        }
    }

    /// What is known of one path; `None` where nothing is there.
    ///
    /// # Errors
    ///
    /// When the location cannot be asked.
    pub fn head(&self, path: &str) -> Result<Option<Entry>, StorageError> {
        match self {
            Self::Folder(folder) => folder.head(path),
            Self::Bucket(bucket) => bucket.head(path),
        }
    }

    /// The bytes at `path`; `None` where nothing is there.
    ///
    /// # Errors
    ///
    /// When the location cannot be read.
    pub fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match self {
            Self::Folder(folder) => folder.get(path),
            Self::Bucket(bucket) => bucket.get(path),
        }
    }

    /// The bytes at `path`, where they are at most `bytes_max`; else how many there are. `None`
    /// where nothing is there.
    ///
    /// # Errors
    ///
    /// When the location cannot be read.
    pub fn get_at_most(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> Result<Option<Result<Vec<u8>, u64>>, StorageError> {
        match self {
            Self::Folder(folder) => folder.get_at_most(path, bytes_max),
            Self::Bucket(bucket) => bucket.get_at_most(path, bytes_max),
        }
    }

    /// Writes each of `files` whole or not at all, several at once in a bucket. On disk they
    /// survive a loss of power only after [`Storage::sync`].
    ///
    /// # Errors
    ///
    /// On the first file that cannot be written.
    pub fn put_all(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        match self {
            Self::Folder(folder) => folder.put_all(files),
            Self::Bucket(bucket) => bucket.put_all(files),
        }
    }

    /// [`Storage::put_all`] of one file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.put_all(vec![(path.to_owned(), bytes)])
    }

    /// Removes each of `paths`; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// On the first that cannot be removed.
    pub fn delete_all(&self, paths: &[String]) -> Result<(), StorageError> {
        match self {
            Self::Folder(folder) => folder.delete_all(paths),
            Self::Bucket(bucket) => bucket.delete_all(paths),
        }
    }

    /// Starts a file that becomes visible when [`Writer::finish`] returns, and not before.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn writer(&self, path: &str) -> Result<Writer, StorageError> {
        match self {
            Self::Folder(folder) => folder.writer(path),
            Self::Bucket(bucket) => bucket.writer(path),
        }
    }

    /// Returns when everything written so far survives a loss of power.
    ///
    /// # Errors
    ///
    /// When the disk reports one.
    pub fn sync(&self) -> Result<(), StorageError> {
        match self {
            Self::Folder(folder) => folder.sync(),
            Self::Bucket(_) => Ok(()), // A store confirms each write when it is durable.
        }
    }

    /// `path` as a file of this machine: the file itself, or a copy below `scratch`; `None`
    /// where nothing is there.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched.
    pub fn local_copy(&self, path: &str, scratch: &Path) -> Result<Option<PathBuf>, StorageError> {
        match self {
            Self::Folder(folder) => folder.existing(path),
            Self::Bucket(bucket) => bucket.download(path, scratch),
        }
    }
}
