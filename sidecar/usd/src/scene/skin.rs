//! Skinned meshes in their first pose: blend shapes, then linear blend skinning.
//!
//! # Source
//!
//! `UsdSkel`, "Skinning" and "Blend shapes". Without animation the rest pose counts, without that
//! the bind pose. In-between shapes are not read.

use crate::bounds;
use crate::compose::{ROOT, Time};
use crate::layer::LayerError;
use crate::matrix::Matrix;
use crate::names::Name;
use crate::skel;

use super::Build;

/// What moves a mesh.
struct Rig {
    skeleton: u32,
    animation: Option<u32>,
}

impl Build<'_, '_> {
    /// Whether a prim has joint influences or blend shapes, its own or inherited ones.
    pub(super) fn is_skinned(&self, prim: u32) -> bool {
        self.inherited(prim, Name::SKEL_JOINT_INDICES).is_some()
            || self.stage.placed(prim).has(Name::SKEL_BLEND_SHAPES)
    }

    /// The nearest of `prim` and its ancestors that has the property `name`.
    fn inherited(&self, prim: u32, name: Name) -> Option<u32> {
        let mut at = prim;
        while at != ROOT {
            if self.stage.placed(at).has(name) {
                return Some(at);
            }
            at = self.stage.prims[at as usize].parent;
        }
        None
    }

    fn rig(&mut self, prim: u32) -> Result<Option<Rig>, LayerError> {
        let mut root = prim;
        while root != ROOT && self.type_text(root) != "SkelRoot" {
            root = self.stage.prims[root as usize].parent;
        }
        if root == ROOT {
            return Ok(None);
        }
        let Some(skeleton) = self.bound_prim(prim, Name::SKEL_SKELETON)? else { return Ok(None) };
        if self.type_text(skeleton) != "Skeleton" {
            return Ok(None);
        }
        let animation = self.bound_prim(skeleton, Name::SKEL_ANIMATION_SOURCE)?;
        Ok(Some(Rig { skeleton, animation }))
    }

    /// What the nearest relationship `name` targets.
    fn bound_prim(&mut self, prim: u32, name: Name) -> Result<Option<u32>, LayerError> {
        let Some(at) = self.inherited(prim, name) else { return Ok(None) };
        match self.stage.targets(at, name).first() {
            Some(path) => self.stage.prim_at(&path.clone()),
            None => Ok(None),
        }
    }

    /// The points of a mesh in its first pose, in its own space; `None` where nothing moves them.
    pub(super) fn skinned_points(
        &mut self,
        prim: u32,
        points: &[[f32; 3]],
    ) -> Result<Option<Vec<[f32; 3]>>, LayerError> {
        if !self.is_skinned(prim) {
            return Ok(None);
        }
        let Some(rig) = self.rig(prim)? else { return Ok(None) };
        let mut moved: Vec<[f64; 3]> = points.iter().map(|point| point.map(f64::from)).collect();
        let mut has_moved = self.blend(prim, &rig, &mut moved)?;
        has_moved |= self.skin(prim, &rig, &mut moved)?;
        Ok(has_moved.then(|| moved.iter().map(|point| point.map(|v| v as f32)).collect()))
    }

    /// Adds blend shapes by their weights.
    fn blend(&mut self, prim: u32, rig: &Rig, points: &mut [[f64; 3]]) -> Result<bool, LayerError> {
        let Some(animation) = rig.animation else { return Ok(false) };
        let shapes = self.tokens(prim, Name::SKEL_BLEND_SHAPES).unwrap_or_default();
        let moved = self.tokens(animation, Name::BLEND_SHAPES).unwrap_or_default();
        if shapes.is_empty() || moved.is_empty() {
            return Ok(false);
        }
        let weights = self.numbers(animation, Name::BLEND_SHAPE_WEIGHTS)?.unwrap_or_default();
        let targets = self.stage.targets(prim, Name::SKEL_BLEND_SHAPE_TARGETS);
        let mut has_moved = false;
        for (shape, target) in shapes.iter().zip(&targets) {
            let weight = moved.iter().position(|name| name == shape);
            let weight = weight.and_then(|at| weights.get(at)).copied().unwrap_or(0.0);
            if weight == 0.0 {
                continue;
            }
            let Some(shape) = self.stage.prim_at(target)? else { continue };
            let offsets = self.numbers(shape, Name::OFFSETS)?.unwrap_or_default();
            let indices = self.indices(shape, Name::POINT_INDICES)?;
            let indices = indices.filter(|indices| !indices.is_empty());
            for (at, offset) in offsets.chunks_exact(3).enumerate() {
                let at = match &indices {
                    Some(indices) => indices.get(at).map(|&at| at as usize),
                    None => Some(at),
                };
                if let Some(point) = at.and_then(|at| points.get_mut(at)) {
                    for axis in 0..3 {
                        point[axis] += weight * offset[axis];
                    }
                    has_moved = true;
                }
            }
        }
        Ok(has_moved)
    }

