//! Catalogues for tests: what publish would have written.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use vitrine_crds::library::Algorithm;

use crate::asset::Content;
use crate::catalog::packed::{CURRENT, Current, Packed};

/// Path of the documents inside a catalogue of [`write`].
pub const DOCUMENTS: &str = ".vitrine/vectors/1/documents.jsonl";

/// A document with what a search needs.
pub fn document(asset_id: &str, name: &str, pack: &str, description: &str) -> Value {
    let tags: Vec<String> = name.split('_').map(str::to_lowercase).collect();
    json!({
        "asset_id": asset_id, "name": name, "library": "lib", "pack": pack,
        "uri": format!("file:///lib/{pack}/{name}.usda"), "path": format!("{pack}/{name}.usda"),
        "tags": tags, "size_bytes": 10, "modified": "2024-01-01T00:00:00Z", "fingerprint": "f",
        "embedding_fingerprint": {}, "extractor_version": "1",
        "indexed_at": "2024-01-01T00:00:00Z", "used_by": 0, "caption": {},
        "description": description, "has_visual_embedding": false,
        "thumbnail_uri": format!("thumbnails/{asset_id}.png"),
        "usd": {"up_axis": "Y", "bounds": {"min": [0, 0, 0], "max": [1, 1, 1], "size_m": [1, 2, 0.5]}},
    })
}

/// Writes the packed files of one field; row n belongs to the id of n, see [`row_id`].
pub fn write_field(root: &Path, name: &str, rows: &[Vec<f32>]) -> Packed {
    let folder = ".vitrine/vectors/1";
    std::fs::create_dir_all(root.join(folder)).unwrap();
    let bytes: Vec<u8> = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    let ids: String = (0..rows.len()).map(|row| format!("{}\n", row_id(row))).collect();
    let packed = Packed {
        dims: rows[0].len(),
        count: rows.len(),
        vectors: format!("{folder}/{name}.f32"),
        ids: format!("{folder}/{name}.ids"),
        embedding: name.trim_end_matches("_embedding").to_owned(),
        algorithm: Algorithm::Text,
        content: Content::Description,
        model_uri: "models/none".to_owned(),
        model_fingerprint: "model-1".to_owned(),
    };
    std::fs::write(root.join(&packed.vectors), bytes).unwrap();
    std::fs::write(root.join(&packed.ids), ids).unwrap();
    packed
}

/// As [`write_field`], of the embedding `look`: each asset has `each` rows, one a view.
pub fn write_views(root: &Path, name: &str, rows: &[Vec<f32>], each: usize) -> Packed {
    let packed = Packed {
        algorithm: Algorithm::Clip,
        content: Content::Views,
        embedding: "look".to_owned(),
        ..write_field(root, name, rows)
    };
    let ids: String = (0..rows.len()).map(|row| format!("{}\n", row_id(row / each))).collect();
    std::fs::write(root.join(&packed.ids), ids).unwrap();
    packed
}

/// As [`write_field`], of the captions of the embedding `look`.
pub fn write_captions(root: &Path, name: &str, rows: &[Vec<f32>]) -> Packed {
    Packed {
        algorithm: Algorithm::Clip,
        content: Content::Caption,
        embedding: "look".to_owned(),
        ..write_field(root, name, rows)
    }
}

/// The id of a row: sorted as the rows are.
pub fn row_id(row: usize) -> String {
    format!("{row:016x}")
}

/// Writes `documents.jsonl`, sorted by id.
pub fn write_documents(root: &Path, documents: &[Value]) {
    let mut sorted = documents.to_vec();
    sorted.sort_by_key(|document| document["asset_id"].as_str().unwrap().to_owned());
    let text: String = sorted.iter().map(|document| format!("{document}\n")).collect();
    let path = root.join(DOCUMENTS);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Writes a whole catalogue.
pub fn write(root: &Path, documents: &[Value], fields: BTreeMap<String, Packed>) {
    write_documents(root, documents);
    let current = Current {
        v: 1,
        library: "lib".to_owned(),
        run: 1,
        published_at: "2024-01-01T00:00:00Z".to_owned(),
        documents_count: documents.len() as u64,
        documents: DOCUMENTS.to_owned(),
        known: String::new(),
        fields,
        index: None,
    };
    std::fs::write(root.join(CURRENT), serde_json::to_vec(&current).unwrap()).unwrap();
}
