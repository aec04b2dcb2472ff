//! The mapping of an index: every field of a document, and nothing else.

use serde_json::{Map, Value, json};

use super::analyzers::Analyzers;
use super::vectors;
use super::wanted::{FieldWanted, Holds, Wanted};
use crate::asset::Content;

/// Lucene takes terms of up to 32,766 bytes, and a character has up to four: longer names of
/// strangers are kept, and cannot be searched for.
const TERM_CHARS_MAX: u32 = 8_000;

/// How an index is created: to be filled fast.
pub(super) fn creation(wanted: &Wanted, analyzers: &Analyzers, meta: &Value) -> Value {
    let loading = vectors::loading(&wanted.vectors);
    json!({
        "settings": {"index": {
            "number_of_shards": wanted.shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            // Whole tags and prim types, not words: a stage may name many.
            "mapping": {"total_fields": {"limit": 2_000}},
        }},
        "mappings": {
            "dynamic": "strict",
            "_meta": meta,
            "properties": properties((wanted.holds, &wanted.fields), analyzers, Some(&loading)),
        },
    })
}

/// Settings of an index that is being filled.
pub(super) fn loading_settings() -> Value {
    json!({"index": {
        "refresh_interval": "-1", "number_of_replicas": 0, "auto_expand_replicas": false,
    }})
}

/// Settings of an index that is searched.
pub(super) fn serving_settings(wanted: &Wanted) -> Value {
    match wanted.replicas {
        Some(replicas) => json!({"index": {
            "refresh_interval": null, "auto_expand_replicas": false, "number_of_replicas": replicas,
        }}),
        None => json!({"index": {"refresh_interval": null, "auto_expand_replicas": "0-1"}}),
    }
}

/// Vector fields alone, each with its `index_options`.
pub(super) fn vector_properties(fields: &[(&FieldWanted, Value)]) -> Value {
    let one = |(field, options): &(&FieldWanted, Value)| {
        (field.field.clone(), property(field, Some(options)))
    };
    fields.iter().map(one).collect()
}

/// The `index_options` of a vector field in the `properties` of a mapping.
pub(super) fn options_of<'a>(field: &FieldWanted, properties: &'a Value) -> &'a Value {
    let property = &properties[&field.field];
    match field.content {
        Content::Description | Content::Caption | Content::Motion | Content::Sound => {
            &property["index_options"]
        }
        Content::Views => &property["properties"]["vector"]["index_options"],
    }
}

/// A field of vectors: one a document, or one a view, each a nested document of its own.
fn property(field: &FieldWanted, options: Option<&Value>) -> Value {
    match field.content {
        Content::Description | Content::Caption | Content::Motion | Content::Sound => {
            vector(field, options)
        }
        Content::Views => json!({
            "type": "nested", "dynamic": "strict",
            "properties": {"view": {"type": "integer"}, "vector": vector(field, options)},
        }),
    }
}

fn vector(field: &FieldWanted, options: Option<&Value>) -> Value {
    let mut property = json!({
        "type": "dense_vector", "dims": field.dims, "index": true, "similarity": "cosine",
    });
    if let Some(options) = options {
        property["index_options"] = options.clone();
    }
    property
}

/// All fields. `options`: those of the vector fields.
pub(super) fn properties(
    (holds, fields): (Holds, &[FieldWanted]),
    analyzers: &Analyzers,
    options: Option<&Value>,
) -> Value {
    let mut all = match holds {
        Holds::Assets => of_assets(analyzers),
        Holds::Clips => of_clips(analyzers),
    };
    if let Some(all) = all.as_object_mut() {
        let vectors: Map<String, Value> =
            fields.iter().map(|field| (field.field.clone(), property(field, options))).collect();
        all.extend(vectors);
    }
    all
}

/// A text that is compared as a whole.
fn keyword() -> Value {
    json!({"type": "keyword", "ignore_above": TERM_CHARS_MAX})
}

/// A text that is searched by its words.
fn text(analyzer: &str) -> Value {
    json!({"type": "text", "analyzer": analyzer})
}

/// The whole text beside its words: what `--where` compares.
fn told(analyzer: &str) -> Value {
    let mut told = text(analyzer);
    told["fields"] = json!({"whole": keyword()});
    told
}

/// A name, and its words beside it.
fn named(analyzer: &str) -> Value {
    json!({
        "type": "keyword", "ignore_above": TERM_CHARS_MAX, "fields": {"words": text(analyzer)},
    })
}

fn kind(name: &str) -> Value {
    json!({"type": name})
}

/// Keys are strangers' words: as fields of their own they would grow the mapping without end.
fn counts() -> Value {
    json!({"type": "flattened", "ignore_above": TERM_CHARS_MAX})
}

fn object(properties: Value) -> Value {
    json!({"dynamic": "strict", "properties": properties})
}

/// What the next run continues from; nobody searches it.
fn state() -> Value {
    json!({"type": "keyword", "index": false, "ignore_above": TERM_CHARS_MAX})
}

/// Kept as it is, and not searched.
fn kept() -> Value {
    json!({"type": "object", "enabled": false})
}

fn of_clips(analyzers: &Analyzers) -> Value {
    json!({
        "clip_id": keyword(),
        "video_path": keyword(),
        "move_label": named(&analyzers.en),
        "difficulty": keyword(),
        "energy_level": keyword(),
        "lead_follow_roles": keyword(),
        "estimated_tempo": kind("double"),
        "description": told(&analyzers.en),
        "has_annotation": kind("boolean"),
        "lead_from": keyword(),
        "has_sound": kind("boolean"),
        "quality_score": kind("double"),
        "detection_rate": kind("double"),
        "frame_count": kind("long"),
        "processing_time": kind("double"),
        "version": keyword(),
        "created_at": kind("date"),
        "fingerprint": keyword(),
        "embedding_fingerprint": counts(),
        "state": state(),
        "run_state": kept(),
    })
}

