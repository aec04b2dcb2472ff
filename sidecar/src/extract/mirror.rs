//! What children see of a bucket: a folder that fills as they ask.
//!
//! Layers, packages, MaterialX documents and GLBs are fetched, and pictures where assets are drawn; of everything else children
//! only want to know whether it is there, so an empty file of its name stands for it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vitrine_usd::Inspection;

use crate::storage::{Bucket, Listing, StorageError};

/// Bytes on disk between two windows of assets.
const MIRROR_BYTES_MAX: u64 = 8 << 30;
/// Largest picture that is fetched; one that is not is a texture that cannot be read.
const PICTURE_BYTES_MAX: u64 = 256 << 20;
/// How often an asset is read again because files arrived; each time something new must have.
pub const ROUNDS_MAX: usize = 64;
/// Folders that hold a mirror start with this, then the process.
const PREFIX: &str = "vitrine-mirror-";

/// A folder that shows a part of a bucket.
pub struct Mirror<'a> {
    bucket: &'a Bucket,
    listing: &'a Listing,
    folder: TempDir,
    held: HashMap<String, Held>,
    bytes: u64,
    file_bytes_max: u64,
    draws: bool,
    clock: u64,
}

struct Held {
    bytes: u64,
    used: u64,
}

impl<'a> Mirror<'a> {
    /// An empty mirror in the cache folder `VITRINE_CACHE_DIR`, else in the system's folder for
    /// temporary files. Takes away what killed runs left there.
    ///
    /// * `file_bytes_max`: larger files are not fetched; the reader refuses them by their size.
    /// * `draws`: whether pictures are wanted too.
    ///
    /// # Errors
    ///
    /// When no folder can be made.
    pub fn new(
        bucket: &'a Bucket,
        listing: &'a Listing,
        file_bytes_max: u64,
        draws: bool,
    ) -> std::io::Result<Self> {
        let above = std::env::var_os("VITRINE_CACHE_DIR").map(PathBuf::from);
        let above = above.unwrap_or_else(std::env::temp_dir);
        fs::create_dir_all(&above)?;
        sweep(&above);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&above)?;
        let held = HashMap::new();
        Ok(Self { bucket, listing, folder, held, bytes: 0, file_bytes_max, draws, clock: 0 })
    }

    /// The folder that stands for the library.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Brings those of `paths` that the bucket lists and the mirror lacks.
    /// Returns whether anything came.
    ///
    /// # Errors
    ///
    /// When the bucket or the disk fails.
    pub fn bring(&mut self, paths: &[String]) -> Result<bool, StorageError> {
        self.clock += 1;
        let mut fetches = Vec::new();
        let mut came = false;
        for path in paths {
            if let Some(held) = self.held.get_mut(path) {
                held.used = self.clock;
                continue;
            }
            let Some(entry) = self.listing.get(path) else { continue };
            let file = self.folder.path().join(path);
            came = true;
            let fetched = is_layer(path) && entry.size <= self.file_bytes_max
                || self.draws && is_picture(path) && entry.size <= PICTURE_BYTES_MAX;
            if fetched {
                fetches.push((path.clone(), file));
            } else {
                let size = if is_layer(path) { entry.size } else { 0 };
                stand_in(&file, size).map_err(|source| StorageError::Disk {
                    action: "write",
                    path: file.display().to_string(),
                    source,
                })?;
            }
            let bytes = if fetched { entry.size } else { 0 };
            self.bytes += bytes;
            self.held.insert(path.clone(), Held { bytes, used: self.clock });
        }
        self.bucket.fetch_all(fetches)?;
        Ok(came)
    }

    /// Which of the paths that `inspection` missed the bucket has: files of numbered tiles too,
    /// where it names them by `<UDIM>`.
    pub fn wanted(&self, inspection: &Inspection) -> Vec<String> {
        let mut wanted = Vec::new();
        for path in &inspection.absent {
            match path.split_once("<UDIM>") {
                None => wanted.extend(self.listing.get(path).map(|entry| entry.path.clone())),
                Some((before, after)) => {
                    let tiles = self.listing.starting_with(before).filter(|entry| {
                        let tile = entry.path[before.len()..].strip_suffix(after);
                        tile.is_some_and(|tile| {
                            tile.len() == 4 && tile.bytes().all(|byte| byte.is_ascii_digit())
                        })
                    });
                    wanted.extend(tiles.map(|entry| entry.path.clone()));
                }
            }
        }
        wanted.retain(|path| !self.held.contains_key(path));
        wanted
    }

    /// Lets go of what was not used for longest. Call while no child reads.
    pub fn make_room(&mut self) {
        if self.bytes <= MIRROR_BYTES_MAX {
            return;
        }
        let mut by_age: Vec<(u64, String)> =
            self.held.iter().map(|(path, held)| (held.used, path.clone())).collect();
        by_age.sort_unstable();
        for (_, path) in by_age {
            if self.bytes <= MIRROR_BYTES_MAX / 2 {
                break;
            }
            if let Some(held) = self.held.remove(&path) {
                self.bytes -= held.bytes;
                let _ = fs::remove_file(self.folder.path().join(&path)); // Gone is gone.
            }
        }
    }
}

/// Whether children read the file itself.
fn is_layer(path: &str) -> bool {
    let suffix = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(suffix.as_str(), "usd" | "usda" | "usdc" | "usdz" | "mtlx" | "glb" | "gltf")
}

/// Whether it may be the picture of a texture.
fn is_picture(path: &str) -> bool {
    let suffix = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        suffix.as_str(),
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "bmp" | "tif" | "tiff" | "tga"
    )
}

/// An empty file, of `size` for show.
fn stand_in(file: &Path, size: u64) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(file)?.set_len(size)
}

/// Removes mirrors of processes that are gone.
fn sweep(above: &Path) {
    let Ok(items) = fs::read_dir(above) else { return };
    for item in items.flatten() {
        let name = item.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let owner = owner.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(item.path()); // Another process may sweep as well.
        }
    }
}
