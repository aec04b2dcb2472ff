//! Polygons with values at their corners: from what a mesh says to triangles with shared vertices.

use super::primvar::Corner;

/// What a layer of values becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Normal,
    Colour,
    /// In order: the sets of texture coordinates.
    Uv,
}

/// Values at corners: a number for each corner, and the values they stand for.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) role: Role,
    pub(super) values: Vec<[f32; 4]>,
    pub(super) corners: Vec<u32>,
}

/// Faces, all valid: three corners or more each, corners below the number of points.
#[derive(Clone, Debug, Default)]
pub(super) struct Polygons {
    pub(super) points: Vec<[f32; 3]>,
    /// Corners of each face.
    pub(super) counts: Vec<u32>,
    /// Point of each corner.
    pub(super) corners: Vec<u32>,
    /// Part of each face.
    pub(super) parts: Vec<u32>,
    pub(super) layers: Vec<Layer>,
}

/// The valid faces of a mesh as authored.
#[derive(Default)]
pub(super) struct Faces {
    /// Corners of each face that is kept.
    pub(super) counts: Vec<u32>,
    /// Every corner that is kept, counter-clockwise.
    pub(super) corners: Vec<Corner>,
    /// How many faces lack corners, or have corners without points.
    pub(super) broken: usize,
}

impl Faces {
    /// * `holes`: faces to leave out, sorted.
    pub(super) fn new(
        counts: &[u32],
        indices: &[u32],
        points: usize,
        holes: &[u32],
        is_left_handed: bool,
    ) -> Self {
        let mut faces = Self::default();
        let mut start = 0usize;
        for (face, &count) in counts.iter().enumerate() {
            let end = start.saturating_add(count as usize);
            let Some(own) = indices.get(start..end) else {
                faces.broken += counts.len() - face;
                break;
            };
            let valid = count >= 3 && own.iter().all(|&point| (point as usize) < points);
            if !valid {
                faces.broken += 1;
            } else if holes.binary_search(&(face as u32)).is_err() {
                let face = face as u32;
                let corner = |(at, &point): (usize, &u32)| Corner {
                    face,
                    point,
                    corner: (start + at) as u32,
                };
                let own = own.iter().enumerate().map(corner);
                if is_left_handed {
                    faces.corners.extend(own.rev());
                } else {
                    faces.corners.extend(own);
                }
                faces.counts.push(count);
            }
            start = end;
        }
        faces
    }
}

