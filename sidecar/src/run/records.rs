//! The lines that pass between the rooms of a run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use vitrine_crds::embedding_job::annotations::Annotation;
use vitrine_crds::library::Algorithm;

use crate::asset::{Caption, Content, Subject, asset_id};
use crate::catalog::layout;
use crate::extract::DrawnBy;

/// What a run is to do: written by scan, read by work and publish.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this shape: 1.
    pub v: u32,
    /// The run's number.
    pub run: u64,
    /// How often this run was started: 1, and one more after each kill.
    pub session: u32,
    /// Names the process that planned the run's first session.
    pub holder: String,
    /// Names the process that planned this session.
    pub planner: String,
    /// The library's id.
    pub library: String,
    /// When it started, RFC 3339 in UTC.
    pub started_at: String,
    /// The run whose files stand for what did not change.
    pub previous: Option<u64>,
    /// The embeddings every document is to have.
    pub embeddings: Vec<PlannedEmbedding>,
    /// Where documents are indexed, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<PlannedIndex>,
    /// Whether a killed run may have left files that no receipt tells of.
    #[serde(default)]
    pub mends: bool,
    /// Chunk files.
    pub chunks: u32,
    /// What scan found.
    pub found: Found,
}

/// Where documents are indexed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlannedIndex {
    /// The name that searches use.
    pub alias: String,
    /// The index that this run writes to.
    pub target: String,
    /// Whether the index held exactly what the previous run published.
    pub agrees: bool,
}

/// An embedding every document is to have.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlannedEmbedding {
    /// The vector field.
    pub field: String,
    /// Name of the embedding entry.
    pub name: String,
    /// How its model is used.
    #[serde(default, skip_serializing_if = "Algorithm::is_text")]
    pub algorithm: Algorithm,
    /// What of an asset its vectors are made from.
    #[serde(default, skip_serializing_if = "Content::is_default")]
    pub content: Content,
    /// As configured.
    pub model_uri: String,
    /// Names the model and what changes its vectors.
    pub model_fingerprint: String,
    /// Length of a vector.
    pub dims: usize,
}

/// What scan found, in numbers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Found {
    /// Assets listed, after include, exclude and the limit on their number.
    pub assets: u64,
    /// Nothing about them changed.
    pub unchanged: u64,
    /// Done by an earlier session of this run.
    pub resumed: u64,
    /// To be read.
    pub to_read: u64,
    /// To be described and embedded, not read.
    pub to_describe: u64,
    /// Of those to be described: whose pictures a new model looks at.
    #[serde(default)]
    pub to_look: u64,
    /// Known and unchanged, and not in the index as they should be: to be sent there.
    #[serde(default)]
    pub to_send: u64,
    /// Gone from the source.
    pub deleted: u64,
}

impl Plan {
    /// Whether `other` is this very plan: not that of another start or another process.
    pub fn is(&self, other: &Self) -> bool {
        (self.run, self.session, &self.planner) == (other.run, other.session, &other.planner)
    }

    /// Whether publish will have anything to make visible.
    pub fn has_changes(&self) -> bool {
        let Found {
            assets: _,
            unchanged: _,
            to_look: _,
            resumed,
            to_read,
            to_describe,
            to_send,
            deleted,
        } = self.found;
        resumed + to_read + to_describe + to_send + deleted > 0
            || self.index.as_ref().is_some_and(|index| !index.agrees)
    }
}

/// One line of `files.jsonl`: what the source listed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Listed {
    /// Path inside the library.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Content version when the run was planned.
    pub version: Box<str>,
    /// Time of last change.
    pub modified: DateTime<Utc>,
}

/// One line of `gone.jsonl`: an asset that left.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Gone {
    /// Its id.
    pub id: String,
    /// Its pack.
    pub pack: String,
    /// Its name.
    pub name: String,
    /// Vector fields it has.
    pub fields: Vec<String>,
    /// Pictures it has.
    #[serde(default, skip_serializing_if = "Pictured::is_none")]
    pub pictured: Pictured,
    /// Whether only the index knows it: a killed run left it there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub index_only: bool,
    /// Whether another has its name now, and with it its place in the index.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
}

