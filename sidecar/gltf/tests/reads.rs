//! What others write: hand-made files, each for one part of the format.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vitrine_gltf::{GltfError, Limits, read};
use vitrine_scene::{Projection, Scene, Topology};

const FLOAT: u32 = 5126;

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A `.gltf` with one buffer view a blob, all in one `data:` buffer, and `rest` beside them.
fn file(blobs: &[Vec<u8>], rest: Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut views = Vec::new();
    for blob in blobs {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        views.push(json!({ "buffer": 0, "byteOffset": bytes.len(), "byteLength": blob.len() }));
        bytes.extend(blob);
    }
    let uri = format!("data:application/octet-stream;base64,{}", STANDARD.encode(&bytes));
    let mut root = json!({
        "asset": { "version": "2.0" },
        "buffers": [{ "uri": uri, "byteLength": bytes.len() }],
        "bufferViews": views,
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0 }],
    });
    for (key, value) in rest.as_object().unwrap() {
        root[key] = value.clone();
    }
    serde_json::to_vec(&root).unwrap()
}

fn accessor(view: usize, component: u32, count: usize, kind: &str) -> Value {
    json!({ "bufferView": view, "componentType": component, "count": count, "type": kind })
}

fn scene(file: &[u8]) -> Scene {
    read(file, &Limits::default()).unwrap()
}

fn refusal(file: &[u8]) -> String {
    read(file, &Limits::default()).unwrap_err().to_string()
}

const TRIANGLE: [f32; 9] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

fn triangle(rest: Value) -> Vec<u8> {
    let mut all = json!({
        "accessors": [accessor(0, FLOAT, 3, "VEC3")],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 } }] }],
    });
    for (key, value) in rest.as_object().unwrap() {
        all[key] = value.clone();
    }
    file(&[floats(&TRIANGLE)], all)
}

/// Where the first instance's vertices are in the world.
fn world(scene: &Scene) -> Vec<[f64; 3]> {
    let instance = &scene.instances[0];
    let to = &instance.to_world;
    let mesh = &scene.meshes[instance.mesh as usize];
    let moved = |[x, y, z]: [f64; 3]| {
        std::array::from_fn(|axis| {
            x * to[0][axis] + y * to[1][axis] + z * to[2][axis] + to[3][axis]
        })
    };
    mesh.positions.iter().map(|position| moved(position.map(f64::from))).collect()
}

fn is_near(points: &[[f64; 3]], wanted: &[[f64; 3]]) -> bool {
    points.len() == wanted.len()
        && points.iter().flatten().zip(wanted.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6)
}

#[test]
fn nodes_hang_from_one_another() {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let file = triangle(json!({ "nodes": [
        { "children": [1], "translation": [10, 0, 0], "scale": [2, 2, 2] },
        { "mesh": 0, "rotation": [0, 0, half, half] },
    ]}));
    // A quarter turn about z, twice as large, then ten along x.
    let wanted = [[10.0, 0.0, 0.0], [10.0, 2.0, 0.0], [8.0, 0.0, 0.0]];
    assert!(is_near(&world(&scene(&file)), &wanted));
    let columns = [0, 2, 0, 0, -2, 0, 0, 0, 0, 0, 2, 0, 10, 0, 0, 1];
    let file = triangle(json!({ "nodes": [{ "mesh": 0, "matrix": columns }] }));
    assert!(is_near(&world(&scene(&file)), &wanted));
}

#[test]
fn only_the_default_scene_is_shown() {
    let nodes = json!([{ "mesh": 0 }, { "mesh": 0, "translation": [5, 0, 0] }]);
    let scenes = json!([{ "nodes": [0] }, { "nodes": [1] }]);
    let file = triangle(json!({ "nodes": nodes, "scenes": scenes, "scene": 1 }));
    let shown = scene(&file);
    assert_eq!(shown.instances.len(), 1);
    assert_eq!(shown.instances[0].to_world[3][0], 5.0);
    let file = triangle(json!({ "nodes": nodes, "scenes": [] }));
    assert_eq!(scene(&file).instances.len(), 2, "without a scene, whatever hangs from nothing");
}

