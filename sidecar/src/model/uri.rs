//! What a model's URI means.

use std::path::{Path, PathBuf};

use super::ModelError;
use super::known::{self, Kind, Known};
use crate::storage::{Location, StorageError};

/// A model's place, checked: no later step can meet a malformed one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ModelUri {
    /// A folder on this machine; used where it is.
    Folder(PathBuf),
    /// A repository of the hub.
    Hub(Repository),
    /// A model this program knows by name; see [`known::MODELS`].
    Known(&'static Known),
    /// A folder in a bucket or below a web address.
    Store(Location),
}

/// A repository of the hub. Owner and name hold only `A-Z a-z 0-9 . _ -` and are no dots alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repository {
    /// Person or organisation.
    pub owner: String,
    /// The repository's name.
    pub name: String,
    /// Branch, tag or commit; `main` where none was written.
    pub revision: String,
}

impl Repository {
    /// `owner/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl ModelUri {
    /// Reads a URI as a person writes it.
    ///
    /// # Errors
    ///
    /// [`ModelError::Uri`] where it has no meaning, with what to write instead.
    pub fn parse(uri: &str) -> Result<Self, ModelError> {
        let wrong =
            |reason: &str| ModelError::Uri { uri: redacted(uri), reason: reason.to_owned() };
        let Some((scheme, rest)) = uri.split_once("://") else {
            return Self::parse_path(uri);
        };
        match scheme {
            "hf" => parse_repository(rest)
                .map(Self::Hub)
                .ok_or_else(|| wrong("write hf://owner/name or hf://owner/name@revision")),
            "pvc" => Err(wrong(
                "a pvc:// URI names a volume of a cluster and has no meaning on this machine; give \
                 a folder, or hf://owner/name",
            )),
            "file" | "s3" | "gs" | "az" | "https" => match Location::parse(uri) {
                Ok(Location::Folder(folder)) => Ok(Self::Folder(folder)),
                Ok(Location::Bucket(bucket)) => Ok(Self::Store(Location::Bucket(bucket))),
                Err(StorageError::Location { uri, reason }) => Err(ModelError::Uri { uri, reason }),
                Err(error) => Err(wrong(&error.to_string())),
            },
            _ => Err(wrong(
                "this scheme is unknown; write a folder, file://, hf://, s3://, gs://, az:// or \
                 https://",
            )),
        }
    }

    fn parse_path(text: &str) -> Result<Self, ModelError> {
        if text.is_empty() {
            let reason = "it is empty; write a folder, or hf://owner/name".to_owned();
            return Err(ModelError::Uri { uri: String::new(), reason });
        }
        // A folder of that name wins: what a person made themselves is what they mean.
        match known::by_name(text) {
            Some(known) if !Path::new(text).exists() => Ok(Self::Known(known)),
            _ => Ok(Self::Folder(PathBuf::from(text))),
        }
    }

    /// `uri` as it means the same in whichever folder a program is started: a folder's path from the
    /// root.
    pub fn lasting(uri: &str) -> String {
        match Self::parse(uri) {
            Ok(Self::Folder(folder)) if folder.is_relative() => std::path::absolute(folder)
                .map_or_else(|_| uri.to_owned(), |folder| folder.display().to_string()),
            _ => uri.to_owned(),
        }
    }

    /// Name of the model's folder in the cache; `None` for a folder that is used where it is.
    ///
    /// One repository may serve as both kinds, by different files.
    pub fn cache_key(&self, kind: Kind) -> Option<String> {
        let key = self.key()?;
        Some(match kind {
            Kind::Sentence => key,
            Kind::Dual => format!("dual--{key}"),
            Kind::People => format!("people--{key}"),
        })
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Folder(_) => None,
            Self::Known(known) => Some(format!("known--{}", known.name)),
            Self::Hub(repository) => {
                let Repository { owner, name, revision } = repository;
                let plain = revision.len() <= 64 && is_segment(revision);
                let revision = if plain { revision.clone() } else { short_hash(revision) };
                Some(format!("hf--{owner}--{name}--{revision}"))
            }
            Self::Store(at) => Some(format!("store--{}", short_hash(&at.to_string()))),
        }
    }
}

