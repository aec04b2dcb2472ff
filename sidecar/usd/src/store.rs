//! The library's files: opening, caching and remembering what was looked for.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use crate::assets::{self, Reach};
use crate::expression;
use crate::layer::{self, Encoding, Layer, LayerError};
use crate::limits::Limits;
use crate::mapped::Mapped;
use crate::materialx;
use crate::names::Names;
use crate::package::Package;
use crate::source::Bytes;

mod documents;

/// Files below this size are read, larger ones mapped, in bytes.
const MAP_MIN: u64 = 256 << 10;

/// Files of one folder that are looked at for a pattern.
const SIBLINGS_MAX: usize = 100_000;

/// What the caches may hold before they are emptied, in bytes.
const CACHE_BYTES_MAX: usize = 256 << 20;

/// Where an asset path leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// A file inside the library.
    Found(String),
    /// Nothing: how the path is reported.
    Missing(String),
}

#[derive(Clone, PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

struct Cached<T> {
    stamp: Stamp,
    held: Rc<T>,
}

/// Access to the files of one library.
pub(crate) struct Store {
    root: PathBuf,
    real_root: Option<PathBuf>,
    pub(crate) limits: Limits,
    layers: HashMap<String, Cached<Layer>>,
    packages: HashMap<String, Cached<Package>>,
    documents: HashMap<String, documents::Cached>,
    cached_bytes: usize,
    /// Variables of the asset at hand, for expressions in asset paths.
    pub(crate) variables: HashMap<String, String>,
    /// What the asset at hand has touched.
    pub(crate) touched: Touched,
}

/// What one inspection looked at.
#[derive(Default)]
pub(crate) struct Touched {
    /// Files found, with what the disk said of them.
    stamps: HashMap<String, Option<Stamp>>,
    /// Layers opened.
    opened: BTreeSet<String>,
    /// Paths inside the library that were looked for and absent.
    absent: BTreeSet<String>,
}

impl Touched {
    /// Files on disk, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let found = self.stamps.iter().filter(|(_, stamp)| stamp.is_some());
        let mut files: Vec<String> = found.map(|(path, _)| path.clone()).collect();
        files.sort();
        files
    }

    /// Paths that were absent, sorted.
    pub(crate) fn absent(&self) -> Vec<String> {
        self.absent.iter().cloned().collect()
    }
}

impl Store {
    pub(crate) fn new(root: PathBuf, limits: Limits) -> Self {
        let real_root = fs::canonicalize(&root).ok();
        Self {
            root,
            real_root,
            limits,
            layers: HashMap::new(),
            packages: HashMap::new(),
            documents: HashMap::new(),
            cached_bytes: 0,
            variables: HashMap::new(),
            touched: Touched::default(),
        }
    }

    /// Forgets the last asset; empties the caches once they are large.
    pub(crate) fn begin(&mut self) {
        self.touched = Touched::default();
        self.variables.clear();
        if self.cached_bytes > CACHE_BYTES_MAX {
            self.clear();
        }
    }

    /// Empties the caches.
    pub(crate) fn clear(&mut self) {
        self.layers.clear();
        self.packages.clear();
        self.documents.clear();
        self.cached_bytes = 0;
    }

    /// What the disk says of a file of the library; `None` when there is no such regular file, or
    /// a link leads outside.
    fn stamp(&mut self, path: &str) -> Option<Stamp> {
        if let Some(stamp) = self.touched.stamps.get(path) {
            return stamp.clone();
        }
        let stamp = self.look(path);
        if stamp.is_none() {
            self.touched.absent.insert(path.to_owned());
        }
        self.touched.stamps.insert(path.to_owned(), stamp.clone());
        stamp
    }

    fn look(&self, path: &str) -> Option<Stamp> {
        if path.is_empty() || path.contains('\0') {
            return None;
        }
        let full = self.root.join(path);
        let meta = fs::symlink_metadata(&full).ok()?;
        if meta.is_file() && self.parents_are_plain(path) {
            return Some(Stamp { size: meta.len(), modified: meta.modified().ok() });
        }
        // A link somewhere on the way: where does it lead?
        let real = fs::canonicalize(&full).ok()?;
        let inside = self.real_root.as_ref().is_some_and(|root| real.starts_with(root));
        let meta = fs::metadata(&real).ok().filter(|meta| inside && meta.is_file())?;
        Some(Stamp { size: meta.len(), modified: meta.modified().ok() })
    }

