//! Pictures that a library brings: where an asset's are, and their versions.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use vitrine_crds::library::ViewsFrom;
use vitrine_crds::library::views::{Filling, Template};

use super::existing::{self, Fetched, Taking};
use crate::asset::naming;
use crate::storage::{Listing, Storage, StorageError};

/// Largest map of ids, in bytes: some five million assets.
const ID_MAP_BYTES_MAX: u64 = 512 << 20;

/// Where the pictures of a library's assets are.
#[derive(Debug)]
pub struct Brought {
    storage: Storage,
    template: Template,
    library: String,
    /// Names all of this, for fingerprints.
    named: String,
    /// By path of asset.
    ids: Option<IdMap>,
    /// The pictures that are taken, by number.
    numbers: Vec<u32>,
    /// Longer side of what is kept, in pixels, at most.
    size: usize,
    /// Where the pictures are inside the library, with a slash at the end, where they are.
    inside: Option<String>,
}

/// Why no pictures can be brought at all.
#[derive(Debug, thiserror::Error)]
pub enum BroughtError {
    /// The map of ids cannot be fetched.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The configuration or the map is wrong.
    #[error("{0}")]
    Usage(String),
}

/// The id of its pictures by path of asset.
#[derive(Debug, Default)]
struct IdMap(HashMap<String, String>);

impl Brought {
    /// Reads the map of ids, where there is one.
    ///
    /// * `storage`: of `from.uri`.
    /// * `library`, `source_uri`: the library's id, and where its assets are.
    /// * `views`, `size`: how many pictures of each asset are taken; their longer side in pixels.
    ///
    /// # Errors
    ///
    /// When there is no such folder, the map is not there, too large or no map, or the template is
    /// none.
    pub fn open(
        from: &ViewsFrom,
        storage: Storage,
        (library, source_uri): (&str, &str),
        (views, size): (u32, u32),
    ) -> Result<Self, BroughtError> {
        let template = Template::parse(&from.path)
            .map_err(|reason| BroughtError::Usage(format!("`views.from.path` {reason}")))?;
        if storage.folder().is_some_and(|folder| !folder.is_dir()) {
            return Err(BroughtError::Usage(format!(
                "there is no folder {} (views.from.uri)",
                storage.uri("")
            )));
        }
        let ids = from.id_map.as_deref().map(|file| IdMap::read(&storage, file)).transpose()?;
        let uri = storage.uri("");
        let rest = uri.strip_prefix(source_uri.trim_end_matches('/'));
        let inside = rest.and_then(|rest| match rest.trim_matches('/') {
            "" => Some(String::new()),
            folder => rest.starts_with('/').then(|| format!("{folder}/")),
        });
        let numbers = from.numbers(views);
        let named = format!("{uri} {} {numbers:?}", from.path);
        let library = library.to_owned();
        Ok(Self { storage, template, library, named, ids, numbers, size: size as usize, inside })
    }

    /// The pictures of the asset at `path`, in order; none where the map does not know it.
    fn paths(&self, path: &str) -> Option<Vec<String>> {
        let bare = path.rsplit_once('.').filter(|(_, suffix)| !suffix.contains('/'));
        let id = match &self.ids {
            Some(IdMap(ids)) => ids.get(path)?,
            None => bare.map_or(path, |(bare, _)| bare),
        };
        let (name, pack) = (naming::stem(path), naming::pack(&self.library, path));
        let filling = Filling { id, path, name, pack };
        Some(self.numbers.iter().map(|&view| self.template.fill(&filling, view)).collect())
    }

    /// What the pictures of the asset at `path` are and which versions they have.
    ///
    /// On disk they are asked for, and in the library itself the listing tells. In another bucket
    /// they are not looked at: a library of a million assets has eight million.
    ///
    /// * `listing`: of the library.
    ///
    /// # Errors
    ///
    /// When the place of the pictures does not answer.
    pub fn versions(&self, path: &str, listing: &Listing) -> Result<Vec<String>, StorageError> {
        let mut versions = vec![self.named.clone()];
        let Some(paths) = self.paths(path) else {
            versions.push("unmapped".to_owned());
            return Ok(versions);
        };
        for path in paths {
            let version = match (&self.storage, &self.inside) {
                (Storage::Folder(_), _) => match self.storage.head(&path) {
                    Ok(entry) => entry.map_or("absent".into(), |entry| entry.version),
                    Err(error) if existing::is_of_one(&error) => "unreadable".into(),
                    Err(error) => return Err(error),
                },
                (Storage::Bucket(_), Some(inside)) => {
                    let entry = listing.get(&format!("{inside}{path}"));
                    entry.map_or("absent".into(), |entry| entry.version.clone())
                }
                (Storage::Bucket(_), None) => "unseen".into(),
            };
            versions.push(format!("{path} {version}"));
        }
        Ok(versions)
    }

    /// Fetches the pictures of the asset at `path` and makes of them what a child would have drawn.
    /// Where one of them is missing or broken there are none; the sentence says which.
    ///
    /// * `files`: whether they go into the catalogue.
    ///
    /// # Errors
    ///
    /// When the place of the pictures does not answer.
    pub fn fetch(&self, path: &str, taking: &Taking<'_>, files: bool) -> Fetched {
        let Some(paths) = self.paths(path) else {
            return Ok(Err("the map of ids does not name it (views.from.idMap)".to_owned()));
        };
        existing::parts(&self.storage, &paths, taking, files.then_some(self.size))
    }
}

impl IdMap {
    fn read(storage: &Storage, file: &str) -> Result<Self, BroughtError> {
        let uri = storage.uri(file);
        let usage = |sentence: String| Err(BroughtError::Usage(sentence));
        let bytes = match storage.get_at_most(file, ID_MAP_BYTES_MAX)? {
            Some(Ok(bytes)) => bytes,
            Some(Err(bytes)) => {
                let max = ID_MAP_BYTES_MAX;
                return usage(format!("the map of ids {uri} has {bytes} bytes, more than {max}"));
            }
            None => return usage(format!("there is no map of ids {uri} (views.from.idMap)")),
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            BroughtError::Usage(format!(
                "the map of ids {uri} is no JSON object from ids of pictures to paths of assets: \
                 {error}"
            ))
        })
    }
}

impl<'de> Deserialize<'de> for IdMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Turned;
        impl<'de> Visitor<'de> for Turned {
            type Value = IdMap;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<IdMap, A::Error> {
                let mut ids = HashMap::new();
                while let Some((id, path)) = all.next_entry::<String, String>()? {
                    ids.entry(path).or_insert(id); // Of several the first.
                }
                Ok(IdMap(ids))
            }
        }
        deserializer.deserialize_map(Turned)
    }
}
