//! Surfaces: which inputs a shader has for what, and the material they make.
//!
//! # Source
//!
//! "UsdPreviewSurface Specification" 2.6; the names and defaults of inputs of MaterialX's
//! standard_surface ("Autodesk Standard Surface" 1.0.1), open_pbr_surface ("OpenPBR Surface" 1.1) and
//! gltf_pbr, and the names of NVIDIA's OmniPBR.

use vitrine_scene::{AlphaMode, Channel, Material, Texture};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::material::Look;
use super::network::Source;
use super::nodes::{Found, kind};

/// Nodes of one material that are looked at, each as often as something leads to it.
const NODES_MAX: u32 = 1000;

/// Surfaces mixed of surfaces mixed of … at most.
const MIXES_MAX: usize = 16;

/// What glass shows of itself, so that it is seen at all.
const GLASS: f32 = 0.2;

/// What a surface input is for, by the names that surfaces have for it.
struct Inputs {
    base: &'static [&'static str],
    /// Multiplies the base colour.
    weight: &'static [&'static str],
    metallic: &'static [&'static str],
    roughness: &'static [&'static str],
    emissive: &'static [&'static str],
    opacity: &'static [&'static str],
    normal: &'static [&'static str],
    occlusion: &'static [&'static str],
    threshold: &'static [&'static str],
    transmission: &'static [&'static str],
    /// What is done with opacity where the surface has a mode for it and none is authored.
    mode: Option<f64>,
    /// Base colour, metallic value and roughness where none is authored; no colour where a surface
    /// without one says nothing.
    fallback: (Option<f32>, f32, f32),
}

const PREVIEW: Inputs = Inputs {
    base: &["diffuseColor"],
    weight: &[],
    metallic: &["metallic"],
    roughness: &["roughness"],
    emissive: &["emissiveColor"],
    opacity: &["opacity"],
    normal: &["normal"],
    occlusion: &["occlusion"],
    threshold: &["opacityThreshold"],
    transmission: &[],
    mode: None,
    fallback: (Some(0.18), 0.0, 0.5),
};

const LIKE_IT: Inputs = Inputs {
    base: &[
        "base_color",
        "diffuseColor",
        "diffuse_texture",
        "diffuse_color_constant",
        "diffuse_color",
        "baseColor",
        "color",
    ],
    weight: &[],
    metallic: &["metalness", "base_metalness", "metallic", "metallic_constant"],
    roughness: &["specular_roughness", "roughness", "reflection_roughness_constant"],
    emissive: &["emissiveColor", "emissive", "emission_color", "emissive_color"],
    opacity: &["geometry_opacity", "opacity", "alpha", "opacity_constant"],
    normal: &["geometry_normal", "normal", "normalmap_texture"],
    occlusion: &["occlusion"],
    threshold: &["opacityThreshold", "alpha_cutoff"],
    transmission: &[],
    mode: None,
    fallback: (None, 0.0, 0.5),
};

const STANDARD: Inputs = Inputs {
    weight: &["base"],
    transmission: &["transmission"],
    fallback: (Some(0.8), 0.0, 0.2),
    ..LIKE_IT
};

const OPEN_PBR: Inputs = Inputs {
    weight: &["base_weight"],
    transmission: &["transmission_weight"],
    fallback: (Some(0.8), 0.0, 0.3),
    ..LIKE_IT
};

const GLTF: Inputs = Inputs {
    transmission: &["transmission"],
    mode: Some(0.0),
    fallback: (Some(1.0), 1.0, 1.0),
    ..LIKE_IT
};

