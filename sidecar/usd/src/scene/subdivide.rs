//! Catmull-Clark subdivision, a few steps of it.
//!
//! # Source
//!
//! Catmull and Clark 1978; boundaries, creases and corners as in DeRose, Kass and Truong 1998,
//! Subdivision surfaces in character animation. Values at corners are interpolated linearly. Loop
//! subdivision of triangles is approximated by the same rules.

use std::collections::HashMap;

use crate::names::ShortMap;

use super::polygons::{Layer, Polygons};

/// Sharp features of a surface.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharp {
    /// Sharpness of edges, by their points, smaller first.
    pub(super) edges: HashMap<(u32, u32), f32>,
    /// Sharpness of points.
    pub(super) points: HashMap<u32, f32>,
    /// Whether points with one face are corners (`interpolateBoundary` is `edgeAndCorner`).
    pub(super) are_lone_faces_corners: bool,
}

/// Most steps, however small the mesh.
const STEPS_MAX: u32 = 3;

/// Steps that fit into `triangles_max`. Each makes four faces of one quad, three of a triangle.
pub(super) fn steps(polygons: &Polygons, triangles_max: u64) -> u32 {
    let mut triangles = 2 * polygons.corners.len() as u64;
    let mut steps = 0;
    while steps < STEPS_MAX && triangles <= triangles_max {
        steps += 1;
        triangles = triangles.saturating_mul(4);
    }
    steps
}

fn key(a: u32, b: u32) -> u64 {
    (u64::from(a.min(b)) << 32) | u64::from(a.max(b))
}

fn mean(points: impl Iterator<Item = [f32; 3]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for point in points {
        sum = plus(sum, point);
        count += 1.0;
    }
    sum.map(|value| value / f32::max(count, 1.0))
}

fn plus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn mixed(a: [f32; 3], b: [f32; 3], by: f32) -> [f32; 3] {
    std::array::from_fn(|axis| a[axis] + (b[axis] - a[axis]) * by)
}

struct Edge {
    ends: (u32, u32),
    /// Faces at the edge, and the sum of their middles.
    faces: u32,
    middles: [f32; 3],
    sharpness: f32,
}

/// What surrounds a point.
#[derive(Clone, Default)]
struct Around {
    faces: u32,
    middles: [f32; 3],
    edges: u32,
    edge_middles: [f32; 3],
    /// Sharp edges, the sum of their other ends, and of their sharpness.
    sharp: u32,
    sharp_ends: [f32; 3],
    sharpness: f32,
}

/// One step: every corner of every face becomes a quad.
pub(super) fn step(polygons: &Polygons, sharp: &Sharp) -> (Polygons, Sharp) {
    let (middles, edges, edge_of) = edges(polygons, sharp);
    let around = around(polygons, &middles, &edges);
    let (points, faces) = (polygons.points.len() as u32, polygons.counts.len() as u32);

    let mut new_points = Vec::with_capacity(polygons.points.len() + middles.len() + edges.len());
    for (at, (&point, around)) in polygons.points.iter().zip(&around).enumerate() {
        new_points.push(moved(point, around, sharp, at as u32));
    }
    new_points.extend_from_slice(&middles);
    new_points.extend(edges.iter().map(|edge| edge_point(polygons, edge)));

    let mut new = Polygons { points: new_points, ..Polygons::default() };
    let mut layers: Vec<Split> = polygons.layers.iter().map(Split::new).collect();
    let mut start = 0usize;
    for (face, &count) in polygons.counts.iter().enumerate() {
        let count = count as usize;
        for layer in &mut layers {
            layer.open(start, count);
        }
        for at in 0..count {
            let (before, next) = ((at + count - 1) % count, (at + 1) % count);
            let edge = |a: usize| points + faces + edge_of[start + a];
            new.corners.extend([
                polygons.corners[start + at],
                edge(at),
                points + face as u32,
                edge(before),
            ]);
            new.counts.push(4);
            new.parts.push(polygons.parts[face]);
            for layer in &mut layers {
                layer.quad(start, before, at, next);
            }
        }
        start += count;
    }
    new.layers = layers.into_iter().map(|layer| layer.new).collect();
    let sharp = sharper(sharp, &edges, points + faces);
    (new, sharp)
}