fn parse_repository(rest: &str) -> Option<Repository> {
    let (path, revision) = rest.split_once('@').unwrap_or((rest, "main"));
    let (owner, name) = path.trim_end_matches('/').split_once('/')?;
    // Branches may hold slashes (`refs/pr/1`); nothing in one may climb.
    let revision_is_plain = revision.split('/').all(is_segment);
    (is_segment(owner) && is_segment(name) && revision_is_plain).then(|| Repository {
        owner: owner.to_owned(),
        name: name.to_owned(),
        revision: revision.to_owned(),
    })
}

fn is_segment(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.len() <= 128 && text != "." && text != ".." && text.chars().all(plain)
}

fn short_hash(text: &str) -> String {
    super::digest::of_bytes(text.as_bytes())[..16].to_owned()
}

/// `uri` without what may be secret: user name, password and query.
pub fn redacted(uri: &str) -> String {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let uri = &uri[..end];
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    // In `hf://owner/name@revision` the @ is no user name.
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_uri_means_the_same_in_every_folder() {
        let here = std::env::current_dir().unwrap().join("models/minilm");
        assert_eq!(ModelUri::lasting("models/minilm"), here.display().to_string());
        for lasts in ["/models/minilm", "hf://a/b", "s3://bucket/x", "all-MiniLM-L6-v2", "pvc://x"]
        {
            assert_eq!(ModelUri::lasting(lasts), lasts);
        }
    }

    #[test]
    fn every_kind_of_uri_is_read() {
        let hub = |owner: &str, name: &str, revision: &str| {
            ModelUri::Hub(Repository {
                owner: owner.to_owned(),
                name: name.to_owned(),
                revision: revision.to_owned(),
            })
        };
        #[rustfmt::skip]
        let cases = [
            ("/models/minilm",            ModelUri::Folder("/models/minilm".into())),
            ("models/minilm",             ModelUri::Folder("models/minilm".into())),
            ("file:///models/minilm",     ModelUri::Folder("/models/minilm".into())),
            ("hf://a/b",                  hub("a", "b", "main")),
            ("hf://a/b@v1.0",             hub("a", "b", "v1.0")),
            ("hf://a/b@refs/pr/1",        hub("a", "b", "refs/pr/1")),
            ("s3://bucket/models/x/",     ModelUri::Store(Location::parse("s3://bucket/models/x").unwrap())),
            ("https://host/x",            ModelUri::Store(Location::parse("https://host/x").unwrap())),
        ];
        for (uri, expected) in cases {
            assert_eq!(ModelUri::parse(uri).unwrap(), expected, "{uri}");
        }
        assert!(matches!(ModelUri::parse("all-MiniLM-L6-v2-q").unwrap(), ModelUri::Known(_)));
    }

    #[test]
    fn a_uri_without_meaning_says_what_to_write() {
        #[rustfmt::skip]
        let cases = [
            ("",                          "hf://owner/name"),
            ("hf://only-owner",           "hf://owner/name"),
            ("hf://../b",                 "hf://owner/name"),
            ("hf://a/b@../../etc",        "hf://owner/name"),
            ("hf://a/b/c",                "hf://owner/name"),
            ("file://host/path",          "file:///folder"),
            ("pvc://claim/path",          "volume of a cluster"),
            ("ftp://host/x",              "scheme is unknown"),
            ("s3:///x",                   "it names no bucket"),
            ("https://u:secret@host/x",   "user names are not taken"),
            ("https://host/x?sig=secret", "it has a query"),
        ];
        for (uri, expected) in cases {
            let said = ModelUri::parse(uri).unwrap_err().to_string();
            assert!(said.contains(expected), "{uri}: {said}");
            assert!(!said.contains("secret"), "{uri}: {said}");
        }
    }

    #[test]
    fn cache_keys_are_single_safe_folder_names() {
        for uri in ["hf://a/b", "hf://a/b@refs/pr/1", "s3://bucket/x", "all-minilm-l6-v2-q"] {
            let key = ModelUri::parse(uri).unwrap().cache_key(Kind::Sentence).unwrap();
            assert!(is_segment(&key), "{uri}: {key}");
        }
        let main = ModelUri::parse("hf://a/b").unwrap().cache_key(Kind::Sentence);
        assert_ne!(main, ModelUri::parse("hf://a/b@v2").unwrap().cache_key(Kind::Sentence));
    }
}
