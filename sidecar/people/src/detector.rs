//! Pictures to boxes of people.

use vitrine_pose::Bounds;

use crate::engine::Engine;
use crate::{LookError, Network, Options, Picture, Plan, boxes, geometry};

/// A box that holds a person.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Detected {
    /// In pixels of the picture, inside it.
    pub bounds: Bounds,
    /// 0 to 1.
    pub score: f32,
}

/// A network that finds boxes of people.
pub struct Detector {
    engine: Engine,
    people_max: usize,
}

impl Detector {
    /// `plan`: of the kind [`Kind::Detector`](crate::Kind::Detector), settled with `network`.
    pub fn new(network: Box<dyn Network>, plan: Plan, options: &Options) -> Self {
        let engine = Engine::new(network, plan, options.batch_max);
        Self { engine, people_max: options.people() }
    }

    /// Finds the boxes of each picture, the surest first. A box ends at the picture's border; what
    /// is wholly outside is left out.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the network fails or answers nonsense.
    pub fn detect(&mut self, pictures: &[Picture]) -> Result<Vec<Vec<Detected>>, LookError> {
        let plan = self.engine.plan.clone();
        let crops: Vec<_> =
            pictures.iter().map(|picture| geometry::whole(picture, &plan.input)).collect();
        self.engine.run(&crops, |item, crop| {
            let found = boxes::read(item, &plan, self.people_max)?;
            let picture = crop.drawing.picture;
            let back = found.iter().map(|one| Detected {
                bounds: geometry::inside(&crop.back.bounds(one.bounds), &picture),
                score: one.score,
            });
            Ok(back.filter(|one| geometry::has_area(&one.bounds)).collect())
        })
    }
}
