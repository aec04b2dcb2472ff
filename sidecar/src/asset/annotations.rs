//! What people wrote of clips: one JSON file for a whole collection.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vitrine_crds::embedding_job::annotations::{
    Annotation, TEMPO_BPM_MAX, TEMPO_BPM_MIN, TEXT_CHARS_MAX,
};

use super::placed::{self, Key, Placed, Value};

/// Largest file of annotations, in bytes: a million clips of 500 bytes.
pub const FILE_BYTES_MAX: u64 = 512 << 20;
/// Entries of one file, at most.
const ENTRIES_MAX: usize = 2_000_000;
/// Mistakes told at once.
const MISTAKES_TOLD: usize = 20;

/// What people wrote of the clips of a collection.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    entries: Vec<Annotation>,
    /// By `clip_id` in lower case.
    by_id: HashMap<String, usize>,
    /// What should be looked at but stops nothing.
    pub warnings: Vec<String>,
}

/// One mistake of a file of annotations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// The clip, where it has a name.
    pub clip: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Why a file of annotations cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", told(.file, .mistakes))]
pub struct AnnotationsError {
    /// The file.
    pub file: String,
    /// Every mistake, in the order of lines.
    pub mistakes: Vec<Mistake>,
}

fn told(file: &str, mistakes: &[Mistake]) -> String {
    let line = |mistake: &Mistake| {
        let Mistake { line, clip, message } = mistake;
        match clip {
            Some(clip) => format!("{file}:{line}: clip `{clip}`: {message}"),
            None => format!("{file}:{line}: {message}"),
        }
    };
    match mistakes {
        [one] => line(one),
        all => {
            let mut text = format!("{} mistakes in the annotations", all.len());
            for one in all.iter().take(MISTAKES_TOLD) {
                text.push_str(&format!("\n  {}", line(one)));
            }
            if all.len() > MISTAKES_TOLD {
                text.push_str(&format!("\n  and {} more", all.len() - MISTAKES_TOLD));
            }
            text
        }
    }
}

