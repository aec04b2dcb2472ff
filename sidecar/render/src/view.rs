//! From where a scene is seen.

use vitrine_scene::{Bounds, Camera, Projection, Up};

use crate::space::{M4, inverse, moved, product};

/// Vertical and horizontal angle of view of the turntable's camera, in radians: 35°.
pub const TURNTABLE_ANGLE: f64 = 35.0 * std::f64::consts::PI / 180.0;

/// Elevation of the turntable's camera, in radians: 20°.
pub const TURNTABLE_ELEVATION: f64 = 20.0 * std::f64::consts::PI / 180.0;

/// How much of half the picture the asset may fill; the rest is margin.
const FILL: f64 = 0.94;

/// One place to look from.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// From the world to the camera's space, which looks along −Z with +Y up: a rigid motion and
    /// one scale, chosen so that what is looked at lies about 1 away.
    pub to_camera: [[f64; 4]; 4],
    /// How it projects to the square picture.
    pub lens: Lens,
    /// The world's up axis, for the light of the sky.
    pub up: Up,
}

/// How a view projects to the square picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lens {
    /// With perspective; the tangent of half the angle of view.
    Perspective {
        /// Tangent of half the angle of view; above 0.
        tangent: f64,
    },
    /// Without perspective; half the width of what is seen, in the camera's space.
    Orthographic {
        /// Half of the width that is seen, in the camera's space; above 0.
        half: f64,
    },
}

/// A turntable's cameras: `count` views around the vertical axis, the first on the front, the
/// others counter-clockwise seen from above, all from 20° above, equally far, framed on the box.
///
/// Framing by the vertices themselves is tighter: [`crate::Renderer::views`].
pub fn views(count: usize, bounds: &Bounds, up: Up) -> Vec<View> {
    let corners: Vec<_> = corners(bounds).collect();
    turntable(count, bounds, up, |direction| {
        corners.iter().map(|corner| dot(*corner, direction)).fold(f64::NEG_INFINITY, f64::max)
    })
}

/// As [`views`], framed by a support function: how far the scene reaches in a direction.
pub(crate) fn turntable(
    count: usize,
    bounds: &Bounds,
    up: Up,
    mut support: impl FnMut([f64; 3]) -> f64,
) -> Vec<View> {
    let mut centre = bounds.centre();
    let half = TURNTABLE_ANGLE / 2.0;
    // The planes of a slightly narrower frustum: what they enclose leaves a margin.
    let (sin, cos) = (half.tan() * FILL).atan().sin_cos();
    let frames: Vec<_> =
        (0..count).map(|at| frame(std::f64::consts::TAU * at as f64 / count as f64, up)).collect();
    // Inside: n · (p − centre − distance · back) ≤ 0, and n · back = sin. So each plane has a
    // distance that it needs; for each side of the picture the greatest of all views counts.
    let mut needed = [0.0_f64; 4];
    for [right, above, back] in &frames {
        let sides = [(right, 1.0), (right, -1.0), (above, 1.0), (above, -1.0)];
        for ((side, sign), needed) in sides.into_iter().zip(&mut needed) {
            let plane = std::array::from_fn(|k| sign * cos * side[k] + sin * back[k]);
            *needed = needed.max((support(plane) - dot(plane, centre)) / sin);
        }
    }
    // Aiming higher by h changes what the upper and the lower side need, by the same slopes in all
    // views. Where they need most, both come to need the same; where the sides do, the box's middle
    // stays the picture's as far as it can.
    let (high, flat) = TURNTABLE_ELEVATION.sin_cos();
    let [upper, lower] = [1.0, -1.0].map(|sign| (sign * cos * flat + sin * high) / sin);
    let even = (needed[2] - needed[3]) / (upper - lower);
    let mut distance = needed[0].max(needed[1]).max(needed[2] - even * upper);
    let lift = 0.0_f64.max((needed[2] - distance) / upper).min((distance - needed[3]) / -lower);
    if lift.is_finite() {
        centre[if up == Up::Y { 1 } else { 2 }] += lift;
        // The side planes lean back by sin, and back rises by `high`.
        let sides = needed[0].max(needed[1]) - lift * high;
        distance = sides.max(needed[2] - lift * upper).max(needed[3] - lift * lower);
    }
    // A lone point has no size; huge ones no number.
    if !(distance > 0.0 && distance.is_finite()) {
        distance = 1.0;
    }
    let scale = 1.0 / distance;
    frames
        .iter()
        .map(|[right, above, back]| {
            let mut to_camera = [[0.0; 4]; 4];
            for k in 0..3 {
                to_camera[k] = [right[k] * scale, above[k] * scale, back[k] * scale, 0.0];
            }
            let origin = [right, above, back].map(|axis| -dot(centre, *axis) * scale);
            to_camera[3] = [origin[0], origin[1], origin[2] - 1.0, 1.0];
            View { to_camera, lens: Lens::Perspective { tangent: half.tan() }, up }
        })
        .collect()
}

