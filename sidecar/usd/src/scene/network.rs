//! Material networks: UsdPreviewSurface, and constants of surfaces that are like it.
//!
//! # Source
//!
//! "UsdPreviewSurface Specification" 2.6; the input names of MaterialX's standard_surface,
//! open_pbr_surface and gltf_pbr, and of NVIDIA's OmniPBR.

use vitrine_scene::{AlphaMode, Channel, Material, Texture};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::material::Look;

/// Connections followed from one input at most.
const HOPS_MAX: usize = 64;

/// Numbers from here on are no colours, weights or coordinates.
const VALUE_MAX: f64 = 1e9;

/// Where the value of an input comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// An authored value: of this attribute.
    Value(u32, Name),
    /// An output of a shader.
    Output(u32, Name),
}

/// What a surface input is for, by the names that surfaces have for it.
struct Inputs {
    base: &'static [&'static str],
    metallic: &'static [&'static str],
    roughness: &'static [&'static str],
    emissive: &'static [&'static str],
    opacity: &'static [&'static str],
    normal: &'static [&'static str],
    occlusion: &'static [&'static str],
    threshold: &'static [&'static str],
}

const PREVIEW: Inputs = Inputs {
    base: &["diffuseColor"],
    metallic: &["metallic"],
    roughness: &["roughness"],
    emissive: &["emissiveColor"],
    opacity: &["opacity"],
    normal: &["normal"],
    occlusion: &["occlusion"],
    threshold: &["opacityThreshold"],
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
    metallic: &["metalness", "base_metalness", "metallic", "metallic_constant"],
    roughness: &["specular_roughness", "roughness", "reflection_roughness_constant"],
    emissive: &["emissiveColor", "emissive", "emission_color", "emissive_color"],
    opacity: &["geometry_opacity", "opacity", "alpha", "opacity_constant"],
    normal: &["geometry_normal", "normal", "normalmap_texture"],
    occlusion: &["occlusion"],
    threshold: &["opacityThreshold", "alpha_cutoff"],
};

/// A value with or without a texture.
enum Found {
    Constant([f32; 4], usize),
    Texture(Box<Texture>),
    /// The vertices' own colour.
    Vertices,
}

impl Build<'_, '_> {
    /// Reads a material's surface.
    pub(super) fn read_look(&mut self, material: u32) -> Result<Option<Look>, LayerError> {
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
        let id = if id.is_empty() { "a surface without id" } else { &id };
        if !is_preview {
            self.stage.warn(format!(
                "{path}: {id} is shown as a UsdPreviewSurface with the inputs that are alike"
            ));
        }
        let inputs = if is_preview { &PREVIEW } else { &LIKE_IT };
        let look = Look {
            material: Material { name: path, ..Material::default() },
            uvs: Vec::new(),
            wants_colours: false,
        };
        let (look, has_base) = self.fill(look, surface, inputs)?;
        if !is_preview && !has_base {
            let path = &look.material.name;
            self.stage.warn(format!("{path}: {id} has no colour: displayColor is shown instead"));
            return Ok(None);
        }
        Ok(Some(look))
    }

    fn surface_at(&mut self, material: u32, output: Name) -> Result<Option<u32>, LayerError> {
        Ok(match self.trace(material, output)? {
            Some(Source::Output(shader, _)) => Some(shader),
            _ => None,
        })
    }

    /// Follows connections from an attribute, through node graphs and interfaces.
    pub(super) fn trace(&mut self, prim: u32, name: Name) -> Result<Option<Source>, LayerError> {
        let (mut prim, mut name) = (prim, name);
        for _ in 0..HOPS_MAX {
            let Some((path, property)) = self.stage.connection(prim, name) else { break };
            let Some(next) = self.stage.prim_at(&path)? else { break };
            let is_output = self.stage.names.text(property).starts_with("outputs:");
            if is_output && self.type_text(next) == "Shader" {
                return Ok(Some(Source::Output(next, property)));
            }
            (prim, name) = (next, property);
        }
        let has_value =
            self.stage.placed(prim).value(name, crate::compose::Time::Earliest).is_some();
        Ok(has_value.then_some(Source::Value(prim, name)))
    }

    /// Where the input `inputs:NAME` of a shader comes from.
    pub(super) fn input(&mut self, shader: u32, name: &str) -> Result<Option<Source>, LayerError> {
        match self.stage.names.find(&format!("inputs:{name}")) {
            Some(name) => self.trace(shader, name),
            None => Ok(None),
        }
    }

    /// Numbers of an input that has a plain value.
    pub(super) fn constant(
        &mut self,
        shader: u32,
        name: &str,
    ) -> Result<Option<Vec<f64>>, LayerError> {
        match self.input(shader, name)? {
            Some(Source::Value(prim, name)) => {
                let values = self.numbers(prim, name)?;
                Ok(values
                    .filter(|v| !v.is_empty() && v.iter().all(|value| value.abs() < VALUE_MAX)))
            }
            _ => Ok(None),
        }
    }

