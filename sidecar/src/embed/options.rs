//! How a model is run: device, threads, batches.

use std::path::PathBuf;

use vitrine_crds::library::Device;

use crate::model::{Access, ModelError};
use crate::storage;

/// How to run a model. None of this changes its vectors beyond rounding.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it runs, and on how many threads.
    pub device: Device,
    /// What runs ONNX files.
    pub runtime: Runtime,
    /// Most tokens of one batch, padding included; `None` takes what suits the device.
    pub batch_tokens_max: Option<usize>,
    /// Folder of fetched models; `None` takes `VITRINE_CACHE_DIR`, else the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// How to get into buckets; `None` takes the variables of the process.
    pub storage: Option<storage::Access>,
    /// Whether to draw progress bars of downloads on standard error, where that is a terminal.
    pub progress: bool,
}

/// What runs ONNX files.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Runtime {
    /// ONNX Runtime; where it is not there, Rust alone, if this program was built with that.
    #[default]
    Auto,
    /// Rust alone, on the processor, even where ONNX Runtime is there.
    #[cfg(feature = "pure")]
    Pure,
}

impl Options {
    /// What the configuration says of the device, and our own choice for the rest.
    pub fn on(device: &Device) -> Self {
        Self { device: device.clone(), ..Self::default() }
    }

    /// Where models come from.
    ///
    /// # Errors
    ///
    /// Those of [`Access::from_env`].
    pub fn access(&self) -> Result<Access, ModelError> {
        let access = Access::from_env(self.cache_dir.as_deref(), self.progress)?;
        Ok(match &self.storage {
            Some(storage) => Access { storage: storage.clone(), ..access },
            None => access,
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            device: Device::default(),
            runtime: Runtime::default(),
            batch_tokens_max: None,
            cache_dir: None,
            storage: None,
            progress: true,
        }
    }
}