/// Middles of faces, edges, and the edge that leaves each corner.
fn edges(polygons: &Polygons, sharp: &Sharp) -> (Vec<[f32; 3]>, Vec<Edge>, Vec<u32>) {
    let mut middles = Vec::with_capacity(polygons.counts.len());
    let mut edges: Vec<Edge> = Vec::with_capacity(polygons.corners.len() / 2 + 1);
    let mut edge_of = Vec::with_capacity(polygons.corners.len());
    let mut known: ShortMap<u64, u32> = ShortMap::default();
    let mut start = 0usize;
    for &count in &polygons.counts {
        let own = &polygons.corners[start..start + count as usize];
        start += count as usize;
        let middle = mean(own.iter().map(|&point| polygons.points[point as usize]));
        middles.push(middle);
        for (at, &point) in own.iter().enumerate() {
            let other = own[(at + 1) % own.len()];
            let ends = (point.min(other), point.max(other));
            let edge = *known.entry(key(point, other)).or_insert_with(|| {
                let sharpness = sharp.edges.get(&ends).copied().unwrap_or(0.0);
                edges.push(Edge { ends, faces: 0, middles: [0.0; 3], sharpness });
                edges.len() as u32 - 1
            });
            let found = &mut edges[edge as usize];
            found.faces += 1;
            found.middles = plus(found.middles, middle);
            edge_of.push(edge);
        }
    }
    for edge in edges.iter_mut().filter(|edge| edge.faces != 2) {
        edge.sharpness = f32::INFINITY;
    }
    (middles, edges, edge_of)
}

fn around(polygons: &Polygons, middles: &[[f32; 3]], edges: &[Edge]) -> Vec<Around> {
    let mut around = vec![Around::default(); polygons.points.len()];
    let mut start = 0usize;
    for (&count, &middle) in polygons.counts.iter().zip(middles) {
        for &point in &polygons.corners[start..start + count as usize] {
            let own = &mut around[point as usize];
            own.faces += 1;
            own.middles = plus(own.middles, middle);
        }
        start += count as usize;
    }
    for edge in edges {
        let (a, b) = edge.ends;
        let (from, to) = (polygons.points[a as usize], polygons.points[b as usize]);
        for (end, other) in [(a, to), (b, from)] {
            let own = &mut around[end as usize];
            own.edges += 1;
            own.edge_middles = plus(own.edge_middles, mixed(from, to, 0.5));
            if edge.sharpness > 0.0 {
                own.sharp += 1;
                own.sharp_ends = plus(own.sharp_ends, other);
                own.sharpness += edge.sharpness;
            }
        }
    }
    around
}

/// Where a point moves.
fn moved(point: [f32; 3], around: &Around, sharp: &Sharp, at: u32) -> [f32; 3] {
    if around.faces == 0 {
        return point;
    }
    let lone = sharp.are_lone_faces_corners && around.faces == 1;
    let corner = sharp.points.get(&at).copied().unwrap_or(0.0);
    if lone || corner >= 1.0 || around.sharp > 2 {
        return point;
    }
    let (faces, edges) = (around.faces as f32, around.edges as f32);
    let middle = around.middles.map(|value| value / faces);
    let edge_middle = around.edge_middles.map(|value| value / edges);
    let smooth = std::array::from_fn(|axis| {
        (middle[axis] + 2.0 * edge_middle[axis] + (edges - 3.0) * point[axis]) / edges
    });
    if around.sharp != 2 {
        return mixed(smooth, point, corner);
    }
    let creased = std::array::from_fn(|axis| (around.sharp_ends[axis] + 6.0 * point[axis]) / 8.0);
    mixed(mixed(smooth, creased, (around.sharpness / 2.0).min(1.0)), point, corner)
}

fn edge_point(polygons: &Polygons, edge: &Edge) -> [f32; 3] {
    let ends = (polygons.points[edge.ends.0 as usize], polygons.points[edge.ends.1 as usize]);
    let middle = mixed(ends.0, ends.1, 0.5);
    if edge.sharpness >= 1.0 {
        return middle;
    }
    let smooth = mixed(middle, edge.middles.map(|value| value / 2.0), 0.5);
    mixed(smooth, middle, edge.sharpness)
}

/// What stays sharp: half-edges and points, one step less so.
fn sharper(sharp: &Sharp, edges: &[Edge], edges_start: u32) -> Sharp {
    let mut new =
        Sharp { are_lone_faces_corners: sharp.are_lone_faces_corners, ..Sharp::default() };
    for (at, edge) in edges.iter().enumerate() {
        if edge.sharpness > 1.0 && edge.sharpness.is_finite() {
            let middle = edges_start + at as u32;
            new.edges.insert((edge.ends.0, middle), edge.sharpness - 1.0);
            new.edges.insert((edge.ends.1, middle), edge.sharpness - 1.0);
        }
    }
    let left = sharp.points.iter().filter(|(_, sharpness)| **sharpness > 1.0);
    new.points = left.map(|(&point, &sharpness)| (point, sharpness - 1.0)).collect();
    new
}

/// A layer of values while its faces are split.
struct Split<'a> {
    old: &'a Layer,
    new: Layer,
    /// Numbers of means of two values.
    between: ShortMap<u64, u32>,
    /// Number of the mean of the face at hand.
    middle: u32,
}

impl<'a> Split<'a> {
    fn new(old: &'a Layer) -> Self {
        let corners = Vec::with_capacity(4 * old.corners.len());
        let new = Layer { role: old.role, values: old.values.clone(), corners };
        Self { old, new, between: ShortMap::default(), middle: 0 }
    }