    /// Whether no folder between the root and `path` is a link.
    fn parents_are_plain(&self, path: &str) -> bool {
        let mut folder = Path::new(path).parent();
        while let Some(part) = folder.filter(|part| !part.as_os_str().is_empty()) {
            let meta = fs::symlink_metadata(self.root.join(part));
            if !meta.is_ok_and(|meta| meta.is_dir()) {
                return false;
            }
            folder = part.parent();
        }
        true
    }

    /// Whether the library holds `path`, which may point into a package.
    pub(crate) fn exists(&mut self, path: &str) -> bool {
        match assets::split_innermost(path) {
            None => self.stamp(path).is_some(),
            Some((package, inner)) => {
                let inner = inner.to_owned();
                self.package(&package).is_ok_and(|package| package.contains(&inner))
            }
        }
    }

    /// The bytes of a file of the library, or inside a package of it.
    pub(crate) fn file(&mut self, path: &str) -> Result<Bytes, LayerError> {
        Ok(self.bytes(path)?.0)
    }

    fn bytes(&mut self, path: &str) -> Result<(Bytes, Stamp), LayerError> {
        if let Some((package, inner)) = assets::split_innermost(path) {
            let inner = inner.to_owned();
            let held = self.package(&package)?;
            let outer = assets::split_package(path).map_or(path, |(outer, _)| outer);
            let stamp = self.stamp(outer).unwrap_or(Stamp { size: 0, modified: None });
            return Ok((held.file(&inner)?, stamp));
        }
        let stamp =
            self.stamp(path).ok_or_else(|| LayerError::new("is not a file of the library"))?;
        if stamp.size > self.limits.file_bytes_max {
            return Err(LayerError::new(format!(
                "has {} bytes, more than {} (limit fileBytesMax)",
                stamp.size, self.limits.file_bytes_max
            )));
        }
        let broken = |error: std::io::Error| LayerError::new(format!("cannot be read: {error}"));
        let file = fs::File::open(self.root.join(path)).map_err(broken)?;
        if stamp.size >= MAP_MIN {
            return Ok((Mapped::new(&file).map_err(broken)?.into(), stamp));
        }
        let mut bytes = Vec::with_capacity(stamp.size as usize + 1);
        file.take(self.limits.file_bytes_max).read_to_end(&mut bytes).map_err(broken)?;
        Ok((bytes.into(), stamp))
    }

    fn package(&mut self, path: &str) -> Result<Rc<Package>, LayerError> {
        let outer = assets::split_package(path).map_or(path, |(outer, _)| outer).to_owned();
        let stamp = self.stamp(&outer);
        if let Some(cached) = self.packages.get(path)
            && Some(&cached.stamp) == stamp.as_ref()
        {
            return Ok(Rc::clone(&cached.held));
        }
        let (bytes, stamp) = self.bytes(path)?;
        let held = Rc::new(Package::open(bytes)?);
        self.cached_bytes += 16 << 10;
        self.packages.insert(path.to_owned(), Cached { stamp, held: Rc::clone(&held) });
        Ok(held)
    }

    /// Opens the layer at `path`; of a package, its root layer. Of a MaterialX document, the layer
    /// that it stands for.
    ///
    /// * returns the layer, and the path that its own asset paths are anchored to.
    pub(crate) fn layer(
        &mut self,
        path: &str,
        names: &mut Names,
    ) -> Result<(Rc<Layer>, String), LayerError> {
        if self.touched.opened.insert(path.to_owned())
            && self.touched.opened.len() > self.limits.layers_max as usize
        {
            return Err(LayerError::new(format!(
                "is one layer too many: more than {} (limit layersMax)",
                self.limits.layers_max
            )));
        }
        if materialx::is_document_name(path) {
            return Ok((self.document(path, names)?, path.to_owned()));
        }
        let outer = assets::split_package(path).map_or(path, |(outer, _)| outer).to_owned();
        let stamp = self.stamp(&outer);
        if let Some(cached) = self.layers.get(path)
            && Some(&cached.stamp) == stamp.as_ref()
        {
            return Ok((Rc::clone(&cached.held), path.to_owned()));
        }
        let (bytes, stamp) = self.bytes(path)?;
        if layer::encoding(&bytes) == Some(Encoding::Package) {
            if path.matches('[').count() > 4 {
                return Err(LayerError::new("holds packages in packages in packages"));
            }
            let root = self.package(path)?.root().map(str::to_owned);
            let root = root.ok_or_else(|| LayerError::new("is an empty package"))?;
            if !is_layer_name(&root) {
                return Err(LayerError::new(format!(
                    "is a package whose first file, `{root}`, is no USD layer"
                )));
            }
            let inner = assets::join_package(path, &root);
            return self.layer(&inner, names);
        }
        let held = Rc::new(layer::read(bytes, names, &self.limits)?);
        self.cached_bytes += held.memory_bytes();
        self.layers.insert(path.to_owned(), Cached { stamp, held: Rc::clone(&held) });
        Ok((held, path.to_owned()))
    }

