//! Files of one JSON object a line, read as a stream or at known places.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::RunError;
use super::records::Span;
use crate::storage::Storage;

/// A file of the catalogue, here on this machine.
pub(super) struct LocalFile {
    /// Path inside the catalogue, for messages.
    name: String,
    path: PathBuf,
}

impl LocalFile {
    /// Fetches `name` where the catalogue is in a store; `None` where it is not there.
    pub(super) fn open(
        out: &Storage,
        name: &str,
        scratch: &Path,
    ) -> Result<Option<Self>, RunError> {
        let path = out.local_copy(name, scratch)?;
        Ok(path.map(|path| Self { name: name.to_owned(), path }))
    }

    /// As [`LocalFile::open`], of a file that has to be there.
    pub(super) fn need(out: &Storage, name: &str, scratch: &Path) -> Result<Self, RunError> {
        let missing = || RunError::Damaged { file: name.to_owned(), reason: "missing".to_owned() };
        Self::open(out, name, scratch)?.ok_or_else(missing)
    }

    /// Every line with its place, in order.
    pub(super) fn lines(&self) -> Result<Lines, RunError> {
        let from = File::open(&self.path).map_err(RunError::io("read", &self.name))?;
        let from = BufReader::with_capacity(1 << 18, from);
        Ok(Lines { name: self.name.clone(), from, line: Vec::new(), next: 0 })
    }

    /// Reads single lines.
    pub(super) fn places(&self) -> Result<Places, RunError> {
        let file = File::open(&self.path).map_err(RunError::io("read", &self.name))?;
        Ok(Places { name: self.name.clone(), file, line: Vec::new() })
    }

    /// Path on this machine.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Lines of a file, one after another.
pub(super) struct Lines {
    name: String,
    from: BufReader<File>,
    line: Vec<u8>,
    next: u64,
}

impl Lines {
    /// The next line and its place. A last line without its newline was cut off by a kill: it
    /// does not count.
    pub(super) fn next_line(&mut self) -> Result<Option<(Span, &[u8])>, RunError> {
        self.line.clear();
        let read = self.from.read_until(b'\n', &mut self.line);
        let read = read.map_err(RunError::io("read", &self.name))?;
        if read == 0 || self.line.pop() != Some(b'\n') {
            return Ok(None);
        }
        let span = Span { offset: self.next, bytes: read as u64 - 1 };
        self.next += read as u64;
        Ok(Some((span, &self.line)))
    }

    /// The next line as what it holds.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<(Span, T)>, RunError> {
        let name = self.name.clone();
        let Some((span, line)) = self.next_line()? else { return Ok(None) };
        match serde_json::from_slice(line) {
            Ok(value) => Ok(Some((span, value))),
            Err(error) => Err(damaged(&name, span, &error)),
        }
    }
}

/// Lines of a file, wherever they are.
pub(super) struct Places {
    name: String,
    file: File,
    line: Vec<u8>,
}

impl Places {
    /// The bytes of one line, without its newline.
    pub(super) fn line(&mut self, at: Span) -> Result<&[u8], RunError> {
        self.line.resize(at.bytes as usize, 0);
        let found = self.file.seek(SeekFrom::Start(at.offset));
        let read = found.and_then(|_| self.file.read_exact(&mut self.line));
        read.map_err(RunError::io("read", &self.name))?;
        Ok(&self.line)
    }

    /// One line as what it holds.
    pub(super) fn read<T: DeserializeOwned>(&mut self, at: Span) -> Result<T, RunError> {
        let name = self.name.clone();
        serde_json::from_slice(self.line(at)?).map_err(|error| damaged(&name, at, &error))
    }
}

fn damaged(file: &str, at: Span, error: &serde_json::Error) -> RunError {
    RunError::Damaged { file: file.to_owned(), reason: format!("at byte {}: {error}", at.offset) }
}

/// `value` as a line.
pub(super) fn line(value: &impl serde::Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("our own records are JSON");
    line.push(b'\n');
    line
}

/// Writes `values`, one a line, to a file that is seen only whole.
pub(super) fn write<T: serde::Serialize>(
    out: &Storage,
    name: &str,
    values: impl IntoIterator<Item = T>,
) -> Result<(), RunError> {
    let mut writer = out.writer(name)?;
    for value in values {
        writer.write_all(&line(&value)).map_err(RunError::io("write", name))?;
    }
    Ok(writer.finish()?)
}
