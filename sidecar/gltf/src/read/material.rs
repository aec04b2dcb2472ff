//! Materials and pictures.

use bytes::Bytes;
use vitrine_scene::{AlphaMode, Channel, Material, Picture, Texture, Wrap};

use crate::{GltfError, json, uv};

use super::source::{Source, data_of};

const CLAMP_TO_EDGE: u32 = 33071;
const MIRRORED_REPEAT: u32 = 33648;

/// What surfaces need.
pub struct Surfaces {
    pub materials: Vec<Material>,
    pub pictures: Vec<Picture>,
}

/// Reads every material, in the file's order, and the pictures they use.
///
/// # Errors
///
/// When a texture or image is missing, or a picture's bytes reach beyond their buffer.
pub fn read(source: &Source<'_>) -> Result<Surfaces, GltfError> {
    let mut reader =
        Reader { source, pictures: Vec::new(), of_image: vec![None; source.root.images.len()] };
    let materials = source.root.materials.iter().enumerate();
    let materials = materials.map(|(at, material)| reader.material(at, material));
    let materials = materials.collect::<Result<Vec<_>, _>>()?;
    Ok(Surfaces { materials, pictures: reader.pictures })
}

struct Reader<'a> {
    source: &'a Source<'a>,
    pictures: Vec<Picture>,
    /// Of each image: not yet looked at, not readable, or its picture.
    of_image: Vec<Option<Option<u32>>>,
}