    fn open(&mut self, start: usize, count: usize) {
        let own = &self.old.corners[start..start + count];
        if own.iter().all(|&number| number == own[0]) {
            self.middle = own[0];
            return;
        }
        let mut sum = [0.0f32; 4];
        for &number in own {
            for (sum, value) in sum.iter_mut().zip(self.old.values[number as usize]) {
                *sum += value / count as f32;
            }
        }
        self.middle = self.new.values.len() as u32;
        self.new.values.push(sum);
    }

    fn half(&mut self, a: u32, b: u32) -> u32 {
        if a == b {
            return a;
        }
        let values = &mut self.new.values;
        *self.between.entry(key(a, b)).or_insert_with(|| {
            let (a, b) = (values[a as usize], values[b as usize]);
            values.push(std::array::from_fn(|at| (a[at] + b[at]) / 2.0));
            values.len() as u32 - 1
        })
    }

    fn quad(&mut self, start: usize, before: usize, at: usize, next: usize) {
        let [before, at, next] = [before, at, next].map(|at| self.old.corners[start + at]);
        let (ahead, behind) = (self.half(at, next), self.half(before, at));
        self.new.corners.extend([at, ahead, self.middle, behind]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::polygons::Role;

    pub(super) fn cube() -> Polygons {
        let points = (0..8u8)
            .map(|at| [at & 1, at >> 1 & 1, at >> 2 & 1].map(|bit| f32::from(bit) * 2.0 - 1.0))
            .collect();
        let corners = vec![0, 2, 3, 1, 4, 5, 7, 6, 0, 1, 5, 4, 2, 6, 7, 3, 0, 4, 6, 2, 1, 3, 7, 5];
        Polygons { points, counts: vec![4; 6], corners, parts: vec![0; 6], layers: Vec::new() }
    }

    #[test]
    fn a_cube_moves_as_catmull_and_clark_say() {
        let (new, _) = step(&cube(), &Sharp::default());
        assert_eq!((new.points.len(), new.counts.len()), (8 + 6 + 12, 24));
        // Corner: (F + 2R + (n - 3)P) / n with F = 1/3, R = 2/3, n = 3 → 5/9.
        for point in &new.points[..8] {
            for value in point {
                assert!((value.abs() - 5.0 / 9.0).abs() < 1e-6, "{point:?}");
            }
        }
        // Edge: (1 + 1 + 1/2 + 1/2) / 4 on both axes across → 3/4.
        let edge = new.points[8 + 6].map(f32::abs);
        assert!(edge.iter().filter(|value| (**value - 0.75).abs() < 1e-6).count() == 2, "{edge:?}");
    }

    #[test]
    fn a_sharp_cube_stays_a_cube_and_values_stay_linear() {
        let mut cube = cube();
        let values = cube.points.iter().map(|p| [p[0], p[1], p[2], 0.0]).collect();
        cube.layers.push(Layer { role: Role::Colour, values, corners: cube.corners.clone() });
        let (_, edges, _) = edges(&cube, &Sharp::default());
        let sharp = Sharp {
            edges: edges.iter().map(|edge| (edge.ends, 10.0)).collect(),
            ..Sharp::default()
        };
        let (once, sharp) = step(&cube, &sharp);
        let (twice, _) = step(&once, &sharp);
        for point in &twice.points {
            let far = point.iter().map(|value| value.abs()).fold(0.0, f32::max);
            assert!((far - 1.0).abs() < 1e-6, "{point:?} left the cube");
        }
        let layer = &twice.layers[0];
        for (corner, &point) in twice.corners.iter().enumerate() {
            let value = layer.values[layer.corners[corner] as usize];
            let point = twice.points[point as usize];
            for axis in 0..3 {
                assert!((value[axis] - point[axis]).abs() < 1e-6, "{value:?} at {point:?}");
            }
        }
        assert_eq!(layer.values.len(), twice.points.len(), "values are shared as points are");
    }

    #[test]
    fn a_lone_quad_keeps_its_corners_only_where_it_should() {
        let quad = Polygons {
            points: vec![[0., 0., 0.], [1., 0., 0.], [1., 1., 0.], [0., 1., 0.]],
            counts: vec![4],
            corners: vec![0, 1, 2, 3],
            parts: vec![0],
            layers: Vec::new(),
        };
        let corners = Sharp { are_lone_faces_corners: true, ..Sharp::default() };
        assert_eq!(step(&quad, &corners).0.points[0], [0.0; 3]);
        // (a + 6v + b) / 8
        assert_eq!(step(&quad, &Sharp::default()).0.points[0], [0.125, 0.125, 0.0]);
    }

    #[test]
    fn steps_are_bounded() {
        assert_eq!(steps(&cube(), 20_000), 3);
        assert_eq!(steps(&cube(), 200), 2);
        assert_eq!(steps(&cube(), 10), 0);
    }
}
