//! Implicit shapes as triangles.
//!
//! # Source
//!
//! The schemas of `UsdGeomCube`, `Sphere`, `Cylinder`, `Cone`, `Capsule` and `Plane`.

use vitrine_scene::Mesh;

use crate::layer::LayerError;
use crate::names::Name;
use crate::schema::Shape;

use super::Build;
use super::shape::Dress;

/// Segments around a round shape.
const AROUND: u32 = 48;

/// Segments from pole to pole of a sphere.
const POLE_TO_POLE: u32 = 24;

/// A point of a profile that is turned around an axis: distance from the axis, height, and the
/// normal in the same plane.
type Ring = ([f64; 2], [f64; 2]);

impl Build<'_, '_> {
    /// The mesh of an implicit shape.
    pub(super) fn implicit(
        &mut self,
        prim: u32,
        shape: Shape,
        dress: &Dress,
    ) -> Result<Option<Mesh>, LayerError> {
        let get = |name, fallback| self.number(prim, name, fallback);
        let axis = match self.text(prim, Name::AXIS) {
            "X" => 0,
            "Y" => 1,
            _ => 2,
        };
        let mesh = match shape {
            Shape::Cube => cube(get(Name::SIZE, 2.0) / 2.0),
            Shape::Plane => plane(axis, get(Name::WIDTH, 2.0) / 2.0, get(Name::LENGTH, 2.0) / 2.0),
            Shape::Sphere => {
                let radius = get(Name::RADIUS, 1.0);
                turned(&capsule([radius; 2], 0.0), 2)
            }
            Shape::Cylinder => {
                let radius = get(Name::RADIUS, 1.0);
                turned(&frustum([radius; 2], get(Name::HEIGHT, 2.0) / 2.0), axis)
            }
            Shape::Cylinder1 => {
                let radii = [get(Name::RADIUS_BOTTOM, 1.0), get(Name::RADIUS_TOP, 1.0)];
                turned(&frustum(radii, get(Name::HEIGHT, 2.0) / 2.0), axis)
            }
            Shape::Cone => {
                let radii = [get(Name::RADIUS, 1.0), 0.0];
                turned(&frustum(radii, get(Name::HEIGHT, 2.0) / 2.0), axis)
            }
            Shape::Capsule => {
                let radius = get(Name::RADIUS, 0.5);
                turned(&capsule([radius; 2], get(Name::HEIGHT, 1.0) / 2.0), axis)
            }
            Shape::Capsule1 => {
                let radii = [get(Name::RADIUS_BOTTOM, 0.5), get(Name::RADIUS_TOP, 0.5)];
                turned(&capsule(radii, get(Name::HEIGHT, 1.0) / 2.0), axis)
            }
            _ => return Ok(None),
        };
        self.finish(prim, mesh, dress).map(Some)
    }
}

fn cube(half: f64) -> Mesh {
    let mut mesh = Mesh::default();
    let mut normals = Vec::new();
    for axis in 0..3 {
        for side in [-1.0f32, 1.0] {
            let base = mesh.positions.len() as u32;
            for [a, b] in [[-1.0f32, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]] {
                let mut corner = [0.0f32; 3];
                // Turned round on the far side, so that the front is outside.
                corner[axis] = side;
                corner[(axis + 1) % 3] = a * side;
                corner[(axis + 2) % 3] = b;
                mesh.positions.push(corner.map(|value| value * half as f32));
                let mut normal = [0.0; 3];
                normal[axis] = side;
                normals.push(normal);
            }
            mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|at| base + at));
        }
    }
    mesh.normals = Some(normals);
    mesh
}

/// Width and length lie along X and Y for axis Z, X and Z for Y, Z and Y for X.
fn plane(axis: usize, half_width: f64, half_length: f64) -> Mesh {
    let (width_axis, length_axis) = [(2, 1), (0, 2), (0, 1)][axis];
    let mut mesh = Mesh::default();
    for [a, b] in [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]] {
        let mut corner = [0.0f32; 3];
        corner[width_axis] = (a * half_width) as f32;
        corner[length_axis] = (b * half_length) as f32;
        mesh.positions.push(corner);
    }
    let mut normal = [0.0; 3];
    normal[axis] = 1.0;
    mesh.normals = Some(vec![normal; 4]);
    // Only for Z do width, length and axis turn counter-clockwise.
    mesh.indices = if axis == 2 { vec![0, 1, 2, 0, 2, 3] } else { vec![0, 2, 1, 0, 3, 2] };
    mesh
}

/// Profile of a cylinder or cone with lids, from bottom to top.
fn frustum(radii: [f64; 2], half: f64) -> Vec<Ring> {
    let [bottom, top] = radii;
    let slope = (2.0 * half).hypot(bottom - top).max(f64::MIN_POSITIVE);
    let side = [2.0 * half / slope, (bottom - top) / slope];
    let down = [0.0, -1.0];
    let up = [0.0, 1.0];
    vec![
        ([0.0, -half], down),
        ([bottom, -half], down),
        ([bottom, -half], side),
        ([top, half], side),
        ([top, half], up),
        ([0.0, half], up),
    ]
}

