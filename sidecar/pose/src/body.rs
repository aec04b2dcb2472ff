//! What can be measured of one person in one frame.

use crate::{Bounds, Joint, Person};

pub(crate) const NOSE: usize = 0;
pub(crate) const SHOULDERS: [usize; 2] = [5, 6];
pub(crate) const WRISTS: [usize; 2] = [9, 10];
pub(crate) const HIPS: [usize; 2] = [11, 12];

/// Each joint's opposite: left for right, in COCO's order.
pub(crate) const OPPOSITE: [usize; 17] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];

/// How far annotators of COCO differ, as a share of the person's size (`sigmas` of its evaluation).
const SPREAD: [f64; 17] = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
];

/// Coordinates past this are no pixels of a picture.
const PIXELS_MAX: f32 = 1e6;

/// A joint in use: pixels and weight 0 to 1, weight 0 for a joint that was not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) weight: f64,
}

impl Point {
    pub(crate) fn of(joint: &Joint) -> Self {
        Self { x: f64::from(joint.x), y: f64::from(joint.y), weight: f64::from(joint.score) }
    }

    pub(crate) fn seen(&self) -> bool {
        self.weight > 0.0
    }

    pub(crate) fn far_from(&self, other: &Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// The middle of the points that were seen; its weight is their average.
pub(crate) fn middle(points: &[Point]) -> Point {
    let seen: Vec<&Point> = points.iter().filter(|point| point.seen()).collect();
    let count = seen.len() as f64;
    if seen.is_empty() {
        return Point::default();
    }
    Point {
        x: seen.iter().map(|p| p.x).sum::<f64>() / count,
        y: seen.iter().map(|p| p.y).sum::<f64>() / count,
        weight: seen.iter().map(|p| p.weight).sum::<f64>() / count,
    }
}

/// The person with scores within 0 to 1 and joints that cannot be, or that score less than
/// `joint_score_min`, marked unseen. `None` when the box or the score cannot be, or nothing is seen.
pub(crate) fn sound(mut person: Person, joint_score_min: f32) -> Option<Person> {
    let Bounds { left, top, right, bottom } = person.bounds;
    let in_reach = |value: f32| value.abs() <= PIXELS_MAX; // Not so for NaN.
    let box_is_sound = [left, top, right, bottom].into_iter().all(in_reach)
        && right - left >= 1.0
        && bottom - top >= 1.0;
    if !box_is_sound || !person.score.is_finite() {
        return None;
    }
    person.score = person.score.clamp(0.0, 1.0);
    let check = |joint: &mut Joint| {
        let sound = in_reach(joint.x) && in_reach(joint.y) && joint.score.is_finite();
        if sound && joint.score >= joint_score_min && joint.score > 0.0 {
            joint.score = joint.score.min(1.0);
        } else {
            *joint = Joint::default();
        }
    };
    person.joints.iter_mut().for_each(check);
    person.hands.iter_mut().flatten().for_each(|hand| hand.iter_mut().for_each(check));
    person.joints.iter().any(|joint| joint.score > 0.0).then_some(person)
}

pub(crate) fn points(person: &Person) -> [Point; 17] {
    person.joints.each_ref().map(Point::of)
}

/// The middle of shoulders and hips; of the box where fewer than two of them are seen.
pub(crate) fn centre(person: &Person, points: &[Point; 17]) -> Point {
    let torso = [SHOULDERS, HIPS].map(|pair| middle(&pair.map(|at| points[at])));
    match torso.iter().all(Point::seen) {
        true => middle(&torso),
        false => {
            let b = &person.bounds;
            let (x, y) = (f64::from(b.left + b.right) / 2.0, f64::from(b.top + b.bottom) / 2.0);
            Point { x, y, weight: 0.5 }
        }
    }
}

/// Pixels along the body from shoulders over hips and knees to the ankles: changes less than the
/// box when somebody bends. `None` when a part of it is not seen.
pub(crate) fn stature(points: &[Point; 17]) -> Option<f64> {
    let joints = [[5, 6], [11, 12], [13, 14], [15, 16]].map(|p| middle(&p.map(|at| points[at])));
    let seen = joints.iter().all(Point::seen);
    seen.then(|| joints.windows(2).map(|two| two[0].far_from(&two[1])).sum())
}

pub(crate) fn height(bounds: &Bounds) -> f64 {
    f64::from(bounds.bottom - bounds.top)
}

/// Shared area of the boxes over the area of both, 0 to 1.
pub(crate) fn overlap(a: &Bounds, b: &Bounds) -> f64 {
    let side = |low: f32, high: f32| f64::from((high - low).max(0.0));
    let shared = side(a.left.max(b.left), a.right.min(b.right))
        * side(a.top.max(b.top), a.bottom.min(b.bottom));
    let area = |c: &Bounds| side(c.left, c.right) * side(c.top, c.bottom);
    let both = area(a) + area(b) - shared;
    if both > 0.0 { shared / both } else { 0.0 }
}

/// How alike two poses are in place and form, 0 to 1: COCO's object keypoint similarity over the
/// joints that both show. `slack` widens what counts as near, 1 for COCO's own.
///
/// Networks take left for right on people who turn their back, so labels changed over count too.
pub(crate) fn likeness(a: &[Point; 17], b: &[Point; 17], size: f64, slack: f64) -> Option<f64> {
    let by = |partner: &dyn Fn(usize) -> usize| {
        let mut sum = 0.0;
        let mut count = 0usize;
        for (at, spread) in SPREAD.iter().enumerate() {
            let (p, q) = (&a[at], &b[partner(at)]);
            if p.seen() && q.seen() {
                let reach = (2.0 * spread * size * slack).max(1e-6);
                sum += (-(p.far_from(q) / reach).powi(2) / 2.0).exp();
                count += 1;
            }
        }
        (count >= 3).then(|| sum / count as f64)
    };
    let straight = by(&|at| at)?;
    let swapped = by(&|at| OPPOSITE[at]).unwrap_or(0.0);
    Some(straight.max(0.95 * swapped))
}