/// One line of the roster: an asset the catalogue is to hold.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Member {
    /// Its id; the roster is sorted by it.
    pub id: String,
    /// Its path inside the library.
    pub path: String,
    /// Where publish finds its document.
    pub stands: Stands,
    /// Whether work was asked for it in this session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// `_id` in an index, where that is not its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Member {
    /// `_id` in an index.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.id)
    }
}

/// Where publish finds a document.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stands {
    /// In the previous run's files: unchanged.
    Before,
    /// In a receipt, of this session or an earlier one.
    Receipt,
    /// In the previous run's files: beyond this run's limit on assets, so not looked at.
    Beyond,
}

/// One line of a chunk file: an asset to work on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its path inside the library.
    pub path: String,
    /// Its name, unique in its pack.
    pub name: String,
    /// Its pack.
    pub pack: String,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Time of last change, RFC 3339 in UTC.
    pub modified: String,
    /// Captions given for it.
    #[serde(default)]
    pub caption: Caption,
    /// What somebody wrote of it, where it is a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Box<Annotation>>,
    /// How many others use it, as far as was known before this run.
    pub used_by: u64,
    /// What has to be done.
    pub todo: Todo,
}

/// What has to be done for an asset.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Todo {
    /// Everything.
    Read,
    /// Text and vectors only; its facts are in the previous run's files.
    Describe {
        /// Line of `documents.jsonl`.
        document: Span,
        /// Line of `known.jsonl`.
        known: Span,
        /// Where a model of pictures is new: how many views the catalogue has for it to look at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        views: Option<u32>,
    },
    /// Nothing but sending it to the index.
    Send(Kept),
}

/// Where a document is that was made before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// In the previous run's files.
    Packed {
        /// Line of `documents.jsonl`.
        document: Span,
        /// Line of `known.jsonl`.
        known: Span,
    },
    /// In a receipt of a killed session.
    Receipt {
        /// The part file.
        part: String,
        /// Its line.
        at: Span,
    },
}

/// A line of a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Span {
    /// First byte.
    pub offset: u64,
    /// Length without the newline.
    pub bytes: u64,
}

/// What the next run compares with: one line of `known.jsonl`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Known {
    /// The asset's id.
    pub id: String,
    /// Its path inside the library.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its pack.
    pub pack: String,
    /// See [`super::fingerprint::content`].
    pub fingerprint: String,
    /// See [`super::fingerprint::text`].
    pub text: String,
    /// By vector field: fingerprint of the model that made it.
    pub embeddings: BTreeMap<String, String>,
    /// Files whose change changes the facts, itself first.
    pub files: Vec<String>,
    /// Paths whose arrival changes the facts.
    pub absent: Vec<String>,
    /// `kind` of the default prim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Words the stage offers for the sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Its files of pictures.
    #[serde(default, skip_serializing_if = "Pictured::is_none")]
    pub pictured: Pictured,
    /// What the report shows of it, where it is a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
    /// As published.
    #[serde(default)]
    pub used_by: u64,
    /// Line of `documents.jsonl`.
    #[serde(default)]
    pub document: Span,
}

impl Known {
    /// What it leaves behind when it goes.
    ///
    /// * `fields`: vector fields it has.
    pub fn as_gone<'a>(&self, fields: impl Iterator<Item = &'a str>) -> Gone {
        Gone {
            id: self.id.clone(),
            pack: self.pack.clone(),
            name: self.name.clone(),
            fields: fields.map(str::to_owned).collect(),
            pictured: self.pictured,
            index_only: false,
            replaced: false,
        }
    }
}

/// The files of pictures that the catalogue has of an asset.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Pictured {
    /// Views, and with any of them a thumbnail.
    pub views: u32,
    /// Pictures by its own cameras.
    pub cameras: u32,
    /// Whether there is a GLB.
    pub model: bool,
    /// What drew, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<DrawnBy>,
}

