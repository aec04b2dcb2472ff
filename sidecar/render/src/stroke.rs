//! Segments and points: quads that face the camera, round at their ends.

use crate::{
    project::Projector,
    space::{V3, add, cross, dot, length, scaled, sub, unit_or},
};

/// Thinnest stroke in pixels: a hair that is thinner would vanish between samples.
pub(crate) const THINNEST_PX: f32 = 2.0;

/// A segment as a quad; a point is one of length 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    /// Around the quad.
    pub(crate) corners: [V3; 4],
    /// Of each corner: along and across in half widths; the segment goes from 0 to `long` along.
    pub(crate) local: [[f32; 2]; 4],
    pub(crate) long: f32,
    /// Along, across, towards the camera; of length 1.
    pub(crate) axes: [V3; 3],
}

impl Stroke {
    /// Between two points in the camera's space; none where they cannot be seen or used.
    pub(crate) fn new(from: V3, to: V3, width: f32, projector: &Projector) -> Option<Self> {
        let middle = scaled(add(from, to), 0.5);
        if !middle.iter().all(|value| value.is_finite()) {
            return None;
        }
        let towards = if projector.is_perspective {
            unit_or(scaled(middle, -1.0), [0.0, 0.0, 1.0])
        } else {
            [0.0, 0.0, 1.0]
        };
        let thinnest = THINNEST_PX / projector.focal * projector.weight(middle).max(0.0);
        let half = width.max(thinnest) / 2.0;
        if !(half > 0.0 && half.is_finite()) {
            return None;
        }
        let between = sub(to, from);
        // Seen from its end, or a point: any direction across will do.
        let sideways = unit_or(cross(towards, [0.0, 1.0, 0.0]), [1.0, 0.0, 0.0]);
        let flat = sub(between, scaled(towards, dot(between, towards)));
        let (along, long) = if length(flat) > half * 1e-3 {
            let along = unit_or(between, sideways);
            (along, length(between) / half)
        } else {
            (sideways, 0.0)
        };
        let across = unit_or(cross(towards, along), [0.0, 1.0, 0.0]);
        let corner = |end: V3, a: f32, b: f32| {
            add(end, add(scaled(along, a * half), scaled(across, b * half)))
        };
        let to = if long > 0.0 { to } else { from };
        Some(Self {
            corners: [
                corner(from, -1.0, -1.0),
                corner(to, 1.0, -1.0),
                corner(to, 1.0, 1.0),
                corner(from, -1.0, 1.0),
            ],
            local: [[-1.0, -1.0], [long + 1.0, -1.0], [long + 1.0, 1.0], [-1.0, 1.0]],
            long,
            axes: [along, across, unit_or(cross(along, across), towards)],
        })
    }

    /// The quad's first or second triangle, as places in `corners`.
    pub(crate) fn half(second: bool) -> [usize; 3] {
        if second { [0, 2, 3] } else { [0, 1, 2] }
    }
}

/// Where a place lies on the round stroke: distance beyond the segment's ends (0 between them) and
/// across; none outside of it.
pub(crate) fn on_stroke([along, across]: [f32; 2], long: f32) -> Option<[f32; 2]> {
    let beyond = if along < 0.0 { along } else { (along - long).max(0.0) };
    (beyond * beyond + across * across <= 1.0).then_some([beyond, across])
}
