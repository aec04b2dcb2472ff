//! What draws in a child: a GPU where one is wanted and works, else the processor. Both make one
//! look, and one of them makes all pictures of an asset. Builds without the feature `gpu` know only
//! the processor; docs/gpu.md says what a GPU needs.

use serde::{Deserialize, Serialize};
use vitrine_render::{Image, Renderer, View};

use device::Gpu;

/// Bytes of pictures that a GPU gives at once, at least one picture.
const AT_ONCE_BYTES: u64 = 64 << 20;

/// What drew.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DrawnBy {
    /// The processor.
    Processor,
    /// A GPU.
    Gpu,
}

/// A child's easel.
#[derive(Debug, Default)]
pub(super) struct Easel {
    gpu: Option<Gpu>,
    /// Whether the next asset is the processor's, whatever there is.
    pub(super) gpu_rests: bool,
    remark: Option<String>,
}

impl Easel {
    /// The processor's, and a GPU's where one opens: its name, or why there is none. A GPU that takes
    /// more than `secs_max` seconds for an asset is left alone.
    pub(super) fn open(secs_max: u64) -> (Self, Result<String, String>) {
        match device::open(secs_max) {
            Ok((gpu, name)) => (Self { gpu: Some(gpu), ..Self::default() }, Ok(name)),
            Err(reason) => (Self::default(), Err(reason)),
        }
    }

    /// Whether a device is open.
    pub(super) fn has_device(&self) -> bool {
        self.gpu.is_some()
    }

    /// Why the GPU did not draw what was drawn last.
    pub(super) fn take_remark(&mut self) -> Option<String> {
        self.remark.take()
    }

    /// Draws all `views`, `size` pixels wide and high, and has each picture put into a `T` with its
    /// number, in order. Where the GPU fails on the way, the processor begins anew with an empty one.
    ///
    /// # Errors
    ///
    /// The first of `put`; that the GPU fails is none.
    pub(super) fn draw<T: Default>(
        &mut self,
        renderer: &Renderer<'_>,
        size: u32,
        views: &[View],
        mut put: impl FnMut(&mut T, usize, Image) -> Result<(), String>,
    ) -> Result<(T, DrawnBy), String> {
        if let Some(gpu) = self.gpu.as_mut().filter(|_| !self.gpu_rests) {
            match draw_all(gpu, renderer, size, views, &mut put)? {
                Ok(made) => return Ok((made, DrawnBy::Gpu)),
                Err(Failed { reason, is_last: false }) => {
                    self.remark = Some(format!("the processor draws an asset: {reason}"));
                }
                Err(Failed { reason, is_last: true }) => {
                    self.remark = Some(format!("the processor draws in a child process: {reason}"));
                    self.gpu = None;
                }
            }
        }
        let mut made = T::default();
        for (number, view) in views.iter().enumerate() {
            put(&mut made, number, renderer.render(view))?;
        }
        Ok((made, DrawnBy::Processor))
    }
}

/// Why a GPU made no pictures.
struct Failed {
    reason: String,
    /// Whether the device is to be left alone.
    is_last: bool,
}

/// As [`Easel::draw`], by the GPU alone.
fn draw_all<T: Default>(
    gpu: &mut Gpu,
    renderer: &Renderer<'_>,
    size: u32,
    views: &[View],
    put: &mut impl FnMut(&mut T, usize, Image) -> Result<(), String>,
) -> Result<Result<T, Failed>, String> {
    let bytes = u64::from(size).pow(2).saturating_mul(4).max(1);
    let at_once = usize::try_from(AT_ONCE_BYTES / bytes).unwrap_or(usize::MAX).max(1);
    let mut made = T::default();
    let mut numbers = 0..;
    for some in views.chunks(at_once) {
        let images = match device::draw(gpu, renderer, some) {
            Ok(images) => images,
            Err(failed) => return Ok(Err(failed)),
        };
        for (image, number) in images.into_iter().zip(&mut numbers) {
            put(&mut made, number, image)?;
        }
    }
    Ok(Ok(made))
}

#[cfg(feature = "gpu")]
mod device {
    use vitrine_render::{Image, Renderer, View};
    pub(super) use vitrine_render_gpu::Gpu;
    use vitrine_render_gpu::{Choice, Limits};

    use super::Failed;
    use crate::extract::easels;

    pub(super) fn open(secs_max: u64) -> Result<(Gpu, String), String> {
        let choice = match std::env::var(easels::TAKES_SOFTWARE) {
            Ok(value) if value == "software" => Choice::AlsoSoftware,
            _ => Choice::Hardware,
        };
        let gpu = Gpu::open(choice).map_err(|error| error.to_string())?;
        let name = format!("{} ({})", gpu.name(), gpu.driver());
        Ok((gpu.with_limits(Limits { seconds_max: secs_max, ..Limits::default() }), name))
    }

    pub(super) fn draw(
        gpu: &mut Gpu,
        renderer: &Renderer<'_>,
        views: &[View],
    ) -> Result<Vec<Image>, Failed> {
        let images = gpu.render_prepared(renderer, views);
        images.map_err(|error| Failed { reason: error.to_string(), is_last: error.is_last() })
    }
}

#[cfg(not(feature = "gpu"))]
mod device {
    use vitrine_render::{Image, Renderer, View};

    use super::Failed;

    pub(super) type Gpu = std::convert::Infallible;

    pub(super) fn open(_: u64) -> Result<(Gpu, String), String> {
        Err("this build knows no GPUs, build with `--features gpu`".to_owned())
    }

    pub(super) fn draw(gpu: &mut Gpu, _: &Renderer<'_>, _: &[View]) -> Result<Vec<Image>, Failed> {
        match *gpu {}
    }
}
