//! Hands at the ends of forearms.

use vitrine_pose::{Joint, Person};

use crate::engine::{Dim, Engine, Item};
use crate::geometry::{Affine, Part};
use crate::plan::Decoding;
use crate::{LookError, Network, Options, Picture, Plan, geometry, joints};

/// COCO's joints of both arms, left and right: shoulder, elbow, wrist.
const ARMS: [[usize; 3]; 2] = [[5, 7, 9], [6, 8, 10]];
/// Elbow and wrist must be this sure for a hand to be looked for.
const ARM_SCORE_MIN: f32 = 0.3;
/// From the wrist to the hand's middle, in forearms.
const REACH: f64 = 0.33;
/// A hand's square, in forearms or in 0.9 of upper arms, whichever is longer.
const SQUARE: f64 = 1.5;
const UPPER_ARM: f64 = 0.9;

/// A network that finds the 21 joints of a hand.
pub struct HandNet {
    engine: Engine,
}

impl HandNet {
    /// `plan`: of the kind [`Kind::Hands`](crate::Kind::Hands), settled with `network`.
    pub fn new(network: Box<dyn Network>, plan: Plan, options: &Options) -> Self {
        Self { engine: Engine::new(network, plan, options.batch_max) }
    }

    /// Looks for the hands of people that have elbows and wrists, and gives them to their owners. A
    /// hand that a person has already stays.
    ///
    /// * `people`: by picture.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the network fails or answers nonsense.
    pub fn add(
        &mut self,
        pictures: &[Picture],
        people: &mut [Vec<Person>],
    ) -> Result<(), LookError> {
        let turns = matches!(self.engine.plan.decoding, Decoding::Landmarks { .. });
        let mut owners = Vec::new();
        let mut parts = Vec::new();
        for (at, (picture, people)) in pictures.iter().zip(people.iter()).enumerate() {
            for (who, person) in people.iter().enumerate() {
                for (side, arm) in ARMS.iter().enumerate() {
                    if let (None, Some(part)) = (&person.hands[side], square(&person.joints, arm)) {
                        owners.push((at, who, side));
                        parts
                            .push((picture, if turns { part } else { Part { turn: 0.0, ..part } }));
                    }
                }
            }
        }
        let hands = self.find(&parts)?;
        for ((at, who, side), hand) in owners.into_iter().zip(hands) {
            people[at][who].hands[side] = hand;
        }
        Ok(())
    }

    /// Looks for one hand in a whole picture of it.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the network fails or answers nonsense.
    pub fn find_whole(&mut self, picture: &Picture) -> Result<Option<Box<[Joint; 21]>>, LookError> {
        let [width, height] = [f64::from(picture.width()), f64::from(picture.height())];
        let centre = (width / 2.0, height / 2.0);
        let found = self.find(&[(picture, Part { centre, width, height, turn: 0.0 })])?;
        Ok(found.into_iter().next().flatten())
    }

    fn find(
        &mut self,
        parts: &[(&Picture, Part)],
    ) -> Result<Vec<Option<Box<[Joint; 21]>>>, LookError> {
        let plan = self.engine.plan.clone();
        let crops: Vec<_> = parts
            .iter()
            .map(|(picture, part)| geometry::part(picture, &plan.input, part))
            .collect();
        self.engine.run(&crops, |item, crop| match &plan.decoding {
            Decoding::Landmarks { joints, presence } => {
                landmarks(item, &plan, (joints, presence), &crop.back)
            }
            Decoding::Simcc { .. } | Decoding::Heatmap { .. } => {
                let found = joints::read(item, &plan, &crop.back)?;
                let Ok(hand) = <[Joint; 21]>::try_from(found.as_slice()) else {
                    let expected = "21 joints of a hand".to_owned();
                    let found = format!("{} joints", found.len());
                    return Err(item.wrong(plan.output(), expected, found));
                };
                let mean = hand.iter().map(|joint| joint.score).sum::<f32>() / 21.0;
                Ok((mean >= plan.score_min).then(|| Box::new(hand)))
            }
            Decoding::Boxes { .. }
            | Decoding::Yolox { .. }
            | Decoding::Nanodet { .. }
            | Decoding::Rtmo { .. }
            | Decoding::MovenetMany { .. }
            | Decoding::MovenetOne { .. } => Ok(None),
        })
    }
}

/// The square around a hand, turned so that the forearm points up. `None` for an arm unseen.
///
/// # Source
///
/// Simon et al. 2017, Hand Keypoint Detection in Single Images (the square beyond the wrist).
fn square(joints: &[Joint; 17], &[shoulder, elbow, wrist]: &[usize; 3]) -> Option<Part> {
    let [shoulder, elbow, wrist] = [joints[shoulder], joints[elbow], joints[wrist]];
    if elbow.score < ARM_SCORE_MIN || wrist.score < ARM_SCORE_MIN {
        return None;
    }
    let between = |one: Joint, two: Joint| (f64::from(two.x - one.x), f64::from(two.y - one.y));
    let (x, y) = between(elbow, wrist);
    let forearm = x.hypot(y);
    let (upper_x, upper_y) = between(shoulder, elbow);
    let upper = if shoulder.score < ARM_SCORE_MIN { 0.0 } else { upper_x.hypot(upper_y) };
    let side = SQUARE * forearm.max(UPPER_ARM * upper);
    // Below a pixel there is nothing to see.
    (side >= 1.0).then_some(Part {
        centre: (f64::from(wrist.x) + REACH * x, f64::from(wrist.y) + REACH * y),
        width: side,
        height: side,
        turn: if forearm > 0.0 { x.atan2(-y) } else { 0.0 },
    })
}

/// MediaPipe's hands: positions in pixels of the input; every joint is as sure as the hand.
fn landmarks(
    item: &Item,
    plan: &Plan,
    (joints, presence): (&str, &str),
    back: &Affine,
) -> Result<Option<Box<[Joint; 21]>>, LookError> {
    let (_, presence) = item.floats(presence, [Dim::Is(1)])?;
    let (_, rows) = item.floats(joints, [Dim::Is(63)])?;
    if presence[0] < plan.score_min {
        return Ok(None);
    }
    let mut hand = [Joint::default(); 21];
    for (joint, row) in hand.iter_mut().zip(rows.chunks_exact(3)) {
        *joint = back.joint(row[0], row[1], presence[0]);
    }
    Ok(Some(Box::new(hand)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forearm_that_points_right_turns_the_square_by_a_quarter() {
        let mut joints = [Joint::default(); 17];
        joints[7] = Joint { x: 10.0, y: 50.0, score: 0.9 };
        joints[9] = Joint { x: 40.0, y: 50.0, score: 0.9 };
        let part = square(&joints, &ARMS[0]).unwrap();
        assert!((part.turn - std::f64::consts::FRAC_PI_2).abs() < 1e-9, "{part:?}");
        assert!((part.centre.0 - 49.9).abs() < 1e-4 && part.centre.1 == 50.0, "{part:?}");
        assert_eq!(part.width, 45.0);
        assert_eq!(square(&joints, &ARMS[1]), None);
    }
}
