//! Lines that survive whoever wrote them.

use std::fs::{File, OpenOptions};
use std::io::Write;

use super::{Storage, StorageError};

/// Appends whole lines under a name that only one process writes to. On disk that is one file; a
/// store cannot append, so there each call of [`Journal::append`] makes an object of its own.
/// A kill can cut off the last line of a file: whoever reads it leaves that one aside.
pub struct Journal {
    to: To,
}

enum To {
    File { file: File, path: std::path::PathBuf },
    Objects { storage: Storage, name: String, count: u32 },
}

impl Journal {
    /// Opens `<name>.jsonl`, or starts `<name>.<count>.jsonl` in a store.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open(storage: &Storage, name: &str) -> Result<Self, StorageError> {
        let Some(root) = storage.folder() else {
            let (storage, name) = (storage.clone(), name.to_owned());
            return Ok(Self { to: To::Objects { storage, name, count: 0 } });
        };
        let path = root.join(format!("{name}.jsonl"));
        let open = || -> std::io::Result<File> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            OpenOptions::new().append(true).create(true).open(&path)
        };
        match open() {
            Ok(file) => Ok(Self { to: To::File { file, path } }),
            Err(error) => Err(StorageError::disk("write", &path, error)),
        }
    }

    /// Adds `lines`, each of which ends in a newline.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn append(&mut self, lines: Vec<u8>) -> Result<(), StorageError> {
        match &mut self.to {
            To::File { file, path } => {
                file.write_all(&lines).map_err(|error| StorageError::disk("write", path, error))
            }
            To::Objects { storage, name, count } => {
                *count += 1;
                storage.put(&format!("{name}.{count:06}.jsonl"), lines)
            }
        }
    }
}