fn of_assets(analyzers: &Analyzers) -> Value {
    let usd = json!({
        "default_prim": keyword(),
        "up_axis": keyword(),
        "meters_per_unit": kind("double"),
        "start_time": kind("double"),
        "end_time": kind("double"),
        "fps": kind("double"),
        "time_codes_per_second": kind("double"),
        "has_animation": kind("boolean"),
        "points": kind("long"),
        "faces": kind("long"),
        "instances": kind("long"),
        "prims": counts(),
        "bounds": object(json!({
            "min": kind("double"), "max": kind("double"), "size_m": kind("double"),
        })),
        "cameras": keyword(),
        "lights": keyword(),
        "skeletons": keyword(),
        "materials": keyword(),
        "kinds": counts(),
        "applied_schemas": counts(),
        "variant_sets": object(json!({
            "prim": keyword(), "name": keyword(), "variants": keyword(), "selection": keyword(),
        })),
        "documentation": told(&analyzers.en),
        "custom_data_keys": keyword(),
        "dependencies": keyword(),
        "missing_dependencies": keyword(),
    });
    let extent = json!({
        "longest": kind("double"), "height": kind("double"),
        "x": kind("double"), "y": kind("double"), "z": kind("double"),
    });
    json!({
        "asset_id": keyword(),
        "name": named(&analyzers.en),
        "library": keyword(),
        "pack": keyword(),
        "uri": keyword(),
        "path": keyword(),
        "tags": keyword(),
        "size_bytes": kind("long"),
        "modified": kind("date"),
        "fingerprint": keyword(),
        "embedding_fingerprint": counts(),
        "extractor_version": keyword(),
        "indexed_at": kind("date"),
        "used_by": kind("long"),
        "caption": object(json!({"en": told(&analyzers.en), "zh": told(&analyzers.zh)})),
        "description": told(&analyzers.en),
        "usd": object(usd),
        "extent_m": object(extent),
        "thumbnail_uri": keyword(),
        "model_uri": keyword(),
        "has_visual_embedding": kind("boolean"),
        "state": state(),
        "run_state": kept(),
    })
}

#[cfg(test)]
mod tests {
    use vitrine_crds::library::{Algorithm, Vectors};

    use super::*;
    use crate::index::Owner;

    fn field(name: &str, algorithm: Algorithm, content: Content) -> FieldWanted {
        FieldWanted {
            field: name.to_owned(),
            dims: 384,
            embedding: name.split('_').next().unwrap().to_owned(),
            algorithm,
            content,
            model_uri: "m".to_owned(),
            model_fingerprint: "f".to_owned(),
        }
    }

    /// Applications search by these names: a change here is a change of their contract.
    #[test]
    fn the_mapping_is_as_it_was() {
        let wanted = Wanted {
            holds: Holds::Assets,
            alias: "assets".to_owned(),
            owner: Owner::default(),
            fields: vec![field("text_embedding", Algorithm::Text, Content::Description)],
            vectors: Vectors::default(),
            shards: 1,
            replicas: None,
            shared_alias: None,
            adopt: false,
            retain_old: std::time::Duration::ZERO,
        };
        let analyzers = Analyzers { en: "english".to_owned(), zh: "smartcn".to_owned() };
        let made = creation(&wanted, &analyzers, &json!({}));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/index/mapping.json");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(made, kept, "{path} says otherwise; the mapping is now {made:#}");
    }

    #[test]
    fn each_view_is_a_nested_document_and_its_options_are_found_again() {
        let analyzers = Analyzers { en: "english".to_owned(), zh: "cjk".to_owned() };
        let views = field("look_views", Algorithm::Clip, Content::Views);
        let caption = field("look_text", Algorithm::Clip, Content::Caption);
        let both = [views.clone(), caption.clone()];
        let properties =
            properties((Holds::Assets, &both), &analyzers, Some(&json!({"type": "flat"})));
        let vector = json!({
            "type": "dense_vector", "dims": 384, "index": true, "similarity": "cosine",
            "index_options": {"type": "flat"},
        });
        let nested = json!({
            "type": "nested", "dynamic": "strict",
            "properties": {"view": {"type": "integer"}, "vector": vector},
        });
        assert_eq!((&properties["look_views"], &properties["look_text"]), (&nested, &vector));
        let grown = vector_properties(&[
            (&views, json!({"type": "int8_hnsw"})),
            (&caption, json!({"type": "hnsw"})),
        ]);
        assert_eq!(options_of(&views, &grown)["type"], "int8_hnsw");
        assert_eq!(options_of(&caption, &grown)["type"], "hnsw");
    }

    /// As above, of clips.
    #[test]
    fn the_mapping_of_clips_is_as_it_was() {
        let fields = crate::asset::clip::VECTORS.map(|vector| FieldWanted {
            field: vector.field.to_owned(),
            dims: vector.dims,
            embedding: vector.name.to_owned(),
            content: vector.content,
            ..field("x", Algorithm::Text, Content::Description)
        });
        let analyzers = Analyzers { en: "english".to_owned(), zh: "cjk".to_owned() };
        let options = json!({"type": "flat"});
        let made = properties((Holds::Clips, &fields), &analyzers, Some(&options));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/index/mapping_clips.json");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_default())
            .unwrap_or_default();
        assert_eq!(made, kept, "{path} says otherwise; the mapping is now {made:#}");
    }
}
