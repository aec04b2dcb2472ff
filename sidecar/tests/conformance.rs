//! What every runtime of dual encoders keeps: one suite, run with ONNX Runtime, with Rust alone
//! (feature `pure`) and with libtorch (feature `torch`), against `transformers`' own vectors.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};

use vitrine::embed::{self, ImageEmbedder, OpenError, Options, TextEmbedder};
use vitrine::model::Access;
use vitrine_crds::library::{Algorithm, Device, EmbeddingSpec, ModelSpec, Provider};
use vitrine_image::Rgb;

/// What two runtimes may differ by, in a vector of length 1.
const PARITY: f32 = 1e-3;
/// What the company of a batch may change: kernels add in another order for another shape.
const COMPANY: f32 = 1e-5;

/// One family's folder as one runtime reads it.
struct Subject {
    family: &'static str,
    folder: PathBuf,
    options: Options,
    /// Keeps a folder that was made for this runtime.
    _made: Option<tempfile::TempDir>,
}

impl Subject {
    fn spec(&self, batch: Option<i32>) -> EmbeddingSpec {
        let algorithm = if self.family == "clip" { Algorithm::Clip } else { Algorithm::Siglip };
        let uri = self.folder.display().to_string();
        let model = ModelSpec { uri, sha256: None };
        EmbeddingSpec { name: self.family.to_owned(), algorithm, model, text_model: None, batch }
    }

    fn pictures(&self, batch: Option<i32>) -> Box<dyn ImageEmbedder> {
        let access = Access::from_env(None, false).unwrap();
        embed::open_pictures_from(&access, &self.spec(batch), &self.options).unwrap()
    }

    fn texts(&self) -> Box<dyn TextEmbedder> {
        let access = Access::from_env(None, false).unwrap();
        embed::open_from(&access, &self.spec(None), &self.options).unwrap()
    }

    /// What opening says, where it fails.
    fn refusal(&self) -> OpenError {
        let access = Access::from_env(None, false).unwrap();
        embed::open_pictures_from(&access, &self.spec(None), &self.options).err().unwrap()
    }

    fn kept(&self) -> serde_json::Value {
        let path = data().join(self.family).join("expected.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images")
}

fn options() -> Options {
    Options::on(&Device { provider: Provider::Cpu, threads: Some(2), ..Device::default() })
}

const FAMILIES: [&str; 3] = ["clip", "siglip", "siglip2"];

fn onnx() -> Vec<Subject> {
    let subject =
        |family| Subject { family, folder: data().join(family), options: options(), _made: None };
    FAMILIES.map(subject).into()
}

#[cfg(feature = "pure")]
fn pure() -> Vec<Subject> {
    let runtime = embed::Runtime::Pure;
    let mut subjects = onnx();
    for subject in &mut subjects {
        subject.options = Options { runtime, ..options() };
    }
    subjects
}

/// Folders with TorchScript and no ONNX.
#[cfg(feature = "torch")]
fn torch() -> Vec<Subject> {
    let subject = |family: &'static str| {
        let made = copied(&data().join(family), |name| !name.ends_with(".onnx"));
        Subject { family, folder: made.path().to_owned(), options: options(), _made: Some(made) }
    };
    FAMILIES.map(subject).into()
}

fn copied(from: &Path, wanted: impl Fn(&str) -> bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if wanted(name) {
            std::fs::copy(&path, folder.path().join(name)).unwrap();
        }
    }
    folder
}

/// As `pattern` of `tests/oracles/images/pictures.py`.
fn pattern(width: usize, height: usize) -> Rgb {
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for c in 0..3 {
                let value = x * x * 31 + y * y * 17 + x * y * 7 + (x ^ y) * 13 + c * 101;
                pixels.push((value >> 3) as u8);
            }
        }
    }
    Rgb::new(width, height, pixels).unwrap()
}

fn difference(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs).flat_map(|(ours, theirs)| {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs)
    });
    pairs.map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
}

