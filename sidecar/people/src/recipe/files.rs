//! What lies where: descriptions and weights of a folder.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::said::Said;
use super::{Recipe, description, mmdeploy};
use crate::RecipeError;

/// Descriptions are a few KB; MMDeploy's `detail.json`, which is not read, some more.
const DESCRIPTION_BYTES_MAX: u64 = 1 << 20;
/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 256;
/// Folders in each other that hold nothing else: rtmlib's archives have three.
const DEPTH_MAX: usize = 4;
/// A detector, a pose network, a network for hands, and one to spare.
const MODELS_MAX: usize = 4;

const DESCRIPTIONS: [&str; 3] = ["vitrine.json", "model.yaml", "model.yml"];

/// The models at `path`, each read or not.
pub(super) fn find(path: &Path) -> Result<Vec<Result<Recipe, RecipeError>>, RecipeError> {
    let about =
        fs::metadata(path).map_err(|source| RecipeError::Read { path: path.to_owned(), source })?;
    if about.is_dir() { folder(path, DEPTH_MAX) } else { Ok(vec![file(path)]) }
}

fn folder(path: &Path, depth: usize) -> Result<Vec<Result<Recipe, RecipeError>>, RecipeError> {
    if let Some(name) = DESCRIPTIONS.iter().find(|name| path.join(name).is_file()) {
        return Ok(vec![described(path, &path.join(name))]);
    }
    if path.join(mmdeploy::PIPELINE).is_file() {
        return Ok(vec![exported(path, None)]);
    }
    let (networks, folders) = entries(path)?;
    if networks.len() > MODELS_MAX || (networks.is_empty() && folders.len() > MODELS_MAX) {
        return Err(no_weights(path, "holds more than 4 models; name the folder of those to use"));
    }
    if !networks.is_empty() {
        return Ok(networks.iter().map(|network| file(network)).collect());
    }
    if depth == 0 {
        return Ok(Vec::new());
    }
    let mut models = Vec::new();
    for inner in folders {
        models.extend(folder(&inner, depth - 1)?);
        if models.len() > MODELS_MAX {
            return Err(no_weights(
                path,
                "holds more than 4 models; name the folder of those to use",
            ));
        }
    }
    Ok(models)
}

/// A description, and the weights that it names or the one `.onnx` beside it.
fn described(folder: &Path, source: &Path) -> Result<Recipe, RecipeError> {
    let said = description::read(source)?;
    let weights = match &said.weights {
        Some(name) => named(folder, source, "weights", name)?,
        None => only(folder)?,
    };
    Ok(Recipe { weights, source: source.to_owned(), said })
}

/// An MMDeploy export; `weights` where they are known already.
fn exported(folder: &Path, weights: Option<&Path>) -> Result<Recipe, RecipeError> {
    let source = folder.join(mmdeploy::PIPELINE);
    let said = mmdeploy::pipeline(&source)?;
    let deploy = folder.join(mmdeploy::DEPLOY);
    let weights = match weights {
        Some(weights) => weights.to_owned(),
        None if deploy.is_file() => {
            let name = mmdeploy::weights(&deploy)?;
            named(folder, &deploy, "models[0].net", &name)?
        }
        None if folder.join(mmdeploy::WEIGHTS).is_file() => folder.join(mmdeploy::WEIGHTS),
        None => only(folder)?,
    };
    Ok(Recipe { weights, source, said })
}

/// One file of weights, and what describes it.
fn file(path: &Path) -> Result<Recipe, RecipeError> {
    if !is_network(path) {
        return Err(no_weights(path, "is no .onnx; name a network's file or its folder"));
    }
    let beside = ["json", "yaml", "yml"].map(|suffix| path.with_extension(suffix));
    if let Some(source) = beside.into_iter().find(|beside| beside.is_file()) {
        let said = description::read(&source)?;
        return Ok(Recipe { weights: path.to_owned(), source, said });
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let is_end_to_end = path.file_name().is_some_and(|name| name == mmdeploy::WEIGHTS);
    let single = DESCRIPTIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    if let Some(source) = single {
        let said = description::read(&source)?;
        let meant = match &said.weights {
            Some(name) => Some(name.as_str()) == path.file_name().and_then(|name| name.to_str()),
            None => only(folder).is_ok(),
        };
        if meant {
            return Ok(Recipe { weights: path.to_owned(), source, said });
        }
    }
    if is_end_to_end && folder.join(mmdeploy::PIPELINE).is_file() {
        return exported(folder, Some(path));
    }
    Ok(Recipe { weights: path.to_owned(), source: path.to_owned(), said: Said::default() })
}

/// The weights that a description names: in its own folder, never above or outside.
fn named(folder: &Path, source: &Path, key: &str, name: &str) -> Result<PathBuf, RecipeError> {
    let wrong =
        |reason: String| RecipeError::Key { path: source.to_owned(), key: key.to_owned(), reason };
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let weights = folder.join(name);
    if name.is_empty() || !inside || !is_network(&weights) {
        return Err(wrong(format!("is `{name}`, but should be an .onnx in the same folder")));
    }
    if !weights.is_file() {
        return Err(wrong(format!("names {}, which is no file", weights.display())));
    }
    Ok(weights)
}

/// The only `.onnx` of a folder.
fn only(folder: &Path) -> Result<PathBuf, RecipeError> {
    let (networks, _) = entries(folder)?;
    match <[PathBuf; 1]>::try_from(networks) {
        Ok([network]) => Ok(network),
        Err(networks) if networks.is_empty() => Err(no_weights(folder, "holds no .onnx")),
        Err(_) => Err(no_weights(folder, "holds several .onnx; name one as `weights`")),
    }
}

/// The networks and the folders of a folder, by name.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), RecipeError> {
    let wrong = |source| RecipeError::Read { path: folder.to_owned(), source };
    let (mut networks, mut folders) = (Vec::new(), Vec::new());
    for (count, entry) in fs::read_dir(folder).map_err(wrong)?.enumerate() {
        if count >= ENTRIES_MAX {
            return Err(no_weights(
                folder,
                "holds more than 256 entries; name a model's own folder",
            ));
        }
        let path = entry.map_err(wrong)?.path();
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() && !is_hidden {
            folders.push(path);
        } else if path.is_file() && is_network(&path) {
            networks.push(path);
        }
    }
    networks.sort();
    folders.sort();
    Ok((networks, folders))
}

fn is_network(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("onnx"))
}

pub(super) fn no_weights(path: &Path, reason: &str) -> RecipeError {
    RecipeError::Weights { path: path.to_owned(), reason: reason.to_owned() }
}

/// A description's text.
pub(super) fn text(path: &Path) -> Result<String, RecipeError> {
    let wrong = |source| RecipeError::Read { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(wrong)?;
    let mut text = String::new();
    file.take(DESCRIPTION_BYTES_MAX + 1).read_to_string(&mut text).map_err(wrong)?;
    if text.len() as u64 > DESCRIPTION_BYTES_MAX {
        return Err(RecipeError::TooLarge {
            path: path.to_owned(),
            bytes_max: DESCRIPTION_BYTES_MAX,
        });
    }
    Ok(text)
}
