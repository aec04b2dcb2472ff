//! `vitrine inspect` of a video or a sound: what a run would see and hear of it, without an index.

use std::path::Path;

use serde_json::{Map, Value, json};
use vitrine_audio::{Sound, Values};
use vitrine_crds::library::ModelSpec;
use vitrine_crds::run::Exit;
use vitrine_pose::{JOINT_NAMES, Person, RoleHint, Tracks};

use super::Failure;
use crate::embed::Options;
use crate::embed::people::PeopleModels;
use crate::extract::footage::{self, Alone, AloneError, Bounds};

/// Suffixes of files that are looked at and listened to.
const SUFFIXES: [&str; 16] = [
    "aac", "avi", "flac", "m4a", "m4v", "mka", "mkv", "mov", "mp3", "mp4", "oga", "ogg", "opus",
    "wav", "weba", "webm",
];

/// What to look by, and how much to tell.
#[derive(Debug, clap::Args)]
pub(super) struct Media {
    /// Of a video or a sound: tell what each frame holds, as arrays
    #[arg(long)]
    frames: bool,
    /// Of a video: frames a second that are looked at, 1 to 120
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=120))]
    fps: u16,
    /// Of a video: look for people by this model of joints
    #[arg(long, value_name = "PATH")]
    pose_model: Option<String>,
    /// Of a video: the model that finds people, where the model of joints does not
    #[arg(long, value_name = "PATH", requires = "pose_model")]
    detector: Option<String>,
    /// Of a video: the model that finds the joints of hands
    #[arg(long, value_name = "PATH", requires = "pose_model")]
    hand_model: Option<String>,
}

impl Media {
    /// Whether the file is one of a video or a sound, by its name.
    pub(super) fn takes(file: &Path) -> bool {
        let suffix = file.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
        SUFFIXES.contains(&suffix.to_ascii_lowercase().as_str())
    }

    /// All that is known of the file.
    pub(super) fn document(&self, file: &Path) -> Result<Value, Failure> {
        let whole = file
            .canonicalize()
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
        let found = whole
            .metadata()
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
        // Before anybody opens it: a named pipe would wait for somebody who writes.
        if !found.is_file() {
            let why = match found.is_dir() {
                true => "is a folder; `vitrine embed` reads folders",
                false => "is no regular file; copy what it gives into a file",
            };
            return Err(Failure::usage(format!("{} {why}", file.display())));
        }
        let bounds = Bounds { fps: f64::from(self.fps), ..Bounds::default() };
        let program = footage::program().map_err(|error| Failure::new(Exit::Permanent, &error))?;
        let specs: Vec<ModelSpec> = [&self.detector, &self.pose_model, &self.hand_model]
            .into_iter()
            .flatten()
            .map(|uri| ModelSpec { uri: uri.clone(), sha256: None })
            .collect();
        let lookers = match specs.is_empty() {
            true => None,
            false => {
                let options = Options::default();
                let opened = PeopleModels::find(&specs, &options)
                    .and_then(|models| models.open(&options, 1));
                Some(opened.map_err(|error| Failure::new(error.exit(), &error))?)
            }
        };
        let alone = footage::inspect(&program, &bounds, &whole, lookers.as_ref());
        let alone = alone.map_err(|error| match error {
            AloneError::File(reason) => {
                Failure { exit: Exit::Permanent, message: format!("{}: {reason}", file.display()) }
            }
            error => Failure::new(Exit::Permanent, &error),
        })?;
        Ok(self.told(file, &alone))
    }

    fn told(&self, file: &Path, alone: &Alone) -> Value {
        let mut document = Map::new();
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        document.insert("name".to_owned(), json!(name));
        if let Some(header) = &alone.header {
            let mut video = json!({
                "container": header.container,
                "codec": header.codec,
                "width": header.width,
                "height": header.height,
                "rotation_degrees": header.rotation_degrees,
                "frame_rate": header.frame_rate,
                "seconds": alone.seconds,
                "sampled_frames": alone.frames.len(),
                "sampled_fps": self.fps,
            });
            if let Some((width, height)) = alone.looked_at {
                video["looked_at"] = json!([width, height]);
            }
            document.insert("video".to_owned(), video);
        }
        if let Some(tracks) = &alone.tracks {
            document.insert("people".to_owned(), people(tracks));
        }
        if let Some(header) = &alone.sound_header {
            document.insert("sound".to_owned(), sound(alone.sound.as_ref(), header));
        }
        if self.frames {
            if alone.header.is_some() {
                document.insert("frames".to_owned(), frames(alone));
            }
            if let Some(sound) = &alone.sound {
                document.insert("arrays".to_owned(), arrays(sound));
            }
        }
        document.insert("remarks".to_owned(), json!(alone.remarks));
        Value::Object(document)
    }
}