/// Pictures and texts equal `transformers`' vectors, which lie far enough apart to tell.
fn equals_transformers(subject: &Subject) {
    let (family, kept) = (subject.family, subject.kept());
    let vectors =
        |name: &str| -> Vec<Vec<f32>> { serde_json::from_value(kept[name].clone()).unwrap() };
    let sizes: Vec<(usize, usize)> = serde_json::from_value(kept["pictures"].clone()).unwrap();
    let pictures: Vec<Rgb> = sizes.iter().map(|&(w, h)| pattern(w, h)).collect();
    let sentences: Vec<String> = serde_json::from_value(kept["texts"].clone()).unwrap();
    let theirs = vectors("image_vectors");
    assert!(difference(&theirs[..1], &theirs[1..2]) > 10.0 * PARITY, "vectors tell apart");
    let worst = difference(&subject.pictures(None).embed(&pictures).unwrap(), &theirs);
    assert!(worst < PARITY, "{family}, pictures: {worst:e}");
    let theirs = vectors("text_vectors");
    assert!(difference(&theirs[..1], &theirs[1..2]) > 10.0 * PARITY, "vectors tell apart");
    let worst = difference(&subject.texts().embed(&sentences).unwrap(), &theirs);
    assert!(worst < PARITY, "{family}, texts: {worst:e}");
}

/// Length, order, company, determinism, nothing at all, and what the model says of itself.
fn pictures_conform(subject: &Subject) {
    let pictures: Vec<Rgb> = (1..8).map(|at| pattern(20 + 9 * at, 70 - 7 * at)).collect();
    let mut all = subject.pictures(Some(16));
    let together = all.embed(&pictures).unwrap();
    assert_eq!(together.len(), pictures.len());
    for vector in &together {
        assert_eq!(vector.len(), all.dims());
        assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert_eq!(all.embed(&pictures).unwrap(), together, "the same twice, to the bit");
    for batch in [1, 3, 7] {
        let mut few = subject.pictures(Some(batch));
        assert_eq!(few.pictures_max(), batch as usize);
        assert_eq!((few.fingerprint(), few.dims()), (all.fingerprint(), all.dims()));
        assert!(difference(&few.embed(&pictures).unwrap(), &together) < COMPANY);
        let load = few.load();
        assert_eq!((load.pictures, load.runs), (7, 7_u64.div_ceil(batch as u64)));
        assert!(!load.busy.is_zero() && load.fill() <= f64::from(batch), "{load:?}");
    }
    let mut backwards = pictures.clone();
    backwards.reverse();
    let mut reversed = all.embed(&backwards).unwrap();
    reversed.reverse();
    assert!(difference(&reversed, &together) < COMPANY, "order is kept");
    let prepared = all.preparation().prepare(&pictures[2]);
    assert!(difference(&all.embed_prepared(prepared).unwrap(), &together[2..3]) < COMPANY);
    assert!(all.embed(&[]).unwrap().is_empty());
}

fn texts_conform(subject: &Subject) {
    let texts: Vec<String> =
        ["a red chair", "", "forklift", "naïve — 桌子", &"word ".repeat(90_000)]
            .map(str::to_owned)
            .into();
    let mut model = subject.texts();
    assert_eq!(model.dims(), subject.pictures(None).dims(), "one space");
    let together = model.embed(&texts).unwrap();
    assert_eq!(model.embed(&texts).unwrap(), together, "the same twice, to the bit");
    for (text, vector) in texts.iter().zip(&together) {
        assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        let alone = model.embed(std::slice::from_ref(text)).unwrap();
        assert!(difference(&alone, std::slice::from_ref(vector)) < COMPANY);
    }
    assert!(model.embed(&[]).unwrap().is_empty());
    assert_eq!(subject.texts().fingerprint(), model.fingerprint());
}

/// A file of noise is refused by name.
fn refuses_noise(subject: &Subject, weights: &str) {
    let folder = copied(&subject.folder, |name| name.ends_with(".json"));
    let noise: Vec<u8> = (0..5_000_u32).map(|byte| ((byte * 7_919) >> 3) as u8).collect();
    std::fs::write(folder.path().join(weights), noise).unwrap();
    let (family, options) = (subject.family, subject.options.clone());
    let broken = Subject { family, folder: folder.path().to_owned(), options, _made: None };
    let error = broken.refusal();
    assert!(!error.is_transient());
    let said = error.to_string();
    assert!(said.contains(&folder.path().display().to_string()), "{said}");
    assert!(said.contains(weights), "{said}");
}

fn suite(subjects: &[Subject], weights: &str) {
    for subject in subjects {
        equals_transformers(subject);
        pictures_conform(subject);
        texts_conform(subject);
        refuses_noise(subject, weights);
    }
}

#[test]
fn onnx_runtime_conforms_from_two_files_and_from_one() {
    suite(&onnx(), "vision_model.onnx");
}

#[cfg(feature = "pure")]
#[test]
fn rust_alone_conforms_and_is_onnx_runtimes_equal() {
    suite(&pure(), "vision_model.onnx");
    // The same file is the same model: a catalogue made with one runtime goes on with the other.
    for (ours, theirs) in pure().iter().zip(onnx()) {
        assert_eq!(ours.pictures(None).fingerprint(), theirs.pictures(None).fingerprint());
        assert_eq!(ours.texts().fingerprint(), theirs.texts().fingerprint());
        // Texts that hold the very token at whose first place CLIP reads a vector.
        let texts = ["<|endoftext|> chair", "a red <|endoftext|> chair", ""].map(str::to_owned);
        let [ours, theirs] = [ours, &theirs].map(|subject| subject.texts().embed(&texts).unwrap());
        assert!(difference(&ours, &theirs) < COMPANY);
    }
}

#[cfg(feature = "pure")]
#[test]
fn rust_alone_embeds_sentences_as_onnx_runtime_does() {
    let sentences = ["a forklift", "", "a machine that lifts pallets"].map(str::to_owned);
    let mut vectors = [embed::Runtime::Auto, embed::Runtime::Pure].map(|runtime| {
        let options = Options { runtime, ..options() };
        embed::open(&embed::default_text(), &options).unwrap().embed(&sentences).unwrap()
    });
    let ours = std::mem::take(&mut vectors[1]);
    let worst = difference(&ours, &vectors[0]);
    assert!(worst < 1e-5, "{worst:e}");
}

/// The vector of `text` by a program that finds no ONNX Runtime.
fn embedded_without_onnx_runtime(text: &str) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_vitrine"))
        .args(["embed-query", "--model", &embed::default_text().model.uri, text])
        .env("ORT_DYLIB_PATH", "/nonexistent/libonnxruntime.so")
        .env("VITRINE_LOG", "vitrine=info")
        .output()
        .unwrap()
}

