//! A library of one file, written anew for each input and composed from the outside.

use std::cell::LazyCell;
use std::fs;

use vitrine_usd::Reader;

use crate::limits;

thread_local! {
    static FOLDER: LazyCell<tempfile::TempDir> =
        LazyCell::new(|| tempfile::tempdir().expect("the fuzzer's machine has a temporary folder"));
}

/// Reads `bytes` as the file `name`; references that name it lead back to it.
#[allow(dead_code)] // Each target is a program of its own.
pub fn inspect(name: &str, bytes: &[u8]) {
    inspect_with(name, bytes, &[]);
}

/// Reads `bytes` as the file `name` in a library that has these files too.
pub fn inspect_with(name: &str, bytes: &[u8], others: &[(&str, &[u8])]) {
    FOLDER.with(|folder| {
        for (name, bytes) in others.iter().chain(&[(name, bytes)]) {
            let file = folder.path().join(name);
            fs::write(file, bytes).expect("a temporary folder takes a small file");
        }
        let mut reader = Reader::new(folder.path(), limits::small());
        if let Ok(scene) = reader.scene(name, &vitrine_usd::SceneOptions::default()) {
            scene.check().expect("a scene keeps its promises");
        }
        let Ok(found) = reader.inspect(name) else { return };
        let is_ours = |file: &String| {
            file == name || others.iter().any(|(other, _)| file == other)
        };
        assert!(found.files.iter().all(is_ours), "read outside: {:?}", found.files);
    });
}