impl Build<'_, '_> {
    /// Reads a material's surface.
    pub(super) fn read_look(&mut self, material: u32) -> Result<Option<Look>, LayerError> {
        self.nodes_left = NODES_MAX;
        let path = self.stage.path_text(material);
        let mut surface = self.surface_at(material, Name::OUTPUTS_SURFACE)?;
        for context in ["outputs:mtlx:surface", "outputs:mdl:surface", "outputs:ri:surface"] {
            if surface.is_none()
                && let Some(name) = self.stage.names.find(context)
            {
                surface = self.surface_at(material, name)?;
            }
        }
        let Some(surface) = surface else {
            self.stage.warn(format!("{path} has no surface that can be shown"));
            return Ok(None);
        };
        let id = self.text(surface, Name::INFO_ID).to_owned();
        let is_preview = id == "UsdPreviewSurface" || id.starts_with("ND_UsdPreviewSurface");
        let inputs = match &*id {
            _ if is_preview => &PREVIEW,
            id if id.starts_with("ND_standard_surface") => &STANDARD,
            id if id.starts_with("ND_open_pbr_surface") => &OPEN_PBR,
            id if id.starts_with("ND_gltf_pbr") => &GLTF,
            _ => &LIKE_IT,
        };
        let id = if id.is_empty() { "a surface without id" } else { &id };
        if !is_preview {
            self.stage.warn(format!(
                "{path}: {id} is shown as a UsdPreviewSurface with the inputs that are alike"
            ));
        }
        let look = Look {
            material: Material { name: path, ..Material::default() },
            uvs: Vec::new(),
            wants_colours: false,
        };
        let (look, has_base) = self.fill(look, surface, inputs)?;
        if !has_base && inputs.fallback.0.is_none() {
            let path = &look.material.name;
            self.stage.warn(format!("{path}: {id} has no colour: displayColor is shown instead"));
            return Ok(None);
        }
        Ok(Some(look))
    }

    /// The surface shader that an output of a material leads to; of mixed ones what there is more of.
    fn surface_at(&mut self, material: u32, output: Name) -> Result<Option<u32>, LayerError> {
        let mut source = self.trace(material, output)?;
        for _ in 0..MIXES_MAX {
            let Some(Source::Output(shader, _)) = source else { return Ok(None) };
            if kind(self.text(shader, Name::INFO_ID)) != "mix" {
                return Ok(Some(shader));
            }
            let mix = self.constant(shader, "mix")?;
            let is_mostly_front = mix.is_none_or(|mix| mix[0] >= 0.5);
            let (first, second) = if is_mostly_front { ("fg", "bg") } else { ("bg", "fg") };
            source = match self.input(shader, first)? {
                Some(source) => Some(source),
                None => self.input(shader, second)?,
            };
        }
        Ok(None)
    }

    /// One number and its texture.
    fn scalar(
        &mut self,
        look: &mut Look,
        shader: u32,
        names: &[&str],
        fallback: f32,
    ) -> Result<(f32, Option<Texture>), LayerError> {
        Ok(match self.found(look, shader, names, false)? {
            Some(Found::Constant(value, width)) => {
                let mean = value[..width.min(3)].iter().sum::<f32>() / width.clamp(1, 3) as f32;
                (mean, None)
            }
            Some(Found::Texture(texture)) => (1.0, Some(*texture)),
            Some(Found::Vertices) | None => (fallback, None),
        })
    }

    /// Reads all inputs of a surface; tells whether its base colour says anything.
    fn fill(
        &mut self,
        mut look: Look,
        shader: u32,
        inputs: &Inputs,
    ) -> Result<(Look, bool), LayerError> {
        let own = &mut look;
        let mut material = std::mem::take(&mut own.material);
        let base = self.found(own, shader, inputs.base, true)?;
        let has_base = base.is_some();
        let weight = self.weight(own, shader, inputs.weight, 1.0)?;
        match base {
            Some(Found::Constant(value, width)) => {
                let [r, g, b, _] = value.map(|value| (value * weight).clamp(0.0, 1.0));
                material.base_colour = if width >= 3 { [r, g, b] } else { [r; 3] };
            }
            Some(Found::Texture(texture)) => {
                material.base_colour = [weight; 3];
                material.base_colour_texture = Some(*texture);
            }
            Some(Found::Vertices) => material.base_colour = [weight; 3],
            None => {
                if let Some(grey) = inputs.fallback.0 {
                    material.base_colour = [grey * weight; 3];
                }
            }
        }
        let (_, metallic, roughness) = inputs.fallback;
        (material.metallic, material.metallic_texture) =
            self.scalar(own, shader, inputs.metallic, metallic)?;
        (material.roughness, material.roughness_texture) =
            self.scalar(own, shader, inputs.roughness, roughness)?;
        (material.opacity, material.opacity_texture) =
            self.scalar(own, shader, inputs.opacity, 1.0)?;
        (_, material.occlusion_texture) = self.scalar(own, shader, inputs.occlusion, 1.0)?;
        material.alpha = self.alpha(own, &material, shader, inputs)?;
        if material.alpha == AlphaMode::Opaque {
            (material.opacity, material.opacity_texture) = (1.0, None);
        }
        self.glass(own, &mut material, shader, inputs)?;
        for value in [&mut material.metallic, &mut material.roughness, &mut material.opacity] {
            *value = value.clamp(0.0, 1.0);
        }
        self.light(own, &mut material, shader, inputs)?;
        if let Some(Found::Texture(texture)) = self.found(own, shader, inputs.normal, false)? {
            let mut texture = Texture { channel: Channel::R, ..*texture };
            if (texture.scale, texture.bias) == ([1.0; 4], [0.0; 4]) {
                // Pictures of 8 bits cannot hold −1…1: whoever says nothing means this.
                texture.scale = [2.0, 2.0, 2.0, 1.0];
                texture.bias = [-1.0, -1.0, -1.0, 0.0];
            }
            material.normal_texture = Some(texture);
        }
        look.material = material;
        Ok((look, has_base))
    }

