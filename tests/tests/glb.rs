//! GLB assets beside USD ones: the same facts, pictures and models.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vitrine_tests::library::{Library, usda};
use vitrine_tests::program::{command, run};

/// Of a size and number that cost little: pictures are drawn without optimisation here.
const PICTURES: [&str; 4] = ["--views", "2", "--size", "64"];
/// Where a USD's bounds and those of the GLB made of it may differ, of the asset's longest side:
/// GLB keeps places in 32 bits and rotations as quaternions.
const BOUNDS_TOLERANCE: f64 = 1e-4;

/// Demo assets: Z up and Y up, metres and centimetres, with and without textures, one a package.
const DEMO: [&str; 4] = [
    "kitchen/apple.usdc",
    "office/display.usdz",
    "office/filing_cabinet.usd",
    "warehouse/traffic_cone.usda",
];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/library")
}

/// A library of demo assets, with all textures of theirs.
fn usd_library() -> Library {
    let library = Library::new();
    for path in DEMO {
        library.write(path, std::fs::read(demo().join(path)).unwrap());
    }
    for folder in ["kitchen/textures", "office/textures", "warehouse/textures"] {
        for texture in std::fs::read_dir(demo().join(folder)).unwrap().flatten() {
            let path = format!("{folder}/{}", texture.file_name().to_string_lossy());
            library.write(&path, std::fs::read(texture.path()).unwrap());
        }
    }
    library
}

fn glb_of(path: &str) -> String {
    format!("glbs/{}", path.replace('/', "-") + ".glb")
}

/// `min` and `max` of a document in metres and Y up.
fn upright(document: &Value) -> [[f64; 3]; 2] {
    let usd = &document["usd"];
    let metres = usd["meters_per_unit"].as_f64().unwrap();
    let corner = |name: &str| {
        let corner = &usd["bounds"][name];
        [0, 1, 2].map(|axis| corner[axis].as_f64().unwrap() * metres)
    };
    let (min, max) = (corner("min"), corner("max"));
    match usd["up_axis"].as_str().unwrap() {
        "Y" => [min, max],
        _ => [[min[0], min[2], -max[1]], [max[0], max[2], -min[1]]],
    }
}

