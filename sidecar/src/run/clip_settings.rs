//! Everything that a run over clips is told, checked.

use std::time::Duration;

use vitrine_crds::library::{EmbeddingSpec, ModelSpec};

use super::{Deletions, Removal, RunError};
use crate::asset::annotations::Annotations;
use crate::embed::people::PeopleModels;
use crate::embed::{self, OpenError};
use crate::index::Destination;
use crate::model::known::Kind;
use crate::storage::{Access, Filter, Location};

/// Everything that a run over clips is told, checked. The counterpart of [`super::Settings`].
#[derive(Debug)]
pub struct ClipSettings {
    /// The collection of videos.
    pub videos: Location,
    /// How to get into its store.
    pub access: Access,
    /// Which files are clips.
    pub filter: Filter,
    /// Only this many clips, the first in path order.
    pub clips_max: Option<u64>,
    /// Names the collection in ids and to the index.
    pub collection: String,
    /// What people wrote of the clips; travels with the plan.
    pub annotations: Annotations,
    /// The networks.
    pub models: ClipModels,
    /// Where and how they run, and how to get their files.
    pub options: embed::Options,
    /// Frames a second that are looked at.
    pub fps: u32,
    /// Where the report, contact sheets, vectors and the run's own state go.
    pub out: Location,
    /// How to get into its store.
    pub out_access: Access,
    /// Where documents are indexed, where they are.
    pub index: Option<Destination>,
    /// Child processes that decode, at once.
    pub jobs: usize,
    /// Limits on one clip.
    pub bounds: ClipBounds,
    /// How many clips may leave at once.
    pub deletions: Deletions,
    /// Share of the clips that must have succeeded for a new index to replace the old, in percent.
    pub success_percent_min: u32,
    /// What happens when the job itself is deleted.
    pub removal: Removal,
}

/// The networks of a run over clips.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipModels {
    /// Finds people; none where the pose model finds them itself.
    pub detector: Option<ModelSpec>,
    /// Finds the joints of people.
    pub pose: ModelSpec,
    /// Finds the joints of hands; none where hands are not looked at.
    pub hands: Option<ModelSpec>,
    /// Reads the sentence that describes a clip.
    pub text: ModelSpec,
}

impl ClipModels {
    /// Those that find people in frames.
    pub fn people(&self) -> impl Iterator<Item = &ModelSpec> {
        let Self { detector, pose, hands, text: _ } = self;
        detector.iter().chain([pose]).chain(hands)
    }

    /// Loads what a run would, but fetches nothing: returns the models that a run would fetch first.
    ///
    /// # Errors
    ///
    /// What a run would end with.
    pub fn check(&self, options: &embed::Options) -> Result<Vec<&ModelSpec>, RunError> {
        let access = options.access().map_err(OpenError::from)?;
        let mut remote = Vec::new();
        let mut local = Vec::new();
        for spec in self.people() {
            let is_here = access.needs_no_fetch(spec, Kind::People).map_err(OpenError::from)?;
            if is_here { local.push(spec) } else { remote.push(spec) }
        }
        let found = PeopleModels::find(local, options)?;
        if remote.is_empty() {
            found.open(options, 1)?; // They make sense together only.
        }
        let is_here = access.needs_no_fetch(&self.text, Kind::Sentence).map_err(OpenError::from)?;
        if is_here {
            let text = EmbeddingSpec { model: self.text.clone(), ..embed::default_text() };
            embed::open(&text, options)?;
        } else {
            remote.push(&self.text);
        }
        Ok(remote)
    }
}

/// How much one clip may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipBounds {
    /// Longest one clip may take to decode, on the clock.
    pub timeout: Duration,
    /// Most memory of a child that decodes, in bytes.
    pub memory_bytes_max: u64,
    /// Largest file, in bytes.
    pub file_bytes_max: u64,
    /// Longest clip that is read, in seconds of its own time.
    pub duration_s_max: f64,
    /// Longest side of a frame as it is decoded, in pixels.
    pub side_max: u32,
}

impl Default for ClipBounds {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(600),
            memory_bytes_max: 2 << 30,
            file_bytes_max: 4 << 30,
            duration_s_max: f64::from(vitrine_footage::Limits::default().seconds_max),
            side_max: 8_192,
        }
    }
}
