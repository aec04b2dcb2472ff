//! Textures: pictures and how they are read.
//!
//! # Source
//!
//! "UsdPreviewSurface Specification" 2.6: UsdUVTexture, UsdPrimvarReader. Where no wrap is authored,
//! pictures repeat, as most viewers have it; a colour space that is `auto` is sRGB for colours and
//! raw for data, whatever the picture has. `colorSpace` of the file's attribute is what MaterialX
//! has for it.

use std::collections::HashMap;

use vitrine_scene::{Channel, Picture, Texture, Wrap};

use crate::layer::LayerError;
use crate::names::Name;
use crate::store::Target;
use crate::value::Value;

use super::Build;
use super::material::Look;
use super::network::Source;

/// Most pictures of a scene.
const PICTURES_MAX: usize = 10_000;

impl Build<'_, '_> {
    /// The texture that an output of a node like UsdUVTexture gives; `None` where its picture
    /// cannot be had.
    pub(super) fn texture(
        &mut self,
        look: &mut Look,
        node: u32,
        output: Name,
        is_colour: bool,
    ) -> Result<Option<Texture>, LayerError> {
        let Some(Source::Value(prim, file)) = self.input(node, "file")? else { return Ok(None) };
        let Some(picture) = self.picture(prim, file) else { return Ok(None) };
        let (uvs, transform) = self.coordinates(node)?;
        let mut texture = Texture { transform, uv_set: uv_set(look, uvs), ..Texture::of(picture) };
        texture.channel = match self.stage.names.text(output) {
            "outputs:g" => Channel::G,
            "outputs:b" => Channel::B,
            // The latter are those of MaterialX's nodes for glTF.
            "outputs:a" | "outputs:outa" | "outputs:out_alpha" => Channel::A,
            _ => Channel::R,
        };
        let space = self.word(node, "sourceColorSpace")?;
        let space = if space.is_empty() { self.colour_space(prim, file) } else { space };
        texture.is_srgb = match space.as_str() {
            // The curves of the latter are nearer to sRGB than to none.
            "sRGB" | "srgb_texture" | "srgb_tx" | "g22_rec709" | "gamma22" => true,
            "" | "auto" => is_colour,
            _ => false,
        };
        for (name, wrap) in [("wrapS", 0), ("wrapT", 1)] {
            let word = self.word(node, name)?;
            let word = if word.is_empty() {
                // MaterialX's name for the same.
                self.word(node, if wrap == 0 { "uaddressmode" } else { "vaddressmode" })?
            } else {
                word
            };
            let found = match word.as_str() {
                "black" | "constant" => Wrap::Black,
                "clamp" => Wrap::Clamp,
                "mirror" => Wrap::Mirror,
                _ => Wrap::Repeat,
            };
            if wrap == 0 {
                texture.wrap_s = found;
            } else {
                texture.wrap_t = found;
            }
        }
        let (scale, bias) = (self.four(node, "scale")?, self.four(node, "bias")?);
        let is_normal = !is_colour && self.stage.names.text(output) == "outputs:rgb";
        if is_normal && scale.is_none() && bias.is_none() {
            // Pictures of 8 bits cannot hold −1…1: authors who forget to say so mean this.
            texture.scale = [2.0, 2.0, 2.0, 1.0];
            texture.bias = [-1.0, -1.0, -1.0, 0.0];
        } else {
            texture.scale = scale.unwrap_or([1.0; 4]);
            texture.bias = bias.unwrap_or([0.0; 4]);
        }
        let fallback = self.four(node, "fallback")?;
        if let Some(fallback) = fallback.or(self.four(node, "default")?) {
            texture.fallback = fallback;
        } else if is_colour {
            // The specification's black would hide what cannot be read; a neutral grey does not.
            texture.fallback = [0.18, 0.18, 0.18, 1.0];
        }
        Ok(Some(texture))
    }

    /// The colour space that is authored of a file's attribute; empty where none is.
    fn colour_space(&self, prim: u32, file: Name) -> String {
        match self.stage.placed(prim).property_field(file, Name::COLOR_SPACE) {
            Some(Value::Token(space)) => self.stage.names.text(*space).to_owned(),
            Some(Value::String(space)) => space.to_string(),
            _ => String::new(),
        }
    }

