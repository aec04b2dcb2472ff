//! The parent's side of what draws: what children are asked to draw by, and what became of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use vitrine_crds::library::Provider;

use super::DrawnBy;
use super::pictures::Wanted;

/// Sentences of one pool, at most: a driver may put a number into each.
const SENTENCES_MAX: usize = 16;
/// How many children may end in a row while the GPU draws before it is left alone.
const ENDS_MAX: u32 = 3;
const BY_PROCESSOR: &str = "pictures are made on the processor";
/// Set to `software`, children draw also by software that speaks Vulkan: for tests.
pub(super) const TAKES_SOFTWARE: &str = "VITRINE_TEST_VULKAN";

/// Whether children look for a GPU to draw by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UseOfGpu {
    /// The processor draws.
    #[default]
    Never,
    /// A GPU draws where one works.
    Possible,
    /// No run without one.
    Demanded,
}

impl UseOfGpu {
    /// What follows from where models run. Where there are models, they are who has to have the GPU
    /// that `provider` demands, because a slice of one computes and does not draw.
    pub fn beside(provider: Provider, has_models: bool) -> Self {
        match provider {
            Provider::Cpu => Self::Never,
            Provider::Cuda | Provider::Tensorrt if !has_models => Self::Demanded,
            Provider::Auto | Provider::Cuda | Provider::Tensorrt => match cfg!(feature = "gpu") {
                true => Self::Possible,
                false => Self::Never,
            },
        }
    }

    /// What a child's environment holds, which is empty otherwise.
    pub(super) fn environment(self) -> Vec<(&'static str, OsString)> {
        /// Where the loader finds drivers, and drivers their libraries.
        const KEPT: [&str; 5] = [
            "LD_LIBRARY_PATH",
            "VK_ADD_DRIVER_FILES",
            "VK_DRIVER_FILES",
            "VK_ICD_FILENAMES",
            TAKES_SOFTWARE,
        ];
        /// A child writes no files: a cache of shaders would end it. Layers are other people's code,
        /// and Mesa's looks for a display and complains where there is none.
        const SET: [(&str, &str); 4] = [
            ("__GL_SHADER_DISK_CACHE", "0"),
            ("MESA_SHADER_CACHE_DISABLE", "true"),
            ("VK_LOADER_LAYERS_DISABLE", "~implicit~"),
            ("NODEVICE_SELECT", "1"), // The same, for loaders before 1.3.234.
        ];
        if self == Self::Never {
            return Vec::new();
        }
        let kept = KEPT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        kept.chain(SET.map(|(name, value)| (name, value.into()))).collect()
    }
}

/// What the children of a pool draw by.
#[derive(Debug, Default)]
pub(super) struct Easels {
    said: Mutex<BTreeSet<String>>,
    /// The next children leave the GPU alone.
    gpu_rests: AtomicBool,
    /// A child had a GPU.
    has_gpu: AtomicBool,
    /// Children that ended while the GPU drew, since it drew last.
    ends: AtomicU32,
}

impl Easels {
    /// What a new child is asked for.
    pub(super) fn next(&self, pictures: Option<&Wanted>) -> Option<Wanted> {
        let mut wanted = pictures?.clone();
        if self.gpu_rests.load(Ordering::Relaxed) {
            wanted.gpu = UseOfGpu::Never;
        }
        Some(wanted)
    }

    /// A child is ready that looked for a GPU.
    pub(super) fn found(&self, gpu: &Result<String, String>) {
        match gpu {
            Ok(name) => {
                self.has_gpu.store(true, Ordering::Relaxed);
                self.say(&format!("pictures are made by Vulkan on {name}"));
            }
            Err(reason) => self.say(&format!("{BY_PROCESSOR}: {reason}")),
        }
    }

    /// A child that was to look for a GPU ended before it was ready.
    pub(super) fn ended_opening(&self, how: &str) {
        self.rest(&format!("opening the GPU ended a child process: {how}"));
    }

