//! The whole trip: pictures to people.

use vitrine_pose::Person;

use crate::plan::Kind;
use crate::{
    Detector, HandNet, LookError, Network, PEOPLE_MAX, Picture, PoseNet, Recipe, RecipeError,
    SingleStage, geometry,
};

/// Joints at least this sure make the box of a person that no detector found.
const JOINT_SCORE_MIN: f32 = 0.2;

/// A recipe with its network.
pub struct Model {
    /// What its folder says.
    pub recipe: Recipe,
    /// Its weights, loaded.
    pub network: Box<dyn Network>,
}

/// How to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Most people a picture, 1 to [`PEOPLE_MAX`].
    pub people_max: usize,
    /// Most crops or pictures that one run of a network takes, at least 1. Each holds one input
    /// tensor, 0.6 MB for 192 x 256.
    pub batch_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { people_max: 8, batch_max: 16 }
    }
}

impl Options {
    /// [`Options::people_max`] within its range.
    pub(crate) fn people(&self) -> usize {
        self.people_max.clamp(1, PEOPLE_MAX)
    }
}

/// Which networks find the people.
enum Way {
    /// Boxes, then joints in each.
    TopDown(Box<Detector>, Box<PoseNet>),
    /// Joints of one person in the whole picture.
    Alone(Box<PoseNet>),
    /// Everything at once.
    SingleStage(Box<SingleStage>),
}

/// Finds people in pictures: a detector and a pose network, or one network that does both; and a
/// network for hands, where there is one.
pub struct Looker {
    way: Way,
    hands: Option<HandNet>,
    family: String,
}

impl Looker {
    /// Settles each network with its ports, and deals the roles. The order of `models` is free.
    ///
    /// # Errors
    ///
    /// [`RecipeError`]: a network does not fit its description or nothing says what it is; or the
    /// networks are not one of: detector and pose, single stage, a pose network of MoveNet alone;
    /// each with hands or without.
    pub fn new(models: Vec<Model>, options: Options) -> Result<Self, RecipeError> {
        let (mut detector, mut pose, mut single, mut hands) = (None, None, None, None);
        for Model { recipe, network } in models {
            let plan = recipe.settle(network.inputs(), network.outputs())?;
            let kind = plan.kind;
            let double = match kind {
                Kind::Detector => {
                    detector.replace(Detector::new(network, plan, &options)).is_some()
                }
                Kind::Pose => pose.replace(PoseNet::new(network, plan, &options)).is_some(),
                Kind::SingleStage => {
                    single.replace(SingleStage::new(network, plan, &options)).is_some()
                }
                Kind::Hands => hands.replace(HandNet::new(network, plan, &options)).is_some(),
            };
            if double {
                let reason = format!("two are of the kind `{}`; keep one", kind.name());
                return Err(RecipeError::Set { reason });
            }
        }
        let set = |reason: &str| Err(RecipeError::Set { reason: reason.to_owned() });
        let way = match (detector, pose, single) {
            (Some(detector), Some(pose), None) => Way::TopDown(Box::new(detector), Box::new(pose)),
            (None, Some(pose), None) if pose.sees_whole_pictures() => Way::Alone(Box::new(pose)),
            (None, None, Some(single)) => Way::SingleStage(Box::new(single)),
            (Some(_), None, None) => return set("a detector needs a pose network; add one"),
            (None, Some(_), None) => return set("a pose network needs a detector; add one"),
            (None, None, None) => {
                return set("none finds joints; name a detector and a pose network");
            }
            (_, _, Some(_)) => {
                return set("a single-stage network finds boxes and joints; leave the others out");
            }
        };
        let family = match &way {
            Way::TopDown(_, pose) | Way::Alone(pose) => pose.family(),
            Way::SingleStage(single) => single.family(),
        };
        Ok(Self { family: family.to_owned(), way, hands })
    }

    /// Of the network that finds the joints: `mmpose`, `movenet`, or what its description says.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Finds the people of each picture, in batches over pictures and persons.
    ///
    /// * returns, by picture, at most [`Options::people_max`] people, the surest first; boxes in
    ///   pixels of that picture and inside it, joints where the network says, not cut at the
    ///   border; every number finite.
    ///
    /// # Errors
    ///
    /// [`LookError`]; none of the pictures has an answer then.
    pub fn look(&mut self, pictures: &[Picture]) -> Result<Vec<Vec<Person>>, LookError> {
        let mut people = match &mut self.way {
            Way::SingleStage(single) => single.find(pictures)?,
            Way::TopDown(detector, pose) => top_down(detector, pose, pictures)?,
            Way::Alone(pose) => alone(pose, pictures)?,
        };
        if let Some(hands) = &mut self.hands {
            hands.add(pictures, &mut people)?;
        }
        Ok(people)
    }
}

fn top_down(
    detector: &mut Detector,
    pose: &mut PoseNet,
    pictures: &[Picture],
) -> Result<Vec<Vec<Person>>, LookError> {
    let found = detector.detect(pictures)?;
    let boxes: Vec<_> = found
        .iter()
        .enumerate()
        .flat_map(|(at, found)| found.iter().map(move |one| (at, Some(one.bounds))))
        .collect();
    let mut posed = pose.pose(pictures, &boxes)?.into_iter();
    let people = found.iter().map(|found| {
        let people = found.iter().zip(posed.by_ref()).map(|(one, posed)| Person {
            bounds: one.bounds,
            score: one.score,
            joints: posed.joints,
            hands: posed.hands,
        });
        people.collect()
    });
    Ok(people.collect())
}

fn alone(pose: &mut PoseNet, pictures: &[Picture]) -> Result<Vec<Vec<Person>>, LookError> {
    let whole: Vec<_> = (0..pictures.len()).map(|at| (at, None)).collect();
    let score_min = pose.score_min();
    let posed = pose.pose(pictures, &whole)?.into_iter().zip(pictures);
    let people = posed.map(|(posed, picture)| {
        let score = posed.joints.iter().map(|joint| joint.score).sum::<f32>() / 17.0;
        let bounds = geometry::around(&posed.joints, JOINT_SCORE_MIN)
            .map(|bounds| geometry::inside(&bounds, picture))
            .filter(|bounds| geometry::has_area(bounds) && score >= score_min);
        let person =
            bounds.map(|bounds| Person { bounds, score, joints: posed.joints, hands: posed.hands });
        person.into_iter().collect()
    });
    Ok(people.collect())
}
