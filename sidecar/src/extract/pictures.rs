//! What is asked for and what comes back when assets are drawn.

use serde::{Deserialize, Serialize};
use vitrine_image::Preparation;

use super::budget::Permit;
use super::{DrawnBy, UseOfGpu};

/// Names everything that changes what pictures look like. Raise the number when they do: every asset
/// is drawn again.
pub const PICTURES_VERSION: &str = "pictures-2";

/// The pictures that children make of each asset.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Wanted {
    /// Pictures of one asset, evenly around it; at least 1.
    pub views: u32,
    /// Whether these are drawn. Without, somebody else brings them.
    pub draws_views: bool,
    /// Width and height, in pixels.
    pub size: u32,
    /// Whether the cameras that an asset brings give pictures too.
    pub cameras: bool,
    /// Whether pictures and a GLB are wanted as files.
    pub files: bool,
    /// What is done to each view before a model sees it, by model.
    #[serde(default)]
    pub preparations: Vec<Preparation>,
    /// Whether a GPU draws them, which changes nothing that they show.
    #[serde(default)]
    pub gpu: UseOfGpu,
}

impl Wanted {
    /// Whether anything is drawn at all: brought views leave only a GLB to be made.
    pub fn is_drawn(&self) -> bool {
        self.draws_views || (self.files && self.cameras)
    }

    /// What changes the pictures of an asset, as text: models and what draws are not among it.
    pub fn version(&self) -> String {
        let Self { views, draws_views, size, cameras, files, preparations: _, gpu: _ } = self;
        let brought = if *draws_views { "" } else { " brought" };
        format!(
            "{PICTURES_VERSION} views {views} size {size} cameras {cameras} files {files}{brought}"
        )
    }
}

/// One thing that a child made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The PNG of a view, by its number.
    View(u32),
    /// The PNG that one of the asset's own cameras gives, by the camera's place among those that give one.
    Camera(u32),
    /// A GLB of the asset.
    Model,
    /// All views as the model at this place wants them: little-endian float32,
    /// `[views, 3, height, width]`.
    Prepared(usize),
}

/// Why an asset has no pictures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Undrawn {
    /// A sentence that names the limit where it was one.
    pub reason: String,
    /// Whether that may be no fault of the asset: the next run tries again.
    pub may_pass: bool,
}

impl From<String> for Undrawn {
    /// What lies in the asset stays until that changes.
    fn from(reason: String) -> Self {
        Self { reason, may_pass: false }
    }
}

/// The pictures of one asset.
#[derive(Debug, Default)]
pub struct Pictures {
    /// What was made, each with its bytes.
    pub parts: Vec<(Part, Vec<u8>)>,
    /// Room that it takes up in memory until it is dropped.
    pub permits: Vec<Permit>,
    /// What drew; nothing where there was nothing to be drawn.
    pub by: Option<DrawnBy>,
}

impl Pictures {
    /// Views in all.
    pub fn views(&self) -> u32 {
        self.parts.iter().filter(|(part, _)| matches!(part, Part::View(_))).count() as u32
    }

    /// Pictures by the asset's own cameras.
    pub fn cameras(&self) -> u32 {
        self.parts.iter().filter(|(part, _)| matches!(part, Part::Camera(_))).count() as u32
    }

    /// Whether there is a GLB.
    pub fn has_model(&self) -> bool {
        self.parts.iter().any(|(part, _)| *part == Part::Model)
    }

    /// The views as the model at place `model` wants them, taken out.
    pub fn take_prepared(&mut self, model: usize) -> Option<Vec<f32>> {
        let at = self.parts.iter().position(|(part, _)| *part == Part::Prepared(model))?;
        let (_, bytes) = self.parts.swap_remove(at);
        let (words, _) = bytes.as_chunks::<4>();
        Some(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }
}