    /// A factor 0…1 that is one number; textures of it are not followed.
    fn weight(
        &mut self,
        look: &mut Look,
        shader: u32,
        names: &[&str],
        fallback: f32,
    ) -> Result<f32, LayerError> {
        Ok(match self.scalar(look, shader, names, fallback)? {
            (weight, None) => weight.clamp(0.0, 1.0),
            (_, Some(_)) => fallback,
        })
    }

    /// Light that passes through a surface: what lies behind is seen, in the surface's own tint.
    fn glass(
        &mut self,
        look: &mut Look,
        material: &mut Material,
        shader: u32,
        inputs: &Inputs,
    ) -> Result<(), LayerError> {
        let passed = self.weight(look, shader, inputs.transmission, 0.0)?;
        if passed == 0.0 {
            return Ok(());
        }
        let tint = match self.found(look, shader, &["transmission_color"], true)? {
            Some(Found::Constant([r, g, b, _], 3..)) => [r, g, b].map(|v| v.clamp(0.0, 1.0)),
            _ => [1.0; 3],
        };
        if material.base_colour_texture.is_none() {
            let base = material.base_colour;
            material.base_colour =
                std::array::from_fn(|at| base[at] * (1.0 - passed) + tint[at] * passed);
        }
        // Blending adds where glass filters: what no channel lets through hides what is behind.
        let clear = tint.into_iter().fold(0.0, f32::max);
        material.opacity *= 1.0 - passed * clear * (1.0 - GLASS);
        material.alpha = AlphaMode::Blend;
        Ok(())
    }

    /// What a surface does with its opacity.
    fn alpha(
        &mut self,
        look: &mut Look,
        material: &Material,
        shader: u32,
        inputs: &Inputs,
    ) -> Result<AlphaMode, LayerError> {
        let threshold = self.scalar(look, shader, inputs.threshold, 0.0)?.0;
        // Only glTF's surface has a mode: opaque, mask, blend.
        let mode = match inputs.mode {
            Some(mode) => {
                Some(self.constant(shader, "alpha_mode")?.map_or(mode, |authored| authored[0]))
            }
            None => None,
        };
        let is_see_through = material.opacity < 1.0 || material.opacity_texture.is_some();
        Ok(match mode {
            Some(0.0) => AlphaMode::Opaque,
            Some(2.0) => AlphaMode::Blend,
            _ if threshold > 0.0 => AlphaMode::Mask(threshold.min(1.0)),
            _ if is_see_through => AlphaMode::Blend,
            _ => AlphaMode::Opaque,
        })
    }

    /// Light that a surface gives; of MaterialX's surfaces only where its weight is authored.
    fn light(
        &mut self,
        look: &mut Look,
        material: &mut Material,
        shader: u32,
        inputs: &Inputs,
    ) -> Result<(), LayerError> {
        let weight = match self.input(shader, "emission_color")? {
            Some(_) => {
                let weight = self.constant(shader, "emission")?;
                let weight = weight.or(self.constant(shader, "emission_luminance")?);
                weight.map_or(0.0, |weight| weight[0] as f32).clamp(0.0, 1.0)
            }
            None => 1.0,
        };
        if weight == 0.0 {
            return Ok(());
        }
        match self.found(look, shader, inputs.emissive, true)? {
            Some(Found::Constant(value, width)) => {
                let [r, g, b, _] = value.map(|value| value.max(0.0) * weight);
                material.emissive = if width >= 3 { [r, g, b] } else { [r; 3] };
            }
            Some(Found::Texture(texture)) => {
                material.emissive = [weight; 3];
                material.emissive_texture = Some(*texture);
            }
            Some(Found::Vertices) | None => {}
        }
        Ok(())
    }
}
