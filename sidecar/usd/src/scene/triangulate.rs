//! Polygons to triangles.

use super::polygons::{cross, newell};

/// Corners of a polygon whose ears are looked for; larger ones become fans.
const EARS_CORNERS_MAX: usize = 1_000;

/// Splits a polygon of `n` corners into `n` − 2 triangles of corner numbers, whatever its shape.
pub(super) fn split(outline: &[[f32; 3]], triangles: &mut Vec<[u32; 3]>) {
    let count = outline.len() as u32;
    match outline.len() {
        0..=2 => {}
        3 => triangles.push([0, 1, 2]),
        _ => {
            let normal = newell(outline.iter().copied());
            let is_reflex = |at: u32| {
                let (before, next) = ((at + count - 1) % count, (at + 1) % count);
                side(outline, normal, [before, at, next]) < 0.0
            };
            if count == 4 {
                // A quad that bends inwards is split through the bend.
                if is_reflex(1) || is_reflex(3) {
                    triangles.extend([[1, 2, 3], [1, 3, 0]]);
                } else {
                    triangles.extend([[0, 1, 2], [0, 2, 3]]);
                }
            } else if outline.len() <= EARS_CORNERS_MAX && (0..count).any(is_reflex) {
                clip_ears(outline, normal, triangles);
            } else {
                fan(0..count, triangles);
            }
        }
    }
}

fn fan(mut corners: impl Iterator<Item = u32>, triangles: &mut Vec<[u32; 3]>) {
    let (Some(first), Some(mut last)) = (corners.next(), corners.next()) else { return };
    for corner in corners {
        triangles.push([first, last, corner]);
        last = corner;
    }
}

/// Above 0 where the corners turn counter-clockwise seen from the normal.
fn side(outline: &[[f32; 3]], normal: [f32; 3], [a, b, c]: [u32; 3]) -> f32 {
    let at = |corner: u32| outline[corner as usize];
    let minus = |p: [f32; 3], q: [f32; 3]| [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    let turn = cross(minus(at(b), at(a)), minus(at(c), at(b)));
    turn.iter().zip(normal).map(|(a, b)| a * b).sum()
}

/// # Source
///
/// Meisters 1975, Polygons have ears. Where rounding hides every ear, the rest is a fan.
fn clip_ears(outline: &[[f32; 3]], normal: [f32; 3], triangles: &mut Vec<[u32; 3]>) {
    let mut left: Vec<u32> = (0..outline.len() as u32).collect();
    while left.len() > 3 {
        let count = left.len();
        let ear = (0..count).find(|&at| {
            let (a, b, c) = (left[(at + count - 1) % count], left[at], left[(at + 1) % count]);
            if side(outline, normal, [a, b, c]) <= 0.0 {
                return false;
            }
            let inside = |&p: &u32| {
                side(outline, normal, [a, b, p]) >= 0.0
                    && side(outline, normal, [b, c, p]) >= 0.0
                    && side(outline, normal, [c, a, p]) >= 0.0
            };
            !left.iter().filter(|p| ![a, b, c].contains(p)).any(inside)
        });
        let Some(at) = ear else { break };
        triangles.push([left[(at + count - 1) % count], left[at], left[(at + 1) % count]]);
        left.remove(at);
    }
    fan(left.into_iter(), triangles);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(outline: &[[f32; 3]], triangles: &[[u32; 3]]) -> f32 {
        let area = |t: &[u32; 3]| newell(t.iter().map(|&at| outline[at as usize]))[2] / 2.0;
        let areas: Vec<f32> = triangles.iter().map(area).collect();
        assert!(areas.iter().all(|area| *area >= 0.0), "a triangle is turned: {areas:?}");
        areas.iter().sum()
    }

    #[test]
    fn triangles_cover_exactly_the_polygon() {
        let flat = |points: &[[f32; 2]]| -> Vec<[f32; 3]> {
            points.iter().map(|p| [p[0], p[1], 0.0]).collect()
        };
        // Areas by the shoelace formula, exact in these numbers.
        #[rustfmt::skip]
        let cases: &[(&str, &[[f32; 2]], f32)] = &[
            ("square", &[[0., 0.], [2., 0.], [2., 2.], [0., 2.]], 4.0),
            ("dart", &[[0., 0.], [4., 0.], [1., 1.], [0., 4.]], 4.0),
            ("dart, other start", &[[4., 0.], [1., 1.], [0., 4.], [0., 0.]], 4.0),
            ("L", &[[0., 0.], [3., 0.], [3., 1.], [1., 1.], [1., 3.], [0., 3.]], 5.0),
            ("comb", &[[0., 0.], [5., 0.], [5., 3.], [4., 3.], [4., 1.], [3., 1.], [3., 3.],
                [2., 3.], [2., 1.], [1., 1.], [1., 3.], [0., 3.]], 11.0),
        ];
        for (name, points, expected) in cases {
            let outline = flat(points);
            let mut triangles = Vec::new();
            split(&outline, &mut triangles);
            assert_eq!(triangles.len(), outline.len() - 2, "{name}");
            assert!((area(&outline, &triangles) - expected).abs() < 1e-5, "{name}: {triangles:?}");
        }
    }

    #[test]
    fn a_polygon_without_area_still_becomes_triangles() {
        let mut triangles = Vec::new();
        split(&[[1.0; 3]; 7], &mut triangles);
        assert_eq!(triangles.len(), 5);
    }
}