#[test]
fn sparse_accessors_change_what_is_there_or_zeros() {
    let changed = |dense: bool| {
        let mut positions = json!({
            "componentType": FLOAT, "count": 3, "type": "VEC3",
            "sparse": {
                "count": 1,
                "indices": { "bufferView": 1, "componentType": 5121 },
                "values": { "bufferView": 2 },
            },
        });
        if dense {
            positions["bufferView"] = json!(0);
        }
        let blobs = [floats(&TRIANGLE), vec![2], floats(&[7.0, 8.0, 9.0])];
        let mesh = json!([{ "primitives": [{ "attributes": { "POSITION": 0 } }] }]);
        scene(&file(&blobs, json!({ "accessors": [positions], "meshes": mesh })))
    };
    assert_eq!(changed(true).meshes[0].positions, [[0.0; 3], [1.0, 0.0, 0.0], [7.0, 8.0, 9.0]]);
    assert_eq!(changed(false).meshes[0].positions, [[0.0; 3], [0.0; 3], [7.0, 8.0, 9.0]]);
}

#[test]
fn small_integers_gaps_and_strides_are_read() {
    // Quantised: signed bytes with a gap, normalised shorts, bytes as colours without alpha.
    let positions = [0, 0, 0, 99, 127, 0, 0, 99, 0, 129, 0, 99].to_vec();
    let uvs: Vec<u8> =
        [0_u16, 65535, 65535, 0, 32768, 0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let colours = [255, 0, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
    let mut root: Value = serde_json::from_slice(&file(
        &[positions, uvs, colours],
        json!({
            "extensionsRequired": ["KHR_mesh_quantization"],
            "accessors": [
                { "bufferView": 0, "componentType": 5120, "normalized": true, "count": 3, "type": "VEC3" },
                { "bufferView": 1, "componentType": 5123, "normalized": true, "count": 3, "type": "VEC2" },
                { "bufferView": 2, "componentType": 5121, "normalized": true, "count": 3, "type": "VEC3" },
            ],
            "meshes": [{ "primitives": [
                { "attributes": { "POSITION": 0, "TEXCOORD_0": 1, "COLOR_0": 2 } },
            ]}],
        }),
    ))
    .unwrap();
    root["bufferViews"][0]["byteStride"] = json!(4);
    root["bufferViews"][2]["byteStride"] = json!(4);
    let mesh = &scene(&serde_json::to_vec(&root).unwrap()).meshes[0];
    assert_eq!(mesh.positions, [[0.0; 3], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]);
    assert_eq!(mesh.uvs[0][0], [0.0, 0.0]);
    assert_eq!(mesh.uvs[0][1], [1.0, 1.0]);
    assert_eq!(mesh.colours.as_ref().unwrap()[0], [1.0, 0.0, 0.2, 1.0]);
}

#[test]
fn primitives_with_one_material_each_are_parts_of_one_mesh() {
    let indices: Vec<u8> = vec![0, 1, 2, 2, 1, 0];
    let scene = scene(&file(
        &[floats(&TRIANGLE), indices],
        json!({
            "accessors": [
                accessor(0, FLOAT, 3, "VEC3"),
                accessor(1, 5121, 3, "SCALAR"),
                { "bufferView": 1, "byteOffset": 3, "componentType": 5121, "count": 3, "type": "SCALAR" },
            ],
            "materials": [{ "name": "front" }, { "name": "back" }, { "doubleSided": true }],
            "meshes": [{ "primitives": [
                { "attributes": { "POSITION": 0 }, "indices": 1, "material": 0 },
                { "attributes": { "POSITION": 0 }, "indices": 2, "material": 1 },
                { "attributes": { "POSITION": 0 }, "indices": 2, "material": 2 },
                { "attributes": { "POSITION": 0 }, "mode": 2 },
            ]}],
        }),
    ));
    assert_eq!(scene.meshes.len(), 3, "segments, one-sided, two-sided");
    let one_sided = &scene.meshes[1];
    assert_eq!(one_sided.positions.len(), 3, "shared attributes are stored once");
    assert_eq!(one_sided.indices, [0, 1, 2, 2, 1, 0]);
    assert_eq!(one_sided.parts.len(), 2);
    assert!(matches!(scene.meshes[0].topology, Topology::Segments { width } if width > 0.0));
    assert_eq!(scene.meshes[0].indices, [0, 1, 1, 2, 2, 0]);
    assert!(scene.meshes[2].is_double_sided);
    assert_eq!(scene.instances.len(), 3);
}

#[test]
fn morph_targets_stand_by_their_default_weights() {
    let shift = floats(&[0.0, 0.0, 4.0].repeat(3));
    let with = |node: Value, mesh_weights: Value| {
        scene(&file(
            &[floats(&TRIANGLE), shift.clone()],
            json!({
                "nodes": [node],
                "accessors": [accessor(0, FLOAT, 3, "VEC3"), accessor(1, FLOAT, 3, "VEC3")],
                "meshes": [{
                    "weights": mesh_weights,
                    "primitives": [{ "attributes": { "POSITION": 0 }, "targets": [{ "POSITION": 1 }] }],
                }],
            }),
        ))
        .meshes[0]
            .positions[1]
    };
    assert_eq!(with(json!({ "mesh": 0 }), json!([0.5])), [1.0, 0.0, 2.0]);
    assert_eq!(with(json!({ "mesh": 0, "weights": [0.25] }), json!([0.5])), [1.0, 0.0, 1.0]);
    assert_eq!(with(json!({ "mesh": 0 }), json!([])), [1.0, 0.0, 0.0]);
}

#[test]
fn skins_stand_where_their_joints_do() {
    // Both joints' binds undo (0, 1, 0); the second stands at (0, 3, 0). The mesh's node is ignored.
    let inverse: Vec<f32> =
        [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -1, 0, 1].map(|value| value as f32).repeat(2);
    let joints = [0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0].to_vec();
    let weights = [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0];
    let posed = scene(&file(
        &[floats(&TRIANGLE), joints, floats(&weights), floats(&inverse)],
        json!({
            "scenes": [{ "nodes": [0, 1] }],
            "nodes": [
                { "mesh": 0, "skin": 0, "translation": [100, 0, 0] },
                { "translation": [0, 1, 0], "children": [2] },
                { "translation": [0, 2, 0] },
            ],
            "skins": [{ "joints": [1, 2], "inverseBindMatrices": 3 }],
            "accessors": [
                accessor(0, FLOAT, 3, "VEC3"),
                accessor(1, 5121, 3, "VEC4"),
                accessor(2, FLOAT, 3, "VEC4"),
                accessor(3, FLOAT, 2, "MAT4"),
            ],
            "meshes": [{ "primitives": [
                { "attributes": { "POSITION": 0, "JOINTS_0": 1, "WEIGHTS_0": 2 } },
            ]}],
        }),
    ));
    let wanted = [[0.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 2.0, 0.0]];
    assert!(is_near(&world(&posed), &wanted), "{:?}", world(&posed));
}

#[test]
fn materials_keep_factors_transforms_and_strength() {
    let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let read = scene(&triangle(json!({
        "images": [{ "uri": pixel, "name": "dot" }, { "uri": "elsewhere.png" }],
        "samplers": [{ "wrapS": 33071, "wrapT": 33648 }],
        "textures": [{ "source": 0, "sampler": 0 }, { "source": 1 }],
        "materials": [{
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.5, 0.25, 1, 0.75],
                "baseColorTexture": { "index": 0, "texCoord": 1, "extensions": {
                    "KHR_texture_transform": { "offset": [0.5, 0.25], "scale": [2, 4], "texCoord": 0 },
                }},
                "metallicRoughnessTexture": { "index": 1 },
            },
            "emissiveFactor": [1, 0.5, 0],
            "extensions": { "KHR_materials_emissive_strength": { "emissiveStrength": 6 } },
            "alphaMode": "BLEND",
        }],
    })));
    let material = &read.materials[0];
    assert_eq!(material.base_colour, [0.5, 0.25, 1.0]);
    assert_eq!((material.opacity, material.metallic, material.roughness), (0.75, 1.0, 1.0));
    assert_eq!(material.emissive, [6.0, 3.0, 0.0]);
    let texture = material.base_colour_texture.as_ref().unwrap();
    assert_eq!(texture.uv_set, 0);
    // From the upper left: u·2 + ½, v·4 + ¼; from the lower left v·4 − 3 − ¼.
    assert_eq!(texture.transform, [[2.0, 0.0], [0.0, 4.0], [0.5, -3.25]]);
    assert_eq!(
        (texture.wrap_s, texture.wrap_t),
        (vitrine_scene::Wrap::Clamp, vitrine_scene::Wrap::Mirror)
    );
    assert_eq!(read.pictures.len(), 1);
    assert_eq!(image::load_from_memory(&read.pictures[0].bytes).unwrap().width(), 1);
    assert!(material.metallic_texture.is_none());
    assert!(read.warnings[0].contains("image 1 is in another file"), "{:?}", read.warnings);
}

