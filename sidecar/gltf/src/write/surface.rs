//! One material: factors, and the recipes of its textures.
//!
//! glTF fixes what each channel of a texture means: base colour and its alpha in one, roughness in
//! green and metal in blue of another, occlusion in red. Where a scene's textures are so already
//! they are used as they are; else they are packed so. Numbers that a factor can hold go there.

use vitrine_scene::{AlphaMode, Channel, Material, Texture};

use crate::{GltfError, json};

use super::File;
use super::bake::{Alpha, Colour, Recipe, Single};
use super::picture::Pictures;

/// A material while it is written.
pub struct Surface<'a> {
    pub material: &'a Material,
    /// Sets of texture coordinates that the mesh has.
    pub uv_sets: u32,
    pub pictures: &'a mut Pictures,
    pub written: json::Material,
}

/// What a texture comes to.
enum Look<'a> {
    Absent,
    /// Its fallback: no picture, or no coordinates to read it by.
    Flat([f32; 4]),
    Textured(&'a Texture),
}

impl<'a> Surface<'a> {
    /// The material as glTF has it.
    ///
    /// # Errors
    ///
    /// When the file gets too large.
    pub fn write(mut self, file: &mut File<'_>) -> Result<json::Material, GltfError> {
        self.written.name = self.material.name.clone();
        self.alpha_mode();
        self.base_colour(file)?;
        self.metal_and_roughness(file)?;
        self.emission(file)?;
        self.normal(file)?;
        Ok(self.written)
    }

