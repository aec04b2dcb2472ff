//! Films to documents of clips and their vectors, checked.

use std::collections::BTreeMap;

use vitrine_pose::RolesFrom;

use super::clips::Clips;
use super::fingerprint::{self, now};
use super::records::{Indexed, Item, Known, PlannedEmbedding, Seen};
use super::work::{bytes, encoded};
use crate::asset::Content;
use crate::asset::clip::{Clip, LeadFrom};
use crate::extract::footage::Film;

/// Remarks that a report keeps of one clip.
const REMARKS_MAX: usize = 8;

/// The document of a clip that was watched, with the vectors of what was seen and heard, and its
/// contact sheet.
///
/// * `content`: see [`Clips::content`].
///
/// # Errors
///
/// A sentence that names the field: a number that is none rejects the clip.
pub(super) fn compose(
    item: &Item,
    film: Film,
    content: String,
    planned: &[PlannedEmbedding],
) -> Result<(Indexed, Option<Vec<u8>>), String> {
    let Film {
        width,
        height,
        frame_rate,
        duration_s,
        frame_count,
        lead,
        follow,
        interaction,
        quality,
        family,
        roles_from,
        tracks,
        sound,
        sheet,
        mut remarks,
        took,
    } = film;
    remarks.truncate(REMARKS_MAX);
    let sound = sound.unwrap_or_default();
    let made = [
        ("lead_embedding", lead),
        ("follow_embedding", follow),
        ("interaction_embedding", interaction),
        ("audio_embedding", sound.vector),
    ];
    let made: Vec<(&str, Vec<f32>)> =
        made.into_iter().filter_map(|(field, vector)| Some((field, vector?))).collect();
    let mut clip = Clip::named(&item.name, &item.path, item.annotation.as_deref());
    clip.has_sound = made.iter().any(|(field, _)| *field == "audio_embedding");
    clip.lead_from = roles_from.and_then(|from| match from {
        RolesFrom::Annotation => Some(LeadFrom::Annotation),
        RolesFrom::Rule => Some(LeadFrom::Rule),
        RolesFrom::Nobody => None,
    });
    clip.quality_score = rounded(quality.score);
    clip.detection_rate = rounded(quality.detection_rate);
    clip.frame_count = frame_count;
    clip.processing_time = (took.as_secs_f64() * 1e3).round() / 1e3;
    clip.version = format!("{family}_v{}", vitrine_pose::VERSION);
    clip.created_at = now();
    clip.fingerprint = content.clone();
    clip.check(made.iter().map(|(field, vector)| (*field, vector.as_slice())))
        .map_err(|unfit| unfit.to_string())?;
    let vectors = made.iter().map(|(field, vector)| ((*field).to_owned(), encoded(&bytes(vector))));
    let vectors: BTreeMap<String, String> = vectors.collect();
    let seen = Seen {
        duration_s: (duration_s * 1e3).round() / 1e3,
        frame_rate,
        width,
        height,
        tracks,
        confidence: rounded(quality.confidence),
        tempo_bpm: sound.tempo_bpm,
        beat_times_s: sound.beat_times_s,
        onsets: sound.onsets,
        sound_s: clip.has_sound.then_some(sound.duration_s),
        remarks,
        has_sheet: sheet.is_some(),
    };
    let known = Known {
        id: item.id.clone(),
        path: item.path.clone(),
        name: item.name.clone(),
        pack: String::new(),
        fingerprint: content,
        files: vec![item.path.clone()],
        seen: Some(Box::new(seen)),
        ..Known::default()
    };
    let indexed = with_text(item, known, (clip, vectors), planned);
    Ok((indexed, sheet))
}

/// A document whose video is as it was: what people wrote of it is new, or the model that reads it.
pub(super) fn redescribe(
    item: &Item,
    before: Indexed,
    clip: Clip,
    planned: &[PlannedEmbedding],
) -> Indexed {
    let Indexed { known, mut vectors, .. } = before;
    let written = Clip::named(&item.name, &item.path, item.annotation.as_deref());
    let is_same_text = written.description == clip.description;
    let clip = Clip {
        has_sound: clip.has_sound,
        lead_from: clip.lead_from,
        quality_score: clip.quality_score,
        detection_rate: clip.detection_rate,
        frame_count: clip.frame_count,
        processing_time: clip.processing_time,
        version: clip.version,
        created_at: now(),
        fingerprint: clip.fingerprint,
        ..written
    };
    for planned in planned.iter().filter(|planned| planned.content == Content::Description) {
        let same_model = known.embeddings.get(&planned.field) == Some(&planned.model_fingerprint);
        if !(is_same_text && same_model) {
            vectors.remove(&planned.field);
        }
    }
    let kept = vectors.keys().cloned().collect();
    Indexed { kept, ..with_text(item, known, (clip, vectors), planned) }
}