/// Profile of two half spheres `2 · half` apart; of a sphere, where `half` is 0.
fn capsule(radii: [f64; 2], half: f64) -> Vec<Ring> {
    let quarter = POLE_TO_POLE / 2;
    let mut rings = Vec::new();
    for (radius, from, sign) in [(radii[0], 0, -1.0), (radii[1], quarter, 1.0)] {
        for step in 0..=quarter {
            let angle = f64::from(from + step) / f64::from(POLE_TO_POLE) * std::f64::consts::PI;
            let normal = [angle.sin(), -angle.cos()];
            rings.push(([radius * normal[0], radius * normal[1] + sign * half], normal));
        }
    }
    rings
}

/// Turns a profile, from bottom to top, around an axis.
fn turned(profile: &[Ring], axis: usize) -> Mesh {
    let mut mesh = Mesh::default();
    let mut normals = Vec::new();
    let place = |radial: [f64; 2], angle: f64| {
        let mut point = [0.0f32; 3];
        point[axis] = radial[1] as f32;
        point[(axis + 1) % 3] = (radial[0] * angle.cos()) as f32;
        point[(axis + 2) % 3] = (radial[0] * angle.sin()) as f32;
        point
    };
    for &(point, normal) in profile {
        for step in 0..AROUND {
            let angle = f64::from(step) / f64::from(AROUND) * std::f64::consts::TAU;
            mesh.positions.push(place(point, angle));
            normals.push(place(normal, angle));
        }
    }
    for ring in 1..profile.len() as u32 {
        let [below, above] = [profile[ring as usize - 1].0, profile[ring as usize].0];
        if below == above {
            continue;
        }
        for step in 0..AROUND {
            let next = (step + 1) % AROUND;
            let at = |ring: u32, step: u32| ring * AROUND + step;
            let (a, b) = (at(ring - 1, step), at(ring - 1, next));
            let (c, d) = (at(ring, next), at(ring, step));
            // At a pole one of the two triangles has no area.
            if below[0].abs() > 1e-12 * above[0].abs() {
                mesh.indices.extend([a, b, c]);
            }
            if above[0].abs() > 1e-12 * below[0].abs() {
                mesh.indices.extend([a, c, d]);
            }
        }
    }
    mesh.normals = Some(normals);
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Volume by the divergence theorem: right only when closed and turned outwards.
    fn volume(mesh: &Mesh) -> f64 {
        let at = |index: u32| mesh.positions[index as usize].map(f64::from);
        let own = mesh.indices.chunks_exact(3).map(|t| {
            let [a, b, c] = [at(t[0]), at(t[1]), at(t[2])];
            a[0] * (b[1] * c[2] - b[2] * c[1])
                + a[1] * (b[2] * c[0] - b[0] * c[2])
                + a[2] * (b[0] * c[1] - b[1] * c[0])
        });
        own.sum::<f64>() / 6.0
    }

    fn faces_agree_with_normals(name: &str, mesh: &Mesh) {
        let normals = mesh.normals.as_ref().unwrap();
        for t in mesh.indices.chunks_exact(3) {
            let outline = t.iter().map(|&at| mesh.positions[at as usize]);
            let face = crate::scene::polygons::newell(outline);
            for &at in t {
                let dot: f32 = face.iter().zip(normals[at as usize]).map(|(a, b)| a * b).sum();
                assert!(dot > 0.0, "{name}: {t:?} is turned inwards");
            }
        }
    }

    #[test]
    fn shapes_are_closed_turned_outwards_and_as_large_as_they_say() {
        use std::f64::consts::PI;
        // Inscribed in round shapes, triangles miss less than 2 % of the volume.
        for axis in 0..3 {
            #[rustfmt::skip]
            let cases = [
                ("cube", cube(1.0), 8.0),
                ("sphere", turned(&capsule([1.0; 2], 0.0), axis), 4.0 / 3.0 * PI),
                ("cylinder", turned(&frustum([1.0; 2], 1.0), axis), 2.0 * PI),
                ("cone", turned(&frustum([1.0, 0.0], 1.0), axis), 2.0 / 3.0 * PI),
                ("capsule", turned(&capsule([0.5; 2], 0.5), axis), PI * 0.25 + PI / 6.0),
            ];
            for (name, mesh, expected) in cases {
                let share = volume(&mesh) / expected;
                assert!((0.98..1.0001).contains(&share), "{name} about {axis}: {share}");
                faces_agree_with_normals(name, &mesh);
            }
            faces_agree_with_normals("plane", &plane(axis, 1.0, 2.0));
        }
    }
}
