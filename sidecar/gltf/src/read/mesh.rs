//! Meshes: primitives gathered by what a scene's mesh has in common, and where nodes show them.

use std::collections::BTreeMap;

use vitrine_scene::{Instance, Mesh, Part, Topology};

use crate::matrix::{IDENTITY, dot};
use crate::{GltfError, json};

use super::nodes::Places;
use super::pose;
use super::source::Source;
use super::vertices::{self, Pose};

/// Thickness of segments and points, which glTF leaves to the screen: a share of the shape's diagonal.
const WIDTH_SHARE: f64 = 1.0 / 200.0;

/// What makes two uses of a glTF mesh the same shape: morphing and skins make others.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Use {
    mesh: u32,
    weights: Vec<u32>,
    /// Of a skin: posed in the world.
    node: Option<u32>,
}

/// What primitives of one scene mesh have in common.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Kind {
    corners: u8,
    width: Option<u32>,
    has_normals: bool,
    has_colours: bool,
    uv_sets: usize,
    is_double_sided: bool,
}

/// A scene mesh in the making, with the first vertex of each set of attributes it has already.
#[derive(Default)]
struct Group<'a> {
    mesh: Mesh,
    begins: BTreeMap<Attributes<'a>, u32>,
}

type Attributes<'a> = (&'a BTreeMap<String, u32>, &'a [BTreeMap<String, u32>]);

/// Meshes that shown nodes use, and their instances.
///
/// # Errors
///
/// When a part is missing, does not fit, or is more than the limits allow.
pub fn read(source: &Source<'_>, places: &Places) -> Result<(Vec<Mesh>, Vec<Instance>), GltfError> {
    let mut meshes = Vec::new();
    let mut instances = Vec::new();
    let mut made: BTreeMap<Use, std::ops::Range<u32>> = BTreeMap::new();
    for &at in &places.shown {
        let node = &source.root.nodes[at as usize];
        let Some(index) = node.mesh else { continue };
        let mesh =
            source.root.meshes.get(index as usize).ok_or_else(|| {
                GltfError::broken(format!("node {at}: its mesh {index} is missing"))
            })?;
        let is_morphed = mesh.primitives.iter().any(|primitive| !primitive.targets.is_empty());
        let weights = node.weights.as_deref().or(mesh.weights.as_deref()).filter(|_| is_morphed);
        let weights = weights.unwrap_or_default();
        let of_use = Use {
            mesh: index,
            weights: weights.iter().map(|weight| weight.to_bits()).collect(),
            node: node.skin.map(|_| at),
        };
        let range = match made.get(&of_use) {
            Some(range) => range.clone(),
            None => {
                let joints =
                    node.skin.map(|skin| pose::joints(source, skin, places)).transpose()?;
                let pose = Pose { weights, joints: joints.as_deref() };
                let begin = meshes.len() as u32;
                let named = if mesh.name.is_empty() { &node.name } else { &mesh.name };
                shapes(source, mesh, &pose, named, &mut meshes)?;
                let range = begin..meshes.len() as u32;
                made.insert(of_use, range.clone());
                range
            }
        };
        let to_world = match node.skin {
            Some(_) => IDENTITY,
            None => places.to_world[at as usize],
        };
        if to_world.iter().flatten().any(|value| !value.is_finite()) {
            return Err(GltfError::broken(format!("node {at}: its place is not finite")));
        }
        let max = source.limits.instances_max;
        if (instances.len() + range.len()) as u64 > max {
            return Err(GltfError::TooMuch { what: "instances of meshes", max });
        }
        instances.extend(range.map(|mesh| Instance { mesh, to_world, material: None }));
    }
    Ok((meshes, instances))
}

/// A glTF mesh as scene meshes: one for each kind of its primitives.
fn shapes(
    source: &Source<'_>,
    mesh: &json::Mesh,
    pose: &Pose<'_>,
    name: &str,
    meshes: &mut Vec<Mesh>,
) -> Result<(), GltfError> {
    let mut groups: BTreeMap<Kind, Group<'_>> = BTreeMap::new();
    for primitive in &mesh.primitives {
        add(source, primitive, pose, &mut groups)?;
    }
    for (kind, Group { mut mesh, .. }) in groups {
        if mesh.indices.is_empty() {
            continue;
        }
        let width = kind.width.map_or_else(|| width_of(&mesh), f32::from_bits);
        mesh.topology = match kind.corners {
            1 => Topology::Points { width },
            2 => Topology::Segments { width },
            _ => Topology::Triangles,
        };
        mesh.name = name.to_owned();
        mesh.is_double_sided = kind.is_double_sided;
        meshes.push(mesh);
    }
    Ok(())
}