    /// Where `asset`, as written in the layer `anchor`, leads.
    pub(crate) fn resolve(&mut self, anchor: &str, asset: &str) -> Target {
        if asset.starts_with('`') {
            return match expression::evaluate(asset, &self.variables) {
                Some(asset) if !asset.starts_with('`') => self.resolve(anchor, &asset),
                _ => Target::Missing(asset.to_owned()),
            };
        }
        let reach = assets::reach(asset);
        if reach == Reach::Outside || asset.is_empty() {
            return Target::Missing(asset.to_owned());
        }
        if let Some((package, inner)) = assets::split_package(asset) {
            return match self.resolve(anchor, package) {
                Target::Found(package) => {
                    let path = assets::join_package(&package, inner);
                    if self.exists(&path) { Target::Found(path) } else { Target::Missing(path) }
                }
                Target::Missing(package) => Target::Missing(assets::join_package(&package, inner)),
            };
        }
        if let Some((package, inner)) = assets::split_innermost(anchor) {
            let inside = assets::join(inner, asset);
            if let Ok(joined) = &inside {
                let path = assets::join_package(&package, joined);
                if self.exists(&path) {
                    return Target::Found(path);
                }
            }
            if reach == Reach::Search {
                // Not beside the layer: perhaps beside the package's root layer, or the package.
                let root = self.package(&package).ok();
                let root = root.and_then(|package| package.root().map(str::to_owned));
                if let Some(Ok(joined)) = root.map(|root| assets::join(&root, asset)) {
                    let path = assets::join_package(&package, &joined);
                    if self.exists(&path) {
                        return Target::Found(path);
                    }
                }
                return self.resolve(&package, asset);
            }
            let path = inside.unwrap_or_else(|outside| outside);
            return Target::Missing(assets::join_package(&package, &path));
        }
        match assets::join(anchor, asset) {
            Ok(path) if self.exists(&path) => Target::Found(path),
            Ok(path) if reach == Reach::Layer => Target::Missing(path),
            Err(outside) if reach == Reach::Layer => Target::Missing(outside),
            _ => match assets::join("", asset) {
                Ok(path) if self.exists(&path) => Target::Found(path),
                _ => Target::Missing(asset.to_owned()),
            },
        }
    }

    /// Names of the files of the package at `path`, in its folder `folder`.
    fn package_siblings(&mut self, path: &str, folder: &str) -> Vec<String> {
        let Ok(package) = self.package(path) else { return Vec::new() };
        let names = package.names().filter_map(|name| match name.rsplit_once('/') {
            Some((above, name)) => (above == folder).then(|| name.to_owned()),
            None => folder.is_empty().then(|| name.to_owned()),
        });
        names.collect()
    }

    /// Files of the library beside `pattern` that it matches, `*` standing for anything in a name.
    ///
    /// * `package`: where `folder` is inside of one.
    pub(crate) fn siblings(
        &mut self,
        package: Option<&str>,
        folder: &str,
        prefix: &str,
        suffix: &str,
    ) -> Vec<String> {
        let mut found = match package {
            Some(package) => self.package_siblings(package, folder),
            None => match fs::read_dir(self.root.join(folder)) {
                Ok(entries) => {
                    let entries = entries.flatten().take(SIBLINGS_MAX);
                    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
                }
                Err(_) => Vec::new(),
            },
        };
        found.retain(|name| {
            name.len() > prefix.len() + suffix.len()
                && name.starts_with(prefix)
                && name.ends_with(suffix)
        });
        found.sort();
        found
    }
}

/// Whether a name says that a file is a layer or package.
pub(crate) fn is_layer_name(path: &str) -> bool {
    let path = path.trim_end_matches(']');
    let suffix = path.rsplit(['.', '[']).next().unwrap_or("").to_ascii_lowercase();
    matches!(suffix.as_str(), "usd" | "usda" | "usdc" | "usdz")
}
