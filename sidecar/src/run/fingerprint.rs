//! What makes an asset worth working on again.

use chrono::{SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::Settings;
use super::records::Known;
use crate::asset::Caption;
use crate::extract::pictures::Wanted;
use crate::extract::text::DESCRIBER_VERSION;
use crate::extract::{Bounds, extractor_version};
use crate::storage::{Listing, Storage, StorageError};

/// The content versions of a library, as they were before any asset was read: a file that changes
/// while a run goes on is seen as changed by the next one.
pub struct Versions<'a> {
    /// The library.
    pub storage: &'a Storage,
    /// All that it holds.
    pub listing: &'a Listing,
}

impl Versions<'_> {
    /// The version at `path`; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// When a path that listings leave out cannot be asked for.
    pub(super) fn of(&self, path: &str) -> Result<Option<Box<str>>, StorageError> {
        if let Some(entry) = self.listing.get(path) {
            return Ok(Some(entry.version.clone()));
        }
        // Dot files are in no listing, and on disk neither is what lies behind a linked folder.
        let unlisted =
            self.storage.folder().is_some() || path.starts_with('.') || path.contains("/.");
        if !unlisted {
            return Ok(None);
        }
        match self.storage.head(path) {
            Ok(entry) => Ok(entry.map(|entry| entry.version)),
            // A path that leaves the library is never there.
            Err(StorageError::Location { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What an asset was made from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Its path inside the library.
    pub path: &'a str,
    /// Files of the library whose change changes it.
    pub files: &'a [String],
    /// Paths whose arrival changes it.
    pub absent: &'a [String],
    /// Pictures that are brought for it, with their versions.
    pub brought: &'a [String],
}

/// What of a configuration changes what is read and drawn.
pub struct Options<'a> {
    bounds: &'a Bounds,
    pictures: Option<&'a Wanted>,
}

impl<'a> Options<'a> {
    /// Those of `settings`.
    pub fn of(settings: &'a Settings) -> Self {
        Self { bounds: &settings.bounds, pictures: settings.pictures.as_ref() }
    }
}

/// Covers the versions of all files of `origin` and of its absent ones, the extractor and its
/// options.
///
/// # Errors
///
/// When a version cannot be asked for.
pub fn content(
    origin: &Origin<'_>,
    options: &Options<'_>,
    versions: &Versions<'_>,
) -> Result<String, StorageError> {
    let mut hash = Sha256::new();
    let mut say = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    let Origin { path, files, absent, brought } = origin;
    say(extractor_version(path));
    say(&serde_json::to_string(&options.bounds.usd).expect("limits are JSON"));
    if let Some(wanted) = options.pictures {
        say(&wanted.version());
    }
    let mut paths: Vec<&str> = files.iter().chain(*absent).map(String::as_str).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        say(path);
        say(versions.of(path)?.as_deref().unwrap_or("absent"));
    }
    for picture in *brought {
        say(picture);
    }
    Ok(hex(hash))
}

/// Covers what the text of a document is made from, beside its facts.
pub fn text(library: &str, source_uri: &str, caption: &Caption) -> String {
    let caption = serde_json::to_string(caption).expect("captions are JSON");
    digest(&[DESCRIBER_VERSION, library, source_uri, &caption])
}

/// Covers a sentence and the model that embeds it.
pub fn embedding(sentence: &str, model_fingerprint: &str) -> String {
    digest(&[sentence, model_fingerprint])
}

/// Covers all that the next run compares a document by: what stands in an index for `known`.
pub fn state(known: &Known) -> String {
    let mut parts = vec![known.fingerprint.as_str(), known.text.as_str()];
    for (field, model) in &known.embeddings {
        parts.extend([field.as_str(), model.as_str()]);
    }
    digest(&parts)
}

pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(hash)
}

fn hex(hash: Sha256) -> String {
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The time now, RFC 3339 in UTC, to the second.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
