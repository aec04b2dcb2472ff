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
pub fn inspect(name: &str, bytes: &[u8]) {
    FOLDER.with(|folder| {
        fs::write(folder.path().join(name), bytes).expect("a temporary folder takes a small file");
        let mut reader = Reader::new(folder.path(), limits::small());
        if let Ok(scene) = reader.scene(name, &vitrine_usd::SceneOptions::default()) {
            scene.check().expect("a scene keeps its promises");
        }
        let Ok(found) = reader.inspect(name) else { return };
        assert!(found.files.iter().all(|file| file == name), "read outside: {:?}", found.files);
    });
}
