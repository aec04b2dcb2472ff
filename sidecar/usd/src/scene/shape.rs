//! One prim's meshes: made once for all prims that say the same.

use std::rc::Rc;

use vitrine_scene::{Mesh, Part};

use crate::layer::LayerError;
use crate::names::Name;
use crate::schema::Shape;

use super::Build;

/// Most parts of one mesh.
const SUBSETS_MAX: usize = 1_000;

/// A look for a whole shape and for some of its faces, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Dress {
    pub(super) whole: Option<u32>,
    /// Subsets of the faces: the prim, and its look.
    pub(super) subsets: Vec<(u32, Option<u32>)>,
}

impl Dress {
    /// Looks by part: the whole's first, then the subsets'.
    pub(super) fn parts(&self) -> impl Iterator<Item = Option<u32>> {
        std::iter::once(self.whole).chain(self.subsets.iter().map(|(_, look)| *look))
    }
}

impl Build<'_, '_> {
    /// Meshes of a boundable prim; none where it has no surface, is broken, or passes a limit.
    ///
    /// # Errors
    ///
    /// When composition passes a limit.
    pub(super) fn meshes_of(&mut self, prim: u32, shape: Shape) -> Result<Rc<[u32]>, LayerError> {
        match shape {
            Shape::Cube
            | Shape::Sphere
            | Shape::Cylinder
            | Shape::Cylinder1
            | Shape::Cone
            | Shape::Capsule
            | Shape::Capsule1
            | Shape::Plane
            | Shape::Mesh
            | Shape::Curves
            | Shape::Points => {}
            Shape::PointBased | Shape::Opaque => {
                let (path, kind) = (self.stage.path_text(prim), self.type_text(prim).to_owned());
                self.stage.warn(format!("{path} is left out: {kind} is not drawn"));
                return Ok(Rc::from([]));
            }
            Shape::PointInstancer
            | Shape::SkelRoot
            | Shape::Skeleton
            | Shape::CylinderLight
            | Shape::DiskLight
            | Shape::PortalLight
            | Shape::RectLight
            | Shape::SphereLight => return Ok(Rc::from([])),
        }
        let dress = self.dress(prim, shape)?;
        let key = self.key(prim, &dress);
        if let Some(known) = self.made.get(&key) {
            return Ok(Rc::clone(known));
        }
        self.origin = None;
        let made = match shape {
            Shape::Mesh => self.mesh(prim, &dress),
            Shape::Curves => self.curves(prim, &dress),
            Shape::Points => self.points(prim, &dress),
            shape => self.implicit(prim, shape, &dress),
        };
        let mesh = match made {
            Ok(mesh) => mesh.and_then(|mesh| self.add_mesh(mesh)),
            Err(error) => {
                let path = self.stage.path_text(prim);
                self.stage.warn(format!("{path} is left out: {error}"));
                None
            }
        };
        if let (Some(mesh), Some(origin)) = (mesh, self.origin) {
            self.origins.insert(mesh, origin);
        }
        let meshes: Rc<[u32]> = mesh.into_iter().collect();
        self.made.insert(key, Rc::clone(&meshes));
        Ok(meshes)
    }

    /// The looks of a prim and of its subsets.
    fn dress(&mut self, prim: u32, shape: Shape) -> Result<Dress, LayerError> {
        let mut dress = Dress { whole: self.look_of(prim)?, subsets: Vec::new() };
        if shape != Shape::Mesh {
            return Ok(dress);
        }
        for &child in self.stage.children(prim)?.iter() {
            let flags = self.stage.prims[child as usize].flags;
            let is_face = matches!(self.text(child, Name::ELEMENT_TYPE), "" | "face");
            if flags.active
                && flags.defined
                && is_face
                && self.type_text(child) == "GeomSubset"
                && self.text(child, Name::FAMILY_NAME) == "materialBind"
            {
                if dress.subsets.len() >= SUBSETS_MAX {
                    self.stage.warn(format!("meshes have at most {SUBSETS_MAX} materials"));
                    break;
                }
                let look = self.look_of(child)?;
                dress.subsets.push((child, look));
            }
        }
        Ok(dress)
    }

    /// All that a prim's meshes depend on. Specs are told apart by where they lie in memory: their
    /// layers live as long as the stage.
    fn key(&self, prim: u32, dress: &Dress) -> Vec<u64> {
        let mut key = Vec::new();
        let mut add = |prim: u32| {
            let specs = self.stage.placed(prim).specs();
            key.extend(specs.map(|(_, _, spec)| std::ptr::from_ref(spec) as usize as u64));
            key.push(u64::MAX);
        };
        add(prim);
        for name in [Name::DISPLAY_COLOR, Name::DISPLAY_OPACITY] {
            // The root stands for "nowhere".
            add(self.primvar_source(prim, name).unwrap_or(crate::compose::ROOT));
        }
        for &(subset, _) in &dress.subsets {
            add(subset);
        }
        key.extend(dress.parts().map(|look| look.map_or(u64::MAX, u64::from)));
        if self.is_skinned(prim) {
            key.push(u64::from(prim));
        }
        key
    }

    /// Gives a mesh of one part its material and, where no look is bound, its colour.
    pub(super) fn finish(
        &mut self,
        prim: u32,
        mut mesh: Mesh,
        dress: &Dress,
    ) -> Result<Mesh, LayerError> {
        mesh.name = self.stage.path_text(prim);
        mesh.is_double_sided = self.flag(prim, Name::DOUBLE_SIDED);
        let material = match dress.whole {
            Some(look) => {
                // Such shapes have no coordinates: all of a texture is what is at (0, 0).
                let sets = self.looks.uvs(look).to_vec();
                mesh.uvs = vec![vec![[0.0; 2]; mesh.positions.len()]; sets.len()];
                Some(self.looks.material(look, &sets, &mut self.scene.materials))
            }
            None => self.plain_colour(prim)?,
        };
        mesh.parts = vec![Part { indices: mesh.indices.len() as u32, material }];
        Ok(mesh)
    }

    /// A material of the mean of `displayColor` and `displayOpacity`.
    pub(super) fn plain_colour(&mut self, prim: u32) -> Result<Option<u32>, LayerError> {
        let colour = self.primvar(prim, Name::DISPLAY_COLOR, 3)?.map(|found| found.mean());
        let opacity = self.primvar(prim, Name::DISPLAY_OPACITY, 1)?.map(|found| found.mean()[0]);
        if colour.is_none() && opacity.is_none() {
            return Ok(None);
        }
        let [r, g, b, _] = colour.unwrap_or([0.18; 4]);
        let colour = [r, g, b, opacity.unwrap_or(1.0)];
        Ok(Some(self.looks.plain(colour, &mut self.scene.materials)))
    }
}
