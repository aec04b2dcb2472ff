//! The GPU's renderer, against the processor's, and where there is no GPU. One program, since a
//! device and its shaders take seconds to make ready where they are software.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use vitrine_render_gpu::{Choice, Gpu};

mod agreement;
mod confined;
mod refusals;
mod scenes;
#[path = "../../../render/tests/shapes/mod.rs"]
mod shapes;

/// The device of all tests: a GPU, or software (`scripts/setup.sh tests` installs it). None, and a
/// line that says so, where there is no Vulkan at all.
fn gpu() -> Option<MutexGuard<'static, Gpu>> {
    static GPU: OnceLock<Option<Mutex<Gpu>>> = OnceLock::new();
    let opened = GPU.get_or_init(|| match Gpu::open(Choice::AlsoSoftware) {
        Ok(gpu) => {
            println!("on {}, {}", gpu.name(), gpu.driver());
            Some(Mutex::new(gpu))
        }
        Err(reason) => {
            assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "{reason}");
            println!("skipped: {reason}");
            None
        }
    });
    opened.as_ref().map(|gpu| gpu.lock().unwrap_or_else(PoisonError::into_inner))
}
