//! Our reading of USD files against what pxr said of them.
//!
//! The demo library travels with the project. The real files do not: `VITRINE_TEST_DATA` names the
//! folder that has them.

#[path = "../examples/oracle/compare.rs"]
mod compare;
#[path = "../examples/oracle/exceptions.rs"]
mod exceptions;

use std::path::{Path, PathBuf};

use compare::{Agreement, Difference, FIELDS, compare_set};

/// The share of real files that has to be equal in all core fields at once.
const SHARE_MIN: f64 = 0.99;

fn agreement(set: &Path, oracle: &Path) -> Agreement {
    let text = std::fs::read_to_string(oracle)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", oracle.display()));
    let oracle = serde_json::from_str(&text).expect("an oracle is JSON");
    let agreement = compare_set(set, &oracle, None);
    for &(field, _) in FIELDS {
        assert!(agreement.fields.contains_key(field), "no file was compared in {field}");
    }
    agreement
}

#[test]
fn the_demo_library_is_read_as_pxr_reads_it() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let oracle = project.join("tests/oracles/demo-usd.json");
    let agreement = agreement(&project.join("demo/library"), &oracle);
    assert!(agreement.files >= 50, "only {} files were compared", agreement.files);
    let differences = &agreement.differences;
    assert!(differences.is_empty(), "these files differ: {differences:#?}");
}

#[test]
fn real_files_are_read_as_pxr_reads_them() {
    let Some(data) = std::env::var_os("VITRINE_TEST_DATA").map(PathBuf::from) else {
        let skips_allowed = std::env::var_os("VITRINE_NO_SKIPS").is_none();
        assert!(skips_allowed, "VITRINE_NO_SKIPS is set, but VITRINE_TEST_DATA is not");
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files to compare with pxr");
        return;
    };
    let set = data.join("usd");
    let agreement = agreement(&set, &set.join("oracle.json"));
    let share = agreement.share();
    assert!(share >= SHARE_MIN, "only {share:.3} of files are equal: see `make oracle-usd`");
    for &(file, field, _) in exceptions::EXCEPTIONS {
        let differs = |found: &Difference| found.file.ends_with(file) && found.field == field;
        let found = agreement.differences.iter().any(differs);
        assert!(found, "{file} no longer differs in {field}: remove its exception");
    }
    for Difference { file, field, ours, pxr } in &agreement.differences {
        let known = exceptions::reason(file, field).is_some();
        assert!(known, "{file} differs in {field} for no stated reason: {ours}, pxr {pxr}");
    }
}