    /// The first of several inputs that says anything.
    fn found(
        &mut self,
        look: &mut Look,
        shader: u32,
        names: &[&str],
        is_colour: bool,
    ) -> Result<Option<Found>, LayerError> {
        for name in names {
            let found = match self.input(shader, name)? {
                Some(Source::Value(prim, attribute)) => {
                    if self.stage.asset(prim, attribute).is_some() {
                        // A surface that takes pictures itself, as OmniPBR does.
                        let texture = self.bare_texture(look, prim, attribute, is_colour)?;
                        texture.map(|texture| Found::Texture(Box::new(texture)))
                    } else {
                        self.constant_of(prim, attribute)?
                    }
                }
                Some(Source::Output(node, output)) => {
                    self.node(look, node, output, is_colour, HOPS_MAX / 8)?
                }
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn constant_of(&self, prim: u32, name: Name) -> Result<Option<Found>, LayerError> {
        let values = self.numbers(prim, name)?.unwrap_or_default();
        if values.is_empty() || !values.iter().all(|value| value.abs() < VALUE_MAX) {
            return Ok(None);
        }
        let value = std::array::from_fn(|at| values.get(at).copied().unwrap_or(0.0) as f32);
        Ok(Some(Found::Constant(value, values.len().min(4))))
    }

    /// What an output of a node gives: a texture, the vertices' colour, or a constant behind it.
    fn node(
        &mut self,
        look: &mut Look,
        node: u32,
        output: Name,
        is_colour: bool,
        hops: usize,
    ) -> Result<Option<Found>, LayerError> {
        let id = self.text(node, Name::INFO_ID).to_owned();
        if id.starts_with("UsdPrimvarReader") || id.starts_with("ND_geompropvalue_color") {
            let name = match self.varname(node)? {
                Some(name) => self.stage.names.text(name).to_owned(),
                None => String::new(),
            };
            if is_colour && name == "displayColor" {
                look.wants_colours = true;
                return Ok(Some(Found::Vertices));
            }
            return Ok(match self.input(node, "fallback")? {
                Some(Source::Value(prim, name)) => self.constant_of(prim, name)?,
                _ => None,
            });
        }
        if self.input(node, "file")?.is_some() {
            let texture = self.texture(look, node, output, is_colour)?;
            return Ok(match texture {
                Some(texture) => Some(Found::Texture(Box::new(texture))),
                None => match self.constant(node, "fallback")? {
                    Some(v) if v.len() >= 3 => {
                        Some(Found::Constant([v[0] as f32, v[1] as f32, v[2] as f32, 1.0], 3))
                    }
                    _ => None,
                },
            });
        }
        if hops == 0 {
            return Ok(None);
        }
        // Nodes that change a value: what they change is the best guess.
        for name in ["in", "in1", "in2", "fg", "bg", "value"] {
            let found = match self.input(node, name)? {
                Some(Source::Output(inner, output)) => {
                    self.node(look, inner, output, is_colour, hops - 1)?
                }
                Some(Source::Value(prim, attribute)) => self.constant_of(prim, attribute)?,
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
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
        match base {
            Some(Found::Constant(value, width)) => {
                let [r, g, b, _] = value.map(|value| value.clamp(0.0, 1.0));
                material.base_colour = if width >= 3 { [r, g, b] } else { [r; 3] };
            }
            Some(Found::Texture(texture)) => {
                material.base_colour = [1.0; 3];
                material.base_colour_texture = Some(*texture);
            }
            Some(Found::Vertices) => material.base_colour = [1.0; 3],
            None => {}
        }
        (material.metallic, material.metallic_texture) =
            self.scalar(own, shader, inputs.metallic, 0.0)?;
        (material.roughness, material.roughness_texture) =
            self.scalar(own, shader, inputs.roughness, 0.5)?;
        (material.opacity, material.opacity_texture) =
            self.scalar(own, shader, inputs.opacity, 1.0)?;
        (_, material.occlusion_texture) = self.scalar(own, shader, inputs.occlusion, 1.0)?;
        for value in [&mut material.metallic, &mut material.roughness, &mut material.opacity] {
            *value = value.clamp(0.0, 1.0);
        }
        self.light(own, &mut material, shader, inputs)?;
        if let Some(Found::Texture(texture)) = self.found(own, shader, inputs.normal, false)? {
            material.normal_texture = Some(Texture { channel: Channel::R, ..*texture });
        }
        let threshold = self.scalar(own, shader, inputs.threshold, 0.0)?.0;
        material.alpha = if threshold > 0.0 {
            AlphaMode::Mask(threshold.min(1.0))
        } else if material.opacity < 1.0 || material.opacity_texture.is_some() {
            AlphaMode::Blend
        } else {
            AlphaMode::Opaque
        };
        look.material = material;
        Ok((look, has_base))
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
