//! Networks that ONNX Runtime runs, and the real pictures: for tests and the speed example.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};
use vitrine_people::{Element, Model, Network, Picture, Port, Recipe, Tensor, Values};

/// A session as a network.
pub struct Onnx {
    session: Session,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Onnx {
    /// Opens a file on one thread.
    pub fn open(weights: &Path) -> Self {
        let builder = Session::builder(environment()).expect("a session needs only memory");
        let mut builder = builder.with_intra_threads(1).expect("one thread is always allowed");
        let session = builder.commit_from_file(weights).expect("the test data's networks load");
        let inputs = session.inputs().iter().map(port).collect();
        let outputs = session.outputs().iter().map(port).collect();
        Self { session, inputs, outputs }
    }
}

/// The process's one environment; ONNX Runtime allows no second.
fn environment() -> &'static Environment {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let path = std::env::var_os("ORT_DYLIB_PATH").unwrap_or("libonnxruntime.so".into());
        let builder = ort::init_from(PathBuf::from(path)).expect("ONNX Runtime is installed");
        builder.with_telemetry(false).build().expect("there is no other environment")
    })
}

fn port(outlet: &Outlet) -> Port {
    let element = match outlet.dtype().tensor_type() {
        Some(TensorElementType::Float32) => Element::F32,
        Some(TensorElementType::Int32) => Element::I32,
        Some(TensorElementType::Int64) => Element::I64,
        Some(TensorElementType::Uint8) => Element::U8,
        _ => Element::Other,
    };
    let shape = match outlet.dtype() {
        ValueType::Tensor { shape, .. } => {
            shape.iter().map(|&dim| usize::try_from(dim).ok()).collect()
        }
        _ => Vec::new(),
    };
    Port { name: outlet.name().to_owned(), element, shape }
}

impl Network for Onnx {
    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&mut self, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, String> {
        let said = |error: ort::Error| error.to_string();
        let mut feed: Vec<(&str, SessionInputValue)> = Vec::new();
        for (name, Tensor { shape, values }) in inputs {
            let shape: Vec<i64> = shape.iter().map(|&dim| dim as i64).collect();
            let value: SessionInputValue = match values {
                Values::F32(v) => TensorRef::from_array_view((shape, &v[..])).map_err(said)?.into(),
                Values::I32(v) => TensorRef::from_array_view((shape, &v[..])).map_err(said)?.into(),
                Values::I64(v) => TensorRef::from_array_view((shape, &v[..])).map_err(said)?.into(),
                Values::U8(v) => TensorRef::from_array_view((shape, &v[..])).map_err(said)?.into(),
            };
            feed.push((name, value));
        }
        let answers = self.session.run(feed).map_err(said)?;
        let read = |port: &Port| {
            let (shape, values) =
                answers[port.name.as_str()].try_extract_tensor::<f32>().map_err(said)?;
            let shape = shape.iter().map(|&dim| dim as usize).collect();
            let tensor = Tensor { shape, values: Values::F32(values.to_vec()) };
            Ok((port.name.clone(), tensor))
        };
        self.outputs.iter().map(read).collect()
    }
}

/// The real pictures and networks, where they lie beside the checkout.
pub struct Data {
    pub media: PathBuf,
    pub models: PathBuf,
}

impl Data {
    /// `None`, said aloud, where they do not; fails where skips are forbidden.
    pub fn find() -> Option<Self> {
        let data = std::env::var_os("VITRINE_TEST_DATA").map(PathBuf::from);
        let data = data
            .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
        let found = Self { media: data.join("media"), models: data.join("../models") };
        if found.media.is_dir() && found.models.is_dir() {
            return Some(found);
        }
        assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "skips are forbidden: no data");
        eprintln!("SKIPPED: no pictures at {}", data.display());
        None
    }

    /// A network by its file's name, with what its folder says.
    pub fn model(&self, file: &str) -> Model {
        let recipe = Recipe::read(&self.models.join(file)).expect("the file is there");
        let network = Box::new(Onnx::open(recipe.weights()));
        Model { recipe, network }
    }

    /// A picture by its file's name.
    pub fn picture(&self, file: &str) -> image::RgbImage {
        image::open(self.media.join(file)).expect("the picture is there").to_rgb8()
    }
}

/// A picture that lies in memory.
pub fn seen(image: &image::RgbImage) -> Picture<'_> {
    Picture::new(image.width(), image.height(), image.as_raw()).expect("pictures have a size")
}