    fn look(&mut self, file: &mut File<'_>, texture: &'a Option<Texture>) -> Look<'a> {
        match texture {
            None => Look::Absent,
            Some(texture) => {
                let has_uvs = texture.uv_set < self.uv_sets;
                if has_uvs && self.pictures.header(file, texture.picture).is_some() {
                    Look::Textured(texture)
                } else {
                    Look::Flat(texture.fallback)
                }
            }
        }
    }

    fn alpha_mode(&mut self) {
        (self.written.alpha_mode, self.written.alpha_cutoff) = match self.material.alpha {
            AlphaMode::Opaque => (None, None),
            AlphaMode::Mask(cutoff) => (Some("MASK".into()), Some(cutoff.max(0.0))),
            AlphaMode::Blend => (Some("BLEND".into()), None),
        };
    }

    fn base_colour(&mut self, file: &mut File<'_>) -> Result<(), GltfError> {
        let mut factor = self.material.base_colour;
        let mut opacity = self.material.opacity;
        let mut colour = None;
        match self.look(file, &self.material.base_colour_texture) {
            Look::Absent => {}
            Look::Flat(flat) => (0..3).for_each(|at| factor[at] *= flat[at]),
            Look::Textured(texture) => {
                colour = Some((texture, folded_colour(&mut factor, texture, 1.0)));
            }
        }
        let is_whole = self.material.alpha == AlphaMode::Opaque;
        let mut alpha = if is_whole { Alpha::Any } else { Alpha::One };
        let mut like = colour.map(|(texture, _)| texture);
        match self.look(file, &self.material.opacity_texture) {
            _ if is_whole => opacity = 1.0,
            Look::Absent => {}
            Look::Flat(flat) => {
                let channel = self.material.opacity_texture.as_ref().map(|it| it.channel as usize);
                opacity *= flat[channel.unwrap_or(3)];
            }
            Look::Textured(texture) => {
                let single = folded(&mut opacity, texture);
                if like.is_none_or(|like| is_placed_alike(like, texture)) {
                    alpha = Alpha::Single(single);
                    like = Some(texture);
                } else {
                    file.warn("opacity that is placed otherwise than the base colour is shown by its mean");
                    opacity *= self.pictures.mean(file, &single);
                }
            }
        }
        if let Some(like) = like {
            let recipe = self.colour_recipe(file, colour.map(|(_, colour)| colour), alpha);
            let texture = self.pictures.texture(file, &recipe, like)?;
            if let (None, Some((unread, _))) = (&texture, colour) {
                (0..3).for_each(|at| factor[at] *= unread.fallback[at]);
            }
            self.written.pbr_metallic_roughness.base_color_texture = texture;
        }
        let [r, g, b] = factor.map(unit);
        self.written.pbr_metallic_roughness.base_color_factor = Some([r, g, b, unit(opacity)]);
        Ok(())
    }

    /// A colour and its alpha: the file as it is, if that says the same.
    fn colour_recipe(
        &mut self,
        file: &mut File<'_>,
        colour: Option<Colour>,
        alpha: Alpha,
    ) -> Recipe {
        let Some(own) = colour else { return Recipe::Colour { colour, alpha } };
        let is_plain = own.is_srgb && own.scale == [1.0; 3] && own.bias == [0.0; 3];
        let has_alpha = self.pictures.header(file, own.picture).is_some_and(|it| it.has_alpha);
        let is_same = match alpha {
            Alpha::Any => true,
            Alpha::One => !has_alpha,
            Alpha::Single(single) => {
                single.picture == own.picture
                    && single.channel == Channel::A
                    && (single.scale, single.bias) == (1.0, 0.0)
            }
        };
        if is_plain && is_same {
            return Recipe::AsIs(own.picture);
        }
        Recipe::Colour { colour, alpha }
    }

    fn metal_and_roughness(&mut self, file: &mut File<'_>) -> Result<(), GltfError> {
        let (mut metallic, metallic_used) =
            self.number(file, self.material.metallic, &self.material.metallic_texture);
        let (roughness, roughness_used) =
            self.number(file, self.material.roughness, &self.material.roughness_texture);
        let (rough, mut metal) = (roughness_used, metallic_used);
        if let (Some((rough, _)), Some((other, single))) = (rough, metal)
            && !is_placed_alike(rough, other)
        {
            file.warn(
                "a metal texture that is placed otherwise than the roughness is shown by its mean",
            );
            metallic *= self.pictures.mean(file, &single);
            metal = None;
        }
        let like = rough.or(metal).map(|(texture, _)| texture);
        // It has no factor that could hold a scale; by a flat value it would only be darker.
        let occlusion = match self.look(file, &self.material.occlusion_texture) {
            Look::Absent | Look::Flat(_) => None,
            Look::Textured(texture) => Some((texture, Single::of(texture))),
        };
        let strength = occlusion.and_then(|(_, single)| strength(&single));
        let rough = rough.map(|(_, single)| single);
        let metal = metal.map(|(_, single)| single);
        // A channel that a factor of 0 silences may hold anything.
        let fits = |single: Option<Single>, channel, factor: f32| match single {
            Some(single) => is_plain(&single, channel),
            None => factor == 0.0,
        };
        let picture = rough.or(metal).map(|single| single.picture);
        let is_same = [rough, metal].iter().flatten().all(|it| Some(it.picture) == picture)
            && fits(rough, Channel::G, roughness)
            && fits(metal, Channel::B, metallic);
        let mut recipe = match picture.filter(|_| is_same) {
            Some(picture) => Recipe::AsIs(picture),
            None => Recipe::Channels([None, rough, metal]),
        };
        let mut occlusion_recipe = occlusion.map(|(_, single)| match strength {
            Some(_) => Recipe::AsIs(single.picture),
            None => Recipe::Channels([Some(single), None, None]),
        });
        // A picture that is made anyway takes the occlusion too.
        if let (Some(like), Some((texture, single)), false) = (like, occlusion, is_same)
            && is_placed_alike(like, texture)
        {
            let single = match strength {
                Some(_) => Single { scale: 1.0, bias: 0.0, ..single },
                None => single,
            };
            recipe = Recipe::Channels([Some(single), rough, metal]);
            occlusion_recipe = Some(recipe.clone());
        }
        let pbr = &mut self.written.pbr_metallic_roughness;
        (pbr.metallic_factor, pbr.roughness_factor) = (Some(unit(metallic)), Some(unit(roughness)));
        if let Some(like) = like {
            pbr.metallic_roughness_texture = self.pictures.texture(file, &recipe, like)?;
        }
        if let (Some((like, _)), Some(recipe)) = (occlusion, occlusion_recipe) {
            let texture = self.pictures.texture(file, &recipe, like)?;
            let strength = strength.filter(|strength| *strength != 1.0);
            self.written.occlusion_texture =
                texture.map(|texture| json::TextureInfo { strength, ..texture });
        }
        Ok(())
    }

    /// A factor with what its texture adds to it, and what is left to read of the texture.
    fn number(
        &mut self,
        file: &mut File<'_>,
        mut factor: f32,
        texture: &'a Option<Texture>,
    ) -> (f32, Option<(&'a Texture, Single)>) {
        match self.look(file, texture) {
            Look::Absent => (factor, None),
            Look::Flat(flat) => {
                let channel = texture.as_ref().map_or(0, |texture| texture.channel as usize);
                (factor * flat[channel], None)
            }
            Look::Textured(texture) => {
                let single = folded(&mut factor, texture);
                (factor, Some((texture, single)))
            }
        }
    }

    fn emission(&mut self, file: &mut File<'_>) -> Result<(), GltfError> {
        let mut light = self.material.emissive;
        match self.look(file, &self.material.emissive_texture) {
            Look::Absent => {}
            Look::Flat(flat) => (0..3).for_each(|at| light[at] *= flat[at]),
            Look::Textured(texture) => {
                let colour = folded_colour(&mut light, texture, f32::INFINITY);
                let recipe = self.colour_recipe(file, Some(colour), Alpha::Any);
                self.written.emissive_texture = self.pictures.texture(file, &recipe, texture)?;
            }
        }
        let light = light.map(|value| if value.is_finite() { value.max(0.0) } else { 0.0 });
        let strength = light.into_iter().fold(1.0, f32::max);
        if strength > 1.0 {
            file.uses("KHR_materials_emissive_strength");
            self.written.extensions.emissive_strength =
                Some(json::EmissiveStrength { emissive_strength: Some(strength) });
        }
        let factor = light.map(|value| unit(value / strength));
        self.written.emissive_factor = (factor != [0.0; 3]).then_some(factor);
        if self.written.emissive_factor.is_none() {
            self.written.emissive_texture = None;
        }
        Ok(())
    }

    fn normal(&mut self, file: &mut File<'_>) -> Result<(), GltfError> {
        let Look::Textured(texture) = self.look(file, &self.material.normal_texture) else {
            return Ok(());
        };
        let three = |all: [f32; 4]| [all[0], all[1], all[2]];
        let (scale, bias) = (three(texture.scale), three(texture.bias));
        let strength = scale[0] / 2.0;
        let near = |one: f32, other: f32| (one - other).abs() < 1e-4;
        let is_plain = !texture.is_srgb
            && strength > 0.0
            && near(scale[1], scale[0])
            && near(scale[2], 2.0)
            && near(bias[0], -strength)
            && near(bias[1], -strength)
            && near(bias[2], -1.0);
        let recipe = if is_plain {
            Recipe::AsIs(texture.picture)
        } else {
            Recipe::Normal { picture: texture.picture, scale, bias }
        };
        let written = self.pictures.texture(file, &recipe, texture)?;
        let strength = (is_plain && !near(strength, 1.0)).then_some(strength);
        self.written.normal_texture =
            written.map(|texture| json::TextureInfo { scale: strength, ..texture });
        Ok(())
    }
}