fn add<'a>(
    source: &Source<'_>,
    primitive: &'a json::Primitive,
    pose: &Pose<'_>,
    groups: &mut BTreeMap<Kind, Group<'a>>,
) -> Result<(), GltfError> {
    let mode = primitive.mode.unwrap_or(4);
    let corners: u8 = match mode {
        0 => 1,
        1..=3 => 2,
        4..=6 => 3,
        _ => return Err(GltfError::broken(format!("a primitive of the unknown mode {mode}"))),
    };
    let Some(own) = vertices::read(source, primitive, pose)? else {
        source.warn("a primitive without positions is left out");
        return Ok(());
    };
    let is_double_sided = match primitive.material {
        None => false,
        Some(index) => {
            let material = source.root.materials.get(index as usize);
            material
                .ok_or_else(|| GltfError::broken(format!("material {index} is missing")))?
                .double_sided
        }
    };
    let width = primitive.extras.as_ref().and_then(|extras| extras.vitrine_width);
    let width = width.filter(|width| corners < 3 && *width >= 0.0 && width.is_finite());
    let kind = Kind {
        corners,
        width: width.map(f32::to_bits),
        has_normals: own.normals.is_some(),
        has_colours: own.colours.is_some(),
        uv_sets: own.uvs.len(),
        is_double_sided,
    };
    let count = own.positions.len();
    let order = match primitive.indices {
        Some(accessor) => source.integers(accessor)?.1,
        None => {
            source.spend(count as u64)?;
            (0..count as u32).collect()
        }
    };
    if let Some(beyond) = order.iter().find(|&&index| index as usize >= count) {
        let sentence = format!("a primitive's index {beyond} is beyond its {count} vertices");
        return Err(GltfError::broken(sentence));
    }
    source.spend(order.len() as u64 * 2)?;
    let indices = corners_of(mode, &order);
    let group = groups.entry(kind).or_default();
    let key = (&primitive.attributes, primitive.targets.as_slice());
    let begin = match group.begins.get(&key) {
        Some(&begin) => begin,
        None => {
            let begin = u32::try_from(group.mesh.positions.len() + count)
                .map(|end| end - count as u32)
                .map_err(|_| GltfError::broken("a mesh has more vertices than 32 bits count"))?;
            append(&mut group.mesh, own);
            group.begins.insert(key, begin);
            begin
        }
    };
    group.mesh.indices.extend(indices.iter().map(|index| begin + index));
    let length = u32::try_from(indices.len())
        .map_err(|_| GltfError::broken("a mesh has more indices than 32 bits count"))?;
    let material = primitive.material;
    match group.mesh.parts.last_mut() {
        Some(last) if last.material == material && last.indices.checked_add(length).is_some() => {
            last.indices += length;
        }
        _ => group.mesh.parts.push(Part { indices: length, material }),
    }
    Ok(())
}

fn append(mesh: &mut Mesh, own: vertices::Vertices) {
    let vertices::Vertices { positions, normals, uvs, colours } = own;
    mesh.positions.extend(positions);
    if let Some(normals) = normals {
        mesh.normals.get_or_insert_default().extend(normals);
    }
    if let Some(colours) = colours {
        mesh.colours.get_or_insert_default().extend(colours);
    }
    mesh.uvs.resize(uvs.len(), Vec::new());
    for (set, uvs) in mesh.uvs.iter_mut().zip(uvs) {
        set.extend(uvs);
    }
}

/// Corners of separate points, segments or triangles; what is left over at an end is dropped.
fn corners_of(mode: u32, order: &[u32]) -> Vec<u32> {
    match mode {
        1 => order.as_chunks::<2>().0.as_flattened().to_vec(),
        2 | 3 => {
            let mut all: Vec<u32> = order.windows(2).flatten().copied().collect();
            if let (2, [first, _, .., last]) = (mode, order) {
                all.extend([*last, *first]);
            }
            all
        }
        4 => order.as_chunks::<3>().0.as_flattened().to_vec(),
        // Every second triangle of a strip runs the other way (glTF 2.0, section 3.7.2.1).
        5 => order
            .windows(3)
            .enumerate()
            .flat_map(
                |(at, of)| if at % 2 == 0 { [of[0], of[1], of[2]] } else { [of[0], of[2], of[1]] },
            )
            .collect(),
        6 => order.windows(2).skip(1).flat_map(|of| [of[0], of[1], order[0]]).collect(),
        _ => order.to_vec(),
    }
}

fn width_of(mesh: &Mesh) -> f32 {
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for position in &mesh.positions {
        for axis in 0..3 {
            least[axis] = least[axis].min(f64::from(position[axis]));
            most[axis] = most[axis].max(f64::from(position[axis]));
        }
    }
    let across: [f64; 3] = std::array::from_fn(|axis| most[axis] - least[axis]);
    let width = (dot(across, across).sqrt() * WIDTH_SHARE) as f32;
    if width.is_finite() { width } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::corners_of;

    #[test]
    fn strips_fans_and_loops_come_apart_as_the_format_says() {
        let order = [7, 8, 9, 10];
        assert_eq!(corners_of(2, &order), [7, 8, 8, 9, 9, 10, 10, 7]);
        assert_eq!(corners_of(3, &order), [7, 8, 8, 9, 9, 10]);
        assert_eq!(corners_of(4, &order), [7, 8, 9]);
        assert_eq!(corners_of(5, &order), [7, 8, 9, 8, 10, 9]);
        assert_eq!(corners_of(6, &order), [8, 9, 7, 9, 10, 7]);
        assert_eq!(corners_of(1, &order[..3]), [7, 8]);
        assert_eq!(corners_of(5, &order[..2]), [0; 0]);
    }
}
