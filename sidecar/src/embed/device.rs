//! A session of ONNX Runtime on the device that was asked for.

use std::path::Path;
use std::sync::Once;

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use vitrine_crds::library::{Device, Provider};

use super::network::Placed;
use super::session::OnnxNetwork;
use super::{OpenError, freed, runtime};

/// The word a person writes.
pub fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::Auto => "auto",
        Provider::Cpu => "cpu",
        Provider::Cuda => "cuda",
        Provider::Tensorrt => "tensorrt",
    }
}

/// Loads `weights` onto `device`.
///
/// # Errors
///
/// [`OpenError::Device`] where a demanded device is absent, [`OpenError::Unusable`] where ONNX
/// Runtime refuses the file: broken, newer than the runtime, or in need of custom operators.
pub(super) fn place(model: &str, weights: &Path, device: &Device) -> Result<Placed, OpenError> {
    let (session, provider) = session(model, weights, device)?;
    Ok(Placed { network: Box::new(OnnxNetwork::new(session)), provider })
}

/// As [`place`]: the session, and where it runs in the end, never [`Provider::Auto`].
///
/// # Errors
///
/// Those of [`place`].
pub(super) fn session(
    model: &str,
    weights: &Path,
    device: &Device,
) -> Result<(Session, Provider), OpenError> {
    let load = |provider| Ok((load(model, weights, device, provider)?, provider));
    if device.provider != Provider::Auto {
        return load(device.provider);
    }
    // TensorRT compiles a model for minutes: it is never what `auto` surprises a person with.
    match load(Provider::Cuda) {
        Err(error @ OpenError::Device { .. }) => {
            static SAID: Once = Once::new(); // Every model finds the same.
            SAID.call_once(|| {
                tracing::info!("no GPU that can be used: vectors are computed on the CPU");
            });
            tracing::debug!(%error, "why no GPU");
            load(Provider::Cpu)
        }
        placed => placed,
    }
}

/// Threads of one operator on the CPU.
pub fn threads(device: &Device) -> usize {
    let asked = device.threads.and_then(|threads| usize::try_from(threads).ok());
    let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
    asked.filter(|&threads| threads > 0).unwrap_or_else(cores)
}

fn load(
    model: &str,
    weights: &Path,
    device: &Device,
    provider: Provider,
) -> Result<Session, OpenError> {
    let environment = runtime::environment()?;
    let absent = |reason: String| OpenError::Device { provider, reason };
    let providers = providers(provider, device.index).map_err(absent)?;
    let unusable = |error: ort::Error| OpenError::Unusable {
        model: model.to_owned(),
        reason: format!("ONNX Runtime does not take {}: {}", weights.display(), error.message()),
    };
    let refused = |error: ort::Error<SessionBuilder>| unusable(error.into());
    let builder = Session::builder(environment).map_err(unusable)?;
    let builder = builder.with_log_level(LogLevel::Error).map_err(refused)?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(refused)?;
    let builder = builder.with_intra_threads(threads(device)).map_err(refused)?;
    let builder = builder.with_inter_threads(1).map_err(refused)?;
    // Threads that wait by spinning take the cores from whoever reads the next assets: a fifth of
    // all processor time, measured on a busy machine.
    let builder = builder.with_intra_op_spinning(false).map_err(refused)?;
    let mut builder = match builder.with_execution_providers(providers) {
        Ok(builder) => builder,
        Err(error) => {
            let said = error.message();
            return Err(absent(format!(
                "ONNX Runtime cannot start it ({said}); check the driver and that the CUDA \
                 libraries are on LD_LIBRARY_PATH, or configure `cpu`"
            )));
        }
    };
    let session = builder.commit_from_file(weights).map_err(unusable);
    freed::give_back();
    session
}

/// The providers of a device, best first, each an error where it does not register.
fn providers(provider: Provider, index: i32) -> Result<Vec<ExecutionProviderDispatch>, String> {
    let compiled = |name: &str, available: ort::Result<bool>| match available {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "the ONNX Runtime that is loaded was built without {name}; set ORT_DYLIB_PATH to the \
             library of an onnxruntime-gpu build, or configure `cpu`"
        )),
        Err(error) => Err(format!("ONNX Runtime does not list its providers: {}", error.message())),
    };
    let cuda = || {
        compiled("CUDA", ep::CUDA::is_available())?;
        Ok::<_, String>(ep::CUDA::default().with_device_id(index).build().error_on_failure())
    };
    match provider {
        Provider::Auto | Provider::Cuda => Ok(vec![cuda()?]),
        Provider::Tensorrt => {
            compiled("TensorRT", ep::TensorRT::is_available())?;
            // What TensorRT does not take runs on CUDA.
            Ok(vec![
                ep::TensorRT::default().with_device_id(index).build().error_on_failure(),
                cuda()?,
            ])
        }
        Provider::Cpu => Ok(vec![ep::CPU::default().build()]),
    }
}
