//! What a clip is: one dance video, its document and its vectors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vitrine_crds::embedding_job::annotations::Annotation;

use super::Content;
use super::naming::{self, Names};

/// One vector field of a clip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VectorField {
    /// What people call it: `lead`, `follow`, `interaction`, `audio`, `text`.
    pub name: &'static str,
    /// The field of the document: the name and `_embedding`.
    pub field: &'static str,
    /// Numbers of a vector.
    pub dims: usize,
    /// What it is made from.
    pub content: Content,
}

/// The vector fields of a clip, in the order of the document: 1,792 numbers together.
pub const VECTORS: [VectorField; 5] = [
    VectorField { name: "lead", field: "lead_embedding", dims: 512, content: Content::Motion },
    VectorField { name: "follow", field: "follow_embedding", dims: 512, content: Content::Motion },
    VectorField {
        name: "interaction",
        field: "interaction_embedding",
        dims: 256,
        content: Content::Motion,
    },
    VectorField { name: "audio", field: "audio_embedding", dims: 128, content: Content::Sound },
    VectorField { name: "text", field: "text_embedding", dims: 384, content: Content::Description },
];

/// How far from 1 the length of a vector may be: single precision, summed over 512 numbers.
const NORM_TOLERANCE: f64 = 1e-3;

/// How it was found who leads.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeadFrom {
    /// The annotation says it.
    Annotation,
    /// By the rule of `docs/clips.md`.
    Rule,
}

/// Everything known of one clip but its vectors: its document.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Clip {
    /// File stem, made unique within the collection: see [`clip_id`]. `_id` of the document.
    pub clip_id: String,
    /// Path inside the collection.
    pub video_path: String,
    /// What is danced; without an annotation the words of the file name.
    pub move_label: String,
    /// How hard it is, as somebody wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<String>,
    /// How much energy it has, as somebody wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_level: Option<String>,
    /// Whose part is shown, as somebody wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_follow_roles: Option<String>,
    /// Beats a minute, as somebody counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_tempo: Option<f64>,
    /// The sentence that `text_embedding` embeds: see [`describe`].
    pub description: String,
    /// Whether somebody wrote an annotation.
    pub has_annotation: bool,
    /// How it was found who leads; none where nobody was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_from: Option<LeadFrom>,
    /// Whether it has sound that is not silence, and so `audio_embedding`.
    pub has_sound: bool,
    /// 0.6 · `detection_rate` + 0.4 · mean confidence of the joints, 0…1.
    pub quality_score: f64,
    /// Frames with both dancers / frames looked at, 0…1.
    pub detection_rate: f64,
    /// Frames looked at.
    pub frame_count: u64,
    /// Seconds from the first byte to the last vector.
    pub processing_time: f64,
    /// The pose model's family and the version of our pose vectors, such as `mmpose_v1`.
    pub version: String,
    /// When the document was made, RFC 3339 in UTC.
    pub created_at: String,
    /// Covers the video, who leads as far as its annotation says, the sampling, and the version of what
    /// samples.
    pub fingerprint: String,
    /// By vector field: covers model and options.
    #[serde(default)]
    pub embedding_fingerprint: BTreeMap<String, String>,
}

/// Why a clip has no document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// A number that is none.
    #[error("{field} is {value}: the clip is refused")]
    NotFinite {
        /// The field; of a vector with the place, as in `lead_embedding[17]`.
        field: String,
        /// `NaN`, `inf` or `-inf`.
        value: String,
    },
    /// A number outside of what it can be.
    #[error("{field} is {value}, and lies between 0 and 1: the clip is refused")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What it is.
        value: String,
    },
    /// A vector of another length than its field's.
    #[error("{field} has {found} numbers, and needs {dims}: the clip is refused")]
    Dims {
        /// The field.
        field: String,
        /// Numbers there are.
        found: usize,
        /// Numbers there should be.
        dims: usize,
    },
    /// A vector that points nowhere, or is not of length 1.
    #[error("{field} has the length {length}, and needs 1: the clip is refused")]
    Length {
        /// The field.
        field: String,
        /// Its L2 norm.
        length: String,
    },
    /// A vector of a field that clips do not have.
    #[error("{field} is no vector field of a clip")]
    Unknown {
        /// The field.
        field: String,
    },
}

