//! Where somebody will be a moment later.

use crate::body::{self, Point};
use crate::{Bounds, Person};

/// A speed is believed for about this long: people slow down and turn round.
const CENTRE_MEMORY_S: f64 = 0.8;
/// Limbs swing; theirs is believed for less.
const JOINT_MEMORY_S: f64 = 0.12;
/// How much of a surprise moves the place, and how much the speed.
const PLACE_GAIN: f64 = 0.8;
const SPEED_GAIN: f64 = 0.4;
/// How fast the remembered stature follows: it is the person's, not the moment's.
const STATURE_GAIN: f64 = 0.05;
/// A cost of this or more is no match.
pub(crate) const COST_MAX: f64 = 0.82;

/// The state of one person's motion, constant speed by an alpha-beta filter.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    time_s: f64,
    centre: [f64; 2],
    speed: [f64; 2],
    /// Relative to `centre`.
    joints: [Point; 17],
    joint_speeds: [[f64; 2]; 17],
    /// Left, top, right and bottom relative to `centre`.
    frame: [f64; 4],
    stature: Option<f64>,
}

/// Seconds that count of `passed_s` when a speed fades with `memory_s`.
fn faded(passed_s: f64, memory_s: f64) -> f64 {
    memory_s * (1.0 - (-passed_s / memory_s).exp())
}

fn frame_of(bounds: &Bounds, centre: [f64; 2]) -> [f64; 4] {
    [
        f64::from(bounds.left) - centre[0],
        f64::from(bounds.top) - centre[1],
        f64::from(bounds.right) - centre[0],
        f64::from(bounds.bottom) - centre[1],
    ]
}

impl Forecast {
    pub(crate) fn new(person: &Person, time_s: f64) -> Self {
        let points = body::points(person);
        let c = body::centre(person, &points);
        let centre = [c.x, c.y];
        Self {
            time_s,
            centre,
            speed: [0.0; 2],
            joints: points.map(|p| Point { x: p.x - c.x, y: p.y - c.y, ..p }),
            joint_speeds: [[0.0; 2]; 17],
            frame: frame_of(&person.bounds, centre),
            stature: body::stature(&points),
        }
    }

    fn centre_at(&self, time_s: f64) -> [f64; 2] {
        let counted = faded((time_s - self.time_s).max(0.0), CENTRE_MEMORY_S);
        [0, 1].map(|axis| self.centre[axis] + self.speed[axis] * counted)
    }

    fn joints_at(&self, time_s: f64) -> [Point; 17] {
        let counted = faded((time_s - self.time_s).max(0.0), JOINT_MEMORY_S);
        std::array::from_fn(|at| Point {
            x: self.joints[at].x + self.joint_speeds[at][0] * counted,
            y: self.joints[at].y + self.joint_speeds[at][1] * counted,
            weight: self.joints[at].weight,
        })
    }

    /// What it costs to say that `person` at `time_s` is this one, 0 to 1; [`COST_MAX`] and more
    /// for what cannot be.
    pub(crate) fn cost(&self, person: &Person, time_s: f64) -> f64 {
        let passed_s = (time_s - self.time_s).max(0.0);
        let centre = self.centre_at(time_s);
        let seen = body::points(person);
        let here = body::centre(person, &seen);
        let tall = body::height(&person.bounds).max(self.frame[3] - self.frame[1]).max(1.0);
        let away = (here.x - centre[0]).hypot(here.y - centre[1]) / tall;
        if away > 0.4 + passed_s {
            return 1.0;
        }
        let near = (-(away / (0.1 + 0.4 * passed_s)).powi(2) / 2.0).exp();
        let bounds = Bounds {
            left: (centre[0] + self.frame[0]) as f32,
            top: (centre[1] + self.frame[1]) as f32,
            right: (centre[0] + self.frame[2]) as f32,
            bottom: (centre[1] + self.frame[3]) as f32,
        };
        let overlap = body::overlap(&bounds, &person.bounds);
        let joints =
            self.joints_at(time_s).map(|p| Point { x: p.x + centre[0], y: p.y + centre[1], ..p });
        let slack = 1.5 + 2.0 * passed_s;
        let alike = body::likeness(&joints, &seen, tall * 0.6, slack).unwrap_or(overlap);
        let size = match (self.stature, body::stature(&seen)) {
            (Some(a), Some(b)) if a > 0.0 && b > 0.0 => {
                (-((a / b).ln() / 0.12).powi(2) / 2.0).exp()
            }
            _ => 0.5,
        };
        1.0 - (0.25 * overlap + 0.3 * alike + 0.3 * near + 0.15 * size)
    }

    /// Learns from a sighting that was matched.
    pub(crate) fn see(&mut self, person: &Person, time_s: f64) {
        let passed_s = (time_s - self.time_s).max(1e-3);
        let seen = body::points(person);
        let here = body::centre(person, &seen);
        let expected = self.centre_at(time_s);
        for (axis, value) in [here.x, here.y].into_iter().enumerate() {
            let surprise = value - expected[axis];
            self.centre[axis] = expected[axis] + PLACE_GAIN * surprise;
            self.speed[axis] += SPEED_GAIN * surprise / passed_s;
        }
        let joints = self.joints_at(time_s);
        for (at, point) in seen.iter().enumerate() {
            if !point.seen() {
                // A joint out of sight is expected where it was, and counts less and less.
                self.joints[at] = Point { weight: self.joints[at].weight * 0.8, ..joints[at] };
                self.joint_speeds[at] = [0.0; 2];
                continue;
            }
            let offset = [point.x - self.centre[0], point.y - self.centre[1]];
            if self.joints[at].seen() {
                let surprise = [offset[0] - joints[at].x, offset[1] - joints[at].y];
                for (speed, surprise) in self.joint_speeds[at].iter_mut().zip(surprise) {
                    *speed += SPEED_GAIN * surprise / passed_s;
                }
            }
            self.joints[at] = Point { x: offset[0], y: offset[1], weight: point.weight };
        }
        self.frame = frame_of(&person.bounds, self.centre);
        if let Some(now) = body::stature(&seen) {
            self.stature =
                Some(self.stature.map_or(now, |before| before + STATURE_GAIN * (now - before)));
        }
        self.time_s = time_s;
    }
}