    /// A texture that a surface names itself: the whole picture by `st`.
    pub(super) fn bare_texture(
        &mut self,
        look: &mut Look,
        prim: u32,
        file: Name,
        is_colour: bool,
    ) -> Result<Option<Texture>, LayerError> {
        let Some(picture) = self.picture(prim, file) else { return Ok(None) };
        let st = self.stage.names.intern("primvars:st");
        let uv_set = uv_set(look, st);
        Ok(Some(Texture { uv_set, is_srgb: is_colour, ..Texture::of(picture) }))
    }

    /// The token or string that an input of a shader has.
    pub(super) fn word(&mut self, shader: u32, name: &str) -> Result<String, LayerError> {
        Ok(match self.input(shader, name)? {
            Some(Source::Value(prim, name)) => self.text(prim, name).to_owned(),
            _ => String::new(),
        })
    }

    fn four(&mut self, shader: u32, name: &str) -> Result<Option<[f32; 4]>, LayerError> {
        let values = self.constant(shader, name)?;
        Ok(values.map(|values| {
            let last = [0.0, 0.0, 0.0, 1.0];
            std::array::from_fn(|at| values.get(at).map_or(last[at], |value| *value as f32))
        }))
    }

    /// The primvar that a reader node reads.
    pub(super) fn varname(&mut self, reader: u32) -> Result<Option<Name>, LayerError> {
        for name in ["varname", "geomprop"] {
            let word = self.word(reader, name)?;
            if !word.is_empty() {
                return Ok(Some(self.stage.names.intern(&word)));
            }
        }
        Ok(None)
    }

    /// The picture that an attribute names, read once; `None` with a warning where it cannot be.
    fn picture(&mut self, prim: u32, attribute: Name) -> Option<u32> {
        if !self.options.pictures {
            return None;
        }
        let (anchor, asset) = self.stage.asset(prim, attribute)?;
        if asset.is_empty() {
            return None;
        }
        let first_tile = asset.replace("<UDIM>", "1001");
        let mut target = self.stage.store.resolve(&anchor, &first_tile);
        if let (Target::Missing(_), Some((before, after))) = (&target, asset.split_once("<UDIM>")) {
            target = self.tile(&anchor, before, after).unwrap_or(target);
        }
        let path = match target {
            Target::Found(path) => path,
            Target::Missing(path) => {
                self.stage.warn(format!("the picture {path} is missing"));
                return None;
            }
        };
        if let Some(known) = self.pictures.get(&path) {
            return *known;
        }
        let read = self.read_picture(&path);
        self.pictures.insert(path.clone(), read.as_ref().ok().copied());
        match read {
            Ok(picture) => Some(picture),
            Err(error) => {
                self.stage.warn(format!("the picture {path} is left out: {error}"));
                None
            }
        }
    }

    /// The first tile of 1001…1100 that is there.
    fn tile(&mut self, anchor: &str, before: &str, after: &str) -> Option<Target> {
        (1002..=1100).find_map(|tile| {
            let found = self.stage.store.resolve(anchor, &format!("{before}{tile}{after}"));
            matches!(found, Target::Found(_)).then_some(found)
        })
    }

    fn read_picture(&mut self, path: &str) -> Result<u32, LayerError> {
        if self.scene.pictures.len() >= PICTURES_MAX {
            return Err(LayerError::new(format!("the scene has {PICTURES_MAX} already")));
        }
        let bytes = self.stage.store.file(path)?;
        let max = self.stage.store.limits.texture_bytes_max;
        let total = self.texture_bytes.saturating_add(bytes.len() as u64);
        if total > max {
            return Err(LayerError::new(format!(
                "the scene's pictures would have more than {max} bytes (limit textureBytesMax)"
            )));
        }
        self.texture_bytes = total;
        let bytes = bytes::Bytes::copy_from_slice(&bytes);
        self.scene.pictures.push(Picture { name: path.to_owned(), bytes });
        Ok(self.scene.pictures.len() as u32 - 1)
    }
}

/// Pictures by path; `None` for those that cannot be read.
pub(super) type Pictures = HashMap<String, Option<u32>>;

/// The look's number of a set of coordinates.
fn uv_set(look: &mut Look, name: Name) -> u32 {
    let known = look.uvs.iter().position(|own| *own == name);
    known.unwrap_or_else(|| {
        look.uvs.push(name);
        look.uvs.len() - 1
    }) as u32
}
