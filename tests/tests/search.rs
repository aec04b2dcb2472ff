//! `vitrine search` and `vitrine show`, as a user calls them.

use std::path::Path;

use serde_json::Value;
use vitrine_tests::library::{Library, usda};
use vitrine_tests::program::{Ended, command, run};

/// Two packs, three assets, captions for two; catalogued without a model.
fn library() -> Library {
    let library = Library::new();
    library
        .write("warehouse/forklift.usda", usda("Forklift", "", "def Camera \"Cam\" {}"))
        .write("warehouse/steel_rack.usda", usda("Rack", "", ""))
        .write("kitchen/cup.usda", usda("Cup", "", ""));
    let captions = library.beside(
        "captions.csv",
        "path,en,zh\nwarehouse/forklift.usda,A yellow truck that lifts pallets,黄色叉车\n\
         kitchen/cup.usda,A blue mug,蓝色杯子\n",
    );
    let report = library.report(&["--captions", &captions.display().to_string()]);
    assert_eq!(report["counts"]["indexed"], 3, "{report:#}");
    library
}

fn call(catalog: &Path, arguments: &[&str]) -> Ended {
    run(command(arguments).env("VITRINE_CATALOG", catalog))
}

fn json(library: &Library, arguments: &[&str]) -> Value {
    let mut all = vec!["search", "--output", "json"];
    all.extend(arguments);
    call(&library.catalog(), &all).json(0)
}

fn names(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().expect("answers hold hits");
    hits.iter().map(|hit| hit["name"].as_str().expect("hits have names")).collect()
}

#[test]
fn a_catalogue_without_vectors_is_searched_by_words_and_says_so() {
    let library = library();
    let answer = json(&library, &["lift pallets"]);
    assert_eq!(names(&answer), ["forklift"]);
    assert_eq!((&answer["algorithm"], &answer["total"]), (&"words".into(), &3.into()));
    assert!(answer["note"].as_str().unwrap().contains("no vectors"), "{answer:#}");
    let hit = &answer["hits"][0];
    for key in ["asset_id", "name", "uri", "score", "legs"] {
        assert!(!hit[key].is_null(), "{key}: {hit:#}");
    }
    assert_eq!((&hit["legs"][0]["field"], &hit["legs"][0]["rank"]), (&"words".into(), &1.into()));
    assert_eq!(hit["size_m"], 2.0);
    assert_eq!(names(&json(&library, &["叉车"])), ["forklift"]);
}

#[test]
fn filters_by_tag_by_pack_and_by_expression_add_up() {
    let library = library();
    let all = "yellow steel rack cup warehouse";
    #[rustfmt::skip]
    let cases: &[(&[&str], u64)] = &[
        (&[],                                                         3),
        (&["--pack", "warehouse"],                                    2),
        (&["--tag", "steel", "--tag", "rack"],                        1),
        (&["--tag", "steel", "--tag", "cup"],                         0),
        (&["--where", "size_m = 2 and cameras"],                      1),
        (&["--where", "size_m < 2"],                                  0),
        (&["--pack", "warehouse", "--where", "not caption.zh"],       1),
    ];
    for (arguments, total) in cases {
        let mut call = vec![all];
        call.extend(*arguments);
        assert_eq!(json(&library, &call)["total"], *total, "{arguments:?}");
    }
}

#[test]
fn the_table_names_score_pack_size_and_reason() {
    let library = library();
    let ended = call(&library.catalog(), &["search", "steel racks"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let columns: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(columns, ["score", "name", "pack", "size", "why"]);
    assert!(lines[1].contains("steel_rack"), "{}", ended.stdout);
    assert!(lines[1].contains("2.0 m"), "{}", ended.stdout);
    assert!(lines[1].contains("tags steel, rack"), "{}", ended.stdout);
    assert!(ended.stderr.contains("note: the catalogue has no vectors"), "{}", ended.stderr);
}

#[test]
fn a_wrong_request_ends_with_2_and_says_what_would_be_right() {
    let library = library();
    #[rustfmt::skip]
    let cases: &[(&[&str], &str)] = &[
        (&["search", "x", "--where", "siz_m < 2"],      "column 1: unknown field `siz_m`; did you mean `size_m`?"),
        (&["search", "x", "--where", "pack = office"],  "column 8: texts stand in quotes: write 'office'"),
        (&["search", "x", "--algorithm", "siglip"],     "use one of words, hybrid"),
        (&["search", "x", "--top-k", "0"],              "1 to 10000"),
        (&["search", ""],                               "the query is empty"),
        (&["search", "x", "--catalog", "/nowhere/at"],  "make one with `vitrine catalog SOURCE --out /nowhere/at`"),
        (&["search", "x", "--catalog", "ftp://a/b"],    "copy the catalogue here"),
        (&["show", "forklfit"],                         "did you mean `forklift`?"),
    ];
    for (arguments, words) in cases {
        let ended = call(&library.catalog(), arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn show_prints_the_document_that_the_catalogue_holds() {
    let library = library();
    let held = library.document("warehouse/forklift.usda");
    let id = held["asset_id"].as_str().unwrap();
    for wanted in [id, "forklift", "warehouse/forklift"] {
        let shown = call(&library.catalog(), &["show", wanted, "--output", "json"]).json(0);
        assert_eq!(shown, held, "{wanted}");
    }
    let text = call(&library.catalog(), &["show", "forklift"]);
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    assert!(text.stdout.contains("A yellow truck that lifts pallets"), "{}", text.stdout);
    assert!(!text.stdout.contains('\u{1b}'), "escapes are for terminals: {}", text.stdout);
}

#[test]
fn a_catalogue_whose_files_were_damaged_is_refused_with_3_and_the_cure() {
    let library = library();
    let current = library.catalog().join(".vitrine/current.json");
    std::fs::write(&current, "{").unwrap();
    let ended = call(&library.catalog(), &["search", "x"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("current.json"), "{}", ended.stderr);
    assert!(ended.stderr.contains("run `vitrine catalog` again"), "{}", ended.stderr);
}