fn unit(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

/// Whether a factor can hold a texture's scale as well.
fn takes(factor: f32, scale: f32, bias: f32, most: f32) -> bool {
    bias == 0.0 && scale >= 0.0 && factor * scale <= most
}

/// What is left of a texture's number when `factor` has taken what it can.
fn folded(factor: &mut f32, texture: &Texture) -> Single {
    let mut single = Single::of(texture);
    if takes(*factor, single.scale, single.bias, 1.0) {
        *factor *= single.scale;
        single.scale = 1.0;
    }
    single
}

/// As [`folded`], of three channels at once.
fn folded_colour(factor: &mut [f32; 3], texture: &Texture, most: f32) -> Colour {
    let [r, g, b, _] = texture.scale;
    let [bias_r, bias_g, bias_b, _] = texture.bias;
    let (mut scale, bias) = ([r, g, b], [bias_r, bias_g, bias_b]);
    if (0..3).all(|at| takes(factor[at], scale[at], bias[at], most)) {
        (0..3).for_each(|at| factor[at] *= scale[at]);
        scale = [1.0; 3];
    }
    Colour { picture: texture.picture, is_srgb: texture.is_srgb, scale, bias }
}

/// Whether a number is read where glTF reads it, unchanged.
fn is_plain(single: &Single, channel: Channel) -> bool {
    let is_srgb = single.is_srgb && channel != Channel::A;
    single.channel == channel && !is_srgb && (single.scale, single.bias) == (1.0, 0.0)
}

/// The strength of glTF's occlusion that says the same as a scale and a bias: `1 + strength · (value − 1)`.
fn strength(single: &Single) -> Option<f32> {
    let says =
        (single.scale + single.bias - 1.0).abs() < 1e-4 && (0.0..=1.0).contains(&single.scale);
    let is_red = single.channel == Channel::R && !single.is_srgb;
    (says && is_red).then_some(single.scale)
}

/// Whether two textures read the same place of their pictures.
fn is_placed_alike(one: &Texture, other: &Texture) -> bool {
    (one.uv_set, one.transform, one.wrap_s, one.wrap_t)
        == (other.uv_set, other.transform, other.wrap_s, other.wrap_t)
}
