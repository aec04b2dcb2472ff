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
