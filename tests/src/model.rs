//! The real text model, and another that is like it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{command, run};
use crate::skip;

/// The folder of the default text model, in the cache or fetched now; skips where it is out of
/// reach.
///
/// # Panics
///
/// When it was fetched and is not listed.
pub fn model() -> Option<PathBuf> {
    let pulled = run(&mut command(&["models", "pull"]));
    if pulled.code != Some(0) {
        skip(&format!("no text model: {}", pulled.stderr.trim()));
        return None;
    }
    let listed = run(&mut command(&["models", "list", "--output", "json"])).json(0);
    let models = listed["models"].as_array().expect("models are a list");
    let model =
        models.iter().find(|model| model["uri"].as_str().is_some_and(|uri| uri.contains("MiniLM")));
    Some(PathBuf::from(model.expect("it was pulled")["folder"].as_str().expect("a folder")))
}

/// The same network, pooled in another way, is another model.
///
/// # Panics
///
/// When there is no place for temporary files.
pub fn pooled_otherwise(folder: &Path) -> TempDir {
    let other = tempfile::tempdir().expect("writable");
    let copied = Command::new("cp").arg("-r").arg(folder.join(".")).arg(other.path()).status();
    assert!(copied.expect("writable").success());
    let pooling = r#"{"word_embedding_dimension":384,"pooling_mode_mean_tokens":false,"pooling_mode_cls_token":true}"#;
    std::fs::write(other.path().join("1_Pooling/config.json"), pooling).expect("writable");
    other
}
