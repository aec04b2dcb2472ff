//! What a catalogue is told of a file.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod scenes;

use serde_json::{Value, json};
use vitrine_gltf::{Facts, Limits, Options, read_with_facts, write};

fn facts(file: &[u8]) -> Facts {
    read_with_facts(file, &Limits::default()).unwrap().1
}

/// A `.gltf` of one triangle of 1 × 2 metres, 44 bytes of buffer, with `rest` beside it.
fn triangle(rest: Value) -> Facts {
    let points: [f32; 9] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0];
    let bytes: Vec<u8> = points.iter().flat_map(|value| value.to_le_bytes()).collect();
    use base64::Engine;
    let uri = base64::engine::general_purpose::STANDARD.encode(&bytes);
    let mut root = json!({
        "asset": { "version": "2.0", "generator": "Exporter", "copyright": "2020" },
        "buffers": [{
            "uri": format!("data:application/octet-stream;base64,{uri}"),
            "byteLength": bytes.len(),
        }],
        "bufferViews": [{ "buffer": 0, "byteLength": bytes.len() }],
        "accessors": [{ "bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3" }],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 } }] }],
        "nodes": [{ "mesh": 0 }],
    });
    for (key, value) in rest.as_object().unwrap() {
        root[key] = value.clone();
    }
    facts(&serde_json::to_vec(&root).unwrap())
}

#[test]
fn what_is_shown_is_counted_as_often_as_it_is_shown() {
    let found = triangle(json!({
        "nodes": [
            { "mesh": 0, "name": "Seat" },
            { "mesh": 0, "name": "Back", "translation": [5.0, 0.0, 0.0] },
            { "mesh": 0, "name": "Hidden", "translation": [50.0, 0.0, 0.0] },
        ],
        "scenes": [{ "nodes": [0, 1] }],
    }));
    assert_eq!((found.points, found.faces, found.instances), (6, 2, 2));
    assert_eq!((found.counts["Node"], found.counts["Mesh"]), (2, 2));
    assert_eq!(found.bounds.unwrap().max, [6.0, 2.0, 0.0]);
    assert_eq!(found.names, ["Seat", "Back"]);
    assert!(!found.has_animation && found.warnings.is_empty());
}

#[test]
fn names_come_from_what_is_used_and_nameless_things_are_numbered() {
    let found = triangle(json!({
        "materials": [{ "name": "Unused" }, {}, { "name": "Wood" }],
        "meshes": [{ "name": "Chair_Wood_0", "primitives": [
            { "attributes": { "POSITION": 0 }, "material": 2 },
            { "attributes": { "POSITION": 0 }, "material": 1 },
        ] }],
        "nodes": [
            { "name": "Root", "children": [1, 2, 3] },
            { "name": "Chair", "mesh": 0 },
            { "name": "Sun", "extensions": { "KHR_lights_punctual": { "light": 0 } } },
            { "name": "Eye", "camera": 0 },
        ],
        "cameras": [{ "type": "perspective", "perspective": { "yfov": 0.5, "znear": 0.1 } }],
        "animations": [{ "channels": [], "samplers": [] }],
        "scenes": [{ "nodes": [0] }],
    }));
    assert_eq!(found.materials, ["Wood", "material 1"]);
    assert_eq!(found.names, ["Chair", "Chair_Wood_0"]);
    assert_eq!((found.lights, found.cameras), (vec!["Sun".to_owned()], vec!["Eye".to_owned()]));
    assert!(found.has_animation);
    assert_eq!(found.counts["Material"], 3);
}

#[test]
fn the_title_is_the_documentation_and_whatever_else_extras_are_is_no_mistake() {
    let asset = |extras: Value| json!({ "asset": { "version": "2.0", "extras": extras } });
    let found = triangle(asset(json!({
        "title": " Windsor chair ", "author": "Ada", "license": "CC-BY-4.0", "more": { "a": [1] },
    })));
    assert_eq!(found.documentation.as_deref(), Some("Windsor chair"));
    assert_eq!(found.extras, ["author", "license", "more", "title"]);
    for other in [json!(null), json!(3), json!("text"), json!([{ "title": "no" }])] {
        let found = triangle(asset(other));
        assert_eq!((found.documentation, found.extras), (None, Vec::new()));
    }
    assert_eq!(triangle(json!({})).documentation, None, "a generator is no documentation");
}

#[test]
fn what_is_written_has_the_facts_of_its_scene() {
    for (name, scene) in scenes::all() {
        let found = facts(&write(&scene, &Options::default()).unwrap());
        assert_eq!(found.faces, scene.triangles(), "{name}");
        assert_eq!(found.bounds.is_some(), scene.bounds().is_some(), "{name}");
        assert_eq!(found.cameras.len(), scene.cameras.len(), "{name}");
    }
}
