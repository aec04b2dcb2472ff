//! One dancer as curves, in torsos, whatever the size and place in the picture.

use crate::body::{self, HIPS, NOSE, SHOULDERS};
use crate::curve::{Curve, Grid, Sample};
use crate::stitch::median;
use crate::{Joint, Track};

/// Height of a box in torsos, for people whose torso is not seen.
const TORSO_OF_BOX: f64 = 0.27;

/// x and y over time.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) x: Curve,
    pub(crate) y: Curve,
}

impl Path {
    fn between(&self, other: &Self) -> Self {
        let half = |a: &Curve, b: &Curve| a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect();
        Self { x: half(&self.x, &other.x), y: half(&self.y, &other.y) }
    }

    /// From `origin` in units of `unit`.
    pub(crate) fn from(&self, origin: &Self, unit: f64) -> Self {
        let less = |a: &Curve, b: &Curve| a.iter().zip(b).map(|(a, b)| (a - b) / unit).collect();
        Self { x: less(&self.x, &origin.x), y: less(&self.y, &origin.y) }
    }

    /// How far apart, in units of `unit`.
    pub(crate) fn apart(&self, other: &Self, unit: f64) -> Curve {
        let way = self.from(other, unit);
        way.x.iter().zip(&way.y).map(|(x, y)| x.hypot(*y)).collect()
    }
}

/// A dancer on a grid. Pixels, y up; `None` for what was hardly ever seen.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) grid: Grid,
    /// Pixels of the median torso, from the middle of the shoulders to that of the hips.
    pub(crate) unit: f64,
    pub(crate) joints: [Option<Path>; 17],
    /// The middle of the hips; by the box where they were not seen.
    pub(crate) hips: Path,
    /// The middle of the shoulders.
    pub(crate) chest: Option<Path>,
}

impl Figure {
    /// `None` when nothing was seen within the grid's span.
    pub(crate) fn of(track: &Track, times_s: &[f64], grid: Grid) -> Option<Self> {
        let path = |of: &dyn Fn(&crate::Person) -> Joint| -> Option<Path> {
            let mut samples = Vec::with_capacity(track.sightings.len());
            for sighting in &track.sightings {
                let Some(&time_s) = times_s.get(sighting.moment) else { continue };
                let Joint { x, y, score } = of(&sighting.person);
                if score > 0.0 {
                    let place = [f64::from(x), -f64::from(y)];
                    samples.push(Sample { time_s, place, weight: f64::from(score) });
                }
            }
            let [x, y] = grid.smooth(&samples)?;
            Some(Path { x, y })
        };
        let joints: [Option<Path>; 17] =
            std::array::from_fn(|at| path(&|person| person.joints[at]));
        let pair = |[left, right]: [usize; 2]| match (&joints[left], &joints[right]) {
            (Some(a), Some(b)) => Some(a.between(b)),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        };
        let by_box = || {
            path(&|person| {
                let b = &person.bounds;
                Joint {
                    x: (b.left + b.right) / 2.0,
                    y: b.top + 0.53 * (b.bottom - b.top),
                    score: 0.5,
                }
            })
        };
        let hips = pair(HIPS).or_else(by_box)?;
        let chest = pair(SHOULDERS);
        Some(Self { grid, unit: torso(track)?, joints, hips, chest })
    }

    /// A joint from the middle of the hips, in torsos.
    pub(crate) fn joint(&self, at: usize) -> Option<Path> {
        Some(self.joints[at].as_ref()?.from(&self.hips, self.unit))
    }

    /// Left shoulder right of the right one, in torsos: about 0.8 for who faces the camera, -0.8
    /// for who turns the back.
    pub(crate) fn facing(&self) -> Option<Curve> {
        let [left, right] = SHOULDERS.map(|at| self.joints[at].as_ref());
        Some(left?.from(right?, self.unit).x)
    }

    /// Nose right of the shoulders, in torsos: above 0 for who looks to the picture's right.
    pub(crate) fn gaze(&self) -> Option<Curve> {
        Some(self.joints[NOSE].as_ref()?.from(self.chest.as_ref()?, self.unit).x)
    }

    /// Nose above the middle of the ankles seen, in torsos.
    pub(crate) fn extent(&self) -> Option<Curve> {
        let nose = self.joint(NOSE)?;
        let ankles = [self.joint(15), self.joint(16)];
        let low = match &ankles {
            [Some(a), Some(b)] => a.between(b).y,
            [Some(a), None] | [None, Some(a)] => a.y.clone(),
            [None, None] => return None,
        };
        Some(nose.y.iter().zip(&low).map(|(top, low)| top - low).collect())
    }
}

/// Pixels of the median torso of a track; by the boxes where it was not seen.
pub(crate) fn torso(track: &Track) -> Option<f64> {
    let lengths = track.sightings.iter().filter_map(|sighting| {
        let points = body::points(&sighting.person);
        let [chest, hips] = [SHOULDERS, HIPS].map(|p| body::middle(&p.map(|at| points[at])));
        (chest.seen() && hips.seen()).then(|| chest.far_from(&hips))
    });
    let boxes = track.sightings.iter().map(|s| TORSO_OF_BOX * body::height(&s.person.bounds));
    let unit = median(lengths.collect()).filter(|unit| *unit >= 1.0);
    unit.or_else(|| median(boxes.collect())).map(|unit| unit.max(1.0))
}
