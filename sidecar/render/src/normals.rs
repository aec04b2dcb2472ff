//! Normals where a mesh has none: smooth over gentle edges, sharp over steep ones.

use std::collections::HashMap;

use crate::space::{V3, add, cross, dot, length, scaled, sub, unit_or};

/// Corners at one place beyond which all are averaged at once: comparing each with each would be
/// quadratic, and no real model has such a fan.
const FAN_MAX: usize = 64;

/// Normals of triangles' corners, `[indices]`, each of length 1 or 0 for a triangle without area.
///
/// Corners at the same place are smoothed together, weighted by their angles (Thürmer and Wüthrich
/// 1998, Computing Vertex Normals from Polygonal Facets), as far as their faces meet at less than
/// `crease`, an angle in radians; 0 gives flat faces.
pub(crate) fn corner_normals(positions: &[V3], indices: &[u32], crease: f32) -> Vec<V3> {
    let triangles = indices.len() / 3;
    let corner = |at: usize| positions[indices[at] as usize];
    let places = welded(positions);
    let faces: Vec<V3> = (0..triangles)
        .map(|at| {
            let [a, b, c] = [0, 1, 2].map(|k| places[indices[3 * at + k] as usize]);
            if a == b || b == c || c == a {
                return [0.0; 3]; // A sliver's direction is rounding.
            }
            // Scaled first: products of huge or tiny edges would leave the range of `f32`.
            let [ab, ac] = [1, 2].map(|k| sub(corner(3 * at + k), corner(3 * at)));
            unit_or(cross(unit_or(ab, [0.0; 3]), unit_or(ac, [0.0; 3])), [0.0; 3])
        })
        .collect();
    if crease <= 0.0 {
        return (0..triangles * 3).map(|at| faces[at / 3]).collect();
    }
    let used = places.iter().copied().max().map_or(0, |most| most as usize + 1);
    // Corners by place: a count, then where each place's corners begin.
    let mut starts = vec![0_u32; used + 1];
    indices.iter().for_each(|&index| starts[places[index as usize] as usize + 1] += 1);
    (0..used).for_each(|at| starts[at + 1] += starts[at]);
    let mut next = starts.clone();
    let mut fans = vec![0_u32; indices.len()];
    for (at, &index) in indices.iter().enumerate() {
        let place = places[index as usize] as usize;
        fans[next[place] as usize] = at as u32;
        next[place] += 1;
    }
    let weighted: Vec<V3> = (0..indices.len())
        .map(|at| {
            let face = at / 3 * 3;
            let own = corner(at);
            let [a, b] =
                [1, 2].map(|k| unit_or(sub(corner(face + (at + k - face) % 3), own), [0.0; 3]));
            scaled(faces[at / 3], dot(a, b).clamp(-1.0, 1.0).acos())
        })
        .collect();
    let level = crease.min(std::f32::consts::PI).cos();
    let mut normals = vec![[0.0; 3]; indices.len()];
    for place in 0..used {
        let fan = &fans[starts[place] as usize..starts[place + 1] as usize];
        let all = fan.iter().fold([0.0; 3], |sum, &at| add(sum, weighted[at as usize]));
        for &at in fan {
            let own = faces[at as usize / 3];
            let sum = if fan.len() > FAN_MAX {
                all
            } else {
                fan.iter().fold([0.0; 3], |sum, &other| {
                    let is_near = dot(own, faces[other as usize / 3]) >= level;
                    if is_near { add(sum, weighted[other as usize]) } else { sum }
                })
            };
            normals[at as usize] = if length(own) > 0.0 { unit_or(sum, own) } else { own };
        }
    }
    normals
}

/// For each vertex the number of its place: vertices less than about a millionth of the mesh apart
/// share one, since files repeat positions with rounding.
fn welded(positions: &[V3]) -> Vec<u32> {
    let most = positions.iter().flatten().fold(0.0_f32, |most, value| most.max(value.abs()));
    let cell = f64::from(most).max(1e-300) * 1e-6;
    let mut known: HashMap<[i32; 3], u32> = HashMap::with_capacity(positions.len());
    positions
        .iter()
        .map(|position| {
            let cells = position.map(|value| (f64::from(value) / cell).round() as i32);
            let next = known.len() as u32;
            *known.entry(cells).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two squares that meet at an angle along x = 0, without common vertices.
    fn bent(angle: f32) -> (Vec<V3>, Vec<u32>) {
        let (sin, cos) = angle.sin_cos();
        let positions = vec![
            [-1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [-1.0, 1.0, 0.0],
            [0.0, 0.0, 0.0],
            [cos, 0.0, sin],
            [cos, 1.0, sin],
            [0.0, 1.0, 0.0],
        ];
        (positions, vec![0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7])
    }

    #[test]
    fn gentle_edges_are_smoothed_and_steep_ones_are_not() {
        let crease = 40.0_f32.to_radians();
        let (positions, indices) = bent(0.5);
        let normals = corner_normals(&positions, &indices, crease);
        // Both sides' faces have the same angles along the edge: the mean lies halfway.
        let halfway = [-(0.25_f32.sin()), 0.0, 0.25_f32.cos()];
        for at in [1, 6] {
            assert!(length(sub(normals[at], halfway)) < 1e-4, "{:?}", normals[at]);
        }
        let is_upright = |normal: V3| length(sub(normal, [0.0, 0.0, 1.0])) < 1e-6;
        assert!(is_upright(normals[0]));
        let (positions, indices) = bent(1.0);
        let normals = corner_normals(&positions, &indices, crease);
        assert!(is_upright(normals[1]));
        assert!(is_upright(corner_normals(&bent(0.5).0, &indices, 0.0)[1]));
    }

    #[test]
    fn triangles_without_area_and_huge_ones_give_finite_normals() {
        let positions =
            vec![[0.0; 3], [0.0; 3], [3e38, 0.0, 0.0], [0.0, 3e38, 0.0], [1e-40, 0.0, 0.0]];
        for normal in corner_normals(&positions, &[0, 1, 2, 0, 2, 3, 0, 4, 1], 0.7) {
            assert!(normal.iter().all(|value| value.is_finite()), "{normal:?}");
        }
    }
}
