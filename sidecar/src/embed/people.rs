//! Networks that find people in frames, and what runs them: ONNX Runtime.
//!
//! [`vitrine_people`] knows what a network takes and gives; here it gets networks.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};
use vitrine_crds::library::{Device, ModelSpec, Provider};
use vitrine_people::{Element, Looker, Model, Network, Port, Recipe, Tensor, Values};

use super::{OpenError, Options, device};
use crate::model::digest;
use crate::model::uri::ModelUri;

/// Bytes of weights that lanes may hold together.
const LANES_BYTES_MAX: u64 = 2 << 30;

/// Networks that were found, and not yet loaded.
#[derive(Debug)]
pub struct PeopleModels {
    uri: String,
    recipes: Vec<Recipe>,
    fingerprint: String,
    /// Bytes of all weights.
    bytes: u64,
}

impl PeopleModels {
    /// Finds the networks: each of `specs` names a folder with one or several of them, a file or an
    /// archive; what is remote is fetched.
    ///
    /// # Errors
    ///
    /// [`OpenError::Model`] where one is not there or is not the one that is pinned,
    /// [`OpenError::Unusable`] where its description says what cannot be.
    pub fn find<'a>(
        specs: impl IntoIterator<Item = &'a ModelSpec>,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let access = options.access()?;
        let mut found =
            Self { uri: String::new(), recipes: Vec::new(), fingerprint: String::new(), bytes: 0 };
        let mut digests = Vec::new();
        for spec in specs {
            let path = access.networks(spec)?;
            let unusable = |error: &dyn std::error::Error| OpenError::Unusable {
                model: spec.uri.clone(),
                reason: with_causes(error),
            };
            let recipes = Recipe::read_all(&path).map_err(|error| unusable(&error))?;
            if let Some(pin) = &spec.sha256 {
                let [one] = recipes.as_slice() else {
                    let reason = format!(
                        "sha256 pins one network, and {} are here: name each by itself",
                        recipes.len()
                    );
                    return Err(OpenError::Unusable { model: spec.uri.clone(), reason });
                };
                let sha256 = digest::of_file_remembered(one.weights(), access.cache.root())?;
                digest::check(&one.weights().display().to_string(), &sha256, pin)?;
            }
            for recipe in recipes {
                let weights = recipe.weights();
                digests.push(digest::of_file_remembered(weights, access.cache.root())?);
                digests.push(recipe.told());
                found.bytes += std::fs::metadata(weights).map_or(0, |file| file.len());
                found.recipes.push(recipe);
            }
            let comma = if found.uri.is_empty() { "" } else { ", " };
            found.uri += &format!("{comma}{}", ModelUri::lasting(&spec.uri));
        }
        found.fingerprint = digest::of_bytes(digests.join(" ").as_bytes());
        Ok(found)
    }

    /// Where they are, as configured; several by commas.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Their files of weights.
    pub fn weights(&self) -> impl Iterator<Item = &Path> {
        self.recipes.iter().map(Recipe::weights)
    }

    /// Loads each by itself, to see that it can be, and settles it with what describes it.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn check_each(&self, options: &Options) -> Result<(), OpenError> {
        for recipe in &self.recipes {
            let (session, _) = device::session(&self.uri, recipe.weights(), &options.device)?;
            let network = PlainNetwork::new(session);
            let settled = recipe.settle(network.inputs(), network.outputs());
            settled.map_err(|error| OpenError::Unusable {
                model: self.uri.clone(),
                reason: with_causes(&error),
            })?;
        }
        Ok(())
    }

    /// Covers weights and descriptions.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Loads them: on a processor once for each of `lanes`, as far as memory goes, each with its share
    /// of the threads; on a GPU once for all.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(&self, options: &Options, lanes: usize) -> Result<Lookers, OpenError> {
        let threads = device::threads(&options.device);
        let affordable = usize::try_from(LANES_BYTES_MAX / self.bytes.max(1)).unwrap_or(1);
        let wanted = lanes.min(affordable).max(1);
        let each = i32::try_from((threads / wanted).max(1)).ok();
        let mut on = Device { threads: each, ..options.device.clone() };
        let (first, provider) = self.looker(&on)?;
        on.provider = provider; // Found once for all lanes.
        let family = first.family().to_owned();
        let mut lookers = vec![Mutex::new(first)];
        while provider == Provider::Cpu && lookers.len() < wanted {
            lookers.push(Mutex::new(self.looker(&on)?.0));
        }
        let (uri, device) = (self.uri.clone(), device::name(provider));
        tracing::debug!(
            model = uri,
            device,
            lanes = lookers.len(),
            "networks of people are loaded"
        );
        Ok(Lookers { uri, family, lookers })
    }

    fn looker(&self, on: &Device) -> Result<(Looker, Provider), OpenError> {
        let mut models = Vec::new();
        let mut place = on.clone();
        for recipe in &self.recipes {
            let (session, provider) = device::session(&self.uri, recipe.weights(), &place)?;
            place.provider = provider;
            let network = Box::new(PlainNetwork::new(session));
            models.push(Model { recipe: recipe.clone(), network });
        }
        let looker = Looker::new(models, vitrine_people::Options::default());
        let looker = looker.map_err(|error| OpenError::Unusable {
            model: self.uri.clone(),
            reason: with_causes(&error),
        })?;
        Ok((looker, place.provider))
    }
}

pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Loaded networks, shared by those who look.
pub struct Lookers {
    uri: String,
    family: String,
    lookers: Vec<Mutex<Looker>>,
}

impl Lookers {
    /// The networks of a lane, for one batch: where lanes outnumber them they take turns.
    pub fn take(&self, lane: usize) -> MutexGuard<'_, Looker> {
        let looker = &self.lookers[lane % self.lookers.len()];
        looker.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// What kind of network finds the joints: `mmpose`, `movenet`, or what its description says.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Where they are, for messages.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// A session that takes and gives plain tensors.
struct PlainNetwork {
    session: Session,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl PlainNetwork {
    fn new(session: Session) -> Self {
        let inputs =
            session.inputs().iter().map(|port| self::port(port.name(), port.dtype())).collect();
        let outputs =
            session.outputs().iter().map(|port| self::port(port.name(), port.dtype())).collect();
        Self { session, inputs, outputs }
    }
}

impl Network for PlainNetwork {
    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&mut self, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, String> {
        let refused = |error: ort::Error| error.message().to_owned();
        let mut values: Vec<(&str, SessionInputValue)> = Vec::with_capacity(inputs.len());
        for (name, Tensor { shape, values: cells }) in inputs {
            let shape = shape.clone();
            let value: SessionInputValue = match cells {
                Values::F32(cells) => {
                    TensorRef::from_array_view((shape, cells.as_slice())).map_err(refused)?.into()
                }
                Values::I32(cells) => {
                    TensorRef::from_array_view((shape, cells.as_slice())).map_err(refused)?.into()
                }
                Values::I64(cells) => {
                    TensorRef::from_array_view((shape, cells.as_slice())).map_err(refused)?.into()
                }
                Values::U8(cells) => {
                    TensorRef::from_array_view((shape, cells.as_slice())).map_err(refused)?.into()
                }
            };
            values.push((name, value));
        }
        let outputs = self.session.run(values).map_err(refused)?;
        let mut read = Vec::with_capacity(self.outputs.len());
        for port in &self.outputs {
            if port.element != Element::Other
                && let Some(value) = outputs.get(port.name.as_str())
            {
                read.push((port.name.clone(), tensor(value, port.element).map_err(refused)?));
            }
        }
        Ok(read)
    }
}

fn tensor(value: &DynValue, element: Element) -> ort::Result<Tensor> {
    let lengths = |shape: &[i64]| -> Vec<usize> {
        shape.iter().map(|&length| usize::try_from(length).unwrap_or(0)).collect()
    };
    Ok(match element {
        Element::F32 | Element::Other => {
            let (shape, cells) = value.try_extract_tensor::<f32>()?;
            Tensor { shape: lengths(shape), values: Values::F32(cells.to_vec()) }
        }
        Element::I32 => {
            let (shape, cells) = value.try_extract_tensor::<i32>()?;
            Tensor { shape: lengths(shape), values: Values::I32(cells.to_vec()) }
        }
        Element::I64 => {
            let (shape, cells) = value.try_extract_tensor::<i64>()?;
            Tensor { shape: lengths(shape), values: Values::I64(cells.to_vec()) }
        }
        Element::U8 => {
            let (shape, cells) = value.try_extract_tensor::<u8>()?;
            Tensor { shape: lengths(shape), values: Values::U8(cells.to_vec()) }
        }
    })
}

fn port(name: &str, kind: &ValueType) -> Port {
    let element = match kind.tensor_type() {
        Some(TensorElementType::Float32) => Element::F32,
        Some(TensorElementType::Int32) => Element::I32,
        Some(TensorElementType::Int64) => Element::I64,
        Some(TensorElementType::Uint8) => Element::U8,
        _ => Element::Other,
    };
    let shape = kind
        .tensor_shape()
        .map(|shape| shape.iter().map(|&length| usize::try_from(length).ok()).collect());
    Port { name: name.to_owned(), element, shape: shape.unwrap_or_default() }
}
