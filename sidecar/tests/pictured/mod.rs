//! A catalogue of assets with views and captions, as a run publishes it, without a run.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use vitrine::asset::{Content, Document};
use vitrine::catalog::packed::{CURRENT, Current, Packed};
use vitrine_crds::library::Algorithm;

const FOLDER: &str = ".vitrine/vectors/1";

/// The vectors of a field: of which asset, and one row or, of views, several.
pub type Rows = Vec<(usize, Vec<Vec<f32>>)>;

/// The embedding `look`: its model, and the fingerprints of both halves.
pub struct Model<'a> {
    pub uri: &'a str,
    pub texts: &'a str,
    pub pictures: &'a str,
}

/// Ids stand in the order of numbers.
pub fn id(number: usize) -> String {
    format!("{number:016x}")
}

/// An asset of pack `office` or, every third, `garden`.
pub fn document(number: usize) -> Document {
    let pack = if number.is_multiple_of(3) { "garden" } else { "office" };
    serde_json::from_value(json!({
        "asset_id": id(number), "name": format!("thing{number}"), "library": "lib",
        "pack": pack, "uri": format!("file:///lib/{pack}/thing{number}.usda"),
        "path": format!("{pack}/thing{number}.usda"), "tags": ["thing"], "size_bytes": 1,
        "modified": "2026-01-01T00:00:00Z", "fingerprint": "f", "embedding_fingerprint": {},
        "extractor_version": "1", "indexed_at": "2026-01-01T00:00:00Z", "used_by": number,
        "caption": {}, "description": format!("thing number {number}"), "usd": {},
        "thumbnail_uri": format!("thumbnails/{}.png", id(number)),
        "has_visual_embedding": true,
    }))
    .unwrap()
}

/// Writes a catalogue of `count` assets with the fields `look_text` and `look_views`.
pub fn write(root: &Path, count: usize, model: &Model, captions: &Rows, views: &Rows) {
    std::fs::create_dir_all(root.join(FOLDER)).unwrap();
    let documents: String = (0..count)
        .map(|number| format!("{}\n", serde_json::to_value(document(number)).unwrap()))
        .collect();
    std::fs::write(root.join(FOLDER).join("documents.jsonl"), documents).unwrap();
    let mut fields = BTreeMap::new();
    for (name, content, rows, fingerprint) in [
        ("look_text", Content::Caption, captions, model.texts),
        ("look_views", Content::Views, views, model.pictures),
    ] {
        let mut packed = pack(root, name, rows);
        packed.content = content;
        packed.model_uri = model.uri.to_owned();
        packed.model_fingerprint = fingerprint.to_owned();
        fields.insert(name.to_owned(), packed);
    }
    let current = Current {
        v: 1,
        library: "lib".to_owned(),
        run: 1,
        published_at: "2026-01-01T00:00:00Z".to_owned(),
        documents_count: count as u64,
        documents: format!("{FOLDER}/documents.jsonl"),
        known: String::new(),
        fields,
        index: None,
    };
    let current: Value = serde_json::to_value(current).unwrap();
    std::fs::write(root.join(CURRENT), current.to_string()).unwrap();
}

fn pack(root: &Path, name: &str, rows: &Rows) -> Packed {
    let (mut numbers, mut ids) = (Vec::new(), String::new());
    for (number, rows) in rows {
        for row in rows {
            numbers.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            ids.push_str(&format!("{}\n", id(*number)));
        }
    }
    let packed = Packed {
        dims: rows[0].1[0].len(),
        count: rows.iter().map(|(_, rows)| rows.len()).sum(),
        vectors: format!("{FOLDER}/{name}.f32"),
        ids: format!("{FOLDER}/{name}.ids"),
        embedding: "look".to_owned(),
        algorithm: Algorithm::Clip,
        content: Content::Views,
        model_uri: String::new(),
        model_fingerprint: String::new(),
    };
    std::fs::write(root.join(&packed.vectors), numbers).unwrap();
    std::fs::write(root.join(&packed.ids), ids).unwrap();
    packed
}
