//! The part of glTF's JSON that a scene holds, for reading and writing alike.
//!
//! What is unknown is passed over; enumerations are strings or numbers as the file has them, so
//! that the reader can say which part is wrong.

mod extras;
mod material;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use extras::Extras;
pub use material::{
    EmissiveStrength, Material, Sampler, Texture, TextureInfo, TextureInfoExtensions,
    TextureTransform,
};

/// The whole of it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Root {
    pub asset: Asset,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions_used: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions_required: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<u32>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<SceneNodes>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Node>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<Camera>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub meshes: Vec<Mesh>,
    #[serde(deserialize_with = "list", skip_serializing)]
    pub skins: Vec<Skin>,
    #[serde(deserialize_with = "list", skip_serializing)]
    pub animations: Vec<serde::de::IgnoredAny>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<Material>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub textures: Vec<Texture>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub samplers: Vec<Sampler>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub accessors: Vec<Accessor>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub buffer_views: Vec<BufferView>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub buffers: Vec<Buffer>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Asset {
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    #[serde(skip_serializing)]
    pub extras: Extras,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SceneNodes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<u32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Node {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skin: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<[f64; 16]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<[f64; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<u32>,
    #[serde(skip_serializing)]
    pub extensions: NodeExtensions,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NodeExtensions {
    /// A light, whichever.
    #[serde(rename = "KHR_lights_punctual", skip_serializing)]
    pub light: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Camera {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perspective: Option<Perspective>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orthographic: Option<Orthographic>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Perspective {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<f64>,
    pub yfov: f64,
    pub znear: f64,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Orthographic {
    pub xmag: f64,
    pub ymag: f64,
    pub zfar: f64,
    pub znear: f64,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mesh {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub primitives: Vec<Primitive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Primitive {
    pub attributes: BTreeMap<String, u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indices: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<u32>,
    /// 4, triangles, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    #[serde(skip_serializing)]
    pub targets: Vec<BTreeMap<String, u32>>,
    #[serde(skip_serializing)]
    pub extensions: BTreeMap<String, serde::de::IgnoredAny>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub extras: Option<PrimitiveExtras>,
}

/// What glTF has no word for and our own reader takes back.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PrimitiveExtras {
    /// Thickness of segments or diameter of points, in the mesh's units.
    pub vitrine_width: Option<f32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Skin {
    #[serde(skip_serializing)]
    pub name: String,
    pub joints: Vec<u32>,
    pub inverse_bind_matrices: Option<u32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Image {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer_view: Option<u32>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Accessor {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer_view: Option<u32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub byte_offset: u64,
    pub component_type: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub normalized: bool,
    pub count: u64,
    #[serde(rename = "type")]
    pub kind: String,
    /// Written for positions; never trusted.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub max: Vec<f64>,
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub min: Vec<f64>,
    #[serde(skip_serializing)]
    pub sparse: Option<Sparse>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Sparse {
    pub count: u64,
    pub indices: SparseIndices,
    pub values: SparseValues,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SparseIndices {
    pub buffer_view: u32,
    pub byte_offset: u64,
    pub component_type: u32,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SparseValues {
    pub buffer_view: u32,
    pub byte_offset: u64,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BufferView {
    pub buffer: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub byte_offset: u64,
    pub byte_length: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte_stride: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    #[serde(skip_serializing)]
    pub extensions: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Buffer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    pub byte_length: u64,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// Most entries of a list: an empty one takes two bytes of a file and hundreds of memory.
const LIST_MAX: usize = 2_000_000;

/// A list of at most [`LIST_MAX`] entries.
fn list<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct List<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(formatter, "a list of at most {LIST_MAX}")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut all: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = all.next_element()? {
                if list.len() == LIST_MAX {
                    return Err(serde::de::Error::invalid_length(LIST_MAX + 1, &self));
                }
                list.push(entry);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(List(std::marker::PhantomData))
}

/// Others' extras are whatever they like; only ours are taken.
fn lenient<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PrimitiveExtras>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Ours(PrimitiveExtras),
        #[allow(dead_code)]
        Other(serde::de::IgnoredAny),
    }
    Ok(match Any::deserialize(deserializer)? {
        Any::Ours(extras) => Some(extras),
        Any::Other(_) => None,
    })
}
