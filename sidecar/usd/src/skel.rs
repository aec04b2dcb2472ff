//! Bounds of skinned characters: the pivots of their joints, padded by the skin.
//!
//! # Source
//!
//! `UsdSkelRoot` and `UsdSkelSkeleton` extents, `UsdSkelComputeJointsExtent`.

use crate::bounds;
use crate::compose::{Stage, Time};
use crate::layer::LayerError;
use crate::matrix::{Aligned, Matrix};
use crate::names::Name;
use crate::schema::{self, Family, Shape};
use crate::value::Value;

/// Joint transforms in the space of the skeleton.
struct Pose {
    joints: Vec<Matrix>,
}

impl Pose {
    fn pivots(&self, matrix: &Matrix) -> Aligned {
        let mut all = Aligned::EMPTY;
        for joint in &self.joints {
            all.add(matrix.point([joint.0[3][0], joint.0[3][1], joint.0[3][2]]));
        }
        all
    }
}

fn tokens(stage: &Stage, prim: u32, name: Name) -> Option<Vec<Name>> {
    match stage.placed(prim).value(name, Time::Default)?.1 {
        Value::Tokens(tokens) => Some(tokens.to_vec()),
        _ => None,
    }
}

fn matrices(stage: &Stage, prim: u32, name: Name) -> Result<Vec<Matrix>, LayerError> {
    let values = stage.numbers(prim, name, Time::Default)?.unwrap_or_default();
    Ok(values.chunks_exact(16).filter_map(Matrix::from_rows).collect())
}

/// Indices of the parents of joints, from their paths; a root's is `None`.
pub(crate) fn parents(stage: &Stage, joints: &[Name]) -> Vec<Option<usize>> {
    let texts: Vec<&str> = joints.iter().map(|&joint| stage.names.text(joint)).collect();
    let index: std::collections::HashMap<&str, usize> =
        texts.iter().enumerate().map(|(at, &text)| (text, at)).collect();
    let parent = |text: &&str| {
        let mut path: &str = text;
        while let Some((above, _)) = path.rsplit_once('/') {
            if let Some(&at) = index.get(above) {
                return Some(at);
            }
            path = above;
        }
        None
    };
    texts.iter().map(parent).collect()
}

/// Chains local joint transforms. Joints stand behind their parents; others have no pose.
fn chained(locals: &[Matrix], parents: &[Option<usize>]) -> Option<Pose> {
    let mut joints: Vec<Matrix> = Vec::with_capacity(locals.len());
    for (at, local) in locals.iter().enumerate() {
        let joint = match parents[at] {
            Some(parent) if parent < at => local.then(&joints[parent]),
            Some(_) => return None,
            None => *local,
        };
        joints.push(joint);
    }
    Some(Pose { joints })
}

/// The pose of a skeleton: animated where `animation` tells, else at rest.
fn pose(
    stage: &mut Stage,
    skeleton: u32,
    animation: Option<u32>,
) -> Result<Option<Pose>, LayerError> {
    let joints = tokens(stage, skeleton, Name::JOINTS).unwrap_or_default();
    let parents = parents(stage, &joints);
    let mut locals = matrices(stage, skeleton, Name::REST_TRANSFORMS)?;
    let has_rest = locals.len() == joints.len();
    if !has_rest {
        locals = vec![Matrix::IDENTITY; joints.len()];
    }
    let mut known = has_rest;
    if let Some(animation) = animation
        && let Some(moved) = tokens(stage, animation, Name::JOINTS)
    {
        let read = |name| stage.numbers(animation, name, Time::Default);
        let (translations, rotations, scales) =
            (read(Name::TRANSLATIONS)?, read(Name::ROTATIONS)?, read(Name::SCALES)?);
        if let (Some(t), Some(r), Some(s)) = (translations, rotations, scales)
            && t.len() == 3 * moved.len()
            && r.len() == 4 * moved.len()
            && s.len() == 3 * moved.len()
        {
            for (at, joint) in moved.iter().enumerate() {
                let Some(own) = joints.iter().position(|name| name == joint) else { continue };
                let triple =
                    |values: &[f64]| [values[3 * at], values[3 * at + 1], values[3 * at + 2]];
                let turn = [r[4 * at], r[4 * at + 1], r[4 * at + 2], r[4 * at + 3]];
                locals[own] = Matrix::scale(triple(&s))
                    .then(&Matrix::quaternion(turn))
                    .then(&Matrix::translate(triple(&t)));
            }
            known = known || moved.len() >= joints.len();
        }
    }
    if !known { Ok(None) } else { Ok(chained(&locals, &parents)) }
}

/// The prim that a relationship of `prim`, or of its nearest ancestor that has it, targets.
fn bound(stage: &mut Stage, prim: u32, name: Name, stop: u32) -> Result<Option<u32>, LayerError> {
    let mut at = prim;
    loop {
        if stage.placed(at).has(name) {
            return match stage.targets(at, name).first() {
                Some(path) => {
                    let path = path.clone();
                    stage.prim_at(&path)
                }
                None => Ok(None),
            };
        }
        if at == stop || at == crate::compose::ROOT {
            return Ok(None);
        }
        at = stage.prims[at as usize].parent;
    }
}

/// Every prim below `root` that counts, itself not among them.
fn descendants(stage: &mut Stage, root: u32) -> Result<Vec<u32>, LayerError> {
    let mut all = Vec::new();
    let mut waiting = vec![root];
    while let Some(prim) = waiting.pop() {
        for &child in stage.children(prim)?.iter() {
            let flags = stage.prims[child as usize].flags;
            if flags.active && flags.defined && !flags.abstract_ {
                all.push(child);
                waiting.push(child);
            }
        }
    }
    Ok(all)
}

