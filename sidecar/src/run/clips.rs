//! What a run over clips does otherwise than one over assets: how a clip is judged, named, read and
//! described. The rest of the run does not ask which it carries.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use vitrine_crds::embedding_job::annotations::Annotation;
use vitrine_crds::library::{Algorithm, EmbeddingSpec};
use vitrine_footage::Limits;
use vitrine_pose::{RoleHint, Side};

use super::clip_settings::{ClipBounds, ClipModels, ClipSettings};
use super::describe::Describer;
use super::embedders::Embedders;
use super::fingerprint::{self, Versions};
use super::lines::LocalFile;
use super::planning::Need;
use super::records::{Item, Known, PlannedEmbedding, Todo};
use super::work::{BATCHES_WAITING, Busy, Job, write_all};
use super::{Embedding, Ground, RunError, Settings, filming, step};
use crate::asset::Content;
use crate::asset::annotations::Annotations;
use crate::asset::assigned::{Assigned, Unused};
use crate::asset::captions::Captions;
use crate::asset::clip::{Clip, VECTORS};
use crate::catalog::layout;
use crate::embed::{self, people::PeopleModels};
use crate::extract::Bounds;
use crate::extract::footage::{self, FILM_VERSION};
use crate::storage::{Entry, StorageError};

/// Clips that wait to be described.
const READY_WAITING: usize = 8;
/// Clips whose sentences are said before any is watched; of more the vectors would take more memory,
/// 2 kB each, than the model does.
const SAID_MAX: u64 = 20_000;
/// Entries of the annotations without a clip that are named.
const UNUSED_TOLD: usize = 5;

/// What a run over clips is told beside the rest of [`Settings`].
#[derive(Debug)]
pub struct Clips {
    /// What people wrote of the clips.
    pub annotations: Annotations,
    /// The networks.
    pub models: ClipModels,
    /// Where and how they run.
    pub options: embed::Options,
    /// Frames a second that are looked at.
    pub fps: u32,
    /// Limits on one clip.
    pub bounds: ClipBounds,
}

impl From<ClipSettings> for Settings {
    fn from(told: ClipSettings) -> Self {
        let ClipSettings {
            videos,
            access,
            filter,
            clips_max,
            collection,
            annotations,
            models,
            options,
            fps,
            out,
            out_access,
            index,
            jobs,
            bounds,
            deletions,
            success_percent_min,
            removal,
        } = told;
        let text = EmbeddingSpec { model: models.text.clone(), ..embed::default_text() };
        Self {
            source: videos,
            out,
            writes_files: true,
            access,
            out_access,
            library: collection,
            filter,
            assets_max: clips_max,
            captions: Captions::default(),
            bounds: Bounds::default(),
            jobs,
            pictures: None,
            brought: None,
            embeddings: vec![Embedding { spec: text, options: options.clone() }],
            deletions,
            success_percent_min,
            removal,
            index,
            clips: Some(Clips { annotations, models, options, fps, bounds }),
        }
    }
}

impl Clips {
    /// Finds the networks that look at frames, without loading them.
    pub(super) fn people(&self) -> Result<PeopleModels, RunError> {
        Ok(PeopleModels::find(self.models.people(), &self.options)?)
    }

    /// The embeddings of a clip beside its text.
    pub(super) fn planned(&self) -> Result<Vec<PlannedEmbedding>, RunError> {
        let people = self.people()?;
        let seen = fingerprint::digest(&[
            "motion",
            people.fingerprint(),
            vitrine_people::VERSION,
            vitrine_pose::VERSION,
        ]);
        let heard = fingerprint::digest(&["sound", vitrine_audio::VERSION]);
        let made = VECTORS.iter().filter_map(|vector| {
            let (model_uri, model_fingerprint) = match vector.content {
                Content::Motion => (people.uri().to_owned(), seen.clone()),
                Content::Sound => ("vitrine:audio".to_owned(), heard.clone()),
                Content::Description | Content::Caption | Content::Views => return None,
            };
            Some(PlannedEmbedding {
                field: vector.field.to_owned(),
                name: vector.name.to_owned(),
                algorithm: Algorithm::Text, // Says nothing here: `content` does.
                content: vector.content,
                model_uri,
                model_fingerprint,
                dims: vector.dims,
            })
        });
        Ok(made.collect())
    }

