//! A scene to a GLB: shapes → surfaces and their pictures → places → chunks.

mod bake;
mod buffer;
mod material;
mod mesh;
mod nodes;
mod picture;
mod surface;

use vitrine_scene::Scene;

use crate::{GltfError, container, json};
use buffer::Buffer;

/// Bounds and choices of a GLB that is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Largest file, in bytes; never more than 32 bits count.
    pub bytes_max: u64,
    /// Most pixels of a picture that must be decoded to be packed or changed; pictures that are
    /// embedded as they are are never decoded.
    pub picture_pixels_max: u64,
    /// Most warnings kept.
    pub warnings_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { bytes_max: u64::from(u32::MAX), picture_pixels_max: 1 << 26, warnings_max: 64 }
    }
}

/// A GLB and what it says in another way than the scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The file.
    pub glb: Vec<u8>,
    /// What was left out or approximated, for people; bounded.
    pub warnings: Vec<String>,
}

/// Makes a GLB: Y up and in metres, meshes shared by the nodes that show them, pictures inside.
/// The same scene gives the same bytes.
///
/// # Errors
///
/// When the scene breaks its promises or the file would be larger than `options` or 32 bits allow.
pub fn write(scene: &Scene, options: &Options) -> Result<Vec<u8>, GltfError> {
    write_with_warnings(scene, options).map(|written| written.glb)
}

/// As [`write`], with what glTF cannot say.
///
/// # Errors
///
/// As [`write`].
pub fn write_with_warnings(scene: &Scene, options: &Options) -> Result<Written, GltfError> {
    scene.check()?;
    let mut file = File {
        scene,
        options,
        root: json::Root::default(),
        buffer: Buffer::new(options.bytes_max),
        warnings: Vec::new(),
    };
    let shapes = mesh::write(&mut file)?;
    nodes::write(&mut file, &shapes);
    let File { mut root, buffer, warnings, .. } = file;
    root.asset = json::Asset {
        version: "2.0".into(),
        generator: Some("Vitrine".into()),
        extras: json::Extras::default(),
    };
    root.scene = Some(0);
    let (bin, views, accessors) = buffer.into_parts();
    (root.buffer_views, root.accessors) = (views, accessors);
    if !bin.is_empty() {
        root.buffers = vec![json::Buffer { uri: None, byte_length: bin.len() as u64 }];
    }
    root.extensions_used.sort_unstable();
    let glb = container::join(&serde_json::to_vec(&root)?, &bin, options.bytes_max)?;
    Ok(Written { glb, warnings })
}

/// The file while it is made.
struct File<'a> {
    scene: &'a Scene,
    options: &'a Options,
    root: json::Root,
    buffer: Buffer,
    warnings: Vec<String>,
}

impl File<'_> {
    fn warn(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if self.warnings.len() < self.options.warnings_max && !self.warnings.contains(&sentence) {
            self.warnings.push(sentence);
        }
    }

    fn uses(&mut self, extension: &str) {
        if !self.root.extensions_used.iter().any(|used| used == extension) {
            self.root.extensions_used.push(extension.to_owned());
        }
    }
}

/// The place of `item` in `list`, where it is added if it is not there.
fn shared<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
    let at = list.iter().position(|other| *other == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    at as u32
}
