//! Meshes: vertices once each, primitives by part; again by material where an instance has its own.

use std::collections::BTreeMap;

use vitrine_scene::{Mesh, Part, Topology};

use crate::matrix::{cross, unit};
use crate::{GltfError, json};

use super::File;
use super::material::Materials;

/// The glTF mesh of each scene mesh and each material that an instance gives it; none where it
/// shows nothing.
pub type Shapes = BTreeMap<(u32, Option<u32>), Option<u32>>;

/// A mesh's accessors, whatever its material.
struct Arrays {
    attributes: BTreeMap<String, u32>,
    /// By part; none where it is empty.
    indices: Vec<Option<u32>>,
}

/// Writes every mesh that an instance shows.
///
/// # Errors
///
/// When the file gets too large.
pub fn write(file: &mut File<'_>) -> Result<Shapes, GltfError> {
    let mut materials = Materials::default();
    let mut arrays: BTreeMap<u32, Arrays> = BTreeMap::new();
    let mut shapes = Shapes::new();
    let scene = file.scene;
    for instance in &scene.instances {
        let key = (instance.mesh, instance.material);
        if shapes.contains_key(&key) {
            continue;
        }
        let mesh = &scene.meshes[instance.mesh as usize];
        let arrays = match arrays.entry(instance.mesh) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(room) => {
                room.insert(write_arrays(file, mesh)?)
            }
        };
        let mut primitives = Vec::new();
        for (part, indices) in mesh.parts.iter().zip(&arrays.indices) {
            let Some(indices) = *indices else { continue };
            let material = materials.of(file, mesh, instance.material.or(part.material))?;
            let (mode, width) = match mesh.topology {
                Topology::Triangles => (None, None),
                Topology::Segments { width } => (Some(1), Some(width)),
                Topology::Points { width } => (Some(0), Some(width)),
            };
            primitives.push(json::Primitive {
                attributes: arrays.attributes.clone(),
                indices: Some(indices),
                material: Some(material),
                mode,
                extras: width.map(|width| json::PrimitiveExtras { vitrine_width: Some(width) }),
                ..json::Primitive::default()
            });
        }
        let written = (!primitives.is_empty()).then(|| {
            file.root.meshes.push(json::Mesh {
                name: mesh.name.clone(),
                primitives,
                weights: None,
            });
            file.root.meshes.len() as u32 - 1
        });
        if written.is_some() && mesh.topology != Topology::Triangles {
            file.warn("segments and points are as thick as a viewer draws them");
        }
        shapes.insert(key, written);
    }
    Ok(shapes)
}

fn write_arrays(file: &mut File<'_>, mesh: &Mesh) -> Result<Arrays, GltfError> {
    let Mesh {
        name: _,
        positions,
        normals,
        uvs,
        colours,
        topology,
        indices,
        parts,
        is_double_sided: _,
    } = mesh;
    let mut attributes = BTreeMap::new();
    if indices.is_empty() {
        return Ok(Arrays { attributes, indices: vec![None; parts.len()] });
    }
    attributes.insert("POSITION".into(), file.buffer.positions(positions)?);
    if let Some(normals) = normals {
        let normals = whole(normals, positions, *topology, indices);
        attributes.insert("NORMAL".into(), file.buffer.floats(&normals)?);
    }
    for (set, uvs) in uvs.iter().enumerate() {
        let flipped: Vec<[f32; 2]> = uvs.iter().map(|[u, v]| [*u, 1.0 - v]).collect();
        attributes.insert(format!("TEXCOORD_{set}"), file.buffer.floats(&flipped)?);
    }
    if let Some(colours) = colours {
        attributes.insert("COLOR_0".into(), file.buffer.colours(colours)?);
    }
    let mut rest = indices.as_slice();
    let mut by_part = Vec::with_capacity(parts.len());
    for Part { indices, material: _ } in parts {
        let (own, after) = rest.split_at(*indices as usize);
        rest = after;
        by_part.push(if own.is_empty() { None } else { Some(file.buffer.indices(own)?) });
    }
    Ok(Arrays { attributes, indices: by_part })
}

/// Normals of length 1, which glTF demands: those without a direction take their faces'.
fn whole(
    normals: &[[f32; 3]],
    positions: &[[f32; 3]],
    topology: Topology,
    indices: &[u32],
) -> Vec<[f32; 3]> {
    let mut missing: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
    let mut whole: Vec<[f32; 3]> = Vec::with_capacity(normals.len());
    for (at, normal) in normals.iter().enumerate() {
        whole.push(match unit(normal.map(f64::from)) {
            Some(unit) => unit.map(|value| value as f32),
            None => {
                missing.insert(at as u32, [0.0; 3]);
                [0.0, 1.0, 0.0]
            }
        });
    }
    if missing.is_empty() || topology != Topology::Triangles {
        return whole;
    }
    for corners in indices.as_chunks::<3>().0 {
        let [a, b, c] = corners.map(|corner| positions[corner as usize].map(f64::from));
        let edge = |to: [f64; 3]| std::array::from_fn(|axis| to[axis] - a[axis]);
        let face = cross(edge(b), edge(c));
        for corner in corners {
            if let Some(sum) = missing.get_mut(corner) {
                for axis in 0..3 {
                    sum[axis] += face[axis];
                }
            }
        }
    }
    for (at, sum) in missing {
        if let Some(unit) = unit(sum) {
            whole[at as usize] = unit.map(|value| value as f32);
        }
    }
    whole
}
