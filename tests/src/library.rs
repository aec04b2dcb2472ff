//! Libraries that tests make, and the catalogues of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{self, Ended, command, run};

/// A library in a folder of its own, and beside it a catalogue.
#[derive(Debug)]
pub struct Library {
    folder: TempDir,
}

impl Default for Library {
    fn default() -> Self {
        Self::new()
    }
}

impl Library {
    /// An empty library called `lib`.
    ///
    /// # Panics
    ///
    /// When there is no place for temporary files.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        std::fs::create_dir(folder.path().join("lib")).expect("a new folder is writable");
        Self { folder }
    }

    /// Its folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("lib")
    }

    /// The catalogue's folder.
    pub fn catalog(&self) -> PathBuf {
        self.folder.path().join("catalog")
    }

    /// Writes a file of the library, or replaces it; the time of change always moves on.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().expect("files lie in folders")).expect("writable");
        std::fs::write(file, content).expect("writable");
        self
    }

    /// Removes a file of the library.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.path().join(path)).expect("it is there");
        self
    }

    /// A file beside the library, outside of it.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn beside(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("writable");
        path
    }

    /// `vitrine catalog` of it, without vectors and with a JSON report; `more` arguments last.
    pub fn call(&self, more: &[&str]) -> Command {
        let (source, out) = (self.path(), self.catalog());
        let mut command = command(&["catalog", "--quiet", "--output", "json", "--no-embeddings"]);
        command.arg(source).arg("--out").arg(out).args(more);
        command
    }

    /// Runs [`Library::call`].
    pub fn run(&self, more: &[&str]) -> Ended {
        run(&mut self.call(more))
    }

    /// The report of a run that draws, as users' runs do, and must end with 0.
    pub fn drawn(&self, more: &[&str]) -> Value {
        run(program::draws(&mut self.call(more))).json(0)
    }

    /// The report of a run that must end with 0.
    pub fn report(&self, more: &[&str]) -> Value {
        self.run(more).json(0)
    }

    /// The documents of the catalogue by path inside the library, as `individual/` has them.
    pub fn documents(&self) -> BTreeMap<String, Value> {
        documents(&self.catalog())
    }

    /// The document of the asset at `path`.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn document(&self, path: &str) -> Value {
        let mut documents = self.documents();
        documents.remove(path).unwrap_or_else(|| {
            panic!("no document of {path} among {:?}", documents.keys().collect::<Vec<_>>())
        })
    }
}

/// The documents of a catalogue by path inside the library.
pub fn documents(catalog: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut folders = vec![catalog.join("individual")];
    while let Some(folder) = folders.pop() {
        let Ok(items) = std::fs::read_dir(folder) else { continue };
        for item in items.flatten() {
            if item.path().is_dir() {
                folders.push(item.path());
                continue;
            }
            let document = program::json_file(&item.path());
            let path = document["path"].as_str().expect("documents name their path").to_owned();
            found.insert(path, document);
        }
    }
    found
}

/// A small asset in text: one mesh of one face, 1 × 2 × 0 units of a metre; `inside` goes into
/// its root prim, `above` into the root prim's metadata.
pub fn usda(name: &str, above: &str, inside: &str) -> String {
    format!(
        r#"#usda 1.0
(
    defaultPrim = "{name}"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "{name}" (
    kind = "component"
    {above}
)
{{
    def Mesh "Shape"
    {{
        float3[] extent = [(0, 0, 0), (1, 2, 0)]
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 2, 0)]
    }}
    {inside}
}}
"#
    )
}

/// A prim that reads the texture at `file`.
pub fn texture(file: &str) -> String {
    format!(
        r#"def Shader "Texture"
    {{
        uniform token info:id = "UsdUVTexture"
        asset inputs:file = @{file}@
    }}"#
    )
}

/// A reference to the layer at `file`, for a root prim's metadata.
pub fn reference(file: &str) -> String {
    format!("prepend references = @{file}@")
}