    /// Covers the content of the video at `path`, how it is looked at, and who leads as far as the
    /// annotation says.
    pub(super) fn content(
        &self,
        path: &str,
        annotation: Option<&Annotation>,
        versions: &Versions<'_>,
    ) -> Result<String, StorageError> {
        let version = versions.of(path)?;
        let hint = match role_hint(annotation) {
            RoleHint::Unsaid => "",
            RoleHint::LeadOn(Side::Left) => "left",
            RoleHint::LeadOn(Side::Right) => "right",
        };
        let ClipBounds { duration_s_max, side_max, .. } = &self.bounds;
        Ok(fingerprint::digest(&[
            FILM_VERSION,
            &self.fps.to_string(),
            &duration_s_max.to_string(),
            &side_max.to_string(),
            path,
            version.as_deref().unwrap_or("absent"),
            hint,
        ]))
    }

    /// Covers what people wrote of a clip.
    pub(super) fn text(annotation: Option<&Annotation>) -> String {
        let written = serde_json::to_string(&annotation).expect("annotations are JSON");
        fingerprint::digest(&[CLIP_DESCRIBER_VERSION, &written])
    }

    /// What a clip needs that the previous run published.
    pub(super) fn judge(
        &self,
        known: &Known,
        annotation: Option<&Annotation>,
        (planned, versions): (&[PlannedEmbedding], &Versions<'_>),
    ) -> Result<Need, StorageError> {
        if self.content(&known.path, annotation, versions)? != known.fingerprint {
            return Ok(Need::Everything);
        }
        let is_same = |planned: &&PlannedEmbedding| {
            known.embeddings.get(&planned.field) == Some(&planned.model_fingerprint)
        };
        let is_of_video = |planned: &&PlannedEmbedding| {
            matches!(planned.content, Content::Motion | Content::Sound)
        };
        // Frames and sound are not kept: another network looks at the video again.
        if !planned.iter().filter(is_of_video).all(|planned| is_same(&planned)) {
            return Ok(Need::Everything);
        }
        let same_models = known.embeddings.len() == planned.len()
            && planned.iter().all(|planned| is_same(&planned));
        Ok(match same_models && Self::text(annotation) == known.text {
            true => Need::Nothing,
            false => Need::Text,
        })
    }

    /// Limits on one clip, as those who decode it take them.
    pub fn footage(&self) -> footage::Bounds {
        let ClipBounds { timeout, memory_bytes_max, file_bytes_max, duration_s_max, side_max } =
            self.bounds.clone();
        let side = u64::from(side_max);
        let limits = Limits {
            file_bytes_max,
            frame_pixels_max: side * side,
            seconds_max: duration_s_max.clamp(1.0, f64::from(u32::MAX)) as u32,
            ..Limits::default()
        };
        footage::Bounds { fps: f64::from(self.fps), timeout, memory_bytes_max, limits }
    }
}

/// A line of a chunk.
pub(super) fn item(
    (id, entry): (&str, &Entry),
    clip_id: String,
    annotation: Option<&Annotation>,
    todo: Todo,
) -> Item {
    Item {
        annotation: annotation.cloned().map(Box::new),
        id: id.to_owned(),
        path: entry.path.clone(),
        name: clip_id,
        pack: String::new(),
        size_bytes: entry.size,
        modified: entry.modified.to_rfc3339_opts(SecondsFormat::Secs, true),
        caption: crate::asset::Caption::default(),
        used_by: 0,
        todo,
    }
}

/// Tells of annotations that no clip has.
///
/// * `clips`: id and path of each.
pub(super) fn tell_unused<'a>(
    written: &Assigned<'_>,
    clips: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    unused(written, clips).iter().for_each(|line| tracing::warn!("{line}"));
}