impl Clip {
    /// A clip of which nobody has looked at a frame: what names and annotation say.
    pub fn named(clip_id: &str, video_path: &str, annotation: Option<&Annotation>) -> Self {
        let given = annotation.cloned().unwrap_or_default();
        let kept = |text: Option<String>| {
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let label = kept(given.move_label);
        let mut clip = Self {
            clip_id: clip_id.to_owned(),
            video_path: video_path.to_owned(),
            move_label: label.unwrap_or_else(|| spoken(naming::stem(video_path))),
            difficulty: kept(given.difficulty),
            energy_level: kept(given.energy_level),
            lead_follow_roles: kept(given.lead_follow_roles),
            estimated_tempo: given.estimated_tempo,
            has_annotation: annotation.is_some(),
            ..Self::default()
        };
        clip.description = describe(&clip);
        clip
    }

    /// Refuses a clip with a number that is none, here or in its vectors. A clip never goes to an index
    /// without.
    ///
    /// * `vectors`: by field, each of its field's dims and of length 1; what has no source is left out.
    ///
    /// # Errors
    ///
    /// [`Unfit`] names the field.
    pub fn check<'a>(
        &self,
        vectors: impl IntoIterator<Item = (&'a str, &'a [f32])>,
    ) -> Result<(), Unfit> {
        let shares =
            [("quality_score", self.quality_score), ("detection_rate", self.detection_rate)];
        let others = [("processing_time", Some(self.processing_time))];
        let others = others.into_iter().chain([("estimated_tempo", self.estimated_tempo)]);
        let others = others.filter_map(|(field, value)| Some((field, value?)));
        for (field, value) in shares.into_iter().chain(others) {
            finite(|| field.to_owned(), value)?;
        }
        for (field, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(Unfit::OutOfRange { field, value: value.to_string() });
            }
        }
        vectors.into_iter().try_for_each(|(field, vector)| check_vector(field, vector))
    }
}

/// Refuses a vector that no search could compare.
///
/// # Errors
///
/// [`Unfit`] names the field, and the place in it.
pub fn check_vector(field: &str, vector: &[f32]) -> Result<(), Unfit> {
    let known = VECTORS.iter().find(|known| known.field == field);
    let Some(VectorField { dims, .. }) = known else {
        return Err(Unfit::Unknown { field: field.to_owned() });
    };
    if vector.len() != *dims {
        let (field, found) = (field.to_owned(), vector.len());
        return Err(Unfit::Dims { field, found, dims: *dims });
    }
    for (at, value) in vector.iter().enumerate() {
        finite(|| format!("{field}[{at}]"), f64::from(*value))?;
    }
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if (length - 1.0).abs() > NORM_TOLERANCE {
        return Err(Unfit::Length { field: field.to_owned(), length: format!("{length:.4}") });
    }
    Ok(())
}

fn finite(field: impl Fn() -> String, value: f64) -> Result<(), Unfit> {
    match value.is_finite() {
        true => Ok(()),
        false => Err(Unfit::NotFinite { field: field(), value: value.to_string() }),
    }
}

/// The id of the clip at `path`: its file stem, and with `-<id>` behind where another clip of the
/// collection has that already. First take back what earlier runs gave ([`keep`]), then name in
/// the order of paths.
///
/// * `id`: see [`super::asset_id`].
pub fn clip_id(names: &mut Names, path: &str, id: &str) -> String {
    names.give(COLLECTION, path, id)
}

/// Takes an id that an earlier run gave.
pub fn keep(names: &mut Names, clip_id: &str) {
    names.keep(COLLECTION, clip_id);
}

/// Clips of all folders share one room of names.
const COLLECTION: &str = "";

