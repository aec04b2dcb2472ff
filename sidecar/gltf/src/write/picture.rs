//! Pictures in the file, each recipe once, and the textures that use them.

use image::ImageFormat;
use vitrine_scene::{Texture, Wrap};

use crate::{GltfError, json, uv};

use super::bake::{Header, Recipe, Single, header};
use super::{File, shared};

const LINEAR: u32 = 9729;
const LINEAR_MIPMAP_LINEAR: u32 = 9987;
const CLAMP_TO_EDGE: u32 = 33071;
const MIRRORED_REPEAT: u32 = 33648;
const REPEAT: u32 = 10497;

/// What was made so far.
#[derive(Default)]
pub struct Pictures {
    headers: Vec<(u32, Option<Header>)>,
    /// Recipes and the images they gave; none where that failed.
    made: Vec<(Recipe, Option<u32>)>,
}

impl Pictures {
    /// What a picture's header says; none, and people told, where it is not readable.
    pub fn header(&mut self, file: &mut File<'_>, picture: u32) -> Option<Header> {
        if let Some((_, known)) = self.headers.iter().find(|(other, _)| *other == picture) {
            return *known;
        }
        let source = &file.scene.pictures[picture as usize];
        let found = header(&source.name, &source.bytes);
        if found.is_none() {
            file.warn(format!("picture {} cannot be read and is left out", source.name));
        }
        self.headers.push((picture, found));
        found
    }

    /// The mean of a channel, for what cannot be packed; 1 where it cannot be read.
    pub fn mean(&self, file: &mut File<'_>, single: &Single) -> f32 {
        match single.mean(&file.scene.pictures, file.options.picture_pixels_max) {
            Ok(mean) => mean,
            Err(why) => {
                file.warn(why);
                1.0
            }
        }
    }

    /// A use of what a recipe makes, placed as `like`; none, and people told, where it fails.
    ///
    /// # Errors
    ///
    /// When the file gets too large.
    pub fn texture(
        &mut self,
        file: &mut File<'_>,
        recipe: &Recipe,
        like: &Texture,
    ) -> Result<Option<json::TextureInfo>, GltfError> {
        let Some(source) = self.image(file, recipe)? else { return Ok(None) };
        if [like.wrap_s, like.wrap_t].contains(&Wrap::Black) {
            file.warn("textures that are black beyond their edge repeat its pixels instead");
        }
        let sampler = json::Sampler {
            mag_filter: Some(LINEAR),
            min_filter: Some(LINEAR_MIPMAP_LINEAR),
            wrap_s: Some(wrap(like.wrap_s)),
            wrap_t: Some(wrap(like.wrap_t)),
        };
        let sampler = shared(&mut file.root.samplers, sampler);
        let texture =
            json::Texture { sampler: Some(sampler), source: Some(source), ..Default::default() };
        let index = shared(&mut file.root.textures, texture);
        let (transform, is_whole) = uv::to_transform(&uv::flipped(&like.transform));
        if !is_whole {
            file.warn("skewed texture coordinates are shown without their skew");
        }
        let transform = (transform != json::TextureTransform::default()).then_some(transform);
        if transform.is_some() {
            file.uses("KHR_texture_transform");
        }
        let extensions = json::TextureInfoExtensions { transform };
        let tex_coord = like.uv_set;
        Ok(Some(json::TextureInfo { index, tex_coord, extensions, ..json::TextureInfo::default() }))
    }

    fn image(&mut self, file: &mut File<'_>, recipe: &Recipe) -> Result<Option<u32>, GltfError> {
        if let Some((_, known)) = self.made.iter().find(|(other, _)| other == recipe) {
            return Ok(*known);
        }
        let scene = file.scene;
        let as_is = match recipe {
            Recipe::AsIs(picture) => match self.header(file, *picture).map(|it| it.format) {
                Some(ImageFormat::Png) => Some((*picture, "image/png")),
                Some(ImageFormat::Jpeg) => Some((*picture, "image/jpeg")),
                _ => None,
            },
            _ => None,
        };
        let made = match as_is {
            Some((picture, kind)) => {
                let picture = &scene.pictures[picture as usize];
                let view = file.buffer.picture(&picture.bytes)?;
                Some((picture.name.clone(), kind, view))
            }
            None => match recipe.bake(&scene.pictures, file.options.picture_pixels_max) {
                Ok(png) => {
                    Some((recipe.name(&scene.pictures), "image/png", file.buffer.picture(&png)?))
                }
                Err(why) => {
                    file.warn(why);
                    None
                }
            },
        };
        let image = made.map(|(name, kind, view)| {
            file.root.images.push(json::Image {
                name,
                uri: None,
                mime_type: Some(kind.into()),
                buffer_view: Some(view),
            });
            file.root.images.len() as u32 - 1
        });
        self.made.push((recipe.clone(), image));
        Ok(image)
    }
}

fn wrap(wrap: Wrap) -> u32 {
    match wrap {
        Wrap::Repeat => REPEAT,
        Wrap::Mirror => MIRRORED_REPEAT,
        Wrap::Clamp | Wrap::Black => CLAMP_TO_EDGE,
    }
}