    /// An asset was drawn; `ended`: after it had ended a child.
    pub(super) fn drew(&self, by: DrawnBy, ended: bool) {
        match by {
            DrawnBy::Gpu => self.ends.store(0, Ordering::Relaxed),
            DrawnBy::Processor if !ended || !self.has_gpu.load(Ordering::Relaxed) => {}
            // What the processor does well, the GPU's driver ended.
            DrawnBy::Processor => {
                if self.ends.fetch_add(1, Ordering::Relaxed) + 1 == ENDS_MAX {
                    self.rest(&format!("drawing on the GPU ended {ENDS_MAX} child processes"));
                }
            }
        }
    }

    fn rest(&self, reason: &str) {
        self.gpu_rests.store(true, Ordering::Relaxed);
        self.say(&format!("{BY_PROCESSOR}: {reason}"));
    }

    /// Logs a sentence, once.
    pub(super) fn say(&self, sentence: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < SENTENCES_MAX && said.insert(sentence.to_owned()) {
            // A child's words may be anybody's: no line of it passes for one of ours.
            tracing::info!("{}", sentence.replace(char::is_control, " "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(gpu: UseOfGpu) -> Wanted {
        Wanted {
            views: 1,
            draws_views: true,
            size: 64,
            cameras: false,
            files: true,
            preparations: vec![],
            gpu,
        }
    }

    #[test]
    fn pictures_follow_the_device_of_the_models() {
        let possible = if cfg!(feature = "gpu") { UseOfGpu::Possible } else { UseOfGpu::Never };
        let of = |provider| [true, false].map(|models| UseOfGpu::beside(provider, models));
        assert_eq!(of(Provider::Cpu), [UseOfGpu::Never; 2]);
        assert_eq!(of(Provider::Auto), [possible; 2]);
        assert_eq!(of(Provider::Cuda), [possible, UseOfGpu::Demanded]);
        assert_eq!(of(Provider::Tensorrt), [possible, UseOfGpu::Demanded]);
    }

    #[test]
    fn only_children_that_look_for_a_gpu_have_an_environment() {
        assert_eq!(UseOfGpu::Never.environment(), []);
        for gpu in [UseOfGpu::Possible, UseOfGpu::Demanded] {
            let set = gpu.environment();
            assert!(set.contains(&("__GL_SHADER_DISK_CACHE", "0".into())));
            assert!(set.contains(&("MESA_SHADER_CACHE_DISABLE", "true".into())));
        }
    }

    #[test]
    fn after_a_child_that_did_not_live_the_next_ones_leave_the_gpu_alone() {
        let (easels, gpu) = (Easels::default(), wanted(UseOfGpu::Possible));
        assert_eq!(easels.next(Some(&gpu)), Some(gpu.clone()));
        easels.ended_opening("aborted");
        assert_eq!(easels.next(Some(&gpu)), Some(wanted(UseOfGpu::Never)));
        assert_eq!(easels.next(None), None);
    }

    #[test]
    fn a_gpu_that_ends_children_is_left_alone_at_last() {
        let (easels, gpu) = (Easels::default(), wanted(UseOfGpu::Possible));
        easels.found(&Ok("a GPU".into()));
        for _ in 1..ENDS_MAX {
            easels.drew(DrawnBy::Processor, true);
        }
        easels.drew(DrawnBy::Gpu, false);
        for _ in 0..ENDS_MAX {
            assert_eq!(easels.next(Some(&gpu)), Some(gpu.clone()));
            easels.drew(DrawnBy::Processor, false); // Too large for the GPU, say.
            easels.drew(DrawnBy::Processor, true);
        }
        assert_eq!(easels.next(Some(&gpu)), Some(wanted(UseOfGpu::Never)));
    }

    #[test]
    fn where_there_was_no_gpu_none_is_blamed() {
        let (easels, gpu) = (Easels::default(), wanted(UseOfGpu::Possible));
        (0..=ENDS_MAX).for_each(|_| easels.drew(DrawnBy::Processor, true));
        assert_eq!(easels.next(Some(&gpu)), Some(gpu.clone()));
        assert!(easels.said.lock().unwrap().is_empty());
    }

    #[test]
    fn sentences_are_said_once_and_there_are_not_many() {
        let easels = Easels::default();
        (0..100).for_each(|number| easels.say(&format!("sentence {}", number / 2)));
        assert_eq!(easels.said.lock().unwrap().len(), SENTENCES_MAX);
    }
}
