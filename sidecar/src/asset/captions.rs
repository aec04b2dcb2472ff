//! Captions given beside a library: csv, json or jsonl, by asset id or path.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::Caption;

/// Most bytes of a caption; longer ones are no captions.
const CAPTION_BYTES_MAX: usize = 8 << 10;

/// Captions by asset id or by path inside the library.
#[derive(Clone, Debug, Default)]
pub struct Captions {
    by_key: HashMap<String, Caption>,
}

/// Why a file of captions cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use captions {file}: {reason}")]
pub struct CaptionsError {
    file: String,
    reason: String,
}

/// One entry. The key and both languages go by the names people use.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(alias = "asset_id", alias = "object_id", alias = "path", alias = "key")]
    id: String,
    #[serde(default, alias = "caption_en", alias = "english", alias = "caption")]
    en: Option<String>,
    #[serde(default, alias = "caption_zh", alias = "chinese")]
    zh: Option<String>,
}

/// A value of a JSON object of captions: the English sentence, or both.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    English(String),
    Both {
        #[serde(default, alias = "caption_en", alias = "caption")]
        en: Option<String>,
        #[serde(default, alias = "caption_zh")]
        zh: Option<String>,
    },
}

impl Captions {
    /// Reads captions; the suffix of `file` says how.
    ///
    /// * `.csv`: a header with `id`, `object_id` or `path`, then `en`/`caption_en` and
    ///   `zh`/`caption_zh`.
    /// * `.jsonl`: one object a line with the same names.
    /// * `.json`: an array of such objects, or an object from id or path to `{en, zh}` or to
    ///   the English sentence.
    ///
    /// # Errors
    ///
    /// Names the line or entry that cannot be read.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, CaptionsError> {
        let fail = |reason: String| CaptionsError { file: file.to_owned(), reason };
        let suffix = file.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let rows = match suffix.as_str() {
            "csv" => from_csv(bytes),
            "jsonl" | "ndjson" => from_lines(bytes),
            "json" => from_json(bytes),
            _ => Err("the name must end in .csv, .json or .jsonl".to_owned()),
        };
        let rows = rows.map_err(fail)?;
        if !rows.is_empty() && rows.iter().all(|row| row.en.is_none() && row.zh.is_none()) {
            return Err(fail("no entry has a caption: name them `en` and `zh`".to_owned()));
        }
        let mut by_key = HashMap::new();
        for Row { id, en, zh } in rows {
            let kept = |text: Option<String>| {
                text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
            };
            let caption = Caption { en: kept(en), zh: kept(zh) };
            let longest = [&caption.en, &caption.zh].into_iter().flatten().map(String::len).max();
            if longest > Some(CAPTION_BYTES_MAX) {
                return Err(fail(format!(
                    "the caption of {id} is longer than {CAPTION_BYTES_MAX} bytes"
                )));
            }
            by_key.insert(id, caption);
        }
        Ok(Self { by_key })
    }

    /// The caption of an asset. Where a file was written for a larger library, its paths may
    /// start with `<library>/`.
    pub fn find(&self, library: &str, id: &str, path: &str) -> Caption {
        self.entry(library, id, path).cloned().unwrap_or_default()
    }

    /// Whether there is an entry for an asset, as [`Captions::find`] looks for it.
    pub fn has(&self, library: &str, id: &str, path: &str) -> bool {
        self.entry(library, id, path).is_some()
    }

    fn entry(&self, library: &str, id: &str, path: &str) -> Option<&Caption> {
        let found = self.by_key.get(id).or_else(|| self.by_key.get(path));
        found.or_else(|| match self.by_key.is_empty() {
            true => None,
            false => self.by_key.get(&format!("{library}/{path}")),
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

fn from_csv(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes); // Excel writes a BOM.
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    reader.deserialize().collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn from_lines(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let full = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    full.map(|(at, line)| {
        serde_json::from_slice(line).map_err(|error| format!("line {}: {error}", at + 1))
    })
    .collect()
}

fn from_json(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match value {
        Value::Array(rows) => rows
            .into_iter()
            .enumerate()
            .map(|(at, row)| {
                serde_json::from_value(row).map_err(|error| format!("entry {}: {error}", at + 1))
            })
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(id, value)| {
                let given = serde_json::from_value(value)
                    .map_err(|_| format!("entry {id}: give a sentence, or en and zh"))?;
                Ok(match given {
                    Given::English(en) => Row { id, en: Some(en), zh: None },
                    Given::Both { en, zh } => Row { id, en, zh },
                })
            })
            .collect(),
        _ => Err("give an array or an object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_formats_say_the_same() {
        #[rustfmt::skip]
        let cases: &[(&str, &str)] = &[
            ("a.csv",   "object_id,caption_en,caption_zh\na/x.usd,\"A red, old chair\",一把红椅子\n"),
            ("b.csv",   "\u{feff}path,en,zh\na/x.usd,\"A red, old chair\",一把红椅子\n"),
            ("a.jsonl", "{\"id\":\"a/x.usd\",\"en\":\"A red, old chair\",\"zh\":\"一把红椅子\"}\n\n"),
            ("a.json",  "[{\"path\":\"a/x.usd\",\"caption_en\":\"A red, old chair\",\"zh\":\"一把红椅子\"}]"),
            ("b.json",  "{\"a/x.usd\":{\"en\":\"A red, old chair\",\"zh\":\"一把红椅子\"}}"),
        ];
        for (file, text) in cases {
            let captions = Captions::parse(file, text.as_bytes()).unwrap();
            let caption = captions.find("lib", "0123", "a/x.usd");
            assert_eq!(caption.en.as_deref(), Some("A red, old chair"), "{file}");
            assert_eq!(caption.zh.as_deref(), Some("一把红椅子"), "{file}");
        }
    }

    #[test]
    fn an_asset_is_found_by_id_path_or_library_and_path() {
        let text = r#"{"0123": "by id", "a/x.usd": "by path", "lib/b.usd": "by both"}"#;
        let captions = Captions::parse("c.json", text.as_bytes()).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("0123", "a/x.usd", Some("by id")),
            ("4567", "a/x.usd", Some("by path")),
            ("4567", "b.usd",   Some("by both")),
            ("4567", "c.usd",   None),
        ];
        for (id, path, expected) in cases {
            assert_eq!(captions.find("lib", id, path).en.as_deref(), expected, "{id} {path}");
        }
    }

    #[test]
    fn a_broken_entry_is_named() {
        let error = Captions::parse("c.jsonl", b"{\"id\":\"a\"}\n{oops\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = Captions::parse("c.txt", b"").unwrap_err();
        assert!(error.to_string().contains(".csv, .json or .jsonl"), "{error}");
    }
}
