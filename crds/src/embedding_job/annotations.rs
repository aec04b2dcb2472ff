//! The file of what people know of clips, as people write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What people know of the clips of a collection.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
#[schemars(title = "Annotations")]
pub enum AnnotationsFile {
    /// One entry a clip, each with its `clip_id` or `video_path`.
    List(Vec<Annotation>),
    /// The same under the key `clips`, beside whatever else the file says.
    Named {
        /// One entry a clip.
        clips: Vec<Annotation>,
    },
    /// From `clip_id` or `video_path` to the entry.
    Map(BTreeMap<String, Annotation>),
}

/// What people know of one clip. Every field may be left out; others are passed over with a warning.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Annotation {
    /// The clip: its file name without the suffix.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TEXT_CHARS_MAX))]
    pub clip_id: Option<String>,
    /// The clip: its path inside the collection, or an end or a beginning of folders more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TEXT_CHARS_MAX))]
    pub video_path: Option<String>,
    /// What is danced, such as `cross_body_lead`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TEXT_CHARS_MAX))]
    pub move_label: Option<String>,
    /// How hard it is, such as `beginner`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TEXT_CHARS_MAX))]
    pub difficulty: Option<String>,
    /// How much energy it has, such as `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TEXT_CHARS_MAX))]
    pub energy_level: Option<String>,
    /// Whose part is shown, such as `lead_focus`, `follow_focus` or `both`; `lead_left` and
    /// `lead_right` also tell which dancer leads: the one who stands there in the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TEXT_CHARS_MAX))]
    pub lead_follow_roles: Option<String>,
    /// Beats a minute, as somebody counted them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = TEMPO_BPM_MIN, max = TEMPO_BPM_MAX))]
    pub estimated_tempo: Option<f64>,
}

/// Longest text of an annotation, in characters.
pub const TEXT_CHARS_MAX: usize = 1_024;
/// Slowest tempo that somebody can mean, in beats a minute.
pub const TEMPO_BPM_MIN: f64 = 10.0;
/// Fastest tempo that somebody can mean, in beats a minute.
pub const TEMPO_BPM_MAX: f64 = 500.0;

/// JSON Schema of the file, draft 2020-12, indented, with a final newline.
pub fn schema_json() -> String {
    crate::library::schema_of::<AnnotationsFile>()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Editors check annotations against the committed file.
    #[test]
    fn the_committed_schema_says_what_the_types_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/annotations.json");
        let said = super::schema_json();
        // VITRINE_WRITE_SCHEMA=1 writes it instead.
        if std::env::var_os("VITRINE_WRITE_SCHEMA").is_some() {
            std::fs::write(&path, &said).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, said, "{path:?} is stale: run this test with VITRINE_WRITE_SCHEMA=1");
    }
}