/// Right, up and backwards of the turntable's camera at an azimuth.
fn frame(azimuth: f64, up: Up) -> [[f64; 3]; 3] {
    let (sin, cos) = azimuth.sin_cos();
    let (high, flat) = TURNTABLE_ELEVATION.sin_cos();
    // In a space of right, away from the front, up; then to the scene's axes.
    let to_scene = |[x, front, z]: [f64; 3]| match up {
        Up::Y => [x, z, front],
        Up::Z => [x, -front, z],
    };
    let right = to_scene([cos, -sin, 0.0]);
    let back = to_scene([sin * flat, cos * flat, high]);
    let above = to_scene([-sin * high, -cos * high, flat]);
    [right, above, back]
}

impl View {
    /// What one of the scene's own cameras sees; the picture is square, so the shorter side of a
    /// camera's frame sees more. None where the camera's matrix cannot be inverted.
    pub fn of_camera(camera: &Camera, bounds: Option<&Bounds>, up: Up) -> Option<Self> {
        let own = inverse(&rigid(&camera.to_world)?)?;
        let away = bounds.map_or(1.0, |bounds| {
            let centre = moved(bounds.centre(), &own);
            (dot(centre, centre).sqrt() + bounds.radius()) / 2.0
        });
        let scale = if away > 0.0 && away.is_finite() { 1.0 / away } else { 1.0 };
        let mut scaling = [[0.0; 4]; 4];
        (0..3).for_each(|axis| scaling[axis][axis] = scale);
        scaling[3][3] = 1.0;
        let lens = match camera.projection {
            Projection::Perspective { fov_x, aspect } => {
                let tangent = (fov_x / 2.0).tan();
                Lens::Perspective { tangent: tangent.max(tangent / aspect) }
            }
            Projection::Orthographic { width, aspect } => {
                Lens::Orthographic { half: width.max(width / aspect) / 2.0 * scale }
            }
        };
        let (Lens::Perspective { tangent: size } | Lens::Orthographic { half: size }) = lens;
        let to_camera = product(&own, &scaling);
        let fine =
            size > 0.0 && size.is_finite() && to_camera.iter().flatten().all(|v| v.is_finite());
        fine.then_some(Self { to_camera, lens, up })
    }

    /// Up of the world in the camera's space; of length 1 unless the matrix is odd.
    pub(crate) fn sky(&self) -> [f32; 3] {
        let row = match self.up {
            Up::Y => &self.to_camera[1],
            Up::Z => &self.to_camera[2],
        };
        let long = dot([row[0], row[1], row[2]], [row[0], row[1], row[2]]).sqrt();
        let by = if long > 0.0 { 1.0 / long } else { 0.0 };
        [(row[0] * by) as f32, (row[1] * by) as f32, (row[2] * by) as f32]
    }
}

/// The matrix with axes of length 1: cameras' places carry no scale, but files may.
fn rigid(matrix: &M4) -> Option<M4> {
    let mut out = *matrix;
    for row in &mut out[..3] {
        let long = row[..3].iter().map(|value| value * value).sum::<f64>().sqrt();
        if !(long > 0.0 && long.is_finite()) {
            return None;
        }
        row[..3].iter_mut().for_each(|value| *value /= long);
    }
    Some(out)
}

/// The corners of a box.
pub(crate) fn corners(bounds: &Bounds) -> impl Iterator<Item = [f64; 3]> {
    let (min, max) = (bounds.min, bounds.max);
    (0..8).map(move |at| {
        std::array::from_fn(|axis| if at >> axis & 1 == 0 { min[axis] } else { max[axis] })
    })
}

pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