fn materials(document: &Value) -> Vec<String> {
    let paths = document["usd"]["materials"].as_array().unwrap().iter();
    let mut names: Vec<String> =
        paths.map(|path| path.as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn model(library: &Library, path: &str) -> PathBuf {
    library.catalog().join(library.document(path)["model_uri"].as_str().unwrap())
}

#[test]
fn an_asset_has_the_same_facts_as_usd_and_as_glb_and_the_same_kind_of_files() {
    let library = usd_library();
    library.drawn(&PICTURES);
    for path in DEMO {
        library.write(&glb_of(path), std::fs::read(model(&library, path)).unwrap());
    }
    let report = library.drawn(&PICTURES);
    assert_eq!(report["counts"]["read"], 8, "USD and GLB are taken without being asked for");
    assert_eq!(report["counts"]["failed"], 0, "{report:#}");
    let mut models = Vec::new();
    for path in DEMO {
        let (usd, glb) = (library.document(path), library.document(&glb_of(path)));
        let ([min, max], [glb_min, glb_max]) = (upright(&usd), upright(&glb));
        let longest = (0..3).map(|axis| max[axis] - min[axis]).fold(0.0, f64::max);
        for axis in 0..3 {
            for (usd, glb) in [(min[axis], glb_min[axis]), (max[axis], glb_max[axis])] {
                let apart = (usd - glb).abs() / longest;
                assert!(apart < BOUNDS_TOLERANCE, "{path}, axis {axis}: {usd} and {glb}");
            }
        }
        assert_eq!(materials(&glb), materials(&usd), "{path}");
        let faces = |document: &Value| document["usd"]["faces"].as_u64().unwrap();
        assert!(faces(&glb) >= faces(&usd), "{path}: triangles are at least as many as faces");
        assert_eq!(glb["usd"]["up_axis"], "Y");
        assert_eq!(glb["usd"]["dependencies"], json!([]));
        assert_eq!(glb["extractor_version"], "gltf-1");
        assert_eq!(glb["pack"], "glbs");
        let id = glb["asset_id"].as_str().unwrap();
        let views = std::fs::read_dir(library.catalog().join("thumbnails").join(id)).unwrap();
        assert_eq!(views.count(), 2, "{path}");
        let thumbnail = glb["thumbnail_uri"].as_str().unwrap();
        let thumbnail = std::fs::read(library.catalog().join(thumbnail)).unwrap();
        assert!(thumbnail.starts_with(b"\x89PNG"), "{path}");
        models.push(model(&library, &glb_of(path)));
    }
    validate(&models);
    // Nothing changed: nothing is read.
    assert_eq!(library.drawn(&PICTURES)["found"]["to_read"], 0);
}

/// The Khronos Group's validator finds no error in any of `files`.
fn validate(files: &[PathBuf]) {
    let Some(packages) = std::env::var_os("VITRINE_TEST_GLTF_VALIDATOR") else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_GLTF_VALIDATOR is not");
        eprintln!("SKIPPED: set VITRINE_TEST_GLTF_VALIDATOR to the folder of npm's gltf-validator");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sidecar/gltf/tests/validate.cjs");
    let ran = Command::new("node").arg(script).arg(packages).args(files).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "the validator did not run: {errors}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    let reports: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), files.len());
    for report in reports {
        assert_eq!(report["numErrors"], 0, "{report:#}");
    }
}

/// A GLB whose JSON is `json`, with `bin` as its other chunk, which says that it has `length` bytes.
fn glb(json: &Value, bin: &[u8], length: Option<u32>) -> Vec<u8> {
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut file = b"glTF\x02\0\0\0".to_vec();
    let whole = 12 + 8 + text.len() + 8 + bin.len();
    file.extend((whole as u32).to_le_bytes());
    file.extend((text.len() as u32).to_le_bytes());
    file.extend(b"JSON");
    file.extend(&text);
    file.extend(length.unwrap_or(bin.len() as u32).to_le_bytes());
    file.extend(b"BIN\0");
    file.extend(bin);
    file
}

/// One triangle of 1 × 2 × 0 metres, in a GLB that says `count` points and `length` bytes of them.
fn triangle(count: u64, length: Option<u32>) -> Vec<u8> {
    let points: [f32; 9] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0];
    let bin: Vec<u8> = points.iter().flat_map(|value| value.to_le_bytes()).collect();
    let json = json!({
        "asset": { "version": "2.0", "extras": { "title": "Windsor chair", "author": "Ada" } },
        "buffers": [{ "byteLength": bin.len() }],
        "bufferViews": [{ "buffer": 0, "byteLength": bin.len() }],
        "accessors": [{ "bufferView": 0, "componentType": 5126, "count": count, "type": "VEC3",
            "min": [0.0, 0.0, 0.0], "max": [1.0, 2.0, 0.0] }],
        "meshes": [{ "name": "Seat", "primitives": [{ "attributes": { "POSITION": 0 } }] }],
        "nodes": [{ "mesh": 0 }],
        "scenes": [{ "nodes": [0] }],
        "scene": 0,
    });
    glb(&json, &bin, length)
}

#[test]
fn what_a_file_says_of_itself_is_in_the_sentence() {
    let library = Library::new();
    library.write("000-001/chair.glb", triangle(3, None));
    let mut call = command(&["inspect", "000-001/chair.glb", "--output", "json"]);
    let found = run(call.current_dir(library.path())).json(0);
    assert_eq!(found["usd"]["bounds"]["size_m"], json!([1.0, 2.0, 0.0]));
    assert_eq!(found["usd"]["points"], 3);
    assert_eq!(found["usd"]["custom_data_keys"], json!(["author", "title"]));
    let sentence = found["description"].as_str().unwrap();
    assert!(sentence.contains("Windsor chair") && sentence.contains("seat"), "{sentence}");
}

#[test]
fn a_hostile_glb_costs_itself_alone_and_says_why() {
    let library = Library::new();
    let whole = triangle(3, None);
    library.write("desk.usda", usda("Desk", "", ""));
    library.write("good.glb", &whole);
    library.write("truncated.glb", &whole[..whole.len() - 20]);
    library.write("lies.glb", triangle(3, Some(u32::MAX)));
    library.write("many.glb", triangle(u64::MAX, None));
    library.write("empty.glb", "");
    library.write("text.glb", "#usda 1.0");
    let report = library.drawn(&PICTURES);
    assert_eq!(report["counts"]["indexed"], 2, "{report:#}");
    assert_eq!(report["counts"]["failed"], 5, "{report:#}");
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 5);
    for failure in failures {
        let reason = failure["reason"].as_str().unwrap();
        assert!(reason.contains(".glb: "), "{reason}");
        assert_eq!(failure["attempts"], 1, "it ended no child: {reason}");
    }
}
