//! Why there is no GPU, and why it made no picture. Neither is a reason to stop: the processor makes
//! the same pictures.

/// Why no GPU can be used; a sentence for the log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoGpu {
    /// The library that finds drivers is missing.
    #[error(
        "there is no Vulkan loader (libvulkan.so.1); install libvulkan1 to make pictures on a GPU"
    )]
    NoLoader,

    /// The loader found no device.
    #[error("Vulkan finds no device{hint}")]
    NoDevice {
        /// What may be done about it; begins with a semicolon, or is empty.
        hint: String,
    },

    /// There are devices, but none that may be used.
    #[error("Vulkan finds only software ({names}), which is slower than our own")]
    OnlySoftware {
        /// The devices' names.
        names: String,
    },

    /// The device lacks what is needed.
    #[error("the GPU {name} is too limited: {reason}")]
    TooLimited {
        /// Of the device.
        name: String,
        /// What it lacks.
        reason: String,
    },

    /// The device is there but does not start.
    #[error("the GPU {name} cannot be opened: {reason}")]
    Broken {
        /// Of the device.
        name: String,
        /// In the driver's words.
        reason: String,
    },
}

/// Why the GPU made no pictures of a scene.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// The processor would not render it either.
    #[error(transparent)]
    Scene(#[from] vitrine_render::RenderError),

    /// More than the GPU is given.
    #[error("the scene's {what} take {found} bytes, more than the {max} that the GPU is given")]
    TooLarge {
        /// Geometry, textures or pictures.
        what: &'static str,
        /// What they take.
        found: u64,
        /// The limit.
        max: u64,
    },

    /// Numbers that GPUs do not compute with.
    #[error("the scene's coordinates are too large or too small for the GPU")]
    OutOfRange,

    /// It took longer than a picture may. The device may still be at it: no more is asked of it.
    #[error("the GPU took more than {seconds_max} s for the pictures of one scene")]
    Slow {
        /// The limit.
        seconds_max: u64,
    },

    /// The driver said no, for example for want of memory.
    #[error("the GPU failed: {0}")]
    Driver(String),

    /// The device is gone; it has to be opened anew, if at all.
    #[error("the GPU was lost: {0}")]
    Lost(String),
}

impl GpuError {
    /// Whether other scenes may still be tried on the same device.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Slow { .. } | Self::Lost(_) => true,
            Self::Scene(_) | Self::TooLarge { .. } | Self::OutOfRange | Self::Driver(_) => false,
        }
    }
}
