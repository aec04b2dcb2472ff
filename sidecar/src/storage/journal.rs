//! Lines that survive whoever wrote them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

use super::{Storage, StorageError};

/// Appends whole lines under one name. On disk that is one file; a store cannot append, so there
/// each call of [`Journal::append`] makes an object of its own.
pub struct Journal {
    to: To,
}

enum To {
    File { file: File, path: std::path::PathBuf },
    Objects { storage: Storage, name: String, session: u32, count: u32 },
}

impl Journal {
    /// Opens `<name>.jsonl`, or starts `<name>.<session>-<count>.jsonl` in a store. A line that
    /// a killed writer left unfinished is cut off.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open(storage: &Storage, name: &str, session: u32) -> Result<Self, StorageError> {
        let Some(root) = storage.folder() else {
            let (storage, name) = (storage.clone(), name.to_owned());
            return Ok(Self { to: To::Objects { storage, name, session, count: 0 } });
        };
        let path = root.join(format!("{name}.jsonl"));
        let open = || -> std::io::Result<File> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            let end = whole_lines(&mut file)?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            Ok(file)
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
            To::Objects { storage, name, session, count } => {
                *count += 1;
                storage.put(&format!("{name}.{session}-{count:06}.jsonl"), lines)
            }
        }
    }
}

/// Bytes up to and with the last newline.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut piece = vec![0; 1 << 16];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let part = &mut piece[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Access, Location};

    #[test]
    fn a_line_cut_off_by_a_kill_is_dropped_and_the_next_ones_follow_whole() {
        let dir = tempfile::tempdir().unwrap();
        let storage =
            Storage::open(&Location::Folder(dir.path().to_owned()), &Access::default()).unwrap();
        std::fs::write(dir.path().join("part-0.jsonl"), b"{\"a\":1}\n{\"b\":").unwrap();
        let mut journal = Journal::open(&storage, "part-0", 2).unwrap();
        journal.append(b"{\"c\":3}\n".to_vec()).unwrap();
        let text = std::fs::read_to_string(dir.path().join("part-0.jsonl")).unwrap();
        assert_eq!(text, "{\"a\":1}\n{\"c\":3}\n");
    }
}
