//! One document as Elasticsearch takes it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wanted::FieldWanted;
use super::{Server, vectors};
use crate::asset::clip::Clip;
use crate::asset::{Content, Document};

/// What a document says.
#[derive(Clone, Copy, Debug)]
pub enum Described<'a> {
    /// Of an asset.
    Asset(&'a Document),
    /// Of a clip.
    Clip(&'a Clip),
}

impl<'a> From<&'a Document> for Described<'a> {
    fn from(document: &'a Document) -> Self {
        Self::Asset(document)
    }
}

impl<'a> From<&'a Clip> for Described<'a> {
    fn from(clip: &'a Clip) -> Self {
        Self::Clip(clip)
    }
}

/// What an index holds of one asset or clip.
pub struct Body<'a, S> {
    /// The document.
    pub document: Described<'a>,
    /// Covers all that the next run compares; the run makes it.
    pub state: &'a str,
    /// What the next run continues from, where the index is all it has.
    pub run_state: &'a S,
    /// The vector fields of the index.
    pub fields: &'a [FieldWanted],
    /// Vectors by field, of length 1. Those of views come one after another, `[views, dims]`, the one
    /// of view 0 first.
    pub vectors: &'a [(&'a str, &'a [f32])],
}

/// What is not in the catalogue's document.
#[derive(Serialize)]
struct Beside<'a, S> {
    #[serde(skip_serializing_if = "Option::is_none")]
    extent_m: Option<Extent>,
    state: &'a str,
    run_state: &'a S,
}

/// How large an asset is, in metres, a field each: an index keeps the numbers of a list in order of
/// size, and which side is which is lost.
#[derive(Serialize)]
struct Extent {
    longest: f64,
    height: f64,
    x: f64,
    y: f64,
    z: f64,
}

impl Extent {
    fn of(document: &Document) -> Option<Self> {
        let [x, y, z] = document.usd.bounds.as_ref()?.size_m;
        let height = if document.usd.up_axis == "Z" { z } else { y };
        Some(Self { longest: x.max(y).max(z), height, x, y, z })
    }
}

/// Writes `body` as one JSON object on one line. Vectors are big-endian float32 in base64 where the
/// server takes that, else numbers.
pub fn encode<S: Serialize>(body: &Body<'_, S>, server: &Server) -> Vec<u8> {
    let Body { document, state, run_state, fields, vectors } = body;
    let mut out = Vec::with_capacity(4_096);
    let extent_m = match document {
        Described::Asset(document) => {
            let fit = with_fit_keys(document);
            serde_json::to_writer(&mut out, &fit).expect("documents are JSON");
            Extent::of(document)
        }
        Described::Clip(clip) => {
            serde_json::to_writer(&mut out, clip).expect("documents are JSON");
            None
        }
    };
    join(&mut out, &Beside { extent_m, state, run_state: *run_state });
    for (name, vector) in *vectors {
        out.pop(); // The closing brace.
        out.push(b',');
        serde_json::to_writer(&mut out, name).expect("memory can be written to");
        out.push(b':');
        let views = fields.iter().find(|one| one.field == *name && one.content == Content::Views);
        match views {
            Some(field) => write_views(vector, field.dims, server, &mut out),
            None => vectors::write(vector, server.base64_vectors(), &mut out),
        }
        out.push(b'}');
    }
    out
}

/// Writes `[{"view": 0, "vector": …}, …]`.
///
/// * `rows`: `[views, dims]`.
fn write_views(rows: &[f32], dims: usize, server: &Server, out: &mut Vec<u8>) {
    out.push(b'[');
    for (view, row) in rows.chunks_exact(dims.max(1)).enumerate() {
        let comma = if view == 0 { "" } else { "," };
        out.extend_from_slice(format!("{comma}{{\"view\":{view},\"vector\":").as_bytes());
        vectors::write(row, server.base64_vectors(), out);
        out.push(b'}');
    }
    out.push(b']');
}

