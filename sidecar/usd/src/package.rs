//! Packages (usdz): an archive of stored files, read in place.

use crate::layer::LayerError;
use crate::source::Bytes;

/// One file of a package.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    /// Where its local header starts.
    offset: usize,
    size: usize,
    compressed: bool,
}

/// A package: its bytes and directory. Nothing is ever unpacked, so nothing can expand, and no
/// name can lead outside.
#[derive(Clone)]
pub(crate) struct Package {
    bytes: Bytes,
    entries: Vec<Entry>,
}

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

impl Package {
    /// Reads the directory of a package.
    ///
    /// # Errors
    ///
    /// When there is none, or it is broken.
    ///
    /// # Source
    ///
    /// PKWARE APPNOTE 6.3, sections 4.3.12 and 4.3.16; "Usdz File Format Specification".
    pub(crate) fn open(bytes: Bytes) -> Result<Self, LayerError> {
        let entries = directory(&bytes)
            .ok_or_else(|| LayerError::new("is a broken package: its directory is unreadable"))?;
        Ok(Self { bytes, entries })
    }

    /// Name of the root layer: the first file of the archive.
    pub(crate) fn root(&self) -> Option<&str> {
        let first = self.entries.iter().min_by_key(|entry| entry.offset)?;
        Some(&first.name)
    }

    /// Names of all files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Whether the package holds the file `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// The bytes of the file `name`.
    ///
    /// # Errors
    ///
    /// When it is absent, or compressed: packages hold their files as they are.
    pub(crate) fn file(&self, name: &str) -> Result<Bytes, LayerError> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| LayerError::new("is not in the package"))?;
        if entry.compressed {
            return Err(LayerError::new("is compressed, which a usdz package must not be"));
        }
        let broken = || LayerError::new("lies outside of its package");
        let head = self.bytes.get(entry.offset..).ok_or_else(broken)?;
        if !head.starts_with(LOCAL_SIGNATURE) {
            return Err(broken());
        }
        let name_size = u16_at(head, 26).ok_or_else(broken)?;
        let extra_size = u16_at(head, 28).ok_or_else(broken)?;
        let start = entry.offset + 30 + name_size + extra_size;
        let end = start.checked_add(entry.size).ok_or_else(broken)?;
        self.bytes.slice(start..end).ok_or_else(broken)
    }
}

fn directory(bytes: &[u8]) -> Option<Vec<Entry>> {
    // The end record is the last thing but for a comment of up to 64 KiB.
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let found = bytes[tail..].windows(4).rposition(|window| window == END_SIGNATURE)?;
    let end = tail + found;
    let count = u16_at(bytes, end + 10)?;
    let mut at = u32_at(bytes, end + 16)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let head = bytes.get(at..)?;
        if !head.starts_with(CENTRAL_SIGNATURE) {
            return None;
        }
        let method = u16_at(head, 10)?;
        let size = u32_at(head, 24)?;
        let (name_size, extra, comment) = (u16_at(head, 28)?, u16_at(head, 30)?, u16_at(head, 32)?);
        let offset = u32_at(head, 42)?;
        let name = String::from_utf8_lossy(head.get(46..46 + name_size)?).into_owned();
        let compressed = method != 0 || u32_at(head, 20)? != size;
        entries.push(Entry { name, offset, size, compressed });
        at += 46 + name_size + extra + comment;
    }
    Some(entries)
}
