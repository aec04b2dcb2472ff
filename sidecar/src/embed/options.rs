//! How a model is run: device, threads, batches.

use std::path::PathBuf;

/// Where a model runs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Device {
    /// The best device there is: CUDA where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU through CUDA; an error where there is none.
    Cuda,
    /// An NVIDIA GPU through TensorRT; an error where there is none.
    Tensorrt,
}

impl Device {
    /// The word a person writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Tensorrt => "tensorrt",
        }
    }
}

/// How to run a model. None of this changes its vectors beyond rounding.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it runs.
    pub device: Device,
    /// Threads of one session; 0 takes one for each core this process may use.
    pub threads: usize,
    /// Most tokens of one batch, padding included.
    pub batch_tokens_max: usize,
    /// Folder of fetched models; `None` takes `VITRINE_CACHE_DIR`, else the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Whether to draw progress bars of downloads on standard error, where that is a terminal.
    pub progress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            device: Device::Auto,
            threads: 0,
            batch_tokens_max: 2_048,
            cache_dir: None,
            progress: true,
        }
    }
}