impl Annotations {
    /// Reads a file of annotations: an array of entries, an object from `clip_id` or `video_path` to
    /// entries, or an object whose `clips` is one of both.
    ///
    /// # Errors
    ///
    /// [`AnnotationsError`] holds every mistake, each with its line and clip: text that is no JSON, a
    /// field of a wrong type, an entry that names no clip, two entries of one clip.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, AnnotationsError> {
        let mut reader = Reader { made: Self::default(), mistakes: Vec::new() };
        reader.file(bytes);
        let Reader { mut made, mut mistakes } = reader;
        if mistakes.is_empty() {
            for warning in &mut made.warnings {
                *warning = format!("{file}{warning}");
            }
            return Ok(made);
        }
        mistakes.sort_by_key(|mistake| mistake.line);
        Err(AnnotationsError { file: file.to_owned(), mistakes })
    }

    /// Every entry, in the order of the file.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.entries.iter()
    }

    /// The entry at a place of that order.
    pub(super) fn entry(&self, at: usize) -> &Annotation {
        &self.entries[at]
    }

    /// The place of the entry of an id, in whatever case.
    pub(super) fn of_id(&self, clip_id: &str) -> Option<usize> {
        self.by_id.get(&clip_id.to_lowercase()).copied()
    }

    /// Whether any entry names a path.
    pub(super) fn has_paths(&self) -> bool {
        self.entries.iter().any(|entry| entry.video_path.is_some())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Whether `path` is `end`, or ends with a slash and `end`.
fn is_end(end: &str, path: &str) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

struct Reader {
    made: Annotations,
    mistakes: Vec<Mistake>,
}

/// Fields of an entry that hold text, and where each goes.
type Field = fn(&mut Annotation) -> &mut Option<String>;
const TEXTS: [(&str, Field); 6] = [
    ("clip_id", |one| &mut one.clip_id),
    ("video_path", |one| &mut one.video_path),
    ("move_label", |one| &mut one.move_label),
    ("difficulty", |one| &mut one.difficulty),
    ("energy_level", |one| &mut one.energy_level),
    ("lead_follow_roles", |one| &mut one.lead_follow_roles),
];

impl Reader {
    fn wrong(&mut self, line: usize, clip: Option<&str>, message: impl Into<String>) {
        let clip = clip.map(str::to_owned);
        self.mistakes.push(Mistake { line, clip, message: message.into() });
    }

    fn file(&mut self, bytes: &[u8]) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes); // Some editors write a BOM.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                return self.wrong(line, None, "is not UTF-8; save the file as UTF-8");
            }
        };
        let root = match placed::parse(text) {
            Ok(root) => root,
            Err((line, reason)) => {
                return self.wrong(line, None, format!("is not JSON: {reason}"));
            }
        };
        let mut unknown = BTreeMap::new();
        self.entries(root, &mut unknown);
        for (field, (line, count)) in unknown {
            let more = match count {
                1 => String::new(),
                _ => format!(", in {count} entries"),
            };
            let warning = format!(":{line}: `{field}` is no field of an annotation{more}; ignored");
            self.made.warnings.push(warning);
        }
    }

    fn entries(&mut self, root: Placed, unknown: &mut BTreeMap<String, (usize, u64)>) {
        let Placed { line, value } = root;
        let mut at_id: HashMap<String, usize> = HashMap::new();
        let mut at_path: HashMap<String, usize> = HashMap::new();
        let mut each = |this: &mut Self, key: Option<Key>, entry: Placed| {
            this.entry(key, entry, unknown, (&mut at_id, &mut at_path));
        };
        match value {
            Value::List(list) if list.len() <= ENTRIES_MAX => {
                list.into_iter().for_each(|entry| each(self, None, entry));
            }
            Value::Object(mut object) if object.len() <= ENTRIES_MAX => {
                let clips = object.iter().position(|(key, value)| {
                    key.name == "clips" && !looks_like_entry(&value.value)
                });
                match clips {
                    Some(at) => {
                        let (_, clips) = object.swap_remove(at);
                        match clips.value {
                            Value::List(_) | Value::Object(_) => self.entries(clips, unknown),
                            other => {
                                let message =
                                    format!("`clips` is {}, and must be a list", other.kind());
                                self.wrong(clips.line, None, message);
                            }
                        }
                    }
                    None => {
                        object.into_iter().for_each(|(key, entry)| each(self, Some(key), entry))
                    }
                }
            }
            Value::List(_) | Value::Object(_) => {
                let message = format!("has more than {ENTRIES_MAX} entries; split the file");
                self.wrong(line, None, message);
            }
            other => {
                let message = format!(
                    "is {}, and must be a list of clips or an object of them",
                    other.kind()
                );
                self.wrong(line, None, message);
            }
        }
    }

    fn entry(
        &mut self,
        key: Option<Key>,
        entry: Placed,
        unknown: &mut BTreeMap<String, (usize, u64)>,
        (at_id, at_path): (&mut HashMap<String, usize>, &mut HashMap<String, usize>),
    ) {
        let line = key.as_ref().map_or(entry.line, |key| key.line);
        let name = key.as_ref().map(|key| key.name.clone());
        let Value::Object(fields) = entry.value else {
            let message = format!("is {}, and must be an object", entry.value.kind());
            return self.wrong(line, name.as_deref(), message);
        };
        let said = |wanted: &str| {
            fields.iter().find_map(|(key, value)| match &value.value {
                Value::Text(text) if key.name == wanted => Some(text.clone()),
                _ => None,
            })
        };
        let clip = name.or_else(|| said("clip_id")).or_else(|| said("video_path"));
        let clip = clip.as_deref();
        let before = self.mistakes.len();
        let mut made = Annotation::default();
        let mut seen = BTreeSet::new();
        for (field, value) in fields {
            if !seen.insert(field.name.clone()) {
                let message = format!("{} is there twice; keep one", field.name);
                self.wrong(field.line, clip, message);
                continue;
            }
            match TEXTS.iter().find(|(name, _)| *name == field.name) {
                Some((_, place)) => *place(&mut made) = self.text(&field, value, clip),
                None if field.name == "estimated_tempo" => {
                    made.estimated_tempo = self.tempo(value, clip);
                }
                None => {
                    let (_, count) = unknown.entry(field.name).or_insert((field.line, 0));
                    *count += 1;
                }
            }
        }
        if let Some(key) = key {
            self.take_key(&mut made, &key);
        }
        let shown = made.clip_id.as_deref().or(made.video_path.as_deref());
        if shown.is_none() && self.mistakes.len() == before {
            let message = "the entry names no clip; give it a clip_id or a video_path";
            self.wrong(line, None, message);
        }
        let twice =
            |known: &mut HashMap<String, usize>, name: Option<String>| known.insert(name?, line);
        let id = made.clip_id.as_ref().map(|id| id.to_lowercase());
        let first = [
            ("clip_id", twice(at_id, id)),
            ("video_path", twice(at_path, made.video_path.clone())),
        ];
        if let Some((field, Some(first))) = first.iter().find(|(_, first)| first.is_some()) {
            let message = format!("the {field} is there already, in line {first}; keep one entry");
            self.wrong(line, clip, message);
        }
        if self.mistakes.len() == before {
            let at = self.made.entries.len();
            if let Some(id) = &made.clip_id {
                self.made.by_id.insert(id.to_lowercase(), at);
            }
            self.made.entries.push(made);
        }
    }

    /// What an object's key names: a path where it looks like one, else an id. What the entry says of
    /// the same must agree.
    fn take_key(&mut self, made: &mut Annotation, key: &Key) {
        let is_path = key.name.contains('/') || has_suffix_of_video(&key.name);
        let (field, place) = match is_path {
            true => ("video_path", &mut made.video_path),
            false => ("clip_id", &mut made.clip_id),
        };
        match place {
            None => *place = Some(tidy(&key.name)),
            Some(said) if *said == tidy(&key.name) => {}
            // A key that is a file's name beside the path of that file says the same.
            Some(said) if is_path && is_end(&tidy(&key.name), said) => {}
            Some(said) => {
                let message =
                    format!("{field} is `{said}`, and the key says otherwise; make them one");
                self.wrong(key.line, Some(&key.name), message);
            }
        }
    }

    fn text(&mut self, field: &Key, value: Placed, clip: Option<&str>) -> Option<String> {
        let (line, name) = (value.line, &field.name);
        match value.value {
            Value::Null => None,
            Value::Text(text) if text.chars().count() > TEXT_CHARS_MAX => {
                let message = format!("{name} has more than {TEXT_CHARS_MAX} characters");
                self.wrong(line, clip, message);
                None
            }
            Value::Text(text) if text.trim().is_empty() => None,
            Value::Text(text) if name == "video_path" => Some(tidy(&text)),
            Value::Text(text) => Some(text.trim().to_owned()),
            other => {
                let message = format!("{name} is {}, and must be a text", other.kind());
                self.wrong(line, clip, message);
                None
            }
        }
    }

    fn tempo(&mut self, value: Placed, clip: Option<&str>) -> Option<f64> {
        match value.value {
            Value::Null => None,
            Value::Number(bpm) if (TEMPO_BPM_MIN..=TEMPO_BPM_MAX).contains(&bpm) => Some(bpm),
            Value::Number(bpm) => {
                let message = format!(
                    "estimated_tempo is {bpm}, and must be {TEMPO_BPM_MIN} to {TEMPO_BPM_MAX} beats a \
                     minute"
                );
                self.wrong(value.line, clip, message);
                None
            }
            other => {
                let kind = other.kind();
                let message = format!("estimated_tempo is {kind}, and must be a number");
                self.wrong(value.line, clip, message);
                None
            }
        }
    }
}

