//! Polygon meshes and subdivision surfaces.
//!
//! # Source
//!
//! `UsdGeomMesh`. Where a mesh has normals and says nothing of subdivision, it is taken as the
//! polygons its exporter meant, as real-time viewers do; else `catmullClark` is the fallback.

use std::collections::HashMap;

use vitrine_scene::{Mesh, Part};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::polygons::{Faces, Layer, Polygons, Role, unit_normal};
use super::primvar::{Corner, Interned, Interpolation, Primvar, Sizes};
use super::shape::Dress;
use super::subdivide::{self, Sharp};

/// Most sets of texture coordinates of a mesh.
const UV_SETS_MAX: usize = 8;

/// How a surface is meant to be shaded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Surface {
    /// As faces, or by its own normals.
    Polygons,
    /// As what subdivision would make.
    Smooth,
}

/// How many times farther than it is large a mesh may stand from its origin: beyond, subdividing and
/// projecting its points as `f32` would show.
const FAR: f32 = 256.0;

/// Brings points that stand far from their origin near it; where their origin is then.
fn near(points: &mut [[f32; 3]]) -> Option<[f64; 3]> {
    let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for point in points.iter().filter(|point| point.iter().all(|value| value.is_finite())) {
        for axis in 0..3 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let size = (0..3).map(|axis| high[axis] - low[axis]).fold(0.0, f32::max);
    let far = low.iter().chain(&high).map(|value| value.abs()).fold(0.0, f32::max);
    if !far.is_finite() || far <= FAR * size {
        return None;
    }
    // Of numbers so near to each other the difference is exact (Sterbenz).
    for point in points {
        *point = std::array::from_fn(|axis| point[axis] - low[axis]);
    }
    Some(low.map(f64::from))
}

impl Build<'_, '_> {
    /// The mesh of the prim `prim`.
    pub(super) fn mesh(&mut self, prim: u32, dress: &Dress) -> Result<Option<Mesh>, LayerError> {
        let Some(points) = self.triples(prim, Name::POINTS)? else { return Ok(None) };
        let Some(counts) = self.indices(prim, Name::FACE_VERTEX_COUNTS)? else { return Ok(None) };
        let Some(indices) = self.indices(prim, Name::FACE_VERTEX_INDICES)? else { return Ok(None) };
        let sizes = Sizes { faces: counts.len(), points: points.len(), corners: indices.len() };
        let mut holes = self.indices(prim, Name::HOLE_INDICES)?.unwrap_or_default();
        holes.sort_unstable();
        let is_left_handed = self.text(prim, Name::ORIENTATION) == "leftHanded";
        let faces = Faces::new(&counts, &indices, points.len(), &holes, is_left_handed);
        if faces.broken > 0 {
            let path = self.stage.path_text(prim);
            self.stage.warn(format!("{path}: {} faces are broken and left out", faces.broken));
        }
        let skinned = self.skinned_points(prim, &points)?;
        let is_skinned = skinned.is_some();

        let uv_names = self.uv_names(dress);
        let normals = self.normals(prim, sizes)?;
        let surface = self.surface(prim, normals.is_some());
        let mut points = skinned.unwrap_or(points);
        let origin = near(&mut points);
        let mut polygons = Polygons {
            points,
            counts: faces.counts,
            corners: faces.corners.iter().map(|corner| corner.point).collect(),
            parts: Vec::new(),
            layers: Vec::new(),
        };
        let mut sets = Vec::new();
        for name in uv_names {
            let found = self.primvar(prim, name, 2)?.and_then(|found| found.fitted(sizes));
            polygons.layers.push(match found {
                Some(found) => layer(Role::Uv, &found, &faces.corners),
                // A reader of a primvar that is not there gives (0, 0).
                None => Layer {
                    role: Role::Uv,
                    values: vec![[0.0; 4]],
                    corners: vec![0; faces.corners.len()],
                },
            });
            sets.push(name);
        }
        let has_colours = self.wears_colours(dress);
        if has_colours && let Some(layer) = self.colours(prim, sizes, &faces.corners)? {
            polygons.layers.push(layer);
        }
        let smooth = surface == Surface::Smooth || is_skinned && normals.is_some();
        if !smooth && let Some(normals) = &normals {
            polygons.layers.push(layer(Role::Normal, normals, &faces.corners));
        }
        let part_of = self.part_of_faces(dress, sizes.faces)?;
        let mut first = 0usize;
        for &count in &polygons.counts {
            polygons.parts.push(part_of[faces.corners[first].face as usize]);
            first += count as usize;
        }
        if smooth {
            let sharp = self.sharp(prim)?;
            let has_creases = !sharp.edges.is_empty() || !sharp.points.is_empty();
            if surface == Surface::Smooth && self.options.subdivide {
                polygons =
                    refined(polygons, sharp, self.stage.store.limits.subdivided_triangles_max);
            }
            let normals = polygons.smooth(has_creases);
            polygons.layers.push(normals);
        }
        self.origin = origin;
        self.welded(prim, dress, &polygons, &sets).map(Some)
    }

    /// Vertices, parts and materials of polygons.
    fn welded(
        &mut self,
        prim: u32,
        dress: &Dress,
        polygons: &Polygons,
        sets: &[Name],
    ) -> Result<Mesh, LayerError> {
        let welded = polygons.weld(1 + dress.subsets.len() as u32);
        let mut mesh = Mesh {
            name: self.stage.path_text(prim),
            positions: welded.points.iter().map(|&at| polygons.points[at as usize]).collect(),
            indices: welded.indices,
            is_double_sided: self.flag(prim, Name::DOUBLE_SIDED),
            ..Mesh::default()
        };
        for (layer, numbers) in polygons.layers.iter().zip(&welded.values) {
            let values = numbers.iter().map(|&number| layer.values[number as usize]);
            match layer.role {
                Role::Normal => mesh.normals = Some(values.map(unit_normal).collect()),
                Role::Colour => {
                    mesh.colours =
                        Some(values.map(|value| value.map(|v| v.clamp(0.0, 1.0))).collect());
                }
                Role::Uv => mesh.uvs.push(values.map(|value| [value[0], value[1]]).collect()),
            }
        }
        for (look, indices) in dress.parts().zip(welded.parts) {
            if indices == 0 {
                continue;
            }
            let material = match look {
                Some(look) => Some(self.looks.material(look, sets, &mut self.scene.materials)),
                None if mesh.colours.is_some() => {
                    let has_opacity = mesh.colours.iter().flatten().any(|colour| colour[3] < 1.0);
                    Some(self.looks.white(has_opacity, &mut self.scene.materials))
                }
                None => self.plain_colour(prim)?,
            };
            mesh.parts.push(Part { indices, material });
        }
        Ok(mesh)
    }

    /// Names of the texture coordinates that the looks of a mesh use.
    fn uv_names(&self, dress: &Dress) -> Vec<Name> {
        let mut names = Vec::new();
        for look in dress.parts().flatten() {
            for &name in self.looks.uvs(look) {
                if !names.contains(&name) && names.len() < UV_SETS_MAX {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Whether no look would be tinted by vertex colours that did not ask for them.
    fn wears_colours(&self, dress: &Dress) -> bool {
        dress.parts().all(|look| look.is_none_or(|look| self.looks.wants_colours(look)))
    }

    fn normals(&mut self, prim: u32, sizes: Sizes) -> Result<Option<Primvar>, LayerError> {
        let own = self.own_primvar(prim, Name::PRIMVARS_NORMALS, 3, Interpolation::Constant)?;
        let own = match own {
            Some(own) => Some(own),
            None => self.own_primvar(prim, Name::NORMALS, 3, Interpolation::Vertex)?,
        };
        Ok(own.and_then(|own| own.fitted(sizes)))
    }

    fn surface(&self, prim: u32, has_normals: bool) -> Surface {
        match self.text(prim, Name::SUBDIVISION_SCHEME) {
            "catmullClark" | "loop" => Surface::Smooth,
            "" if !has_normals => Surface::Smooth,
            _ => Surface::Polygons,
        }
    }

    /// `displayColor` and `displayOpacity` by corner; `None` where one value is everywhere.
    fn colours(
        &mut self,
        prim: u32,
        sizes: Sizes,
        corners: &[Corner],
    ) -> Result<Option<Layer>, LayerError> {
        let colour = self.primvar(prim, Name::DISPLAY_COLOR, 3)?;
        let colour = colour.and_then(|found| found.fitted(sizes));
        let opacity = self.primvar(prim, Name::DISPLAY_OPACITY, 1)?;
        let opacity = opacity.and_then(|found| found.fitted(sizes));
        let varies = |found: &Option<Primvar>| found.as_ref().is_some_and(|p| !p.is_constant());
        if !varies(&colour) && !varies(&opacity) {
            return Ok(None);
        }
        let mut values = Interned::default();
        let number = |&corner: &Corner| {
            let colour = colour.as_ref().map_or([0.18; 4], |found| found.value(found.at(corner)));
            let opacity = opacity.as_ref().map_or(1.0, |found| found.value(found.at(corner))[0]);
            values.number([colour[0], colour[1], colour[2], opacity])
        };
        let corners = corners.iter().map(number).collect();
        Ok(Some(Layer { role: Role::Colour, values: values.values, corners }))
    }

    /// Part of each face: 0, or one more than the number of the first subset that has it.
    fn part_of_faces(&self, dress: &Dress, faces: usize) -> Result<Vec<u32>, LayerError> {
        let mut part_of = vec![0u32; faces];
        for (at, &(subset, _)) in dress.subsets.iter().enumerate() {
            for face in self.indices(subset, Name::INDICES)?.unwrap_or_default() {
                if let Some(part) = part_of.get_mut(face as usize)
                    && *part == 0
                {
                    *part = at as u32 + 1;
                }
            }
        }
        Ok(part_of)
    }

    /// Creases and corners.
    fn sharp(&self, prim: u32) -> Result<Sharp, LayerError> {
        let mut edges = HashMap::new();
        let indices = self.indices(prim, Name::CREASE_INDICES)?.unwrap_or_default();
        let lengths = self.indices(prim, Name::CREASE_LENGTHS)?.unwrap_or_default();
        let sharpness = self.numbers(prim, Name::CREASE_SHARPNESSES)?.unwrap_or_default();
        let by_edge = sharpness.len() > lengths.len();
        let (mut start, mut edge) = (0usize, 0usize);
        for (crease, &length) in lengths.iter().enumerate() {
            let Some(own) = indices.get(start..start.saturating_add(length as usize)) else {
                break;
            };
            start += own.len();
            for pair in own.windows(2) {
                let at = if by_edge { edge } else { crease };
                edge += 1;
                let sharpness = sharpness.get(at).copied().unwrap_or(0.0) as f32;
                if sharpness > 0.0 {
                    edges.insert((pair[0].min(pair[1]), pair[0].max(pair[1])), sharpness);
                }
            }
        }
        let corners = self.indices(prim, Name::CORNER_INDICES)?.unwrap_or_default();
        let sharpness = self.numbers(prim, Name::CORNER_SHARPNESSES)?.unwrap_or_default();
        let points = corners.into_iter().zip(sharpness.into_iter().map(|value| value as f32));
        let are_lone_faces_corners =
            matches!(self.text(prim, Name::INTERPOLATE_BOUNDARY), "" | "edgeAndCorner");
        Ok(Sharp { edges, points: points.collect(), are_lone_faces_corners })
    }
}

fn refined(mut polygons: Polygons, mut sharp: Sharp, triangles_max: u64) -> Polygons {
    for _ in 0..subdivide::steps(&polygons, triangles_max) {
        (polygons, sharp) = subdivide::step(&polygons, &sharp);
    }
    polygons
}

/// A fitted primvar by corner, equal values shared.
fn layer(role: Role, primvar: &Primvar, corners: &[Corner]) -> Layer {
    let mut values = Interned::default();
    let mut interned: Vec<u32> = Vec::new();
    let number = |&corner: &Corner| {
        let own = primvar.at(corner) as usize;
        if own >= interned.len() {
            interned.resize(own + 1, u32::MAX);
        }
        if interned[own] == u32::MAX {
            interned[own] = values.number(primvar.value(own as u32));
        }
        interned[own]
    };
    let corners = corners.iter().map(number).collect();
    Layer { role, values: values.values, corners }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn points_far_from_their_origin_come_near_without_loss_and_others_stay() {
        let cube = [[1e6, -4.0, 5e6], [1_000_008.0, 4.0, 5_000_008.0]];
        let mut points = cube.to_vec();
        assert_eq!(near(&mut points), Some([1e6, -4.0, 5e6]));
        assert_eq!(points, [[0.0; 3], [8.0; 3]]);
        for stays in [vec![[-1.0, 0.0, 0.0], [1.0, 2.0, 200.0]], vec![[f32::NAN; 3]], vec![]] {
            let mut points = stays.clone();
            assert_eq!(near(&mut points), None);
            assert_eq!(format!("{points:?}"), format!("{stays:?}"));
        }
    }
}
