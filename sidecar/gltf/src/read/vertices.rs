//! A primitive's vertices: attributes, morphed and posed.

use std::collections::BTreeMap;

use crate::matrix::{Matrix, moved, normal_moved, unit};
use crate::{GltfError, json};

use super::pose;
use super::source::Source;

/// Sets of texture coordinates that are read; viewers know two.
const UV_SETS_MAX: usize = 8;
/// Sets of four joints that are read; viewers know two.
const JOINT_SETS_MAX: usize = 4;

/// Arrays of one length.
#[derive(Default)]
pub struct Vertices {
    pub positions: Vec<[f32; 3]>,
    pub normals: Option<Vec<[f32; 3]>>,
    pub uvs: Vec<Vec<[f32; 2]>>,
    pub colours: Option<Vec<[f32; 4]>>,
}

/// What a mesh's use adds to its vertices.
pub struct Pose<'a> {
    /// Of its morph targets.
    pub weights: &'a [f32],
    /// Of its skin.
    pub joints: Option<&'a [Matrix]>,
}

/// Reads a primitive's vertices; none where it has no positions.
///
/// # Errors
///
/// When an accessor cannot be read or positions are no triples.
pub fn read(
    source: &Source<'_>,
    primitive: &json::Primitive,
    pose: &Pose<'_>,
) -> Result<Option<Vertices>, GltfError> {
    let attributes = &primitive.attributes;
    let Some(&positions) = attributes.get("POSITION") else {
        return Ok(None);
    };
    let is_draco = primitive.extensions.contains_key("KHR_draco_mesh_compression");
    let has_view = |accessor: u32| {
        source.root.accessors.get(accessor as usize).is_some_and(|it| it.buffer_view.is_some())
    };
    if is_draco && !has_view(positions) {
        return Err(GltfError::Extension("KHR_draco_mesh_compression".into()));
    }
    let positions = source.numbers(positions)?.exactly::<3>().ok_or_else(|| {
        GltfError::broken(format!("accessor {positions}: positions are no triples"))
    })?;
    let count = positions.len();
    let mut vertices = Vertices { positions, ..Vertices::default() };
    vertices.normals = fitting::<3>(source, attributes, "NORMAL", count)?;
    vertices.uvs = uvs(source, attributes, count)?;
    vertices.colours = colours(source, attributes, count)?;
    morph(source, primitive, pose.weights, &mut vertices)?;
    if let Some(joints) = pose.joints {
        bend(source, attributes, joints, &mut vertices)?;
    }
    clean(source, &mut vertices);
    Ok(Some(vertices))
}

/// An attribute that fits its positions; others are left out, and people told.
fn fitting<const N: usize>(
    source: &Source<'_>,
    attributes: &BTreeMap<String, u32>,
    name: &str,
    count: usize,
) -> Result<Option<Vec<[f32; N]>>, GltfError> {
    let Some(&accessor) = attributes.get(name) else { return Ok(None) };
    let values = source.numbers(accessor)?.exactly::<N>().filter(|values| values.len() == count);
    if values.is_none() {
        source.warn(format!("{name} does not fit its positions and is left out"));
    }
    Ok(values)
}

fn uvs(
    source: &Source<'_>,
    attributes: &BTreeMap<String, u32>,
    count: usize,
) -> Result<Vec<Vec<[f32; 2]>>, GltfError> {
    let mut sets = Vec::new();
    for set in 0..UV_SETS_MAX {
        let Some(mut uvs) = fitting::<2>(source, attributes, &format!("TEXCOORD_{set}"), count)?
        else {
            break;
        };
        for uv in &mut uvs {
            uv[1] = 1.0 - uv[1];
        }
        sets.push(uvs);
    }
    Ok(sets)
}

fn colours(
    source: &Source<'_>,
    attributes: &BTreeMap<String, u32>,
    count: usize,
) -> Result<Option<Vec<[f32; 4]>>, GltfError> {
    let Some(&accessor) = attributes.get("COLOR_0") else { return Ok(None) };
    let numbers = source.numbers(accessor)?;
    if numbers.len() != count || !(3..=4).contains(&numbers.width) {
        source.warn("COLOR_0 does not fit its positions and is left out");
        return Ok(None);
    }
    let whole = |element: &[f32]| -> [f32; 4] {
        std::array::from_fn(|channel| match element.get(channel) {
            Some(value) if value.is_nan() => 0.0,
            Some(value) => value.clamp(0.0, 1.0),
            None => 1.0,
        })
    };
    Ok(Some(numbers.values.chunks_exact(numbers.width).map(whole).collect()))
}

/// Adds morph targets by their weights (glTF 2.0, section 3.7.2.2).
fn morph(
    source: &Source<'_>,
    primitive: &json::Primitive,
    weights: &[f32],
    vertices: &mut Vertices,
) -> Result<(), GltfError> {
    for (target, &weight) in primitive.targets.iter().zip(weights) {
        if weight == 0.0 || !weight.is_finite() {
            continue;
        }
        let count = vertices.positions.len();
        let normals = vertices.normals.as_mut();
        for (name, to) in [("POSITION", Some(&mut vertices.positions)), ("NORMAL", normals)] {
            let Some(to) = to else { continue };
            let Some(shifts) = fitting::<3>(source, target, name, count)? else { continue };
            for (value, shift) in to.iter_mut().flatten().zip(shifts.iter().flatten()) {
                *value += weight * shift;
            }
        }
    }
    Ok(())
}

/// Moves vertices with their joints into the world.
fn bend(
    source: &Source<'_>,
    attributes: &BTreeMap<String, u32>,
    joints: &[Matrix],
    vertices: &mut Vertices,
) -> Result<(), GltfError> {
    let count = vertices.positions.len();
    let mut sets = Vec::new();
    for set in 0..JOINT_SETS_MAX {
        let Some(&held_by) = attributes.get(&format!("JOINTS_{set}")) else { break };
        let (width, held_by) = source.integers(held_by)?;
        let weights = fitting::<4>(source, attributes, &format!("WEIGHTS_{set}"), count)?;
        let Some(weights) = weights.filter(|_| width == 4 && held_by.len() == count * 4) else {
            source.warn("joints do not fit their positions and are left out");
            break;
        };
        sets.push((held_by, weights));
    }
    for at in 0..count {
        let held = sets.iter().flat_map(|(held_by, weights)| {
            held_by[at * 4..at * 4 + 4].iter().copied().zip(weights[at])
        });
        let Some(matrix) = pose::blended(joints, held) else { continue };
        let position = moved(vertices.positions[at].map(f64::from), &matrix);
        vertices.positions[at] = position.map(|value| value as f32);
        if let Some(normals) = &mut vertices.normals {
            normals[at] =
                normal_moved(normals[at].map(f64::from), &matrix).map(|value| value as f32);
        }
    }
    Ok(())
}

/// Real files have holes: numbers that are none become 0, normals get length 1.
fn clean(source: &Source<'_>, vertices: &mut Vertices) {
    let mut has_holes = false;
    let uvs = vertices.uvs.iter_mut().flatten().flatten();
    for value in vertices.positions.iter_mut().flatten().chain(uvs) {
        if !value.is_finite() {
            *value = 0.0;
            has_holes = true;
        }
    }
    for normal in vertices.normals.iter_mut().flatten() {
        *normal = match unit(normal.map(f64::from)) {
            Some(unit) => unit.map(|value| value as f32),
            None => [0.0, 1.0, 0.0],
        };
    }
    if has_holes {
        source.warn("positions or texture coordinates that are no numbers were taken for 0");
    }
}