/// The sentence that describes a clip: `A couple dances cross body lead: intermediate level, high
/// energy, lead focus, about 129 beats per minute.` What nobody wrote is left out.
pub fn describe(clip: &Clip) -> String {
    let tempo = clip.estimated_tempo.map(|tempo| {
        let tempo = (tempo * 10.0).round() / 10.0;
        format!("about {tempo} beats per minute")
    });
    let word = |text: &Option<String>, noun: &str| {
        let text = spoken(text.as_deref()?);
        Some(match text.ends_with(noun.trim_start()) {
            true => text,
            false => text + noun,
        })
    };
    let parts = [
        word(&clip.difficulty, " level"),
        word(&clip.energy_level, " energy"),
        clip.lead_follow_roles.as_deref().map(|text| match spoken(text) {
            both if both == "both" => "both roles".to_owned(),
            other => other,
        }),
        tempo,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let colon = if parts.is_empty() { "" } else { ": " };
    format!("A couple dances {}{colon}{}.", spoken(&clip.move_label), parts.join(", "))
}

/// `cross_body_lead` as people say it; a text of several words stays as it is written.
fn spoken(text: &str) -> String {
    let text = text.trim();
    let words = match text.contains(char::is_whitespace) {
        true => text.split_whitespace().map(str::to_owned).collect(),
        false => naming::words(text),
    };
    match words.is_empty() {
        true => text.to_owned(),
        false => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation() -> Annotation {
        Annotation {
            move_label: Some("cross_body_lead".to_owned()),
            difficulty: Some("intermediate".to_owned()),
            energy_level: Some("high".to_owned()),
            lead_follow_roles: Some("lead_focus".to_owned()),
            estimated_tempo: Some(129.199),
            ..Annotation::default()
        }
    }

    fn unit(dims: usize) -> Vec<f32> {
        vec![1.0 / (dims as f32).sqrt(); dims]
    }

    #[test]
    fn a_clip_is_described_by_what_somebody_wrote_or_by_the_words_of_its_name() {
        let clip = Clip::named("step_03", "a/step_03.mp4", Some(&annotation()));
        assert_eq!(
            clip.description,
            "A couple dances cross body lead: intermediate level, high energy, lead focus, about \
             129.2 beats per minute."
        );
        assert!(clip.has_annotation);
        let clip = Clip::named("BasicStep_03", "a/BasicStep_03.mp4", None);
        assert_eq!((clip.move_label.as_str(), clip.has_annotation), ("basic step 03", false));
        assert_eq!(clip.description, "A couple dances basic step 03.");
        assert_eq!((clip.difficulty, clip.estimated_tempo), (None, None));
    }

    #[test]
    fn the_five_vectors_have_1792_numbers() {
        assert_eq!(VECTORS.iter().map(|one| one.dims).sum::<usize>(), 1_792);
        assert!(VECTORS.iter().all(|one| one.field == format!("{}_embedding", one.name)));
    }

    #[test]
    fn a_number_that_is_none_is_named_by_its_field() {
        let clip = || Clip::named("a", "a.mp4", Some(&annotation()));
        let whole = unit(512);
        let mut broken = whole.clone();
        broken[17] = f32::NAN;
        let check = |clip: &Clip, field: &str, vector: &[f32]| {
            clip.check([(field, vector)]).unwrap_err().to_string()
        };
        assert_eq!(clip().check([("lead_embedding", whole.as_slice())]), Ok(()));
        let said = check(&clip(), "lead_embedding", &broken);
        assert!(said.starts_with("lead_embedding[17] is NaN"), "{said}");
        broken[17] = f32::INFINITY;
        assert!(check(&clip(), "follow_embedding", &broken).starts_with("follow_embedding[17]"));
        let said = check(&clip(), "audio_embedding", &whole);
        assert!(said.contains("512 numbers, and needs 128"), "{said}");
        let said = check(&clip(), "lead_embedding", &vec![0.0; 512]);
        assert!(said.contains("the length 0.0000, and needs 1"), "{said}");
        type Spoil = fn(&mut Clip);
        let spoils: [(&str, Spoil); 5] = [
            ("quality_score is NaN", |clip| clip.quality_score = f64::NAN),
            ("detection_rate is -0.1", |clip| clip.detection_rate = -0.1),
            ("quality_score is 1.5", |clip| clip.quality_score = 1.5),
            ("processing_time is inf", |clip| clip.processing_time = f64::INFINITY),
            ("estimated_tempo is NaN", |clip| clip.estimated_tempo = Some(f64::NAN)),
        ];
        for (words, spoil) in spoils {
            let mut clip = clip();
            spoil(&mut clip);
            let said = clip.check([]).unwrap_err().to_string();
            assert!(said.starts_with(words), "{said}");
        }
    }

    #[test]
    fn the_first_of_a_stem_keeps_it_and_the_others_get_their_id() {
        let mut names = Names::default();
        keep(&mut names, "turn");
        let ids = ["a/step.mp4", "b/Step.mov", "b/turn.mp4"].map(|path| {
            let id = super::super::asset_id("x", path);
            clip_id(&mut names, path, &id)
        });
        assert_eq!(ids[0], "step");
        assert!(ids[1].starts_with("Step-") && ids[1].len() == 5 + 16, "{}", ids[1]);
        assert!(ids[2].starts_with("turn-"), "{}", ids[2]);
    }
}
