//! Vector options: what the configuration says, as Elasticsearch wants it.

use serde_json::{Value, json};
use vitrine_crds::library::{VectorIndex, Vectors};

/// Fewer documents than this are compared one by one: exact, and as fast as a graph.
pub(super) const FLAT_BELOW: u64 = 10_000;
/// From this many documents on, a byte a number is too much memory.
const ONE_BIT_FROM: u64 = 1_000_000;
/// How many times `k` quantized candidates are compared exactly, where the configuration says
/// nothing: recall@10 rises from 0.96 to 0.999 at 200,000 vectors.
const OVERSAMPLE: f64 = 2.0;
/// The same where a number is one bit, and the most that Elasticsearch takes. 9.5 compares no more
/// than that, whatever `num_candidates` is: of 4,000 sentences that say nearly the same it finds
/// 58 % of the ten nearest with 2, 68 % with its own default of 3, and 91 % with 10.
const ONE_BIT_OVERSAMPLE: f64 = 10.0;

/// `index_options` of an index of `documents` documents.
pub(super) fn options(vectors: &Vectors, documents: u64) -> Value {
    let Vectors { kind, m, ef_construction, oversample } = vectors;
    let (name, is_graph, is_quantized) = match resolved(*kind, documents) {
        VectorIndex::Auto | VectorIndex::Flat => ("flat", false, false),
        VectorIndex::Hnsw => ("hnsw", true, false),
        VectorIndex::Int8Hnsw => ("int8_hnsw", true, true),
        VectorIndex::Int4Hnsw => ("int4_hnsw", true, true),
        VectorIndex::BbqHnsw => ("bbq_hnsw", true, true),
        VectorIndex::Int8Flat => ("int8_flat", false, true),
        VectorIndex::BbqFlat => ("bbq_flat", false, true),
    };
    let mut options = json!({"type": name});
    if is_graph {
        if let Some(m) = m {
            options["m"] = json!(m);
        }
        if let Some(candidates) = ef_construction {
            options["ef_construction"] = json!(candidates);
        }
    }
    if is_quantized {
        let usual = if name.starts_with("bbq") { ONE_BIT_OVERSAMPLE } else { OVERSAMPLE };
        options["rescore_vector"] = json!({"oversample": oversample.unwrap_or(usual)});
    }
    options
}

fn resolved(kind: VectorIndex, documents: u64) -> VectorIndex {
    match kind {
        VectorIndex::Auto if documents < FLAT_BELOW => VectorIndex::Flat,
        VectorIndex::Auto if documents < ONE_BIT_FROM => VectorIndex::Int8Hnsw,
        VectorIndex::Auto => VectorIndex::BbqHnsw,
        other => other,
    }
}

/// How far along the way from exact to small a type is: Elasticsearch lets a field go on, and
/// never back.
pub(super) fn rank(name: &str) -> u32 {
    match name {
        "flat" => 0,
        "int8_flat" => 1,
        "int4_flat" => 2,
        "bbq_flat" => 3,
        "hnsw" => 4,
        "int8_hnsw" => 5,
        "int4_hnsw" => 6,
        "bbq_hnsw" => 7,
        _ => u32::MAX,
    }
}

/// What fills fastest: no graph is built while documents arrive. A type that no flat index can
/// become later is taken at once.
pub(super) fn loading(vectors: &Vectors) -> Value {
    match vectors.kind {
        VectorIndex::Int8Flat | VectorIndex::BbqFlat => options(vectors, 0),
        _ => json!({"type": "flat"}),
    }
}

/// A vector as a document carries it, after the opening quote or bracket and before the closing.
pub(super) fn write(vector: &[f32], is_packed: bool, out: &mut Vec<u8>) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    if is_packed {
        // Big-endian: little-endian is taken too, and is wrong.
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_be_bytes()).collect();
        let start = out.len() + 1;
        out.push(b'"');
        out.resize(start + bytes.len().div_ceil(3) * 4, 0);
        let written = STANDARD
            .encode_slice(&bytes, &mut out[start..])
            .expect("the place is as long as the text");
        out.truncate(start + written);
        out.push(b'"');
    } else {
        serde_json::to_writer(out, vector).expect("memory can be written to");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_grows_with_the_library() {
        let kind = |documents| options(&Vectors::default(), documents)["type"].clone();
        assert_eq!([kind(9_999), kind(10_000), kind(1_000_000)], ["flat", "int8_hnsw", "bbq_hnsw"]);
        assert_eq!(options(&Vectors::default(), 10_000)["rescore_vector"]["oversample"], 2.0);
    }

    #[test]
    fn packed_vectors_are_big_endian() {
        let mut out = Vec::new();
        write(&[1.0, -2.0], true, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\"P4AAAMAAAAA=\"");
        let mut out = Vec::new();
        write(&[1.0, -2.5], false, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "[1.0,-2.5]");
    }
}