impl Reader<'_> {
    fn material(&mut self, at: usize, from: &json::Material) -> Result<Material, GltfError> {
        let pbr = &from.pbr_metallic_roughness;
        let mut colour = pbr.base_color_factor.unwrap_or([1.0; 4]);
        let mut colour_info = pbr.base_color_texture.as_ref();
        let mut metallic = pbr.metallic_factor.unwrap_or(1.0);
        let mut roughness = pbr.roughness_factor.unwrap_or(1.0);
        let mut both_info = pbr.metallic_roughness_texture.as_ref();
        if let Some(older) = &from.extensions.specular_glossiness {
            // Its specular colour has no place here; most such files are not metal.
            self.source
                .warn("specular-glossiness materials are shown without their specular colour");
            colour = older.diffuse_factor.unwrap_or([1.0; 4]);
            colour_info = older.diffuse_texture.as_ref();
            metallic = 0.0;
            roughness = 1.0 - older.glossiness_factor.unwrap_or(1.0);
            both_info = None;
        }
        let colour_texture = self.texture(colour_info, true)?;
        let both = self.texture(both_info, false)?;
        let mut alpha = match from.alpha_mode.as_deref() {
            Some("MASK") => AlphaMode::Mask(unit(from.alpha_cutoff.unwrap_or(0.5), 0.5)),
            Some("BLEND") => AlphaMode::Blend,
            _ => AlphaMode::Opaque,
        };
        let mut opacity = unit(colour[3], 1.0);
        let transmission = from.extensions.transmission.as_ref();
        let transmitted = transmission.map_or(0.0, |it| unit(it.transmission_factor, 0.0));
        if transmitted > 0.0 && alpha == AlphaMode::Opaque {
            self.source.warn("transmission is shown as opacity");
            (alpha, opacity) = (AlphaMode::Blend, 1.0 - 0.75 * transmitted);
        } else if alpha == AlphaMode::Opaque {
            opacity = 1.0;
        }
        let is_seen_through = matches!(from.alpha_mode.as_deref(), Some("MASK" | "BLEND"));
        let opacity_texture = colour_texture
            .clone()
            .filter(|_| is_seen_through)
            .map(|texture| Texture { channel: Channel::A, is_srgb: false, ..texture });
        let channel = |texture: &Option<Texture>, channel| {
            texture.clone().map(|texture| Texture { channel, ..texture })
        };
        let strength = from.extensions.emissive_strength.as_ref();
        let strength = strength.and_then(|it| it.emissive_strength).unwrap_or(1.0);
        let emissive = from.emissive_factor.unwrap_or([0.0; 3]);
        let strong = |value: f32| {
            let light = value * strength;
            if light.is_finite() { light.max(0.0) } else { 0.0 }
        };
        let named = if from.name.is_empty() { format!("material {at}") } else { from.name.clone() };
        Ok(Material {
            name: named,
            base_colour: [colour[0], colour[1], colour[2]].map(|value| unit(value, 1.0)),
            base_colour_texture: colour_texture,
            metallic: unit(metallic, 1.0),
            metallic_texture: channel(&both, Channel::B),
            roughness: unit(roughness, 1.0),
            roughness_texture: channel(&both, Channel::G),
            emissive: emissive.map(strong),
            emissive_texture: self.texture(from.emissive_texture.as_ref(), true)?,
            normal_texture: self.normal(from.normal_texture.as_ref())?,
            occlusion_texture: self.occlusion(from.occlusion_texture.as_ref())?,
            opacity,
            opacity_texture,
            alpha,
        })
    }

    /// Normals: 0…1 stand for −1…1; `scale` is of x and y.
    fn normal(&mut self, info: Option<&json::TextureInfo>) -> Result<Option<Texture>, GltfError> {
        let scale = info.and_then(|info| info.scale).filter(|scale| scale.is_finite());
        let scale = scale.unwrap_or(1.0);
        Ok(self.texture(info, false)?.map(|texture| Texture {
            scale: [2.0 * scale, 2.0 * scale, 2.0, 1.0],
            bias: [-scale, -scale, -1.0, 0.0],
            fallback: [0.0, 0.0, 1.0, 1.0],
            ..texture
        }))
    }

    /// Occlusion: `strength` draws it towards 1.
    fn occlusion(
        &mut self,
        info: Option<&json::TextureInfo>,
    ) -> Result<Option<Texture>, GltfError> {
        let strength = unit(info.and_then(|info| info.strength).unwrap_or(1.0), 1.0);
        Ok(self.texture(info, false)?.map(|texture| Texture {
            scale: [strength, 1.0, 1.0, 1.0],
            bias: [1.0 - strength, 0.0, 0.0, 0.0],
            ..texture
        }))
    }

    fn texture(
        &mut self,
        info: Option<&json::TextureInfo>,
        is_srgb: bool,
    ) -> Result<Option<Texture>, GltfError> {
        let Some(info) = info else { return Ok(None) };
        let root = &self.source.root;
        let missing = |what: &str, at: u32| GltfError::broken(format!("{what} {at} is missing"));
        let texture =
            root.textures.get(info.index as usize).ok_or_else(|| missing("texture", info.index))?;
        let webp = texture.extensions.webp.as_ref().and_then(|webp| webp.source);
        let Some(image) = webp.or(texture.source) else {
            self.source.warn("a texture in an extension's format is left out");
            return Ok(None);
        };
        let Some(picture) = self.picture(image)? else { return Ok(None) };
        let sampler = match texture.sampler {
            None => json::Sampler::default(),
            Some(at) => *root.samplers.get(at as usize).ok_or_else(|| missing("sampler", at))?,
        };
        let transform = info.extensions.transform.as_ref();
        let map = transform.map_or(uv::IDENTITY, uv::of_transform);
        let is_finite = map.iter().flatten().all(|value| value.is_finite());
        let map = if is_finite { map } else { uv::IDENTITY };
        Ok(Some(Texture {
            uv_set: transform.and_then(|it| it.tex_coord).unwrap_or(info.tex_coord),
            is_srgb,
            wrap_s: wrap(sampler.wrap_s),
            wrap_t: wrap(sampler.wrap_t),
            fallback: [1.0; 4],
            transform: uv::flipped(&map),
            ..Texture::of(picture)
        }))
    }

    /// An image's picture; none, and people told, where it is elsewhere.
    fn picture(&mut self, index: u32) -> Result<Option<u32>, GltfError> {
        let broken = |why: String| GltfError::broken(format!("image {index}: {why}"));
        let Some(known) = self.of_image.get(index as usize).copied() else {
            return Err(broken("it is missing".into()));
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let image = &self.source.root.images[index as usize];
        let bytes = match (&image.uri, image.buffer_view) {
            (_, Some(view)) => Some(Bytes::copy_from_slice(self.source.view(view)?.0)),
            (Some(uri), None) => data_of(uri).map_err(broken)?.map(Bytes::from),
            (None, None) => None,
        };
        let picture = bytes.map(|bytes| {
            let named =
                if image.name.is_empty() { format!("image {index}") } else { image.name.clone() };
            self.pictures.push(Picture { name: named, bytes });
            self.pictures.len() as u32 - 1
        });
        if picture.is_none() {
            self.source.warn(format!("image {index} is in another file and is left out"));
        }
        self.of_image[index as usize] = Some(picture);
        Ok(picture)
    }
}

fn wrap(mode: Option<u32>) -> Wrap {
    match mode {
        Some(CLAMP_TO_EDGE) => Wrap::Clamp,
        Some(MIRRORED_REPEAT) => Wrap::Mirror,
        _ => Wrap::Repeat,
    }
}

/// Within 0…1; `other` where it is no number.
fn unit(value: f32, other: f32) -> f32 {
    if value.is_nan() { other } else { value.clamp(0.0, 1.0) }
}
