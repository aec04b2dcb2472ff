//! A folder of this machine.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::location::percent_encoded;
use super::process::process_name;
use super::{Entry, Listing, StorageError, Writer};

/// Where unfinished files wait until they are renamed into place.
const UNFINISHED: &str = ".vitrine/tmp";

/// A folder of this machine. No path leads out of it.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`, which need not exist until something is read.
    pub fn new(root: PathBuf) -> Self {
        let root = std::path::absolute(&root).unwrap_or(root);
        Self { root: root.canonicalize().unwrap_or(root) }
    }

    /// Its absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn uri(&self, path: &str) -> String {
        let root = self.root.to_string_lossy();
        let whole = if path.is_empty() { root.into_owned() } else { format!("{root}/{path}") };
        format!("file://{}", percent_encoded(&whole))
    }

    /// # Errors
    ///
    /// When `path` is absolute, empty, or climbs.
    fn at(&self, path: &str) -> Result<PathBuf, StorageError> {
        let climbs = path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if climbs || path.contains('\0') {
            let reason = "paths stay inside their folder".to_owned();
            return Err(StorageError::Location { uri: format!("`{path}`"), reason });
        }
        Ok(self.root.join(path))
    }

    pub(super) fn list(&self) -> Result<Listing, StorageError> {
        let mut entries = Vec::new();
        self.walk(&self.root, "", &mut entries)?;
        Ok(Listing::new(entries))
    }

    fn walk(&self, folder: &Path, prefix: &str, into: &mut Vec<Entry>) -> Result<(), StorageError> {
        let failed = |error| StorageError::disk("list", folder, error);
        for item in fs::read_dir(folder).map_err(failed)? {
            let item = item.map_err(failed)?;
            let Some(name) = item.file_name().to_str().map(str::to_owned) else {
                tracing::warn!(file = %item.path().display(), "left out: the name is not UTF-8");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = item.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.walk(&item.path(), &path, into)?;
            } else if let Some(entry) = self.head(&path)? {
                into.push(entry);
            }
        }
        Ok(())
    }

    pub(super) fn list_below(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let mut found = Vec::new();
        let mut folders = vec![prefix.to_owned()];
        while let Some(prefix) = folders.pop() {
            let folder = self.at(&prefix)?;
            let items = match fs::read_dir(&folder) {
                Ok(items) => items,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StorageError::disk("list", &folder, error)),
            };
            for item in items {
                let item = item.map_err(|error| StorageError::disk("list", &folder, error))?;
                let Some(name) = item.file_name().to_str().map(str::to_owned) else { continue };
                let path = format!("{prefix}/{name}");
                match item.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    _ => found.push(path),
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    pub(super) fn head(&self, path: &str) -> Result<Option<Entry>, StorageError> {
        let file = self.at(path)?;
        let failed = |error| StorageError::disk("read", &file, error);
        let own = match fs::symlink_metadata(&file) {
            Ok(own) => own,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let followed = if own.is_symlink() {
            match file.canonicalize() {
                Ok(target) if target.starts_with(&self.root) => {
                    fs::metadata(&target).map_err(failed)?
                }
                // A link that leads out of the library or nowhere is as good as absent.
                _ => return Ok(None),
            }
        } else {
            own
        };
        Ok(followed.is_file().then(|| entry(path, &followed)))
    }

    pub(super) fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let file = self.at(path)?;
        match fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(StorageError::disk("read", &file, error)),
        }
    }

    pub(super) fn get_at_most(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> Result<Option<Result<Vec<u8>, u64>>, StorageError> {
        match self.head(path)? {
            None => Ok(None),
            Some(entry) if entry.size > bytes_max => Ok(Some(Err(entry.size))),
            Some(_) => Ok(self.get(path)?.map(Ok)),
        }
    }

    pub(super) fn existing(&self, path: &str) -> Result<Option<PathBuf>, StorageError> {
        let file = self.at(path)?;
        Ok(file.is_file().then_some(file))
    }

    pub(super) fn put_all(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        for (path, bytes) in files {
            let file = self.at(&path)?;
            let (mut unfinished, waiting) = self.unfinished()?;
            unfinished
                .write_all(&bytes)
                .map_err(|error| StorageError::disk("write", &waiting, error))?;
            place(&waiting, &file)?;
        }
        Ok(())
    }

    pub(super) fn delete_all(&self, paths: &[String]) -> Result<(), StorageError> {
        for path in paths {
            let file = self.at(path)?;
            match fs::remove_file(&file) {
                Err(error) if !is_absent(&error) => {
                    return Err(StorageError::disk("remove", &file, error));
                }
                _ => {}
            }
            // Folders that became empty go too, up to the root.
            let above = file.ancestors().skip(1).take_while(|folder| *folder != self.root);
            for folder in above {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) fn writer(&self, path: &str) -> Result<Writer, StorageError> {
        let file = self.at(path)?;
        let (unfinished, waiting) = self.unfinished()?;
        Ok(Writer::to_file(unfinished, waiting, file))
    }

    pub(super) fn sync(&self) -> Result<(), StorageError> {
        let failed = |error: io::Error| StorageError::disk("write", &self.root, error);
        let folder = File::open(&self.root).map_err(failed)?;
        rustix::fs::syncfs(&folder).map_err(|error| failed(error.into()))
    }

    /// Removes unfinished files that nobody wrote to for `age`: what killed runs left.
    ///
    /// # Errors
    ///
    /// When a file cannot be removed.
    pub fn sweep(&self, age: Duration) -> Result<(), StorageError> {
        let folder = self.root.join(UNFINISHED);
        let failed = |error| StorageError::disk("remove", &folder, error);
        let items = match fs::read_dir(&folder) {
            Ok(items) => items,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for item in items {
            let item = item.map_err(failed)?;
            let written = item.metadata().and_then(|found| found.modified());
            let old = written.is_ok_and(|time| time.elapsed().is_ok_and(|past| past >= age));
            if old
                && let Err(error) = fs::remove_file(item.path())
                && !is_absent(&error)
            {
                return Err(StorageError::disk("remove", &item.path(), error));
            }
        }
        if age.is_zero() {
            let _ = fs::remove_dir(&folder); // Goes only where it is empty.
        }
        Ok(())
    }

    /// A new file of its own, on the file system where it will end up.
    fn unfinished(&self) -> Result<(File, PathBuf), StorageError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = self.root.join(UNFINISHED);
        let path = folder.join(format!("{}-{count}", process_name()));
        let opened = File::create(&path).or_else(|error| match is_absent(&error) {
            true => fs::create_dir_all(&folder).and_then(|()| File::create(&path)),
            false => Err(error),
        });
        match opened {
            Ok(file) => Ok((file, path)),
            Err(error) => Err(StorageError::disk("write", &path, error)),
        }
    }
}

/// Renames `waiting` to `file`, making the folders above it.
pub(super) fn place(waiting: &Path, file: &Path) -> Result<(), StorageError> {
    let placed = fs::rename(waiting, file).or_else(|error| match (error.kind(), file.parent()) {
        (io::ErrorKind::NotFound, Some(folder)) => {
            fs::create_dir_all(folder).and_then(|()| fs::rename(waiting, file))
        }
        _ => Err(error),
    });
    placed.map_err(|error| StorageError::disk("write", file, error))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn entry(path: &str, found: &Metadata) -> Entry {
    use std::os::unix::fs::MetadataExt;
    let modified = DateTime::<Utc>::from_timestamp(found.mtime(), found.mtime_nsec() as u32);
    let version = format!("{}-{}.{:09}", found.len(), found.mtime(), found.mtime_nsec());
    Entry {
        path: path.to_owned(),
        size: found.len(),
        modified: modified.unwrap_or_default(),
        version: version.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &Folder) -> Vec<String> {
        folder.list().unwrap().iter().map(|entry| entry.path.clone()).collect()
    }

    #[test]
    fn links_are_listed_only_when_they_stay_inside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.usd"), "x").unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/chair.usd"), "x").unwrap();
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
        };
        link(&dir.path().join("a/chair.usd"), "inside.usd");
        link(&outside.path().join("secret.usd"), "outside.usd");
        link(outside.path(), "folder");
        link(dir.path(), "loop");
        link(Path::new("nowhere"), "broken.usd");
        let folder = Folder::new(dir.path().to_owned());
        assert_eq!(paths(&folder), ["a/chair.usd", "inside.usd"]);
    }

    #[test]
    fn no_path_climbs_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().to_owned());
        for path in ["../x", "/etc/passwd", "a/../../x", "", "a//b", "./a"] {
            assert!(folder.get(path).is_err(), "{path}");
            assert!(folder.put_all(vec![(path.to_owned(), vec![])]).is_err(), "{path}");
        }
    }

    #[test]
    fn the_version_changes_with_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().to_owned());
        folder.put_all(vec![("a.png".to_owned(), b"one".to_vec())]).unwrap();
        let first = folder.head("a.png").unwrap().unwrap();
        assert_eq!(folder.head("a.png").unwrap().unwrap(), first);
        folder.put_all(vec![("a.png".to_owned(), b"three".to_vec())]).unwrap();
        assert_ne!(folder.head("a.png").unwrap().unwrap().version, first.version);
    }

    #[test]
    fn a_deleted_file_takes_its_empty_folders_along() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().to_owned());
        folder.put_all(vec![("a/b/c".to_owned(), vec![]), ("a/d".to_owned(), vec![])]).unwrap();
        folder.delete_all(&["a/b/c".to_owned(), "gone".to_owned()]).unwrap();
        assert!(!dir.path().join("a/b").exists());
        assert!(dir.path().join("a/d").exists());
    }
}
