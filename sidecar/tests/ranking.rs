//! Whether searches by meaning find what a person means, over the demo library and the real model.

use std::path::{Path, PathBuf};
use std::process::Command;

use vitrine::embed::{self, Options, TextEmbedder};
use vitrine::search::{Library, Request};

/// Without the runtime or the model this proves nothing; where skips are forbidden, it fails.
fn embedder() -> Option<Box<dyn TextEmbedder>> {
    match embed::open(&embed::default_text(), &Options { progress: false, ..Options::default() }) {
        Ok(embedder) => Some(embedder),
        Err(error) => {
            assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "skips are forbidden: {error}");
            eprintln!("SKIPPED: no text model: {error}");
            None
        }
    }
}

/// Catalogs the demo library as its README says.
fn demo() -> (tempfile::TempDir, PathBuf) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo");
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let catalog = folder.path().join("catalog");
    let done = Command::new(env!("CARGO_BIN_EXE_vitrine"))
        .args(["catalog", "--quiet", "--strict", "--captions"])
        .arg(demo.join("captions.csv"))
        .arg("--out")
        .arg(&catalog)
        .arg(demo.join("library"))
        .current_dir(folder.path())
        .output()
        .expect("the program can be started");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (folder, catalog)
}

/// Each line of demo/queries.csv: words that do not name the asset, and the assets meant.
fn queries() -> Vec<(String, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/queries.csv");
    let mut reader = csv::Reader::from_path(path).expect("the queries are there");
    let rows = reader.records().map(|row| {
        let row = row.expect("each line is a query and its assets");
        (row[0].to_owned(), row[1].split('|').map(str::to_owned).collect())
    });
    rows.collect()
}

#[test]
fn descriptions_find_the_asset_that_they_describe() {
    let Some(mut embedder) = embedder() else { return };
    let (_folder, catalog) = demo();
    let library = Library::open(&catalog).unwrap();
    let queries = queries();
    assert!(queries.len() >= 20, "only {} queries", queries.len());
    let (mut first, mut third, mut missed) = (0, 0, Vec::new());
    for (query, expected) in &queries {
        let request = Request {
            query: query.as_str().into(),
            is_cross_modal: false,
            algorithm: None,
            filter: None,
            top_k: 3,
        };
        let answer = library
            .search(&request, &mut |packed, query| {
                assert_eq!(embedder.fingerprint(), packed.model_fingerprint);
                Ok(embedder.embed(&[query.words().to_owned()]).unwrap().remove(0))
            })
            .unwrap();
        let is_meant = |uri: &str| expected.iter().any(|path| uri.ends_with(path.as_str()));
        let place = answer.hits.iter().position(|hit| is_meant(&hit.uri));
        first += usize::from(place == Some(0));
        third += usize::from(place.is_some());
        if query == "something to lift pallets with" {
            assert_eq!(place, Some(0), "{:?}", answer.hits);
        }
        if place != Some(0) {
            let found: Vec<&str> = answer.hits.iter().map(|hit| hit.name.as_str()).collect();
            missed.push(format!("{query}: {found:?} instead of {expected:?}"));
        }
    }
    let count = queries.len();
    eprintln!("{first} of {count} first, {third} of {count} among three\n{}", missed.join("\n"));
    // What all-MiniLM-L6-v2 made of captions that avoid the queries' words: 25 and 33 of 36.
    assert!(first * 100 >= count * 65, "first: {first} of {count}\n{}", missed.join("\n"));
    assert!(third * 100 >= count * 90, "among three: {third} of {count}\n{}", missed.join("\n"));
}
