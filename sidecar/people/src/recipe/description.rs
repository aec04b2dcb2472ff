//! Our own descriptions: `vitrine.json`, `model.yaml`.

use std::path::Path;

use super::files;
use super::said::Said;
use crate::RecipeError;

/// Reads a description; YAML by its suffix, else JSON.
pub(super) fn read(path: &Path) -> Result<Said, RecipeError> {
    let text = files::text(path)?;
    let is_json = path.extension().is_some_and(|suffix| suffix == "json");
    let said: Result<Said, String> = if is_json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_saphyr::from_str(&text).map_err(|error| error.to_string())
    };
    said.map_err(|reason| RecipeError::Syntax { path: path.to_owned(), reason })
}
