//! What surfaces look like: the part of UsdPreviewSurface that glTF's metallic-roughness has too.

use bytes::Bytes;

/// A surface. Each factor multiplies its texture where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Of the prim or material, for GLB.
    pub name: String,
    /// Linear base colour.
    pub base_colour: [f32; 3],
    /// Texture of the base colour; its own alpha is not opacity unless `opacity_texture` says so.
    pub base_colour_texture: Option<Texture>,
    /// 0…1.
    pub metallic: f32,
    /// Texture of the metallic value: one channel.
    pub metallic_texture: Option<Texture>,
    /// 0…1.
    pub roughness: f32,
    /// Texture of the roughness: one channel.
    pub roughness_texture: Option<Texture>,
    /// Light that it gives; linear, not negative.
    pub emissive: [f32; 3],
    /// Texture of the light that it gives.
    pub emissive_texture: Option<Texture>,
    /// Normals in tangent space; after scale and bias −1…1.
    pub normal_texture: Option<Texture>,
    /// Occlusion of ambient light: one channel.
    pub occlusion_texture: Option<Texture>,
    /// 0…1.
    pub opacity: f32,
    /// Texture of the opacity: one channel.
    pub opacity_texture: Option<Texture>,
    /// What opacity does.
    pub alpha: AlphaMode,
}

/// What opacity does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AlphaMode {
    /// Nothing: the surface is whole.
    #[default]
    Opaque,
    /// Below this the surface is not there; else it is whole.
    Mask(f32),
    /// What is behind shines through.
    Blend,
}

/// One use of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    /// Index of the picture.
    pub picture: u32,
    /// Index of the mesh's set of texture coordinates. A mesh without it shows `fallback`.
    pub uv_set: u32,
    /// What is read of it, where one number is wanted.
    pub channel: Channel,
    /// Whether colours are stored in sRGB; alpha never is.
    pub is_srgb: bool,
    /// Beyond 0…1 horizontally.
    pub wrap_s: Wrap,
    /// Beyond 0…1 vertically.
    pub wrap_t: Wrap,
    /// After reading: `value · scale + bias`, by channel.
    pub scale: [f32; 4],
    /// As `scale`.
    pub bias: [f32; 4],
    /// What stands for a picture that cannot be read.
    pub fallback: [f32; 4],
    /// Affine map of the coordinates before reading, row vectors: `(u, v, 1) · transform`.
    pub transform: [[f32; 2]; 3],
}

/// A channel of a picture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Channel {
    /// Red, or grey.
    #[default]
    R,
    /// Green.
    G,
    /// Blue.
    B,
    /// Alpha; 1 where a picture has none.
    A,
}

/// What is read beyond a picture's edge.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Wrap {
    /// The picture again.
    #[default]
    Repeat,
    /// The picture mirrored.
    Mirror,
    /// The pixels of the edge.
    Clamp,
    /// Black without opacity.
    Black,
}

/// A picture's file, not decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picture {
    /// Path inside the library or package, for messages.
    pub name: String,
    /// The whole file: PNG, JPEG, or what else the renderer may know.
    pub bytes: Bytes,
}

impl Default for Material {
    /// UsdPreviewSurface's own defaults.
    fn default() -> Self {
        Self {
            name: String::new(),
            base_colour: [0.18; 3],
            base_colour_texture: None,
            metallic: 0.0,
            metallic_texture: None,
            roughness: 0.5,
            roughness_texture: None,
            emissive: [0.0; 3],
            emissive_texture: None,
            normal_texture: None,
            occlusion_texture: None,
            opacity: 1.0,
            opacity_texture: None,
            alpha: AlphaMode::Opaque,
        }
    }
}

impl Material {
    /// Every texture it uses.
    pub fn textures(&self) -> impl Iterator<Item = &Texture> {
        [
            &self.base_colour_texture,
            &self.metallic_texture,
            &self.roughness_texture,
            &self.emissive_texture,
            &self.normal_texture,
            &self.occlusion_texture,
            &self.opacity_texture,
        ]
        .into_iter()
        .flatten()
    }
}

impl Texture {
    /// The whole of a picture, by the first set of coordinates, as it is.
    pub fn of(picture: u32) -> Self {
        Self {
            picture,
            uv_set: 0,
            channel: Channel::R,
            is_srgb: false,
            wrap_s: Wrap::Repeat,
            wrap_t: Wrap::Repeat,
            scale: [1.0; 4],
            bias: [0.0; 4],
            fallback: [0.0, 0.0, 0.0, 1.0],
            transform: [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
        }
    }
}
