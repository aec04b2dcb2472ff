//! The catalogue's documents, one a line, sorted by id: read in place, never all at once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::divide::divided;
use super::error::SearchError;
use super::filter::Filter;
use super::mapped::Mapped;

/// Bytes that make another thread worth its start.
const THREAD_BYTES_MIN: usize = 1 << 20;

/// An opened `documents.jsonl`.
#[derive(Debug)]
pub struct Documents {
    path: String,
    map: Mapped,
}

/// The part of a document that finds it.
#[derive(Debug, Deserialize)]
pub struct Head<'a> {
    /// See [`crate::asset::Document`].
    #[serde(borrow)]
    pub asset_id: Cow<'a, str>,
    /// See [`crate::asset::Document`].
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// See [`crate::asset::Document`].
    #[serde(borrow)]
    pub pack: Cow<'a, str>,
}

impl Documents {
    /// Maps the file `inside` the catalogue at `root`.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unreadable`].
    pub fn open(root: &Path, inside: &str) -> Result<Self, SearchError> {
        let path = root.join(inside);
        let name = path.display().to_string();
        match Mapped::open(&path) {
            Ok(map) => Ok(Self { path: name, map }),
            Err(source) => Err(SearchError::Unreadable { path: name, source }),
        }
    }

    /// The document of an asset, by halving: the lines are sorted by id.
    ///
    /// # Errors
    ///
    /// [`SearchError::Broken`] when it is not there.
    pub fn get(&self, asset_id: &str) -> Result<Value, SearchError> {
        let bytes = self.map.bytes();
        // Both are starts of lines; the wanted line starts at or after `low` and before `high`.
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let start = line_start(bytes, low + (high - low) / 2);
            let line = line_at(bytes, start);
            let head: Head = self.read(line)?;
            match (*head.asset_id).cmp(asset_id) {
                std::cmp::Ordering::Equal => return self.read(line),
                std::cmp::Ordering::Less => low = (start + line.len() + 1).min(bytes.len()),
                std::cmp::Ordering::Greater => high = start,
            }
        }
        Err(self.broken(format!("holds no document of {asset_id}")))
    }

    /// Ids of the documents that `filter` lets through.
    ///
    /// # Errors
    ///
    /// [`SearchError::Broken`] when a line is not a document.
    pub fn matching(&self, filter: &Filter) -> Result<HashSet<String>, SearchError> {
        let parts = self.each_part(|lines| {
            let mut ids = HashSet::new();
            for line in lines {
                let document: Value = self.read(line)?;
                if filter.matches(&document) {
                    let id = document["asset_id"].as_str();
                    ids.insert(
                        id.ok_or_else(|| self.broken("has a line without asset_id".to_owned()))?
                            .to_owned(),
                    );
                }
            }
            Ok::<_, SearchError>(ids)
        });
        parts.into_iter().try_fold(HashSet::new(), |mut all, part| {
            all.extend(part?);
            Ok(all)
        })
    }

    /// Calls `work` with the lines of each of several parts, on a thread each where that pays.
    pub fn each_part<T: Send>(
        &self,
        work: impl Fn(&mut dyn Iterator<Item = &[u8]>) -> T + Sync,
    ) -> Vec<T> {
        let bytes = self.map.bytes();
        divided(bytes.len(), THREAD_BYTES_MIN, |from, to| {
            // A line belongs to the part that holds its first byte.
            let from = next_line_start(bytes, from);
            let to = next_line_start(bytes, to);
            let mut lines =
                bytes[from..to].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            work(&mut lines)
        })
    }

    /// Calls `each` with the head of every document, in order.
    ///
    /// # Errors
    ///
    /// [`SearchError::Broken`] when a line is not a document.
    pub fn heads(&self, mut each: impl FnMut(Head<'_>)) -> Result<(), SearchError> {
        let lines = self.map.bytes().split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            each(self.read(line)?);
        }
        Ok(())
    }

    /// Reads one line.
    ///
    /// # Errors
    ///
    /// [`SearchError::Broken`].
    pub fn read<'a, T: Deserialize<'a>>(&self, line: &'a [u8]) -> Result<T, SearchError> {
        serde_json::from_slice(line)
            .map_err(|error| self.broken(format!("has a line that is no document ({error})")))
    }

    fn broken(&self, reason: String) -> SearchError {
        SearchError::Broken { path: self.path.clone(), reason }
    }
}

/// Start of the line that holds the byte `at`.
fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |feed| feed + 1)
}

/// Start of the first line that starts at or after `at`.
fn next_line_start(bytes: &[u8], at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    memchr::memchr(b'\n', &bytes[at - 1..]).map_or(bytes.len(), |feed| at + feed)
}

fn line_at(bytes: &[u8], start: usize) -> &[u8] {
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |feed| start + feed);
    &bytes[start..end]
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn many(count: usize) -> (tempfile::TempDir, Documents, Vec<String>) {
        let ids: Vec<String> =
            (0..count).map(|n| crate::asset::asset_id("lib", &n.to_string())).collect();
        let documents: Vec<Value> = ids
            .iter()
            .enumerate()
            // Lines of very different lengths, so that halving meets every case.
            .map(|(n, id)| {
                fixture::document(id, &format!("n{n}"), "pack", &"w ".repeat(n * 37 % 500))
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        fixture::write_documents(folder.path(), &documents);
        let documents = Documents::open(folder.path(), fixture::DOCUMENTS).unwrap();
        (folder, documents, ids)
    }

    #[test]
    fn every_document_is_found_by_its_id_and_no_other() {
        for count in [1, 2, 3, 100, 3_000] {
            let (_folder, documents, ids) = many(count);
            for id in &ids {
                assert_eq!(documents.get(id).unwrap()["asset_id"], **id);
            }
            for absent in ["0000000000000000", "ffffffffffffffff", "8000000000000000"] {
                assert!(documents.get(absent).unwrap_err().to_string().contains(absent));
            }
        }
    }

    #[test]
    fn a_filter_sees_every_document_once_however_the_work_is_divided() {
        let (_folder, documents, ids) = many(5_000);
        let lines: usize = documents.each_part(|lines| lines.count()).into_iter().sum();
        assert_eq!(lines, ids.len());
        let filter = Filter::parse("name in ('n7', 'n4999')").unwrap();
        let found = documents.matching(&filter).unwrap();
        assert_eq!(found, HashSet::from([ids[7].clone(), ids[4999].clone()]));
    }

    #[test]
    fn a_line_that_is_no_document_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fixture::write_documents(folder.path(), &[]);
        std::fs::write(folder.path().join(fixture::DOCUMENTS), "{\"asset_id\":\"a\n").unwrap();
        let documents = Documents::open(folder.path(), fixture::DOCUMENTS).unwrap();
        let error = documents.get("a").unwrap_err().to_string();
        assert!(error.contains("documents.jsonl has a line that is no document"), "{error}");
    }
}