fn is_type(stage: &Stage, prim: u32, name: &str) -> bool {
    stage.names.text(stage.placed(prim).type_name()) == name
}

/// From `prim` to its ancestor `root`.
fn to_ancestor(stage: &Stage, prim: u32, root: u32) -> Result<Matrix, LayerError> {
    let mut total = Matrix::IDENTITY;
    let mut at = prim;
    while at != root && at != crate::compose::ROOT {
        let (matrix, reset) = bounds::local(stage, at, Time::Default)?;
        total = total.then(&matrix);
        if reset {
            break;
        }
        at = stage.prims[at as usize].parent;
    }
    Ok(total)
}

/// Extent of a `SkelRoot`: the padded pivots of every skeleton bound below it; of every skeleton
/// below it when none is bound.
pub(crate) fn root_extent(stage: &mut Stage, root: u32) -> Result<Option<Aligned>, LayerError> {
    let below = descendants(stage, root)?;
    let mut skinned: Vec<(u32, u32)> = Vec::new();
    for &prim in &below {
        if !is_skinned(stage, prim, root) {
            continue;
        }
        if let Some(skeleton) = bound(stage, prim, Name::SKEL_SKELETON, root)?
            && is_type(stage, skeleton, "Skeleton")
        {
            skinned.push((skeleton, prim));
        }
    }
    let mut skeletons: Vec<u32> = skinned.iter().map(|&(skeleton, _)| skeleton).collect();
    if skeletons.is_empty() {
        skeletons = below.into_iter().filter(|&prim| is_type(stage, prim, "Skeleton")).collect();
    }
    skeletons.sort_unstable();
    skeletons.dedup();
    let mut all = Aligned::EMPTY;
    for skeleton in skeletons {
        let animation = bound(stage, skeleton, Name::SKEL_ANIMATION_SOURCE, root)?;
        let Some(posed) = pose(stage, skeleton, animation)? else { continue };
        let mut padding = 0.0f64;
        if let Some(rest) = pose(stage, skeleton, None)? {
            for &(_, prim) in skinned.iter().filter(|&&(own, _)| own == skeleton) {
                padding = padding.max(skin_padding(stage, &rest, prim)?);
            }
        }
        let mut pivots = posed.pivots(&to_ancestor(stage, skeleton, root)?);
        if posed.joints.is_empty() && padding > 0.0 {
            // A skeleton without joints, as blend shapes use it, bounds nothing but its origin.
            pivots.add([0.0; 3]);
        } else if !pivots.is_empty() {
            pivots.min = pivots.min.map(|value| value - padding);
            pivots.max = pivots.max.map(|value| value + padding);
        }
        all.join(&pivots);
    }
    Ok(Some(all))
}

/// Whether a prim is geometry with joint influences, its own or inherited, or blend shapes.
fn is_skinned(stage: &Stage, prim: u32, root: u32) -> bool {
    let Family::Boundable(shape) = bounds::family(stage, prim) else { return false };
    if matches!(shape, Shape::SkelRoot | Shape::Skeleton) {
        return false;
    }
    if stage.placed(prim).has(Name::SKEL_BLEND_SHAPES) {
        return true;
    }
    let inherited = |name| {
        let mut at = prim;
        loop {
            if stage.placed(at).has(name) {
                return true;
            }
            if at == root || at == crate::compose::ROOT {
                return false;
            }
            at = stage.prims[at as usize].parent;
        }
    };
    inherited(Name::SKEL_JOINT_INDICES) && inherited(Name::SKEL_JOINT_WEIGHTS)
}

/// How far the skin of `prim` reaches beyond the joints at rest.
fn skin_padding(stage: &Stage, rest: &Pose, prim: u32) -> Result<f64, LayerError> {
    let skin = match stage.numbers(prim, Name::EXTENT, Time::Earliest)?.as_deref() {
        Some(&[a, b, c, d, e, f]) => Aligned { min: [a, b, c], max: [d, e, f] },
        Some(_) => return Ok(0.0),
        None => match bounds::family(stage, prim) {
            Family::Boundable(shape) => match schema::fallback_extent(shape) {
                Some(half) => Aligned::centred(half),
                None => return Ok(0.0),
            },
            _ => return Ok(0.0),
        },
    };
    let bind = stage.numbers(prim, Name::SKEL_GEOM_BIND_TRANSFORM, Time::Earliest)?;
    let bind = bind.and_then(|values| Matrix::from_rows(&values)).unwrap_or(Matrix::IDENTITY);
    let skin = skin.moved(&bind);
    let joints = rest.pivots(&Matrix::IDENTITY);
    let mut padding = 0.0f64;
    for axis in 0..3 {
        padding = padding.max(joints.min[axis] - skin.min[axis]);
        padding = padding.max(skin.max[axis] - joints.max[axis]);
    }
    Ok(padding)
}

/// Extent of a `Skeleton`: the pivots of its joints.
pub(crate) fn skeleton_extent(stage: &mut Stage, prim: u32) -> Result<Option<Aligned>, LayerError> {
    // Animation is bound by the skeleton's own relationship only: a skeleton alone knows no root.
    let animation = bound(stage, prim, Name::SKEL_ANIMATION_SOURCE, prim)?;
    Ok(pose(stage, prim, animation)?.map(|pose| pose.pivots(&Matrix::IDENTITY)))
}