#[cfg(feature = "pure")]
#[test]
fn rust_alone_stands_in_where_there_is_no_onnx_runtime_and_says_so() {
    let ended = embedded_without_onnx_runtime("a forklift");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("vectors are computed in Rust alone"), "{said}");
    let ours: Vec<f32> = serde_json::from_slice(&ended.stdout).unwrap();
    let mut onnx = embed::open(&embed::default_text(), &options()).unwrap();
    let theirs = onnx.embed(&["a forklift".to_owned()]).unwrap();
    let worst = difference(&[ours], &theirs);
    assert!(worst < 1e-5, "{worst:e}");
}

#[cfg(not(feature = "pure"))]
#[test]
fn without_onnx_runtime_and_without_a_stand_in_the_cure_is_said() {
    let ended = embedded_without_onnx_runtime("a forklift");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(3), "permanent: {said}");
    assert!(said.contains("ONNX Runtime is not usable"), "{said}");
    assert!(said.contains("scripts/onnxruntime.sh"), "{said}");
}

#[cfg(feature = "torch")]
#[test]
fn torchscript_conforms() {
    suite(&torch(), "vision_model.pt");
}

#[cfg(not(feature = "torch"))]
#[test]
fn torchscript_is_refused_with_the_cure_by_a_program_without_it() {
    let folder = copied(&data().join("clip"), |name| !name.ends_with(".onnx"));
    let at = folder.path().to_owned();
    let subject = Subject { family: "clip", folder: at, options: options(), _made: None };
    let said = subject.refusal().to_string();
    assert!(
        said.contains("vision_model.pt is TorchScript") && said.contains("--features torch"),
        "{said}"
    );
}
