//! From the camera's space to the picture, with clipping.

use crate::{
    Lens,
    fill::{Corner, GUARD},
    frame::STEPS,
    space::V3,
};

/// Nearest distance that is seen, in the camera's space, where what is looked at is about 1 away.
pub(crate) const NEAR: f32 = 1e-3;

/// Coordinates beyond this are taken as not there: products of three of them still fit `f32`.
pub(crate) const FAR_AWAY: f32 = 1e12;

/// A point may be used as it is.
pub(crate) const FINE: u32 = 0;
/// It is nearer than the near plane, or behind.
pub(crate) const NEAR_BIT: u32 = 1;
/// It is so far beyond the picture's edge that a triangle with it must be clipped.
pub(crate) const GUARD_BIT: u32 = 2;
/// It cannot be used at all.
pub(crate) const LOST_BIT: u32 = 4;

/// A vertex on the picture.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    pub(crate) corner: Corner,
    /// What is wrong with it: [`FINE`] or a sum of bits.
    pub(crate) bits: u32,
}

/// How the camera's space is put on the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projector {
    pub(crate) is_perspective: bool,
    /// Pixels for one unit, at distance 1 with perspective.
    pub(crate) focal: f32,
    /// Half of the picture's width in pixels.
    pub(crate) middle: f32,
}

impl Projector {
    pub(crate) fn new(lens: Lens, size: u32) -> Self {
        let middle = size as f32 / 2.0;
        match lens {
            Lens::Perspective { tangent } => {
                Self { is_perspective: true, focal: middle / tangent as f32, middle }
            }
            Lens::Orthographic { half } => {
                Self { is_perspective: false, focal: middle / half as f32, middle }
            }
        }
    }

    /// The weight of perspective at a point: its distance along the camera's axis, or 1.
    #[inline]
    pub(crate) fn weight(&self, p: V3) -> f32 {
        if self.is_perspective { -p[2] } else { 1.0 }
    }

    /// Pixels from the upper left, without clipping.
    #[inline]
    pub(crate) fn pixel(&self, p: V3) -> [f32; 2] {
        let by = self.focal / self.weight(p);
        [self.middle + p[0] * by, self.middle - p[1] * by]
    }

    #[inline]
    pub(crate) fn place(&self, p: V3) -> Placed {
        let most = p[0].abs().max(p[1].abs()).max(p[2].abs());
        // `max` drops NaN, so each is asked too.
        let usable = most <= FAR_AWAY && p.iter().all(|value| value.is_finite());
        if !usable {
            return Placed { bits: LOST_BIT, ..Placed::default() };
        }
        if p[2] > -NEAR {
            return Placed { bits: NEAR_BIT, ..Placed::default() };
        }
        let [x, y] = self.pixel(p);
        let guard = GUARD as f32;
        let most = self.middle * 2.0 + guard;
        if !(x >= -guard && x <= most && y >= -guard && y <= most) {
            return Placed { bits: GUARD_BIT, ..Placed::default() };
        }
        let depth = if self.is_perspective { -1.0 / p[2] } else { p[2] };
        let step = |v: f32| (v * STEPS as f32 + 0.5).floor() as i32;
        Placed { corner: Corner { x: step(x), y: step(y), depth }, bits: FINE }
    }

    /// The part of a triangle that can be drawn: a convex polygon in the camera's space.
    pub(crate) fn clipped(&self, triangle: [V3; 3]) -> Vec<V3> {
        // A plane is positive inside; the guard band's edge is a plane through the camera.
        let reach = (self.middle + GUARD as f32 - 1.0) / self.focal;
        let w = |p: V3| f64::from(self.weight(p));
        let reach = f64::from(reach);
        let planes: [&dyn Fn(V3) -> f64; 5] = [
            &|p| -f64::from(p[2]) - f64::from(NEAR),
            &|p| reach * w(p) - f64::from(p[0]),
            &|p| reach * w(p) + f64::from(p[0]),
            &|p| reach * w(p) - f64::from(p[1]),
            &|p| reach * w(p) + f64::from(p[1]),
        ];
        let mut polygon = triangle.to_vec();
        for (at, plane) in planes.iter().enumerate() {
            let mut kept = Vec::with_capacity(polygon.len() + 1);
            for (k, &from) in polygon.iter().enumerate() {
                let to = polygon[(k + 1) % polygon.len()];
                let (a, b) = (plane(from), plane(to));
                if a >= 0.0 {
                    kept.push(from);
                }
                if (a >= 0.0) != (b >= 0.0) {
                    let t = a / (a - b);
                    let mut cut: V3 = std::array::from_fn(|axis| {
                        let (from, to) = (f64::from(from[axis]), f64::from(to[axis]));
                        (from + (to - from) * t) as f32
                    });
                    if at == 0 {
                        cut[2] = -NEAR * 1.000_1; // Rounding may not put it behind the plane again.
                    }
                    kept.push(cut);
                }
            }
            polygon = kept;
        }
        polygon
    }
}
