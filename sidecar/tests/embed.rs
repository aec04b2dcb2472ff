//! The real default model, found as a user's is: in the cache, else fetched.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};

use vitrine::embed::{self, OpenError, Options, TextEmbedder};
use vitrine_crds::library::{Algorithm, Device, EmbeddingSpec, ModelSpec, Provider};

/// One loaded model for all tests of this file.
fn model() -> MutexGuard<'static, Box<dyn TextEmbedder>> {
    static MODEL: OnceLock<Mutex<Box<dyn TextEmbedder>>> = OnceLock::new();
    let open = || Mutex::new(embed::open(&embed::default_text(), &Options::default()).unwrap());
    MODEL.get_or_init(open).lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn known(name: &str) -> Box<dyn TextEmbedder> {
    let model = ModelSpec { uri: name.to_owned(), sha256: None };
    let spec = EmbeddingSpec {
        name: name.to_owned(),
        algorithm: Algorithm::Text,
        model,
        text_model: None,
        batch: None,
    };
    embed::open(&spec, &Options::default()).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn largest_difference(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs).flat_map(|(ours, theirs)| {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs)
    });
    pairs.map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
}

fn oracle() -> (Vec<String>, Vec<Vec<f32>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracles/minilm");
    let sentences = std::fs::read_to_string(folder.join("sentences.json")).unwrap();
    let bytes = std::fs::read(folder.join("vectors.f32")).unwrap();
    let floats: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let vectors = floats.chunks(384).map(<[f32]>::to_vec).collect();
    (serde_json::from_str(&sentences).unwrap(), vectors)
}

#[test]
fn two_hundred_sentences_equal_sentence_transformers_within_1e_4() {
    let (sentences, theirs) = oracle();
    assert_eq!(sentences.len(), 200);
    let ours = model().embed(&sentences).unwrap();
    let difference = largest_difference(&ours, &theirs);
    println!("largest difference from sentence-transformers: {difference:e}");
    assert!(difference < 1e-4, "{difference:e}");
}

#[test]
fn company_and_order_change_no_vector() {
    let (mut sentences, mut theirs) = oracle();
    sentences.reverse();
    theirs.reverse();
    let mut model = model();
    let alone: Vec<_> = sentences[..20]
        .iter()
        .map(|s| model.embed(std::slice::from_ref(s)).unwrap().remove(0))
        .collect();
    let together = model.embed(&sentences).unwrap();
    assert!(largest_difference(&alone, &together[..20]) < 1e-5);
    assert!(largest_difference(&together, &theirs) < 1e-4);
}

#[test]
fn every_vector_has_length_one_even_of_empty_and_endless_texts() {
    let texts = [String::new(), " ".to_owned(), "word ".repeat(200_000), "é".repeat(300_000)];
    let mut model = model();
    assert_eq!(model.dims(), 384);
    for vector in model.embed(&texts).unwrap() {
        assert_eq!(vector.len(), 384);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
    }
    assert!(model.embed(&[]).unwrap().is_empty());
}

#[test]
fn like_sentences_are_near_and_unlike_ones_are_far() {
    let texts = ["a machine that lifts pallets", "a forklift", "a cup of tea"].map(str::to_owned);
    let vectors = model().embed(&texts).unwrap();
    let (near, far) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
    assert!(near > far + 0.2, "{near} {far}");
}

#[test]
fn a_fingerprint_names_weights_pooling_and_length() {
    let fingerprint = model().fingerprint().to_owned();
    assert!(fingerprint.ends_with(":mean:256"), "{fingerprint}");
    let digest = fingerprint.split(':').nth(1).unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{fingerprint}");
}

/// Captions with reference vectors: `rows[]` of `caption_en`, `caption_zh`, `minilm_en`, `bge_zh`.
fn captions() -> Option<serde_json::Value> {
    let Some(data) = std::env::var_os("VITRINE_TEST_DATA") else {
        assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "VITRINE_TEST_DATA is not set");
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files to compare captions");
        return None;
    };
    let path = PathBuf::from(data).join("captions/text-embeddings.json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// One column of texts and one of vectors.
fn columns(captions: &serde_json::Value, text: &str, vector: &str) -> (Vec<String>, Vec<Vec<f32>>) {
    let rows = captions["rows"].as_array().unwrap();
    let texts = rows.iter().map(|row| row[text].as_str().unwrap().to_owned());
    let floats = |row: &serde_json::Value| -> Vec<f32> {
        row[vector].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
    };
    (texts.collect(), rows.iter().map(floats).collect())
}

#[test]
fn real_captions_equal_their_record() {
    let Some(captions) = captions() else { return };
    let (texts, theirs) = columns(&captions, "caption_en", "minilm_en");
    assert!(!texts.is_empty());
    let difference = largest_difference(&model().embed(&texts).unwrap(), &theirs);
    assert!(difference < 1e-4, "{difference:e}");
}

#[test]
fn chinese_captions_equal_their_record_by_a_model_that_takes_the_first_token() {
    let Some(captions) = captions() else { return };
    let (texts, theirs) = columns(&captions, "caption_zh", "bge_zh");
    let mut model = known("bge-small-zh-v15-q");
    assert_eq!(model.dims(), 512);
    assert!(model.fingerprint().ends_with(":cls:512"));
    // int8 weights quantise activations by batch, so company changes the last digits.
    for (ours, theirs) in model.embed(&texts).unwrap().iter().zip(&theirs) {
        let cosine = cosine(ours, theirs);
        assert!(cosine > 0.98, "{cosine}");
    }
    for (text, theirs) in texts.iter().zip(&theirs) {
        let ours = model.embed(std::slice::from_ref(text)).unwrap();
        let difference = largest_difference(&ours, std::slice::from_ref(theirs));
        assert!(difference < 1e-4, "{text}: {difference:e}");
    }
}

#[test]
fn a_folder_that_mixes_two_models_is_refused_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let broken = |weights: &[u8], says: &str| {
        std::fs::write(folder.path().join("model.onnx"), weights).unwrap();
        let model = ModelSpec { uri: folder.path().display().to_string(), sha256: None };
        let (name, algorithm) = ("text".to_owned(), Algorithm::Text);
        let spec = EmbeddingSpec { name, algorithm, model, text_model: None, batch: None };
        let error = embed::open(&spec, &Options::default()).err().expect("it must not open");
        assert!(!error.is_transient());
        let said = error.to_string();
        assert!(said.contains(says), "{said}");
    };
    broken(b"", "tokenizer.json is missing");
    std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    broken(b"", "tokenizer.json");
    let good = vitrine::model::Access::from_env(None, false).unwrap();
    let good = good.resolve(&embed::default_text().model).unwrap();
    std::fs::copy(&good.files.tokenizer, folder.path().join("tokenizer.json")).unwrap();
    broken(b"no model", "ONNX Runtime does not take");
    std::fs::write(folder.path().join("config.json"), r#"{"hidden_size": 768}"#).unwrap();
    broken(&std::fs::read(&good.files.weights).unwrap(), "vectors of 384");
}

#[test]
fn a_demanded_device_that_is_absent_is_an_error_with_the_cure() {
    for provider in [Provider::Cuda, Provider::Tensorrt] {
        let options = Options::on(&Device { provider, ..Device::default() });
        match embed::open(&embed::default_text(), &options) {
            Ok(model) => assert_eq!(model.dims(), 384), // This machine has one.
            Err(error) => {
                assert!(matches!(error, OpenError::Device { .. }), "{error}");
                assert!(!error.is_transient());
                assert!(error.to_string().contains("or configure `cpu`"), "{error}");
            }
        }
    }
}
