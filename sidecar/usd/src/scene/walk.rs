//! Which prims are shown, and where.
//!
//! # Source
//!
//! "UsdGeomImageable": purposes default and render; `invisible` hides everything below. Below a
//! prototype of a point instancer, what is only said by overs counts too, as in UsdImaging.

use crate::bounds::{self, Inherited, Purpose};
use crate::compose::{ROOT, Time};
use crate::layer::LayerError;
use crate::matrix::Matrix;
use crate::names::Name;
use crate::schema::{Family, Shape};

use super::Build;

/// A mesh where it is shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// Index of the mesh.
    pub(super) mesh: u32,
    /// To the world, or to the space that a prototype is placed in.
    pub(super) to_root: Matrix,
}

/// A prim that waits to be looked at.
struct Waiting {
    prim: u32,
    above: Matrix,
    purpose: Inherited,
}

impl Build<'_, '_> {
    /// Shows the whole stage.
    pub(super) fn walk_stage(&mut self) -> Result<(), LayerError> {
        let children = self.stage.children(ROOT)?;
        let waiting = children.iter().rev().map(|&prim| Waiting {
            prim,
            above: Matrix::IDENTITY,
            purpose: Inherited::NOTHING,
        });
        let shown = self.walk(waiting.collect(), 0)?;
        self.place(shown);
        Ok(())
    }

    /// What a prototype shows, in the space it is placed in.
    pub(super) fn walk_prototype(
        &mut self,
        prim: u32,
        depth: u32,
    ) -> Result<Vec<Shown>, LayerError> {
        let purpose = Inherited::NOTHING;
        self.walk(vec![Waiting { prim, above: Matrix::IDENTITY, purpose }], depth)
    }

    /// * `depth`: how many point instancers stand above; 0 is the stage itself.
    fn walk(&mut self, mut waiting: Vec<Waiting>, depth: u32) -> Result<Vec<Shown>, LayerError> {
        let mut shown = Vec::new();
        while let Some(Waiting { prim, above, purpose }) = waiting.pop() {
            let flags = self.stage.prims[prim as usize].flags;
            let hidden = depth == 0 && (!flags.defined || flags.abstract_);
            if !flags.active || hidden {
                continue;
            }
            let family = bounds::family(self.stage, prim);
            if family == Family::Typed {
                continue;
            }
            if family != Family::Unknown && self.text(prim, Name::VISIBILITY) == "invisible" {
                continue;
            }
            let (local, reset) = bounds::local(self.stage, prim, Time::Earliest)?;
            let here = if reset { local } else { local.then(&above) };
            let purpose = bounds::purpose(self.stage, prim, family, purpose);
            let is_shown = matches!(purpose.purpose, Purpose::Default | Purpose::Render);
            match family {
                Family::Boundable(Shape::PointInstancer) => {
                    if is_shown {
                        self.instancer(prim, &here, depth, &mut shown)?;
                    }
                    continue;
                }
                Family::Boundable(shape) if is_shown => {
                    for &mesh in self.meshes_of(prim, shape)?.iter() {
                        self.show(&mut shown, Shown { mesh, to_root: here });
                    }
                }
                Family::Xformable if depth == 0 && self.type_text(prim) == "Camera" => {
                    self.camera(prim, &here);
                }
                _ => {}
            }
            let children = self.stage.children(prim)?;
            let children = children.iter().rev();
            waiting.extend(children.map(|&prim| Waiting { prim, above: here, purpose }));
        }
        Ok(shown)
    }

    /// Adds to a bounded list.
    pub(super) fn show(&mut self, shown: &mut Vec<Shown>, one: Shown) {
        let max = self.stage.store.limits.places_max;
        // What prototypes of prototypes show is counted too: it takes memory.
        if (shown.len() as u64) < max && self.places < max.saturating_mul(4) {
            self.places += 1;
            shown.push(one);
        } else {
            self.stage.warn(format!("only the first {max} meshes are shown (limit placesMax)"));
        }
    }
}