/// Tracks, the couple, and how good it is.
fn people(tracks: &Tracks) -> Value {
    let summary = tracks.summary();
    let couple = tracks.couple(&RoleHint::Unsaid);
    let quality = couple.quality();
    let vectors = couple.embeddings();
    let told = summary.tracks.iter().map(|track| {
        json!({
            "track": track.id,
            "first_s": track.first_s,
            "last_s": track.last_s,
            "frames": track.sightings,
            "confidence": track.confidence,
        })
    });
    json!({
        "tracks": told.collect::<Vec<_>>(),
        "lead": couple.lead.as_ref().map(|dancer| dancer.track.id),
        "follow": couple.follow.as_ref().map(|dancer| dancer.track.id),
        "lead_from": couple.roles_from.word(),
        "quality_score": quality.score,
        "detection_rate": quality.detection_rate,
        "confidence": quality.confidence,
        "lead_embedding": vectors.lead,
        "follow_embedding": vectors.follow,
        "interaction_embedding": vectors.interaction,
    })
}

/// Features in a word each.
fn sound(heard: Option<&Sound>, header: &vitrine_footage::SoundHeader) -> Value {
    let mut told = json!({
        "codec": header.codec,
        "channels": header.channels,
        "rate_hz": header.rate_hz,
    });
    let Some(sound) = heard else { return told };
    let mean = |values: &[f32]| match values.len() {
        0 => 0.0,
        count => values.iter().map(|value| f64::from(*value)).sum::<f64>() / count as f64,
    };
    told["seconds"] = json!(sound.duration_s);
    told["tempo_bpm"] = json!(sound.tempo_bpm);
    told["beats"] = json!(sound.beat_times_s.len());
    told["beat_regularity"] = json!(sound.beat_regularity);
    told["beat_times_s"] = json!(sound.beat_times_s);
    told["rms"] = json!(mean(&sound.rms));
    told["spectral_centroid_hz"] = json!(mean(&sound.centroid_hz));
    told["audio_embedding"] = json!(sound.embedding());
    told
}

/// What each sampled frame holds: who is in it, by track.
fn frames(alone: &Alone) -> Value {
    let seen = |time_s: f64| -> Option<Vec<Value>> {
        let tracks = alone.tracks.as_ref()?;
        let moment = tracks.times_s().binary_search_by(|time| time.total_cmp(&time_s)).ok()?;
        let people = tracks.tracks().iter().filter_map(|track| {
            let at = track.sightings.binary_search_by_key(&moment, |one| one.moment).ok()?;
            Some(person(track.id, &track.sightings[at].person))
        });
        Some(people.collect())
    };
    let rows = alone.frames.iter().map(|(index, time_s)| {
        let mut row = json!({"index": index, "time_s": time_s});
        if let Some(people) = seen(*time_s) {
            row["people"] = json!(people);
        }
        row
    });
    json!({"joint_names": JOINT_NAMES, "rows": rows.collect::<Vec<_>>()})
}

fn person(track: usize, person: &Person) -> Value {
    let bounds = &person.bounds;
    let joints: Vec<[f32; 3]> =
        person.joints.iter().map(|joint| [joint.x, joint.y, joint.score]).collect();
    json!({
        "track": track,
        "score": person.score,
        "bounds": [bounds.left, bounds.top, bounds.right, bounds.bottom],
        "joints": joints,
    })
}

/// Every array, keyed and shaped as the oracles of librosa are.
fn arrays(sound: &Sound) -> Value {
    let arrays = sound.arrays().into_iter().map(|array| {
        let values: Vec<Value> = match array.values {
            Values::Floats(values) => values.iter().map(|value| json!(value)).collect(),
            Values::Ints(values) => values.iter().map(|value| json!(value)).collect(),
        };
        (array.key.to_owned(), shaped(values, &array.shape))
    });
    Value::Object(arrays.collect())
}

/// Nested lists of these lengths.
fn shaped(values: Vec<Value>, shape: &[usize]) -> Value {
    match shape {
        [] => values.into_iter().next().unwrap_or(Value::Null),
        [_] => Value::Array(values),
        [_, rest @ ..] => {
            let step = rest.iter().product::<usize>().max(1);
            let mut values = values.into_iter();
            let mut rows = Vec::new();
            loop {
                let row: Vec<Value> = values.by_ref().take(step).collect();
                if row.is_empty() {
                    return Value::Array(rows);
                }
                rows.push(shaped(row, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_nested_as_their_shape_says() {
        let values = || (0..6).map(Value::from).collect::<Vec<_>>();
        assert_eq!(shaped(values(), &[6]), json!([0, 1, 2, 3, 4, 5]));
        assert_eq!(shaped(values(), &[2, 3]), json!([[0, 1, 2], [3, 4, 5]]));
        assert_eq!(shaped(vec![json!(7)], &[]), json!(7));
        assert_eq!(shaped(Vec::new(), &[2, 0]), json!([]));
    }
}
