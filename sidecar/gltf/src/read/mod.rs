//! A glTF to a scene: chunks → JSON → buffers → shapes, surfaces, places.

mod accessor;
mod material;
mod mesh;
mod nodes;
mod pose;
mod source;
mod vertices;

use vitrine_scene::{Scene, Up};

use crate::{Facts, GltfError, Limits, container, json};
use source::Source;

/// Extensions that a file may require: what they add is read, or a scene can be shown without it.
const EXTENSIONS_KNOWN: [&str; 7] = [
    "KHR_texture_transform",
    "KHR_mesh_quantization",
    "KHR_lights_punctual",
    "KHR_node_visibility",
    "KHR_animation_pointer",
    "KHR_xmp_json_ld",
    "EXT_texture_webp",
];

/// Reads a GLB, or a `.gltf` whose buffers and pictures are inside as `data:` addresses.
///
/// What a file shows at rest is read: nodes in their own places, skins bound to their joints where
/// those stand, morph targets by their default weights; its default scene, or else its first.
/// The scene has Y up and is in metres, as glTF is.
///
/// # Errors
///
/// When the bytes are no glTF 2.x, parts of it do not fit together, it is compressed (Draco,
/// meshopt) or requires another extension that is not read, or asks for more than `limits` allow.
/// Never panics: strangers wrote them.
pub fn read(file: &[u8], limits: &Limits) -> Result<Scene, GltfError> {
    read_with_facts(file, limits).map(|(scene, _)| scene)
}

/// As [`read`], with what a catalogue wants to know of the file.
///
/// # Errors
///
/// As [`read`].
pub fn read_with_facts(file: &[u8], limits: &Limits) -> Result<(Scene, Facts), GltfError> {
    if file.len() as u64 > limits.file_bytes_max {
        return Err(GltfError::TooMuch { what: "bytes", max: limits.file_bytes_max });
    }
    let chunks = container::split(file)?;
    if chunks.json.len() as u64 > limits.json_bytes_max {
        return Err(GltfError::TooMuch { what: "bytes of JSON", max: limits.json_bytes_max });
    }
    let root: json::Root = serde_json::from_slice(chunks.json)?;
    if !root.asset.version.starts_with("2.") {
        return Err(GltfError::Version(root.asset.version));
    }
    // What changes a surface is left out at worst; it is never a reason to show nothing.
    let is_known =
        |name: &str| EXTENSIONS_KNOWN.contains(&name) || name.starts_with("KHR_materials_");
    if let Some(name) = root.extensions_required.iter().find(|name| !is_known(name)) {
        return Err(GltfError::Extension(name.clone()));
    }
    let source = Source::new(root, chunks.bin, limits)?;
    let places = nodes::places(&source)?;
    let surfaces = material::read(&source)?;
    let (meshes, instances) = mesh::read(&source, &places)?;
    let cameras = nodes::cameras(&source, &places)?;
    let told = Facts::told(&source.root, &places.shown);
    let scene = Scene {
        up: Up::Y,
        metres_per_unit: 1.0,
        meshes,
        materials: surfaces.materials,
        pictures: surfaces.pictures,
        instances,
        cameras,
        warnings: source.into_warnings(),
    };
    scene.check().map_err(|wrong| GltfError::broken(wrong.to_string()))?;
    let facts = told.with(&scene);
    Ok((scene, facts))
}