/// Whether `clips` is an entry of a clip of that name, and not the list of all.
fn looks_like_entry(value: &Value) -> bool {
    let Value::Object(fields) = value else { return false };
    fields.iter().any(|(key, value)| {
        let is_field = TEXTS.iter().any(|(name, _)| *name == key.name);
        (is_field || key.name == "estimated_tempo")
            && !matches!(value.value, Value::Object(_) | Value::List(_))
    })
}

/// A path as a listing has it: with `/`, and without `./` before it.
fn tidy(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    path.trim_start_matches("./").to_owned()
}

fn has_suffix_of_video(name: &str) -> bool {
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix.to_ascii_lowercase());
    suffix.is_some_and(|suffix| {
        ["mp4", "m4v", "mov", "mkv", "avi", "webm"].contains(&suffix.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::assigned::Assigned;

    fn parsed(text: &str) -> Annotations {
        Annotations::parse("annotations.json", text.as_bytes()).unwrap()
    }

    fn refused(text: &str) -> String {
        let made = Annotations::parse("annotations.json", text.as_bytes());
        made.unwrap_err().to_string()
    }

    #[test]
    fn a_list_a_map_and_a_list_under_clips_say_the_same() {
        let entry = r#""move_label": "basic_step", "difficulty": null, "estimated_tempo": 129.2"#;
        let texts = [
            format!(r#"[{{"clip_id": "step_03", {entry}}}]"#),
            format!("\u{feff}{{\"step_03\": {{{entry}}}}}"),
            format!(r#"{{"version": 2, "clips": [{{"clip_id": "step_03", {entry}}}]}}"#),
            format!(r#"{{"clips": {{"step_03": {{{entry}}}}}}}"#),
            format!(r#"{{"a/step_03.mp4": {{{entry}}}}}"#),
            format!(r#"{{"step_03.mp4": {{"video_path": "data/a/step_03.mp4", {entry}}}}}"#),
            format!(r#"[{{"video_path": ".\\a\\step_03.mp4", {entry}}}]"#),
        ];
        for text in texts {
            let made = parsed(&text);
            let assigned = Assigned::new(&made, ["a/step_03.mp4", "a/step_04.mp4"]);
            let found = assigned.find("step_03", "a/step_03.mp4").unwrap();
            assert_eq!(found.move_label.as_deref(), Some("basic_step"), "{text}");
            assert_eq!((found.estimated_tempo, &found.difficulty), (Some(129.2), &None), "{text}");
            assert!(assigned.find("step_04", "a/step_04.mp4").is_none(), "{text}");
        }
    }

    #[test]
    fn a_wrong_type_is_named_with_line_and_clip_and_all_are_told() {
        let text = "[\n {\"clip_id\": \"step_03\",\n  \"difficulty\": 3},\n {\"clip_id\": \"b\", \
                    \"estimated_tempo\": \"fast\",\n  \"move_label\": [\"x\"]},\n 7, {}\n]";
        let said = refused(text);
        for line in [
            "annotations.json:3: clip `step_03`: difficulty is a number, and must be a text",
            "annotations.json:4: clip `b`: estimated_tempo is a text, and must be a number",
            "annotations.json:5: clip `b`: move_label is a list, and must be a text",
            "annotations.json:6: is a number, and must be an object",
            "annotations.json:6: the entry names no clip",
        ] {
            assert!(said.contains(line), "no {line:?} in {said}");
        }
    }

    #[test]
    fn what_stands_twice_or_cannot_be_is_refused() {
        #[rustfmt::skip]
        let cases = [
            ("[{\"clip_id\": \"a\"},\n{\"clip_id\": \"a\"}]", ":2: clip `a`: the clip_id is there already, in line 1"),
            ("[{\"clip_id\": \"a\"},\n{\"clip_id\": \"A\"}]", ":2: clip `A`: the clip_id is there already, in line 1"),
            ("{\"a\": {},\n\"a\": {}}",                      ":2: clip `a`: the clip_id is there already, in line 1"),
            ("[{\"clip_id\": \"a\", \"clip_id\": \"b\"}]",   ":1: clip `a`: clip_id is there twice"),
            ("[{\"clip_id\": \"a\", \"estimated_tempo\": 9000}]", "estimated_tempo is 9000, and must be 10 to 500"),
            ("{\"a\": {\"clip_id\": \"b\"}}",                "clip_id is `b`, and the key says otherwise"),
            ("[{\"clip_id\": \"a\"},\n oops]",               "annotations.json:2: is not JSON: expected value"),
            ("\"a\"",                                        "annotations.json:1: is a text, and must be a list"),
            ("{\"clips\": 3}",                               "`clips` is a number, and must be a list"),
        ];
        for (text, words) in cases {
            let said = refused(text);
            assert!(said.contains(words), "{text}: {said}");
        }
        assert!(
            Annotations::parse("a", &[b'[', b'\n', 0xff]).unwrap_err().to_string().contains(":2:")
        );
        assert!(refused(&"[".repeat(10_000)).contains("is not JSON"));
        let long = format!("[{{\"clip_id\": \"{}\"}}]", "x".repeat(2_000));
        assert!(refused(&long).contains("more than 1024 characters"));
    }

    #[test]
    fn an_unknown_field_is_told_once() {
        let made =
            parsed("[{\"clip_id\": \"a\", \"notes\": 1},\n{\"clip_id\": \"b\", \"notes\": {}}]");
        assert_eq!(
            made.warnings,
            ["annotations.json:1: `notes` is no field of an annotation, in 2 entries; ignored"]
        );
    }
}
