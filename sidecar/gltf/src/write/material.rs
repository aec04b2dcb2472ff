//! Materials: one for each way a scene's material is used.
//!
//! glTF lets neither a mesh say that its backs are seen nor a material name texture coordinates
//! that its mesh lacks, so that one material of a scene may become several.

use std::collections::BTreeMap;

use vitrine_scene::{Material, Mesh};

use crate::{GltfError, json};

use super::File;
use super::picture::Pictures;
use super::surface::Surface;

/// What parts without a material look like; white where vertices bring their own colours.
const NEUTRAL: f32 = 0.5;

/// Which material, and all of its use that changes it.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Use {
    material: Option<u32>,
    /// No more than the material knows.
    uv_sets: u32,
    is_double_sided: bool,
    has_colours: bool,
}

/// Materials written so far.
#[derive(Default)]
pub struct Materials {
    pictures: Pictures,
    made: BTreeMap<Use, u32>,
}

impl Materials {
    /// The index of a material as `mesh` uses it.
    ///
    /// # Errors
    ///
    /// When the file gets too large.
    pub fn of(
        &mut self,
        file: &mut File<'_>,
        mesh: &Mesh,
        material: Option<u32>,
    ) -> Result<u32, GltfError> {
        let scene = file.scene;
        let known = material.map(|index| &scene.materials[index as usize]);
        let wanted = known.map_or(0, |material| {
            material.textures().map(|texture| texture.uv_set.saturating_add(1)).max().unwrap_or(0)
        });
        let uv_sets = wanted.min(mesh.uvs.len() as u32);
        let of_use = Use {
            material,
            uv_sets,
            is_double_sided: mesh.is_double_sided,
            has_colours: known.is_none() && mesh.colours.is_some(),
        };
        if let Some(&index) = self.made.get(&of_use) {
            return Ok(index);
        }
        let neutral = Material {
            name: "neutral".into(),
            base_colour: [if of_use.has_colours { 1.0 } else { NEUTRAL }; 3],
            ..Material::default()
        };
        let surface = Surface {
            material: known.unwrap_or(&neutral),
            uv_sets,
            pictures: &mut self.pictures,
            written: json::Material {
                double_sided: mesh.is_double_sided,
                ..json::Material::default()
            },
        };
        let written = surface.write(file)?;
        file.root.materials.push(written);
        let index = file.root.materials.len() as u32 - 1;
        self.made.insert(of_use, index);
        Ok(index)
    }
}