    /// Moves points with the joints.
    fn skin(&mut self, prim: u32, rig: &Rig, points: &mut [[f64; 3]]) -> Result<bool, LayerError> {
        let (Some(at), Some(weights_at)) = (
            self.inherited(prim, Name::SKEL_JOINT_INDICES),
            self.inherited(prim, Name::SKEL_JOINT_WEIGHTS),
        ) else {
            return Ok(false);
        };
        let indices = self.indices(at, Name::SKEL_JOINT_INDICES)?.unwrap_or_default();
        let weights = self.numbers(weights_at, Name::SKEL_JOINT_WEIGHTS)?.unwrap_or_default();
        if indices.is_empty() || indices.len() != weights.len() || points.is_empty() {
            return Ok(false);
        }
        // One set of influences for each point, or one for all.
        let element =
            self.stage.placed(at).property_field(Name::SKEL_JOINT_INDICES, Name::ELEMENT_SIZE);
        let element =
            element.and_then(|value| value.as_f64()).map_or(1, |size| size.max(1.0) as usize);
        let is_rigid = indices.len() == element;
        let each = if is_rigid { element } else { indices.len() / points.len() };
        if each == 0 || !is_rigid && indices.len() != each * points.len() {
            return Err(LayerError::new(format!(
                "{} joint influences do not fit its {} points",
                indices.len(),
                points.len()
            )));
        }
        let Some(joints) = self.joint_moves(prim, rig)? else { return Ok(false) };
        let bind = match self.inherited(prim, Name::SKEL_GEOM_BIND_TRANSFORM) {
            Some(at) => self.numbers(at, Name::SKEL_GEOM_BIND_TRANSFORM)?,
            None => None,
        };
        let bind = bind.and_then(|values| Matrix::from_rows(&values)).unwrap_or(Matrix::IDENTITY);
        let skeleton = bounds::to_world(self.stage, rig.skeleton, Time::Earliest)?;
        let to_own = skeleton.then(&bounds::to_world(self.stage, prim, Time::Earliest)?.inverse());
        let joints: Vec<Matrix> =
            joints.iter().map(|joint| bind.then(joint).then(&to_own)).collect();
        for (at, point) in points.iter_mut().enumerate() {
            let start = if is_rigid { 0 } else { at * each };
            let own = indices[start..start + each].iter().zip(&weights[start..start + each]);
            let mut sum = [0.0; 3];
            for (&joint, &weight) in own {
                if weight != 0.0
                    && let Some(joint) = joints.get(joint as usize)
                {
                    let moved = joint.point(*point);
                    for axis in 0..3 {
                        sum[axis] += weight * moved[axis];
                    }
                }
            }
            *point = sum;
        }
        Ok(true)
    }

    fn matrices(&self, prim: u32, name: Name) -> Result<Vec<Matrix>, LayerError> {
        let values = self.numbers(prim, name)?.unwrap_or_default();
        Ok(values.chunks_exact(16).filter_map(Matrix::from_rows).collect())
    }

    /// How each joint, in the order of the mesh, moves what is bound to it, in the skeleton's space.
    fn joint_moves(&mut self, prim: u32, rig: &Rig) -> Result<Option<Vec<Matrix>>, LayerError> {
        let joints = self.tokens(rig.skeleton, Name::JOINTS).unwrap_or_default();
        let binds = self.matrices(rig.skeleton, Name::BIND_TRANSFORMS)?;
        if joints.is_empty() || binds.len() != joints.len() {
            return Ok(None);
        }
        let parents = skel::parents(self.stage, &joints);
        let mut locals = self.matrices(rig.skeleton, Name::REST_TRANSFORMS)?;
        if locals.len() != joints.len() {
            let local = |(at, bind): (usize, &Matrix)| match parents[at] {
                Some(parent) => bind.then(&binds[parent].inverse()),
                None => *bind,
            };
            locals = binds.iter().enumerate().map(local).collect();
        }
        if let Some(animation) = rig.animation {
            self.animate(animation, &joints, &mut locals)?;
        }
        let mut posed: Vec<Matrix> = Vec::with_capacity(locals.len());
        for (at, local) in locals.iter().enumerate() {
            posed.push(match parents[at] {
                Some(parent) if parent < at => local.then(&posed[parent]),
                Some(_) => return Ok(None),
                None => *local,
            });
        }
        let moves: Vec<Matrix> =
            binds.iter().zip(&posed).map(|(bind, posed)| bind.inverse().then(posed)).collect();
        let order = match self.inherited(prim, Name::SKEL_JOINTS) {
            Some(at) => self.tokens(at, Name::SKEL_JOINTS),
            None => None,
        };
        Ok(Some(match order {
            Some(order) => {
                let index: std::collections::HashMap<Name, usize> =
                    joints.iter().enumerate().map(|(at, &joint)| (joint, at)).collect();
                let of = |name: &Name| index.get(name).map_or(Matrix::IDENTITY, |&at| moves[at]);
                order.iter().map(of).collect()
            }
            None => moves,
        }))
    }

    /// Replaces local transforms of the joints that an animation has.
    fn animate(
        &self,
        animation: u32,
        joints: &[Name],
        locals: &mut [Matrix],
    ) -> Result<(), LayerError> {
        let Some(moved) = self.tokens(animation, Name::JOINTS) else { return Ok(()) };
        let (translations, rotations, scales) = (
            self.numbers(animation, Name::TRANSLATIONS)?.unwrap_or_default(),
            self.numbers(animation, Name::ROTATIONS)?.unwrap_or_default(),
            self.numbers(animation, Name::SCALES)?.unwrap_or_default(),
        );
        let count = moved.len();
        if translations.len() != 3 * count
            || rotations.len() != 4 * count
            || scales.len() != 3 * count
        {
            return Ok(());
        }
        let index: std::collections::HashMap<Name, usize> =
            joints.iter().enumerate().map(|(at, &joint)| (joint, at)).collect();
        for (at, joint) in moved.iter().enumerate() {
            let Some(&own) = index.get(joint) else { continue };
            let triple = |values: &[f64]| [values[3 * at], values[3 * at + 1], values[3 * at + 2]];
            let r = &rotations[4 * at..4 * at + 4];
            locals[own] = Matrix::scale(triple(&scales))
                .then(&Matrix::quaternion([r[0], r[1], r[2], r[3]]))
                .then(&Matrix::translate(triple(&translations)));
        }
        Ok(())
    }
}
