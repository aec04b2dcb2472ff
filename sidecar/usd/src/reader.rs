//! The way in: one asset of a library, from its path to its facts.

use std::path::PathBuf;

use crate::compose::{Aim, Stage};
use crate::dependencies;
use crate::facts;
use crate::layer::LayerError;
use crate::limits::Limits;
use crate::metadata::Inspection;
use crate::names::{Name, Names};
use crate::scene::SceneOptions;
use crate::source::Bytes;
use crate::store::Store;
use crate::value::Value;
use vitrine_scene::Scene;

/// What the table of names may hold before everything is forgotten, in bytes.
const NAMES_BYTES_MAX: usize = 64 << 20;

/// Reads assets of one library. Layers shared by several assets are parsed once.
pub struct Reader {
    store: Store,
    names: Names,
}

/// Why a file has no metadata. The message names the file and, for a limit, the limit.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct UsdError {
    /// Path inside the library.
    pub path: String,
    /// A sentence without the path.
    pub reason: String,
}

impl Reader {
    /// A reader of the library in the folder `root`. No path outside `root` is ever opened, and no
    /// link that leads outside is followed.
    pub fn new(root: impl Into<PathBuf>, limits: Limits) -> Self {
        Self { store: Store::new(root.into(), limits), names: Names::default() }
    }

    /// Opens one asset, composes it and gathers what a catalogue wants to know.
    ///
    /// * `path`: relative to the library's root, `/` between folders.
    ///
    /// # Errors
    ///
    /// When the root layer is not USD, is broken, or passes a limit. Missing or broken layers
    /// below it are not errors: they are listed in the answer.
    pub fn inspect(&mut self, path: &str) -> Result<Inspection, UsdError> {
        self.try_inspect(path)
            .map_err(|error| UsdError { path: path.to_owned(), reason: error.to_string() })
    }

    /// Opens one asset, composes it and gathers what a picture of it needs, at the earliest time.
    ///
    /// * `path`: relative to the library's root, `/` between folders.
    ///
    /// # Errors
    ///
    /// When the root layer is not USD, is broken, or passes a limit of composition. Geometry and
    /// pictures beyond their limits are left out, and a warning says so.
    pub fn scene(&mut self, path: &str, options: &SceneOptions) -> Result<Scene, UsdError> {
        self.try_scene(path, options)
            .map_err(|error| UsdError { path: path.to_owned(), reason: error.to_string() })
    }

    /// The bytes of a file of the library that is no layer, within the limit on a file's size: for
    /// formats that others read.
    ///
    /// * `path`: relative to the library's root, `/` between folders.
    ///
    /// # Errors
    ///
    /// When it is not there, lies outside the library, is too large or cannot be read.
    pub fn file(&mut self, path: &str) -> Result<Bytes, UsdError> {
        self.begin();
        let found = inside(path).and_then(|inside| self.store.file(&inside));
        found.map_err(|error| UsdError { path: path.to_owned(), reason: error.to_string() })
    }

    fn try_scene(&mut self, path: &str, options: &SceneOptions) -> Result<Scene, LayerError> {
        self.begin();
        let path = inside(path)?;
        let mut stage = Stage::open(&mut self.store, &mut self.names, &path, Aim::Scene)?;
        crate::scene::build(&mut stage, options)
    }

    /// Forgets the last asset, and all names once there are many.
    fn begin(&mut self) {
        self.store.begin();
        if self.names.bytes() > NAMES_BYTES_MAX {
            self.names = Names::default();
            self.store.clear();
        }
    }

    fn try_inspect(&mut self, path: &str) -> Result<Inspection, LayerError> {
        self.begin();
        let path = inside(path)?;
        let mut stage = Stage::open(&mut self.store, &mut self.names, &path, Aim::Facts)?;
        let mut metadata = facts::gather(&mut stage)?;
        let mut kind = None;
        let mut names = Vec::new();
        if let Some(default_prim) = metadata.default_prim.clone() {
            let found = crate::path::parse(
                &format!("/{}", default_prim.trim_start_matches('/')),
                &[],
                stage.names,
            );
            let prim = match found {
                Some((path, _)) => stage.prim_at(&path)?,
                None => None,
            };
            if let Some(prim) = prim {
                let placed = stage.placed(prim);
                if let Some(Value::Token(token)) = placed.field(Name::KIND) {
                    kind = Some(stage.names.text(*token).to_owned());
                }
                if metadata.documentation.is_none()
                    && let Some(Value::String(text)) = placed.field(Name::DOCUMENTATION)
                {
                    metadata.documentation =
                        Some(text.to_string()).filter(|text| !text.trim().is_empty());
                }
                names = child_names(&mut stage, prim)?;
            }
        }
        let mut warnings = std::mem::take(&mut stage.warnings);
        drop(stage);
        let dependencies = dependencies::gather(&mut self.store, &mut self.names, &path)?;
        metadata.dependencies = dependencies.found.into_iter().collect();
        metadata.missing_dependencies = dependencies.missing.into_iter().collect();
        for warning in dependencies.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        Ok(Inspection {
            metadata,
            kind,
            files: self.store.touched.files(),
            absent: self.store.touched.absent(),
            names,
            warnings,
        })
    }
}

/// `path` without `.` and `..`.
fn inside(path: &str) -> Result<String, LayerError> {
    crate::assets::join("", path)
        .map_err(|outside| LayerError::new(format!("`{outside}` lies outside the library")))
}

/// Names of the first prims below the default prim.
fn child_names(stage: &mut Stage, prim: u32) -> Result<Vec<String>, LayerError> {
    let children = stage.children(prim)?;
    let names = children.iter().take(16).map(|&child| {
        let name = stage.prims[child as usize].name;
        stage.names.text(name).to_owned()
    });
    Ok(names.collect())
}
