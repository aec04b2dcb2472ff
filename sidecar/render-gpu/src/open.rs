//! Finding a device and opening it, whatever the loader and drivers do.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::NoGpu;

/// Storage buffers that the shaders of one stage read and write.
const STORAGE_BUFFERS: u32 = 10;

/// Which devices may be used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Choice {
    /// GPUs only: a discrete one first, then an integrated or a virtual one.
    #[default]
    Hardware,
    /// Software that speaks Vulkan, such as llvmpipe, where there is no GPU: for tests.
    AlsoSoftware,
}

/// An open device.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) name: String,
    pub(crate) driver: String,
    pub(crate) is_software: bool,
    pub(crate) faults: Faults,
}

/// What went wrong on the device since it was last asked; the driver says so on its own time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    first: Arc<Mutex<Option<String>>>,
    lost: Arc<Mutex<Option<String>>>,
}

impl Faults {
    /// The first fault since the last call.
    pub(crate) fn take(&self) -> Option<String> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Why the device is gone, if it is.
    pub(crate) fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the device is not to be used again.
    pub(crate) fn lose(&self, reason: String) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn note(&self, reason: String) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }
}

/// Opens the best device that the choice allows.
pub(crate) fn open(choice: Choice) -> Result<Opened, NoGpu> {
    // Drivers are other people's code: what the binding takes as impossible is an answer here.
    caught(|| open_any(choice))
        .unwrap_or_else(|reason| Err(NoGpu::Broken { name: "that Vulkan finds".into(), reason }))
}

/// The result, or the words of the panic.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        words.unwrap_or("it panicked").to_owned()
    })
}

fn open_any(choice: Choice) -> Result<Opened, NoGpu> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        // No debugging layers, whatever the build: they would be looked for on the disk.
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let mut found = ready(instance.enumerate_adapters(wgpu::Backends::VULKAN)).unwrap_or_default();
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => 2,
        wgpu::DeviceType::Cpu => 3,
    };
    found.sort_by_key(rank);
    let is_allowed = |adapter: &&wgpu::Adapter| choice == Choice::AlsoSoftware || rank(adapter) < 3;
    let Some(adapter) = found.iter().find(is_allowed) else {
        if found.is_empty() {
            return Err(nothing_found());
        }
        let names: Vec<_> = found.iter().map(|adapter| adapter.get_info().name).collect();
        return Err(NoGpu::OnlySoftware { names: names.join(", ") });
    };
    open_one(adapter, rank(adapter) == 3)
}

fn open_one(adapter: &wgpu::Adapter, is_software: bool) -> Result<Opened, NoGpu> {
    let info = adapter.get_info();
    let has = adapter.limits();
    let required_limits = wgpu::Limits {
        max_storage_buffers_per_shader_stage: STORAGE_BUFFERS,
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        max_compute_workgroups_per_dimension: has.max_compute_workgroups_per_dimension,
        ..wgpu::Limits::default()
    };
    let mut lacks = Vec::new();
    required_limits.check_limits_with_fail_fn(&has, false, |name, wanted, has| {
        lacks.push(format!("{name} is {has}, not {wanted}"));
    });
    if !lacks.is_empty() {
        return Err(NoGpu::TooLimited { name: info.name, reason: lacks.join(", ") });
    }
    let opened = ready(adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("vitrine"),
        required_limits,
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..wgpu::DeviceDescriptor::default()
    }));
    let (device, queue) = match opened {
        Some(Ok(opened)) => opened,
        Some(Err(error)) => {
            return Err(NoGpu::Broken { name: info.name, reason: error.to_string() });
        }
        None => return Err(NoGpu::Broken { name: info.name, reason: "it does not answer".into() }),
    };
    let faults = Faults::default();
    let noted = faults.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| noted.note(error.to_string())));
    let noted = faults.clone();
    device.set_device_lost_callback(move |reason, words| {
        // Dropping it is no loss.
        if reason != wgpu::DeviceLostReason::Destroyed {
            noted.lose(words);
        }
    });
    let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
    Ok(Opened { device, queue, name: info.name, driver, is_software, faults })
}

/// Whether the loader is missing or knows no device, from the outside: the binding does not say.
fn nothing_found() -> NoGpu {
    let mut folders: Vec<String> = std::env::var("LD_LIBRARY_PATH")
        .map(|folders| folders.split(':').map(str::to_owned).collect())
        .unwrap_or_default();
    folders.extend(
        [
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib64",
            "/usr/lib",
            "/lib",
            "/usr/local/lib",
        ]
        .map(str::to_owned),
    );
    if !folders.iter().any(|folder| Path::new(folder).join("libvulkan.so.1").exists()) {
        return NoGpu::NoLoader;
    }
    let has_nvidia = Path::new("/dev/nvidiactl").exists() || Path::new("/dev/dxg").exists();
    let hint = if has_nvidia {
        "; an NVIDIA GPU is here, so the container needs NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics, \
         or the GPU is a MIG slice, which can compute but not draw"
    } else {
        ""
    };
    NoGpu::NoDevice { hint: hint.into() }
}

/// The value of a future that is ready at once, as this binding's are outside of browsers.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_is_a_reason() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(
            caught(|| -> u32 { panic!("the driver {}", "left") }),
            Err("the driver left".into())
        );
    }

    #[test]
    fn only_the_first_fault_is_told_and_a_loss_stays() {
        let faults = Faults::default();
        faults.note("first".into());
        faults.note("second".into());
        assert_eq!((faults.take(), faults.take()), (Some("first".into()), None));
        faults.lose("gone".into());
        faults.lose("again".into());
        assert_eq!((faults.lost(), faults.lost()), (Some("gone".into()), Some("gone".into())));
    }
}