impl Pictured {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The files, inside the catalogue.
    pub fn files(&self, id: &str) -> Vec<String> {
        let Self { views, cameras, model, by: _ } = *self;
        let thumbnail = (views > 0).then(|| layout::thumbnail(id));
        let views = (0..views).map(|view| layout::view(id, view, views));
        let cameras = (0..cameras).map(|camera| layout::camera(id, camera));
        let model = model.then(|| layout::model(id));
        thumbnail.into_iter().chain(views).chain(cameras).chain(model).collect()
    }
}

/// What the report shows of a clip beside its document.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Seen {
    /// Seconds from the first frame to the last.
    pub duration_s: f64,
    /// Frames of the video as it is, a second; 0 where nobody knows.
    pub frame_rate: f64,
    /// Pixels of a frame.
    pub width: u32,
    /// Pixels of a frame.
    pub height: u32,
    /// People who were followed over time.
    pub tracks: u32,
    /// Mean confidence of the dancers' joints, 0 to 1.
    pub confidence: f64,
    /// Beats a minute, as heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tempo_bpm: Option<f32>,
    /// When beats were heard, the first of them, in seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beat_times_s: Vec<f32>,
    /// How strongly notes begin, evenly over the sound, 0 to 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub onsets: Vec<f32>,
    /// Seconds of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound_s: Option<f64>,
    /// What of the clip was left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Whether it has a contact sheet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_sheet: bool,
}

/// What an index holds of an asset beside its document, so that a run can continue from it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct RunState {
    /// As in [`Known`].
    pub text: String,
    /// As in [`Known`].
    pub embeddings: BTreeMap<String, String>,
    /// As in [`Known`].
    pub files: Vec<String>,
    /// As in [`Known`].
    pub absent: Vec<String>,
    /// As in [`Known`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// As in [`Known`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// As in [`Known`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
}

impl RunState {
    /// What of `known` is not in the document.
    pub fn of(known: &Known) -> Self {
        let Known { text, embeddings, files, absent, kind, names, seen, .. } = known.clone();
        Self { text, embeddings, files, absent, kind, names, seen }
    }

    /// The whole again.
    ///
    /// * `library`: its id.
    pub fn with(self, library: &str, document: &Subject) -> Known {
        let Self { text, embeddings, files, absent, kind, names, seen } = self;
        let (id, path, name, pack, fingerprint) = match document {
            Subject::Asset(asset) => {
                (asset.asset_id.clone(), &asset.path, &asset.name, &asset.pack, &asset.fingerprint)
            }
            Subject::Clip(clip) => {
                let id = asset_id(library, &clip.video_path);
                (id, &clip.video_path, &clip.clip_id, &String::new(), &clip.fingerprint)
            }
        };
        Known {
            id,
            path: path.clone(),
            name: name.clone(),
            pack: pack.clone(),
            fingerprint: fingerprint.clone(),
            text,
            embeddings,
            files,
            absent,
            kind,
            names,
            pictured: Pictured::default(), // Files are a catalogue's; this is of an index alone.
            seen,
            used_by: document.used_by(),
            document: Span::default(),
        }
    }
}

/// What happened to one asset: one line of a part file. What the highest session says counts, and
/// in one session a success.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Receipt {
    /// The asset's id.
    pub id: String,
    /// The session that wrote it.
    pub session: u32,
    /// What happened.
    pub outcome: Outcome,
}

/// What happened to one asset.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is in every sink.
    Indexed(Box<Indexed>),
    /// It was made before, and is in the index now.
    Sent,
    /// It is not.
    Failed(Failure),
}

/// All that publish needs of an asset.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Indexed {
    /// What the next run compares with.
    pub known: Known,
    /// The document.
    pub document: Subject,
    /// By field: little-endian float32 in base64; of views one after another.
    pub vectors: BTreeMap<String, String>,
    /// Fields whose vector is that of the previous run.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<String>,
    /// Why there are no pictures of it, where some were wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undrawn: Option<String>,
}

/// Why an asset has no document, or keeps an older one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// The asset's id.
    pub id: String,
    /// Where it is.
    pub uri: String,
    /// The same inside the library; empty where an older version wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What was being done: `read`, `work`, `index`.
    pub step: String,
    /// A sentence that names the limit where it was one.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When, RFC 3339 in UTC.
    pub time: String,
}
