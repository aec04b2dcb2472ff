//! Boxes of people to their joints.

use vitrine_pose::{Bounds, Joint};

use crate::engine::Engine;
use crate::plan::{Decoding, Fit};
use crate::{LookError, Network, Options, Picture, Plan, geometry, joints};

/// Joints of a whole body as COCO-WholeBody counts them: where the hands begin.
const WHOLE_BODY: usize = 133;
const WHOLE_BODY_HANDS: [usize; 2] = [91, 112];
/// Hands of a whole body are kept where their joints are on average at least this sure.
const HAND_SCORE_MIN: f32 = 0.3;

/// One person's joints.
#[derive(Clone, Debug, PartialEq)]
pub struct Posed {
    /// The 17 of COCO, in pixels of the picture.
    pub joints: [Joint; 17],
    /// Left and right hand, from networks of whole bodies (133 joints).
    pub hands: [Option<Box<[Joint; 21]>>; 2],
}

/// A network that finds the joints of one person in a box.
pub struct PoseNet {
    engine: Engine,
}

impl PoseNet {
    /// `plan`: of the kind [`Kind::Pose`](crate::Kind::Pose), settled with `network`.
    pub fn new(network: Box<dyn Network>, plan: Plan, options: &Options) -> Self {
        Self { engine: Engine::new(network, plan, options.batch_max) }
    }

    /// Whether it was made to look at whole pictures of one person too: MoveNet SinglePose.
    pub fn sees_whole_pictures(&self) -> bool {
        matches!(self.engine.plan.decoding, Decoding::MovenetOne { .. })
    }

    /// Least mean score of a person that was found without a detector.
    pub(crate) fn score_min(&self) -> f32 {
        self.engine.plan.score_min
    }

    pub(crate) fn family(&self) -> &str {
        &self.engine.plan.family
    }

    /// Finds joints in each box.
    ///
    /// * `boxes`: position in `pictures`, and the box in pixels of that picture; `None` for the
    ///   whole picture. A box of a position that there is no picture for is answered by nothing.
    /// * returns one answer a box, in order.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the network fails or answers nonsense.
    pub fn pose(
        &mut self,
        pictures: &[Picture],
        boxes: &[(usize, Option<Bounds>)],
    ) -> Result<Vec<Posed>, LookError> {
        let plan = self.engine.plan.clone();
        let padding = match plan.input.fit {
            Fit::Crop { padding } => padding,
            Fit::Letterbox { .. } | Fit::Stretch => 1.0,
        };
        let crop = |(picture, bounds): &(usize, Option<Bounds>)| {
            let picture = pictures.get(*picture)?;
            Some(match bounds {
                Some(bounds) => {
                    let part = geometry::Part::around(bounds, padding);
                    geometry::part(picture, &plan.input, &part)
                }
                None => geometry::whole(picture, &plan.input),
            })
        };
        let crops: Vec<_> = boxes.iter().filter_map(crop).collect();
        self.engine.run(&crops, |item, crop| {
            let found = joints::read(item, &plan, &crop.back)?;
            let Some(first) = found.first_chunk::<17>() else {
                let expected = "17 joints of COCO first".to_owned();
                return Err(item.wrong(plan.output(), expected, format!("{} joints", found.len())));
            };
            let hands = WHOLE_BODY_HANDS.map(|from| {
                let whole = (found.len() == WHOLE_BODY).then_some(&found)?;
                hand(whole.get(from..)?.first_chunk::<21>()?)
            });
            Ok(Posed { joints: *first, hands })
        })
    }
}

fn hand(joints: &[Joint; 21]) -> Option<Box<[Joint; 21]>> {
    let mean = joints.iter().map(|joint| joint.score).sum::<f32>() / 21.0;
    (mean >= HAND_SCORE_MIN).then(|| Box::new(*joints))
}
