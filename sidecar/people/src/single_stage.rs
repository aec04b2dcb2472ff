//! Pictures to people, by one network.

use vitrine_pose::{Bounds, Joint, Person};

use crate::boxes::overlap;
use crate::engine::{Dim, Engine, Item};
use crate::geometry::{Affine, has_area, inside};
use crate::plan::{Decoding, Plan};
use crate::{LookError, Network, Options, Picture, geometry};

/// A network that finds people with their joints.
pub struct SingleStage {
    engine: Engine,
    people_max: usize,
}

impl SingleStage {
    /// `plan`: of the kind [`Kind::SingleStage`](crate::Kind::SingleStage), settled with `network`.
    pub fn new(network: Box<dyn Network>, plan: Plan, options: &Options) -> Self {
        let engine = Engine::new(network, plan, options.batch_max);
        Self { engine, people_max: options.people() }
    }

    pub(crate) fn family(&self) -> &str {
        &self.engine.plan.family
    }

    /// Finds the people of each picture, the surest first.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the network fails or answers nonsense.
    pub fn find(&mut self, pictures: &[Picture]) -> Result<Vec<Vec<Person>>, LookError> {
        let plan = self.engine.plan.clone();
        let crops: Vec<_> =
            pictures.iter().map(|picture| geometry::whole(picture, &plan.input)).collect();
        self.engine.run(&crops, |item, crop| {
            let mut found = read(item, &plan, &crop.back)?;
            for person in &mut found {
                person.bounds = inside(&person.bounds, &crop.drawing.picture);
            }
            found.retain(|person| has_area(&person.bounds));
            found.sort_by(|one, two| two.score.total_cmp(&one.score));
            let mut kept: Vec<Person> = Vec::new();
            for person in found {
                let apart =
                    |other: &Person| overlap(&person.bounds, &other.bounds) <= plan.overlap_max;
                if kept.len() < self.people_max && kept.iter().all(apart) {
                    kept.push(person);
                }
            }
            Ok(kept)
        })
    }
}

fn read(item: &Item, plan: &Plan, back: &Affine) -> Result<Vec<Person>, LookError> {
    match &plan.decoding {
        Decoding::MovenetMany { output } => movenet(item, plan, output, back),
        Decoding::Rtmo { boxes, joints } => rtmo(item, plan, (boxes, joints), back),
        Decoding::Boxes { .. }
        | Decoding::Yolox { .. }
        | Decoding::Nanodet { .. }
        | Decoding::MovenetOne { .. }
        | Decoding::Simcc { .. }
        | Decoding::Heatmap { .. }
        | Decoding::Landmarks { .. } => Ok(Vec::new()),
    }
}

/// MoveNet MultiPose: positions are parts of the input's sides.
fn movenet(
    item: &Item,
    plan: &Plan,
    output: &str,
    back: &Affine,
) -> Result<Vec<Person>, LookError> {
    let (_, rows) = item.floats(output, [Dim::Any("people"), Dim::Is(56)])?;
    let [width, height] = [plan.input.width as f32, plan.input.height as f32];
    let rows = rows.chunks_exact(56).filter(|row| row[55] >= plan.score_min);
    let person = |row: &[f32]| {
        let mut joints = [Joint::default(); 17];
        for (joint, row) in joints.iter_mut().zip(row.chunks_exact(3)) {
            *joint = back.joint(row[1] * width, row[0] * height, row[2]);
        }
        let bounds = Bounds {
            left: row[52] * width,
            top: row[51] * height,
            right: row[54] * width,
            bottom: row[53] * height,
        };
        person(back.bounds(bounds), row[55], joints)
    };
    Ok(rows.map(person).collect())
}

/// RTMO (Lu et al. 2023): positions in pixels of the input.
fn rtmo(
    item: &Item,
    plan: &Plan,
    (boxes, joints): (&str, &str),
    back: &Affine,
) -> Result<Vec<Person>, LookError> {
    let ([count, _], boxes) = item.floats(boxes, [Dim::Any("N"), Dim::Is(5)])?;
    let (_, rows) = item.floats(joints, [Dim::Is(count), Dim::Is(17), Dim::Is(3)])?;
    let both = boxes.chunks_exact(5).zip(rows.chunks_exact(51));
    let sure = both.filter(|(bounds, _)| bounds[4] >= plan.score_min);
    let person = |(row, rows): (&[f32], &[f32])| {
        let mut joints = [Joint::default(); 17];
        for (joint, row) in joints.iter_mut().zip(rows.chunks_exact(3)) {
            *joint = back.joint(row[0], row[1], row[2]);
        }
        let bounds = Bounds { left: row[0], top: row[1], right: row[2], bottom: row[3] };
        person(back.bounds(bounds), row[4], joints)
    };
    Ok(sure.map(person).collect())
}

fn person(bounds: Bounds, score: f32, joints: [Joint; 17]) -> Person {
    Person { bounds, score: score.clamp(0.0, 1.0), joints, hands: [None, None] }
}
