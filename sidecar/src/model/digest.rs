//! SHA-256 of files, remembered so that a start does not read 90 MB to learn what it knew.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelError;

/// What was known of a file when it was last read. A file with another size or time is read again.
#[derive(Deserialize, PartialEq, Serialize)]
struct Remembered {
    path: PathBuf,
    size_bytes: u64,
    modified_ns: i128,
    inode: u64,
    sha256: String,
}

/// 64 lower-case hex digits over `bytes`.
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// 64 lower-case hex digits over the whole file, which is read now.
///
/// # Errors
///
/// [`ModelError::Io`] where it cannot be read.
pub fn of_file(path: &Path) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(ModelError::io("read", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(ModelError::io("read", path))?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}

/// Like [`of_file`], but a file with the size, time and inode of the last call is not read again.
///
/// The memory is a small file below `cache_dir`; where it cannot be written the file is read.
///
/// # Errors
///
/// [`ModelError::Io`] where the file cannot be read.
pub fn of_file_remembered(path: &Path, cache_dir: &Path) -> Result<String, ModelError> {
    let path = path.canonicalize().map_err(ModelError::io("read", path))?;
    let metadata = fs::metadata(&path).map_err(ModelError::io("read", &path))?;
    let name = of_bytes(path.as_os_str().as_encoded_bytes());
    let memory = cache_dir.join("digests").join(format!("{}.json", &name[..32]));
    let known = fs::read(&memory).ok();
    let known = known.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
    if let Some(known) = known
        && known == remembered(&path, &metadata, known.sha256.clone())
    {
        return Ok(known.sha256);
    }
    let sha256 = of_file(&path)?;
    if let Err(error) = remember(&memory, &remembered(&path, &metadata, sha256.clone())) {
        tracing::debug!(%error, memory = %memory.display(), "digest is not remembered");
    }
    Ok(sha256)
}

fn remembered(path: &Path, metadata: &Metadata, sha256: String) -> Remembered {
    let modified_ns =
        i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Remembered {
        path: path.to_owned(),
        size_bytes: metadata.len(),
        modified_ns,
        inode: metadata.ino(),
        sha256,
    }
}

fn remember(memory: &Path, what: &Remembered) -> std::io::Result<()> {
    let folder = memory.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, what)?;
    file.persist(memory)?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares a digest with its pin, whatever the case of its letters.
///
/// # Errors
///
/// [`ModelError::Digest`] names `what` and both digests.
pub fn check(what: &str, actual: &str, pinned: &str) -> Result<(), ModelError> {
    if actual.eq_ignore_ascii_case(pinned.trim()) {
        return Ok(());
    }
    Err(ModelError::Digest {
        what: what.to_owned(),
        expected: pinned.trim().to_owned(),
        actual: actual.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_gets_a_new_digest_and_an_unchanged_one_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (file, cache) = (folder.path().join("weights"), folder.path().join("cache"));
        fs::write(&file, "abc").unwrap();
        let first = of_file_remembered(&file, &cache).unwrap();
        assert_eq!(first, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

        // What the memory says is believed while size, time and inode agree.
        let memory = fs::read_dir(cache.join("digests")).unwrap().next().unwrap().unwrap().path();
        let forged = fs::read_to_string(&memory).unwrap().replace(&first, &"0".repeat(64));
        fs::write(&memory, forged).unwrap();
        assert_eq!(of_file_remembered(&file, &cache).unwrap(), "0".repeat(64));

        fs::write(&file, "abcd").unwrap();
        assert_eq!(of_file_remembered(&file, &cache).unwrap(), of_bytes(b"abcd"));
    }

    #[test]
    fn a_wrong_pin_is_named_beside_the_digest_found() {
        assert!(check("weights", "ab12", " AB12 ").is_ok());
        let said = check("model.onnx", "ab12", "cd34").unwrap_err().to_string();
        assert!(said.contains("model.onnx") && said.contains("ab12") && said.contains("cd34"));
    }
}
