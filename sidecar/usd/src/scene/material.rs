//! Looks: what a bound material looks like, and the scene's materials made from them.

use std::collections::HashMap;

use vitrine_scene::{AlphaMode, Material, Texture};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;

/// A material whose textures name their coordinates.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// Textures' `uv_set` is an index of `uvs`.
    pub(super) material: Material,
    /// Names of primvars that hold texture coordinates.
    pub(super) uvs: Vec<Name>,
    /// Whether the base colour is `displayColor`.
    pub(super) wants_colours: bool,
}

/// All looks of a scene.
#[derive(Default)]
pub(super) struct Looks {
    looks: Vec<Look>,
    /// Looks by the specs of their materials: instances share them.
    by_specs: HashMap<Vec<u64>, Option<u32>>,
    /// Materials by look and the sets of coordinates its textures use.
    materials: HashMap<(u32, Vec<u32>), u32>,
    plain: HashMap<[u32; 4], u32>,
    white: [Option<u32>; 2],
}

impl Looks {
    /// Names of the texture coordinates that a look uses.
    pub(super) fn uvs(&self, look: u32) -> &[Name] {
        &self.looks[look as usize].uvs
    }

    /// Whether a look takes its base colour from the vertices.
    pub(super) fn wants_colours(&self, look: u32) -> bool {
        self.looks[look as usize].wants_colours
    }

    /// The material of a look on a mesh with these sets of texture coordinates.
    pub(super) fn material(
        &mut self,
        look: u32,
        sets: &[Name],
        materials: &mut Vec<Material>,
    ) -> u32 {
        let own = &self.looks[look as usize];
        // One beyond the sets: what the mesh lacks shows the texture's fallback.
        let index = |name: &Name| sets.iter().position(|set| set == name).unwrap_or(sets.len());
        let map: Vec<u32> = own.uvs.iter().map(|name| index(name) as u32).collect();
        *self.materials.entry((look, map)).or_insert_with_key(|(_, map)| {
            let mut material = own.material.clone();
            let Material {
                name: _,
                base_colour: _,
                base_colour_texture,
                metallic: _,
                metallic_texture,
                roughness: _,
                roughness_texture,
                emissive: _,
                emissive_texture,
                normal_texture,
                occlusion_texture,
                opacity: _,
                opacity_texture,
                alpha: _,
            } = &mut material;
            let textures = [
                base_colour_texture,
                metallic_texture,
                roughness_texture,
                emissive_texture,
                normal_texture,
                occlusion_texture,
                opacity_texture,
            ];
            for texture in textures.into_iter().flatten() {
                let Texture { uv_set, .. } = texture;
                *uv_set = map.get(*uv_set as usize).copied().unwrap_or(u32::MAX);
            }
            materials.push(material);
            materials.len() as u32 - 1
        })
    }

    /// A material of one colour and opacity, as `displayColor` gives it.
    pub(super) fn plain(&mut self, colour: [f32; 4], materials: &mut Vec<Material>) -> u32 {
        let colour =
            colour.map(|value| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 });
        *self.plain.entry(colour.map(f32::to_bits)).or_insert_with(|| {
            let [r, g, b, opacity] = colour;
            materials.push(Material {
                name: "displayColor".to_owned(),
                base_colour: [r, g, b],
                opacity,
                alpha: if opacity < 1.0 { AlphaMode::Blend } else { AlphaMode::Opaque },
                ..Material::default()
            });
            materials.len() as u32 - 1
        })
    }

    /// A white material for meshes whose vertices have colours.
    pub(super) fn white(&mut self, is_see_through: bool, materials: &mut Vec<Material>) -> u32 {
        *self.white[usize::from(is_see_through)].get_or_insert_with(|| {
            materials.push(Material {
                name: "displayColor".to_owned(),
                base_colour: [1.0; 3],
                alpha: if is_see_through { AlphaMode::Blend } else { AlphaMode::Opaque },
                ..Material::default()
            });
            materials.len() as u32 - 1
        })
    }
}

impl Build<'_, '_> {
    /// The look of a material; `None` where nothing of it can be shown.
    pub(super) fn look(&mut self, material: u32) -> Result<Option<u32>, LayerError> {
        let specs = self.stage.placed(material).specs();
        let key: Vec<u64> =
            specs.map(|(_, _, spec)| std::ptr::from_ref(spec) as usize as u64).collect();
        if let Some(known) = self.looks.by_specs.get(&key) {
            return Ok(*known);
        }
        let look = self.read_look(material)?;
        let index = look.map(|look| {
            self.looks.looks.push(look);
            self.looks.looks.len() as u32 - 1
        });
        self.looks.by_specs.insert(key, index);
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_becomes_one_material_for_each_way_that_meshes_order_their_coordinates() {
        let (a, b) = (Name(1), Name(2));
        let material = Material {
            base_colour_texture: Some(Texture { uv_set: 1, ..Texture::of(0) }),
            ..Material::default()
        };
        let look = Look { material, uvs: vec![a, b], wants_colours: false };
        let mut looks = Looks { looks: vec![look], ..Looks::default() };
        let mut materials = Vec::new();
        let first = looks.material(0, &[a, b], &mut materials);
        assert_eq!(looks.material(0, &[a, b], &mut materials), first);
        let other = looks.material(0, &[b], &mut materials);
        let none = looks.material(0, &[], &mut materials);
        let sets = [first, other, none].map(|at| {
            materials[at as usize].base_colour_texture.as_ref().map(|texture| texture.uv_set)
        });
        assert_eq!(sets, [Some(1), Some(0), Some(0)]);
        assert_eq!(materials.len(), 3);
    }
}