/// Triangles with shared vertices: a vertex is a point with one value of each layer.
#[derive(Debug, Default)]
pub(super) struct Welded {
    /// Point of each vertex.
    pub(super) points: Vec<u32>,
    /// Number of the value of each vertex, by layer.
    pub(super) values: Vec<Vec<u32>>,
    pub(super) indices: Vec<u32>,
    /// Number of indices of each part.
    pub(super) parts: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Polygons {
    /// Number of triangles that the faces make.
    pub(super) fn triangles(&self) -> u64 {
        self.corners.len() as u64 - 2 * self.counts.len() as u64
    }

    /// Triangulates, part by part, and shares vertices.
    ///
    /// * `parts`: how many parts there are.
    pub(super) fn weld(&self, parts: u32) -> Welded {
        let mut welded = Welded {
            values: vec![Vec::new(); self.layers.len()],
            indices: Vec::with_capacity(3 * self.triangles() as usize),
            ..Welded::default()
        };
        // Vertices of a point are a chain.
        let mut head = vec![NONE; self.points.len()];
        let mut next: Vec<u32> = Vec::new();
        let mut local: Vec<u32> = Vec::new();
        let mut triangles: Vec<[u32; 3]> = Vec::new();
        let mut outline: Vec<[f32; 3]> = Vec::new();
        for part in 0..parts {
            let before = welded.indices.len();
            let mut start = 0usize;
            for (face, &count) in self.counts.iter().enumerate() {
                let corners = start..start + count as usize;
                start = corners.end;
                if self.parts[face] != part {
                    continue;
                }
                local.clear();
                outline.clear();
                for corner in corners {
                    let point = self.corners[corner];
                    outline.push(self.points[point as usize]);
                    let mut vertex = head[point as usize];
                    while vertex != NONE {
                        let same = self.layers.iter().zip(&welded.values);
                        let mut same =
                            same.map(|(layer, own)| layer.corners[corner] == own[vertex as usize]);
                        if same.all(|same| same) {
                            break;
                        }
                        vertex = next[vertex as usize];
                    }
                    if vertex == NONE {
                        vertex = welded.points.len() as u32;
                        welded.points.push(point);
                        for (layer, own) in self.layers.iter().zip(&mut welded.values) {
                            own.push(layer.corners[corner]);
                        }
                        next.push(head[point as usize]);
                        head[point as usize] = vertex;
                    }
                    local.push(vertex);
                }
                triangles.clear();
                super::triangulate::split(&outline, &mut triangles);
                for triangle in &triangles {
                    welded.indices.extend(triangle.map(|at| local[at as usize]));
                }
            }
            welded.parts.push((welded.indices.len() - before) as u32);
        }
        welded
    }

    /// Normals of corners, smooth over the whole surface: of each point the mean of its faces'
    /// normals by area.
    ///
    /// * `is_creased`: faces that meet at more than 60 degrees do not share a normal.
    pub(super) fn smooth(&self, is_creased: bool) -> Layer {
        let normals = self.face_normals();
        let mut sums = vec![[0.0f32; 3]; self.points.len()];
        let mut start = 0usize;
        for (face, &count) in self.counts.iter().enumerate() {
            for &point in &self.corners[start..start + count as usize] {
                add(&mut sums[point as usize], normals[face]);
            }
            start += count as usize;
        }
        let values: Vec<[f32; 4]> = sums.into_iter().map(unit).collect();
        let mut layer = Layer { role: Role::Normal, values, corners: self.corners.clone() };
        if is_creased {
            self.split_creases(&normals, &mut layer);
        }
        layer
    }

    /// Gives corners whose face leans away from the point's normal one of their own.
    fn split_creases(&self, normals: &[[f32; 3]], layer: &mut Layer) {
        const AROUND_MAX: usize = 64;
        let mut around: Vec<Vec<u32>> = vec![Vec::new(); self.points.len()];
        let mut start = 0usize;
        for (face, &count) in self.counts.iter().enumerate() {
            for &point in &self.corners[start..start + count as usize] {
                let own = &mut around[point as usize];
                if own.len() < AROUND_MAX {
                    own.push(face as u32);
                }
            }
            start += count as usize;
        }
        let mut start = 0usize;
        for (face, &count) in self.counts.iter().enumerate() {
            let own = unit(normals[face]);
            for corner in start..start + count as usize {
                let point = self.corners[corner] as usize;
                let near = |other: [f32; 3]| {
                    let other = unit(other);
                    own.iter().zip(other).map(|(a, b)| a * b).sum::<f32>() > 0.5
                };
                if around[point].iter().all(|&other| near(normals[other as usize])) {
                    continue;
                }
                let mut sum = [0.0; 3];
                for &other in around[point].iter().filter(|&&at| near(normals[at as usize])) {
                    add(&mut sum, normals[other as usize]);
                }
                layer.corners[corner] = layer.values.len() as u32;
                layer.values.push(unit(sum));
            }
            start += count as usize;
        }
    }

    /// Normals of faces, as long as twice their area.
    ///
    /// # Source
    ///
    /// Newell's method, as in Sutherland, Sproull and Schumacker 1974.
    fn face_normals(&self) -> Vec<[f32; 3]> {
        let mut normals = Vec::with_capacity(self.counts.len());
        let mut start = 0usize;
        for &count in &self.counts {
            let own = &self.corners[start..start + count as usize];
            let outline = own.iter().map(|&point| self.points[point as usize]);
            normals.push(newell(outline));
            start += count as usize;
        }
        normals
    }
}

/// Normal of an outline, as long as twice its area.
pub(super) fn newell(outline: impl Iterator<Item = [f32; 3]> + Clone) -> [f32; 3] {
    let mut normal = [0.0f32; 3];
    // Around the first point: far from the origin, products of places would lose the area.
    let Some(origin) = outline.clone().next() else { return normal };
    let from_origin = |p: [f32; 3]| [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]];
    let mut points = outline.map(from_origin).skip(1);
    let Some(mut last) = points.next() else { return normal };
    for point in points {
        add(&mut normal, cross(last, point));
        last = point;
    }
    normal
}

pub(super) fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn add(sum: &mut [f32; 3], other: [f32; 3]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

/// Scales to length 1; what has no direction points up.
fn unit(v: [f32; 3]) -> [f32; 4] {
    // In double precision: squares of tiny faces' normals vanish in single.
    let length = v.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 && length.is_finite() {
        let [x, y, z] = v.map(|value| (f64::from(value) / length) as f32);
        [x, y, z, 0.0]
    } else {
        [0.0, 0.0, 1.0, 0.0]
    }
}

/// A normal as authored, scaled to length 1.
pub(super) fn unit_normal(value: [f32; 4]) -> [f32; 3] {
    let [x, y, z, _] = unit([value[0], value[1], value[2]]);
    [x, y, z]
}