/// Longest key of a `flattened` field, in bytes, with room for its value: Lucene takes terms of
/// up to 32,766 bytes.
const KEY_BYTES_MAX: usize = 8_000;

/// `document`, with keys that an index takes: strangers name types and kinds, and a document is not
/// refused for a name. Longer keys are cut, and a NUL in one is left out.
fn with_fit_keys(document: &Document) -> Cow<'_, Document> {
    let is_fit = |key: &String| key.len() <= KEY_BYTES_MAX && !key.contains('\0');
    let usd = &document.usd;
    let maps = [&usd.prims, &usd.kinds, &usd.applied_schemas];
    if maps.iter().all(|map| map.keys().all(is_fit)) {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    let usd = &mut document.usd;
    for map in [&mut usd.prims, &mut usd.kinds, &mut usd.applied_schemas] {
        let mut fit = BTreeMap::new();
        for (key, count) in std::mem::take(map) {
            let mut key = key.replace('\0', "");
            key.truncate(key.floor_char_boundary(KEY_BYTES_MAX));
            let sum: &mut u64 = fit.entry(key).or_default();
            *sum = sum.saturating_add(count);
        }
        *map = fit;
    }
    Cow::Owned(document)
}

/// Adds the keys of `more` to the object in `out`.
fn join(out: &mut Vec<u8>, more: &impl Serialize) {
    out.pop();
    let at = out.len();
    serde_json::to_writer(&mut *out, more).expect("our own records are JSON");
    out[at] = b','; // Its opening brace: a document is never empty.
}

/// A document out of an index.
#[derive(Clone, Debug)]
pub struct Exported<D = Document> {
    /// The document.
    pub document: D,
    /// What the run left there.
    pub run_state: Value,
    /// Vectors by field; those of views one after another, as [`Body`] takes them.
    pub vectors: Vec<(String, Vec<f32>)>,
}

#[derive(Deserialize)]
struct Stored<D> {
    #[serde(flatten)]
    document: D,
    #[serde(default)]
    run_state: Value,
}

impl<D: DeserializeOwned> Exported<D> {
    /// Reads `_source`; `fields` are those of vectors.
    ///
    /// # Errors
    ///
    /// A sentence on what it lacks.
    pub(super) fn read(mut source: Value, fields: &[String]) -> Result<Self, String> {
        let mut vectors = Vec::new();
        for field in fields {
            let taken = source.as_object_mut().and_then(|source| source.shift_remove(field));
            if let Some(vector) = taken {
                let vector = read_vectors(&vector)
                    .ok_or_else(|| format!("the vector {field} is none: {vector}"))?;
                vectors.push((field.clone(), vector));
            }
        }
        let Stored { document, run_state } =
            serde_json::from_value(source).map_err(|error| error.to_string())?;
        Ok(Self { document, run_state, vectors })
    }
}

/// A vector, or those of all views, one after another.
fn read_vectors(value: &Value) -> Option<Vec<f32>> {
    let rows = match value {
        Value::Array(rows) if rows.first().is_some_and(Value::is_object) => rows.as_slice(),
        Value::Object(_) => std::slice::from_ref(value),
        _ => return read_vector(value),
    };
    let mut all = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        if row["view"].as_u64() != u64::try_from(number).ok() {
            return None;
        }
        all.extend(read_vector(&row["vector"])?);
    }
    Some(all)
}

/// A vector as an answer shows it: numbers, or the base64 that was sent.
pub fn read_vector(value: &Value) -> Option<Vec<f32>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    match value {
        Value::Array(numbers) => {
            numbers.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
        }
        Value::String(text) => {
            let bytes = STANDARD.decode(text).ok()?;
            let (words, rest) = bytes.as_chunks::<4>();
            rest.is_empty().then(|| words.iter().map(|word| f32::from_be_bytes(*word)).collect())
        }
        _ => None,
    }
}
