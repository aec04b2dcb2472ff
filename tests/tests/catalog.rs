//! `vitrine catalog` over a folder: what it writes, and what it does again.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vitrine_tests::library::{Library, reference, texture, usda};
use vitrine_tests::program::{command, json_file, run};

fn small() -> Library {
    let library = Library::new();
    library.write("office/desk.usda", usda("Desk", "", &texture("./wood.png")));
    library.write("office/wood.png", "old wood");
    library.write("office/room.usda", usda("Room", &reference("./desk.usda"), ""));
    library.write("kitchen/cup.usda", usda("Cup", "", ""));
    library
}

fn counts(report: &Value) -> [u64; 4] {
    ["read", "indexed", "skipped", "failed"]
        .map(|name| report["counts"][name].as_u64().expect("counts are numbers"))
}

#[test]
fn a_library_becomes_a_catalogue_of_the_documented_layout() {
    let library = small();
    let report = library.report(&[]);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
    let index = json_file(&library.catalog().join("master_index.json"));
    assert_eq!(index["total_assets"], 3);
    let assets = index["assets"].as_array().unwrap();
    assert_eq!(assets.len(), 3);
    let ids: BTreeSet<&str> =
        assets.iter().map(|asset| asset["asset_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    let desk = library.document("office/desk.usda");
    assert!(ids.contains(desk["asset_id"].as_str().unwrap()));
    // The path says where it is: individual/<pack>/<name>.json.
    let same = json_file(&library.catalog().join("individual/office/desk.json"));
    assert_eq!(same, desk);
    assert_eq!(desk["library"], "lib");
    assert_eq!(desk["tags"], json!(["office", "desk"]));
    assert_eq!(desk["usd"]["default_prim"], "Desk");
    assert_eq!(desk["usd"]["bounds"]["size_m"], json!([1.0, 2.0, 0.0]));
    assert_eq!(desk["usd"]["dependencies"], json!(["office/wood.png"]));
    assert_eq!(
        desk["uri"].as_str().unwrap(),
        format!(
            "file://{}",
            library.path().canonicalize().unwrap().join("office/desk.usda").display()
        )
    );
    let current = json_file(&library.catalog().join(".vitrine/current.json"));
    assert_eq!(current["run"], 1);
    let lines = library.catalog().join(current["documents"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(lines).unwrap().lines().count(), 3);
}

#[test]
fn the_id_is_known_without_reading() {
    let library = small();
    library.report(&[]);
    // SHA-256 of "lib\0kitchen/cup.usda", first 16 hex digits.
    let id = library.document("kitchen/cup.usda")["asset_id"].as_str().unwrap().to_owned();
    let sum = std::process::Command::new("sh")
        .args(["-c", r"printf 'lib\0kitchen/cup.usda' | sha256sum"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&sum.stdout)[..16], id);
}

#[test]
fn an_unchanged_library_is_not_read_again() {
    let library = small();
    library.report(&[]);
    let before = std::fs::metadata(library.catalog().join("master_index.json")).unwrap();
    let report = library.report(&[]);
    assert_eq!(counts(&report), [3, 0, 3, 0]);
    assert_eq!(report["found"]["to_read"], 0);
    let after = std::fs::metadata(library.catalog().join("master_index.json")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
}

#[test]
fn a_changed_texture_redoes_everything_that_uses_it_and_nothing_else() {
    let library = small();
    library.report(&[]);
    library.write("office/wood.png", "new wood, another size");
    let report = library.report(&[]);
    // The desk shows it, the room references the desk; the cup stays.
    assert_eq!(counts(&report), [3, 2, 1, 0]);
    assert_eq!(report["found"]["to_read"], 2);
    assert_eq!(counts(&library.report(&[])), [3, 0, 3, 0]);
}

#[test]
fn a_changed_layer_redoes_the_assets_that_reference_it() {
    let library = small();
    library.report(&[]);
    library.write("office/desk.usda", usda("Desk", "", r#"def Camera "Eye" {}"#));
    assert_eq!(counts(&library.report(&[])), [3, 2, 1, 0]);
    let room = library.document("office/room.usda");
    assert_eq!(room["usd"]["cameras"], json!(["/Room/Eye"]));
}

#[test]
fn a_missing_dependency_is_listed_and_its_arrival_redoes_its_users() {
    let library = small();
    library.remove("office/wood.png");
    library.report(&[]);
    let desk = library.document("office/desk.usda");
    assert_eq!(desk["usd"]["missing_dependencies"], json!(["office/wood.png"]));
    library.write("office/wood.png", "here at last");
    assert_eq!(counts(&library.report(&[])), [3, 2, 1, 0]);
    let desk = library.document("office/desk.usda");
    assert_eq!(desk["usd"]["missing_dependencies"], json!([]));
    assert_eq!(desk["usd"]["dependencies"], json!(["office/wood.png"]));
}

#[test]
fn a_deleted_asset_leaves_with_its_files() {
    let library = small();
    library.report(&[]);
    library.remove("kitchen/cup.usda");
    let report = library.report(&[]);
    assert_eq!(report["counts"]["deleted"], 1);
    assert_eq!(counts(&report), [2, 0, 2, 0]);
    assert!(!library.catalog().join("individual/kitchen").exists());
    let index = json_file(&library.catalog().join("master_index.json"));
    assert_eq!(index["total_assets"], 2);
    assert_eq!(library.report(&[])["counts"]["deleted"], 0);
}

#[test]
fn many_deletions_wait_for_approval_and_an_empty_listing_deletes_nothing() {
    let library = small();
    library.report(&[]);
    library.remove("kitchen/cup.usda").remove("office/room.usda");
    let refused = library.run(&[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("2 of 3 assets are gone"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--approve-deletions"), "{}", refused.stderr);
    assert_eq!(library.documents().len(), 3);
    let report = library.report(&["--approve-deletions"]);
    assert_eq!(report["counts"]["deleted"], 2);
    library.remove("office/desk.usda");
    let refused = library.run(&[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("lists no assets"), "{}", refused.stderr);
    assert_eq!(library.documents().len(), 1);
    let report = library.report(&["--approve-deletions"]);
    assert_eq!(report["counts"]["deleted"], 1);
    assert_eq!(library.documents().len(), 0);
}

#[test]
fn a_changed_caption_rewrites_the_text_and_reads_nothing() {
    let library = small();
    let captions = |text: &str| {
        let file = library.beside("captions.jsonl", text);
        library.report(&["--captions", file.to_str().unwrap()])
    };
    captions(r#"{"path": "kitchen/cup.usda", "en": "A white cup", "zh": "白色的杯子"}"#);
    let cup = library.document("kitchen/cup.usda");
    assert_eq!(cup["description"], "A white cup");
    assert_eq!(cup["caption"], json!({"en": "A white cup", "zh": "白色的杯子"}));
    let report = captions(r#"{"path": "kitchen/cup.usda", "en": "A chipped cup"}"#);
    assert_eq!(report["found"]["to_read"], 0);
    assert_eq!(report["found"]["to_describe"], 1);
    assert_eq!(counts(&report), [3, 1, 2, 0]);
    let cup = library.document("kitchen/cup.usda");
    assert_eq!(cup["description"], "A chipped cup");
    assert_eq!(cup["usd"]["default_prim"], "Cup", "the facts stay");
}

#[test]
fn names_are_unique_in_their_pack_and_kept_from_run_to_run() {
    let library = Library::new();
    library.write("office/b/chair.usda", usda("Chair", "", ""));
    library.report(&[]);
    library.write("office/a/chair.usda", usda("Chair", "", ""));
    library.report(&[]);
    let (old, new) =
        (library.document("office/b/chair.usda"), library.document("office/a/chair.usda"));
    assert_eq!(old["name"], "chair");
    assert_eq!(new["name"], format!("chair-{}", new["asset_id"].as_str().unwrap()));
    // Made anew, path order decides.
    std::fs::remove_dir_all(library.catalog()).unwrap();
    library.report(&[]);
    assert_eq!(library.document("office/a/chair.usda")["name"], "chair");
}

#[test]
fn an_asset_that_moves_within_its_pack_keeps_its_name_and_its_file() {
    let library = Library::new();
    library.write("office/b/chair.usda", usda("Chair", "", ""));
    library.write("office/table.usda", usda("Table", "", ""));
    library.report(&[]);
    library.remove("office/b/chair.usda").write("office/a/chair.usda", usda("Chair", "", ""));
    assert_eq!(library.report(&[])["counts"]["deleted"], 1);
    assert_eq!(library.document("office/a/chair.usda")["name"], "chair");
    assert_eq!(library.documents().len(), 2);
}

#[test]
fn a_broken_asset_is_reported_and_stops_nothing() {
    let library = small();
    library.write("office/broken.usdc", b"PXR-USDC and then nothing");
    let report = library.report(&[]);
    assert_eq!(counts(&report), [4, 3, 0, 1]);
    let failure = &report["failures"][0];
    assert!(failure["reason"].as_str().unwrap().contains("office/broken.usdc"), "{failure}");
    assert_eq!(failure["step"], "read");
    let on_disk = json_file(&library.catalog().join(".vitrine/runs/1/report.json"));
    assert_eq!(on_disk["failures"], report["failures"]);
    let strict = library.run(&["--strict"]);
    assert_eq!(counts(&strict.json(4)), [4, 0, 3, 1]);
    // Mended, it is read.
    library.write("office/broken.usdc", usda("Mended", "", ""));
    assert_eq!(counts(&library.report(&["--strict"])), [4, 1, 3, 0]);
}

#[test]
fn an_asset_that_breaks_keeps_its_last_document() {
    let library = small();
    library.report(&[]);
    library.write("kitchen/cup.usda", "#usda 1.0\ndef Xform \"Cup\" {");
    assert_eq!(counts(&library.report(&[])), [3, 0, 2, 1]);
    assert_eq!(library.document("kitchen/cup.usda")["usd"]["default_prim"], "Cup");
    let index = json_file(&library.catalog().join("master_index.json"));
    assert_eq!(index["total_assets"], 3);
}

#[test]
fn what_others_use_is_counted() {
    let library = small();
    library.report(&[]);
    assert_eq!(library.document("office/desk.usda")["used_by"], 1);
    assert_eq!(library.document("office/room.usda")["used_by"], 0);
    library.write("office/floor.usda", usda("Floor", &reference("./room.usda"), ""));
    library.report(&[]);
    // The desk itself did not change; its document says who uses it now.
    assert_eq!(library.document("office/desk.usda")["used_by"], 2);
    library.remove("office/floor.usda");
    library.report(&[]);
    assert_eq!(library.document("office/desk.usda")["used_by"], 1);
}

#[test]
fn include_exclude_and_the_limit_choose_the_assets() {
    #[rustfmt::skip]
    let cases: &[(&[&str], &[&str])] = &[
        (&["--include", "office/*"],        &["office/desk.usda", "office/room.usda", "office/wood.png"]),
        (&["--exclude", "office/**"],       &["kitchen/cup.usda"]),
        (&["--max-assets", "2"],            &["kitchen/cup.usda", "office/desk.usda"]),
        (&["--include", "**/r*.usda", "--include", "kitchen/**"], &["kitchen/cup.usda", "office/room.usda"]),
    ];
    for (arguments, expected) in cases {
        let library = small();
        let report = library.report(arguments);
        let mut paths: Vec<String> = library.documents().into_keys().collect();
        let failed = report["failures"].as_array().unwrap().iter();
        paths.extend(failed.map(|failure| {
            let uri = failure["uri"].as_str().unwrap();
            uri.rsplit_once("/lib/").unwrap().1.to_owned()
        }));
        paths.sort();
        assert_eq!(paths, *expected, "{arguments:?}");
    }
}

#[test]
fn assets_beyond_the_limit_keep_their_documents() {
    let library = small();
    library.report(&[]);
    let report = library.report(&["--max-assets", "1"]);
    assert_eq!(counts(&report), [1, 0, 1, 0]);
    assert_eq!(library.documents().len(), 3);
}

#[test]
fn a_catalogue_inside_its_library_is_no_part_of_it() {
    let library = small();
    let inside = library.path().join("out");
    library.write("out/old.usda", usda("Old", "", ""));
    let mut call = command(&["catalog", "-q", "--no-embeddings", "--output", "json"]);
    let report = run(call.arg(library.path()).arg("--out").arg(inside)).json(0);
    assert_eq!(counts(&report), [3, 3, 0, 0]);
}

#[test]
fn mistakes_are_told_with_exit_code_2() {
    let library = small();
    library.report(&[]);
    #[rustfmt::skip]
    let cases: &[(&[&str], &str)] = &[
        (&["--include", "a["],               "`a[`"),
        (&["--name", "other"],               "pass --name lib"),
        (&["--out", "s3://me:pw@bucket/x"],  "user name"),
        (&["--out", "ftp://host/x"],         "s3://"),
        (&["--captions", "nowhere.csv"],     "nowhere.csv"),
        (&["--jobs", "0"],                   "1..=1024"),
    ];
    for (arguments, said) in cases {
        // --out may be given once: the call of a library gives it already.
        let mut call = command(&["catalog", "-q", "--no-embeddings"]);
        call.arg(library.path());
        if !arguments.contains(&"--out") {
            call.arg("--out").arg(library.catalog());
        }
        let ended = run(call.args(*arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("pw@"), "{}", ended.stderr);
    }
    let nowhere = run(&mut command(&["catalog", "/nowhere/at/all", "--no-embeddings"]));
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("/nowhere/at/all"), "{}", nowhere.stderr);
}

#[test]
fn without_a_terminal_progress_is_plain_lines_and_the_summary_says_where_time_went() {
    let library = small();
    let mut call = command(&["catalog", "--no-embeddings"]);
    let ended = run(call.arg(library.path()).arg("--out").arg(library.catalog()));
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("3 assets"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "no control sequences: {}", ended.stderr);
    for word in ["3 indexed", "scan", "read", "embed", "write", "publish", "assets/s"] {
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
}