/// Notes what the vectors are made of.
fn with_text(
    item: &Item,
    known: Known,
    (mut clip, vectors): (Clip, BTreeMap<String, String>),
    planned: &[PlannedEmbedding],
) -> Indexed {
    let mut models = BTreeMap::new();
    for PlannedEmbedding { field, content, model_fingerprint, .. } in planned {
        let of = match content {
            Content::Description => Some(clip.description.clone()),
            Content::Motion | Content::Sound => {
                vectors.contains_key(field).then(|| known.fingerprint.clone())
            }
            Content::Caption | Content::Views => None, // Clips have neither.
        };
        if let Some(of) = of {
            let covered = fingerprint::embedding(&of, model_fingerprint);
            clip.embedding_fingerprint.insert(field.clone(), covered);
        }
        models.insert(field.clone(), model_fingerprint.clone());
    }
    let text = Clips::text(item.annotation.as_deref());
    let known = Known { text, embeddings: models, ..known };
    Indexed { known, document: clip.into(), vectors, ..Indexed::default() }
}

/// To four digits: more would be noise.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4 + 0.0 // Never −0.
}

#[cfg(test)]
mod tests {
    use vitrine_crds::embedding_job::annotations::Annotation;
    use vitrine_crds::library::Algorithm;

    use super::*;
    use crate::asset::clip::VECTORS;
    use crate::extract::footage::{Heard, Quality};
    use crate::run::records::{Span, Todo};

    fn planned() -> Vec<PlannedEmbedding> {
        let one = |vector: &crate::asset::clip::VectorField| PlannedEmbedding {
            field: vector.field.to_owned(),
            name: vector.name.to_owned(),
            algorithm: Algorithm::Text,
            content: vector.content,
            model_uri: "m".to_owned(),
            model_fingerprint: format!("model of {}", vector.name),
            dims: vector.dims,
        };
        VECTORS.iter().map(one).collect()
    }

    fn item(label: &str) -> Item {
        Item {
            id: "0123456789abcdef".to_owned(),
            path: "a/step.mp4".to_owned(),
            name: "step".to_owned(),
            pack: String::new(),
            size_bytes: 1,
            modified: String::new(),
            caption: crate::asset::Caption::default(),
            annotation: Some(Box::new(Annotation {
                move_label: Some(label.to_owned()),
                ..Annotation::default()
            })),
            used_by: 0,
            todo: Todo::Describe { document: Span::default(), known: Span::default(), views: None },
        }
    }

    fn unit(dims: usize) -> Option<Vec<f32>> {
        Some(vec![1.0 / (dims as f32).sqrt(); dims])
    }

    fn film() -> Film {
        Film {
            frame_count: 150,
            lead: unit(512),
            follow: unit(512),
            interaction: unit(256),
            quality: Quality { detection_rate: 1.0, confidence: 0.5, score: 0.8 },
            family: "movenet".to_owned(),
            roles_from: Some(RolesFrom::Rule),
            sound: Some(Heard { vector: unit(128), ..Heard::default() }),
            ..Film::default()
        }
    }

    fn composed(film: Film) -> Result<Indexed, String> {
        compose(&item("turn"), film, "content".to_owned(), &planned()).map(|(indexed, _)| indexed)
    }

    fn fields(indexed: &Indexed) -> Vec<&str> {
        indexed.vectors.keys().map(|field| field.trim_end_matches("_embedding")).collect()
    }

    #[test]
    fn what_has_no_source_is_left_out_and_nobody_seen_is_quality_0() {
        let whole = composed(film()).unwrap();
        assert_eq!(fields(&whole), ["audio", "follow", "interaction", "lead"]);
        assert_eq!(
            whole.document.clip().unwrap().version,
            format!("movenet_v{}", vitrine_pose::VERSION)
        );
        // Every field's model is known, made or not: a run without it is not looked at again.
        assert_eq!(whole.known.embeddings.len(), 5);
        let nobody = Film {
            lead: None,
            follow: None,
            interaction: None,
            quality: Quality::default(),
            roles_from: Some(RolesFrom::Nobody),
            sound: None,
            ..film()
        };
        let bare = composed(nobody).unwrap();
        let clip = bare.document.clip().unwrap();
        assert_eq!(fields(&bare), Vec::<&str>::new());
        assert_eq!((clip.quality_score, clip.lead_from, clip.has_sound), (0.0, None, false));
        assert_eq!(clip.description, "A couple dances turn.");
        assert_eq!(bare.known.embeddings.len(), 5);
    }

    #[test]
    fn a_number_that_is_none_rejects_the_clip_by_the_name_of_its_field() {
        let mut broken = film();
        broken.follow.as_mut().unwrap()[3] = f32::NAN;
        let reason = composed(broken).unwrap_err();
        assert!(reason.starts_with("follow_embedding[3] is NaN"), "{reason}");
        let quality = Quality { score: f32::INFINITY, ..film().quality };
        let reason = composed(Film { quality, ..film() }).unwrap_err();
        assert!(reason.starts_with("quality_score is inf"), "{reason}");
    }

    #[test]
    fn a_new_annotation_keeps_every_vector_but_that_of_the_text() {
        let mut before = composed(film()).unwrap();
        before.vectors.insert("text_embedding".to_owned(), "AAAA".to_owned());
        let clip = before.document.clip().unwrap().clone();
        let same = redescribe(&item("turn"), before.clone(), clip.clone(), &planned());
        assert!(same.vectors.contains_key("text_embedding"));
        let other = redescribe(&item("basic"), before.clone(), clip, &planned());
        assert_eq!(fields(&other), ["audio", "follow", "interaction", "lead"]);
        assert_eq!(other.document.clip().unwrap().quality_score, 0.8);
        assert_ne!(other.known.text, before.known.text);
        assert_eq!(other.known.fingerprint, before.known.fingerprint);
    }
}
