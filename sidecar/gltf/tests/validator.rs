//! The Khronos Group's validator finds no error in what is written.
//!
//! `VITRINE_TEST_GLTF_VALIDATOR` names the folder that npm put it into; `make setup`'s part for
//! tests does that.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod scenes;

use std::path::{Path, PathBuf};
use std::process::Command;

use vitrine_gltf::{Options, write};

/// What is expected and no fault: viewers make tangents, and pictures of tests are small.
const WARNINGS_MEANT: [&str; 1] = ["MESH_PRIMITIVE_GENERATED_TANGENT_SPACE"];

fn validate(packages: &Path, files: &[PathBuf]) -> Vec<serde_json::Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate.cjs");
    let ran = Command::new("node").arg(script).arg(packages).args(files).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "the validator did not run: {errors}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn no_file_that_is_written_has_an_error_and_one_that_is_damaged_has() {
    let Some(packages) = std::env::var_os("VITRINE_TEST_GLTF_VALIDATOR").map(PathBuf::from) else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_GLTF_VALIDATOR is not");
        eprintln!("SKIPPED: set VITRINE_TEST_GLTF_VALIDATOR to the folder of npm's gltf-validator");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut last = Vec::new();
    for (name, scene) in scenes::all() {
        let path = folder.path().join(format!("{name}.glb"));
        last = write(&scene, &Options::default()).unwrap();
        std::fs::write(&path, &last).unwrap();
        files.push(path);
    }
    let made = files.len();
    let damaged = folder.path().join("damaged.glb");
    std::fs::write(&damaged, String::from_utf8_lossy(&last).replace("nodes", "knots")).unwrap();
    files.push(damaged);
    let reports = validate(&packages, &files);
    assert_eq!(reports.len(), files.len());
    for report in &reports[..made] {
        assert_eq!(report["numErrors"], 0, "{report:#}");
        for message in report["messages"].as_array().unwrap() {
            let is_warning = message["severity"].as_u64() < Some(2);
            let is_meant = WARNINGS_MEANT.iter().any(|meant| message["code"] == *meant);
            assert!(!is_warning || is_meant, "{message:#}");
        }
    }
    let found = reports[made]["numErrors"].as_u64().unwrap()
        + reports[made]["numWarnings"].as_u64().unwrap();
    assert!(found > 0, "the validator overlooks a damaged file");
}
