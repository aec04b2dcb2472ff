//! Texture coordinates: a scene's have their origin at the lower left, glTF's at the upper left.

use crate::json::TextureTransform;

/// Affine map of coordinates, row vectors: `(u, v, 1) · map`.
pub type Map = [[f32; 2]; 3];

/// What changes nothing.
pub const IDENTITY: Map = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];

/// Skew, relative to the scale, that is taken for rounding.
const SKEW_MAX: f32 = 1e-4;

/// The same map seen from the other origin; its own inverse.
pub fn flipped(map: &Map) -> Map {
    let [[a, b], [c, d], [e, f]] = *map;
    // v becomes 1 − v before the map and after it.
    [[a, -b], [-c, d], [e + c, 1.0 - f - d]]
}

/// The map that an extension's numbers say: scale, then rotation, then offset.
///
/// Positive angles go from +v to +u. The extension's text shows the other sign in its sample code,
/// its test model and viewers agree on this one (glTF issue 1563).
pub fn of_transform(transform: &TextureTransform) -> Map {
    let [sx, sy] = transform.scale.unwrap_or([1.0; 2]);
    let [e, f] = transform.offset.unwrap_or([0.0; 2]);
    let (sine, cosine) = transform.rotation.unwrap_or(0.0).sin_cos();
    [[cosine * sx, -sine * sx], [sine * sy, cosine * sy], [e, f]]
}

/// The extension's numbers for a map, and whether they say all of it: they know no skew.
pub fn to_transform(map: &Map) -> (TextureTransform, bool) {
    let [[a, b], [c, d], [e, f]] = *map;
    let sx = a.hypot(b);
    let rotation = if sx > 0.0 { (-b).atan2(a) } else { c.atan2(d) };
    let (sine, cosine) = rotation.sin_cos();
    let sy = c * sine + d * cosine;
    let skew = (c * cosine - d * sine).abs();
    let transform = TextureTransform {
        offset: ([e, f] != [0.0; 2]).then_some([e, f]),
        rotation: (rotation != 0.0).then_some(rotation),
        scale: ([sx, sy] != [1.0; 2]).then_some([sx, sy]),
        tex_coord: None,
    };
    (transform, skew <= SKEW_MAX * c.hypot(d).max(sx))
}

#[cfg(test)]
mod tests {
    use super::{IDENTITY, Map, flipped, of_transform, to_transform};
    use crate::json::TextureTransform;

    fn at(map: &Map, u: f32, v: f32) -> [f32; 2] {
        std::array::from_fn(|axis| u * map[0][axis] + v * map[1][axis] + map[2][axis])
    }

    fn near(one: &Map, other: &Map) -> bool {
        one.iter()
            .flatten()
            .zip(other.iter().flatten())
            .all(|(one, other)| (one - other).abs() < 1e-5)
    }

    #[test]
    fn the_extensions_test_model_turns_as_its_arrow_says() {
        // TextureTransformTest: the arrow's tip, at the top of the picture, comes to a mark beside it.
        let transform = TextureTransform { rotation: Some(0.5), ..TextureTransform::default() };
        let [u, v] = at(&of_transform(&transform), 0.0, 1.0);
        assert!((u - 0.5_f32.sin()).abs() < 1e-6 && (v - 0.5_f32.cos()).abs() < 1e-6);
    }

    #[test]
    fn a_map_reads_the_same_pixel_from_either_origin() {
        let map = [[0.5, 0.2], [-0.3, 2.0], [0.1, 0.7]];
        let other = flipped(&map);
        let [u, v] = at(&map, 0.3, 0.9);
        let [other_u, other_v] = at(&other, 0.3, 1.0 - 0.9);
        assert!((u - other_u).abs() < 1e-6 && (v - (1.0 - other_v)).abs() < 1e-6);
        assert!(near(&flipped(&other), &map));
        assert_eq!(flipped(&IDENTITY), IDENTITY);
    }

    #[test]
    fn numbers_make_the_map_they_came_from_unless_it_is_skewed() {
        for (rotation, scale) in [(0.0, [1.0, 1.0]), (2.5, [0.5, -3.0]), (-1.0, [0.0, 2.0])] {
            let said = TextureTransform {
                offset: Some([0.25, -4.0]),
                rotation: Some(rotation),
                scale: Some(scale),
                tex_coord: None,
            };
            let map = of_transform(&said);
            let (again, whole) = to_transform(&map);
            assert!(whole && near(&of_transform(&again), &map), "{map:?}");
        }
        assert_eq!(to_transform(&IDENTITY), (TextureTransform::default(), true));
        assert!(!to_transform(&[[1.0, 0.0], [0.5, 1.0], [0.0, 0.0]]).1);
    }
}
