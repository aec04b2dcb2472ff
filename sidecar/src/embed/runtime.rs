//! ONNX Runtime: found and loaded when the first model is opened.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;

use super::OpenError;

const LIBRARY: &str =
    if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
/// Where `scripts/onnxruntime.sh` puts the library, below the checkout.
const INSTALLED: &str = ".tools/onnxruntime";

/// The process's one environment. It lives until the process ends: ONNX Runtime allows no second.
static ENVIRONMENT: OnceLock<Result<Environment, String>> = OnceLock::new();

/// Loads ONNX Runtime, once: `ORT_DYLIB_PATH`, else `.tools/onnxruntime/` in a folder above the
/// program or the working directory, else what the system's loader finds.
///
/// # Errors
///
/// [`OpenError::Runtime`] with the cure; the same for every later call.
pub fn environment() -> Result<&'static Environment, OpenError> {
    let loaded = ENVIRONMENT.get_or_init(|| {
        let path = library(std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from), &places())?;
        let cure = |error: &dyn std::fmt::Display| {
            format!(
                "{error}; run scripts/onnxruntime.sh, or set ORT_DYLIB_PATH to the {LIBRARY} of \
                 ONNX Runtime 1.{} or newer",
                ort::MINOR_VERSION
            )
        };
        let builder = ort::init_from(&path).map_err(|error| cure(&error))?;
        tracing::debug!(library = %path.display(), "ONNX Runtime is loaded");
        builder.with_name("vitrine").with_telemetry(false).build().map_err(|error| cure(&error))
    });
    loaded.as_ref().map_err(|reason| OpenError::Runtime { reason: reason.clone() })
}

/// Folders that may hold `.tools`: above the program (`target/debug/vitrine` of a checkout), then
/// above the working directory.
fn places() -> Vec<PathBuf> {
    let starts = [std::env::current_exe().ok(), std::env::current_dir().ok()];
    let mut places = Vec::new();
    for start in starts.into_iter().flatten() {
        places.extend(start.ancestors().map(Path::to_owned));
    }
    places
}

fn library(named: Option<PathBuf>, places: &[PathBuf]) -> Result<PathBuf, String> {
    if let Some(named) = named.filter(|path| !path.as_os_str().is_empty()) {
        let inside = named.join(LIBRARY);
        return match (named.is_file(), inside.is_file()) {
            (true, _) => Ok(named),
            (false, true) => Ok(inside),
            (false, false) => Err(format!(
                "ORT_DYLIB_PATH names {}, which is no file; correct it, or unset it and run \
                 scripts/onnxruntime.sh",
                named.display()
            )),
        };
    }
    let installed = places.iter().map(|place| place.join(INSTALLED).join(LIBRARY));
    Ok(installed.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(LIBRARY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_then_the_checkout_then_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let installed = folder.path().join(INSTALLED);
        std::fs::create_dir_all(&installed).unwrap();
        let places = [folder.path().join("target/debug"), folder.path().to_owned()];
        assert_eq!(library(None, &places).unwrap(), PathBuf::from(LIBRARY));

        std::fs::write(installed.join(LIBRARY), "").unwrap();
        assert_eq!(library(None, &places).unwrap(), installed.join(LIBRARY));

        let mine = folder.path().join("mine.so");
        let said = library(Some(mine.clone()), &places).unwrap_err();
        assert!(said.contains("mine.so") && said.contains("scripts/onnxruntime.sh"), "{said}");
        std::fs::write(&mine, "").unwrap();
        assert_eq!(library(Some(mine.clone()), &places).unwrap(), mine);
        assert_eq!(library(Some(installed.clone()), &places).unwrap(), installed.join(LIBRARY));
    }
}