#[test]
fn cameras_get_a_horizontal_angle_and_names_of_their_own() {
    let read = scene(&triangle(json!({
        "scenes": [{ "nodes": [0, 1] }],
        "nodes": [{ "camera": 0, "name": "eye", "scale": [3, 3, 3] }, { "camera": 0, "name": "eye" }],
        "cameras": [{ "type": "perspective", "perspective": { "yfov": 1.0, "aspectRatio": 2.0, "znear": 0.1 } }],
    })));
    let Projection::Perspective { fov_x, aspect } = read.cameras[0].projection else { panic!() };
    assert!((fov_x - 2.0 * (0.5_f64.tan() * 2.0).atan()).abs() < 1e-12 && aspect == 2.0);
    assert_eq!(read.cameras[0].to_world[0][0], 1.0, "without scale");
    assert_ne!(read.cameras[0].name, read.cameras[1].name);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_name() {
    let draco = json!([{ "primitives": [{
        "attributes": { "POSITION": 0 },
        "extensions": { "KHR_draco_mesh_compression": { "bufferView": 0, "attributes": {} } },
    }]}]);
    let bare = json!([{ "componentType": FLOAT, "count": 3, "type": "VEC3" }]);
    let reason =
        json!([{ "buffer": 0, "byteLength": 36, "extensions": { "EXT_meshopt_compression": {} } }]);
    #[rustfmt::skip]
    let cases: &[(&str, Value)] = &[
        ("requires the extension KHR_draco_mesh_compression", json!({ "extensionsRequired": ["KHR_draco_mesh_compression"] })),
        ("requires the extension KHR_draco_mesh_compression", json!({ "meshes": draco, "accessors": bare })),
        ("requires the extension EXT_meshopt_compression", json!({ "bufferViews": reason })),
        ("requires the extension ACME_secret", json!({ "extensionsRequired": ["ACME_secret"] })),
        ("it is glTF 1.0", json!({ "asset": { "version": "1.0" } })),
        ("in another file", json!({ "buffers": [{ "uri": "triangle.bin", "byteLength": 36 }] })),
        ("beyond its buffer", json!({ "accessors": [accessor(0, FLOAT, 4, "VEC3")] })),
        ("node 0 hangs from two places", json!({ "nodes": [{}, { "children": [0] }, { "children": [0] }] })),
        ("its own ancestor", json!({ "nodes": [{ "children": [1] }, { "children": [0] }], "scenes": [{ "nodes": [0, 0] }] })),
        ("its mesh 5 is missing", json!({ "nodes": [{ "mesh": 5 }] })),
        ("material 3 is missing", json!({ "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 }, "material": 3 }] }] })),
    ];
    for (part, change) in cases {
        let said = refusal(&triangle(change.clone()));
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn zeros_and_nodes_that_cost_the_file_nothing_cost_the_limits() {
    let huge = json!([{ "componentType": FLOAT, "count": 1_u64 << 52, "type": "VEC3" }]);
    let file = triangle(json!({ "accessors": huge }));
    let refused = read(&file, &Limits::default());
    assert!(matches!(refused, Err(GltfError::TooMuch { what: "numbers", .. })), "{refused:?}");
    let chain: Vec<Value> = (1..=1000).map(|child| json!({ "children": [child] })).collect();
    let nodes: Vec<Value> = chain.into_iter().chain([json!({ "mesh": 0 })]).collect();
    let file = triangle(json!({ "nodes": nodes }));
    let refused = read(&file, &Limits::default());
    assert!(matches!(refused, Err(GltfError::TooMuch { what: "nodes above one another", .. })));
    let limits = Limits { nodes_max: 10, ..Limits::default() };
    assert!(read(&file, &limits).is_err());
    let limits = Limits { file_bytes_max: 100, ..Limits::default() };
    assert!(matches!(read(&file, &limits), Err(GltfError::TooMuch { what: "bytes", max: 100 })));
}