/// Which annotations no clip has, and why, in lines for people; none where each has one.
///
/// * `clips`: id and path of each.
pub fn unused<'a>(
    written: &Assigned<'_>,
    clips: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let (nowhere, doubtful): (Vec<_>, Vec<_>) =
        written.unused(clips).into_iter().partition(|(_, why)| *why == Unused::NoClip);
    let named = nowhere.iter().take(UNUSED_TOLD).map(|(name, _)| *name).collect::<Vec<_>>();
    let more = if nowhere.len() > UNUSED_TOLD { ", …" } else { "" };
    let (named, all) = (named.join(", "), written.annotations().len());
    let mut lines = Vec::new();
    lines.extend(match nowhere.len() {
        0 => None,
        count if count == all => Some(format!(
            "the annotations name no clip here ({named}{more}): a clip_id is a video's file name \
             without its suffix, a video_path its path below the folder of videos"
        )),
        1 => Some(format!("1 of {all} annotations belongs to no clip here: {named}")),
        count => {
            Some(format!("{count} of {all} annotations belong to no clip here: {named}{more}"))
        }
    });
    let doubts = doubtful.iter().take(UNUSED_TOLD);
    lines.extend(doubts.map(|(name, why)| format!("annotation {name} is not used: {why}")));
    if doubtful.len() > UNUSED_TOLD {
        lines.push(format!("{} more annotations are not used", doubtful.len() - UNUSED_TOLD));
    }
    lines
}

/// Changes when the same annotation would give another sentence or other fields.
const CLIP_DESCRIBER_VERSION: &str = "clip-text-1";

/// Where the one who leads stands in the beginning, as far as an annotation says.
pub(super) fn role_hint(annotation: Option<&Annotation>) -> RoleHint {
    let roles = annotation.and_then(|annotation| annotation.lead_follow_roles.as_deref());
    roles.map_or(RoleHint::Unsaid, RoleHint::read)
}

/// What will be said of the clips of `job`, each sentence once.
fn descriptions(ground: &Ground<'_>, job: &Job<'_>) -> Result<Vec<String>, RunError> {
    let scratch = RunError::scratch()?;
    let mut all = BTreeSet::new();
    for &chunk in &job.chunks {
        let name = layout::chunk(job.plan.run, chunk);
        let mut lines = LocalFile::need(&ground.out, &name, scratch.path())?.lines()?;
        while let Some((_, item)) = lines.next::<Item>()? {
            if !matches!(item.todo, Todo::Send(_)) && !job.done.contains(&item.id) {
                let clip = Clip::named(&item.name, &item.path, item.annotation.as_deref());
                all.insert(clip.description);
            }
        }
    }
    Ok(all.into_iter().collect())
}

/// Works off the chunks of `job`: clips to documents, vectors and receipts.
///
/// ```text
/// filming (decode ──▶ look, listen), some clips at once ──▶ describe, embed ──▶ write
/// ```
pub(super) fn work(
    ground: &Ground<'_>,
    job: &Job<'_>,
    (clips, embedders): (&Clips, Embedders),
) -> Result<Busy, RunError> {
    ground.watch.step("watching and listening", Some(job.assets));
    let mut embedders = embedders;
    let people = match job.to_read {
        0 => None,
        clips_to_read => {
            // Sentences do not wait for frames: their model is gone before networks take its place.
            if job.assets <= SAID_MAX {
                embedders = embedders.say(&descriptions(ground, job)?, &clips.options)?;
            }
            let lanes = usize::try_from(clips_to_read).unwrap_or(usize::MAX);
            Some(clips.people()?.open(&clips.options, lanes.min(ground.settings.jobs.max(1)))?)
        }
    };
    let describer = Describer::new(ground, job, embedders)?;
    let (ready, to_describe) = step(READY_WAITING);
    let (finished, to_write) = step(BATCHES_WAITING);
    std::thread::scope(|scope| {
        let filming = scope.spawn(move || filming::film_all(ground, job, (clips, people), &ready));
        let writing = scope.spawn(move || write_all(ground, job.plan, to_write));
        let described = describer.run(to_describe, &finished);
        drop(finished);
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let filmed = filming.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The step nearest the end knows the cause: the others only saw their neighbour leave.
        let Busy { write_busy, indexed, failed, .. } = written?;
        let busy = described?;
        filmed?;
        Ok(Busy { write_busy, indexed, failed, ..busy })
    })
}
