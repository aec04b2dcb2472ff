//! Folders of models of pictures, and a search for pictures by words with a model that knows some.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};

use vitrine::embed::{self, ImageEmbedder, Options};
use vitrine::model::Access;
use vitrine_crds::library::{Device, Provider};
use vitrine_image::{Alpha, Limits, decode};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/images")
}

fn options() -> Options {
    Options::on(&Device { provider: Provider::Cpu, ..Device::default() })
}

fn images(folder: &Path, pictures_max: Option<usize>) -> Box<dyn ImageEmbedder> {
    let access = Access::from_env(None, false).unwrap();
    embed::open_images(&access, folder, pictures_max, &options()).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_preparation_is_part_of_the_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["vision_model.onnx", "preprocessor_config.json"] {
        std::fs::copy(data().join("siglip").join(name), folder.path().join(name)).unwrap();
    }
    let before = images(folder.path(), None).fingerprint().to_owned();
    assert_eq!(before, images(&data().join("siglip"), None).fingerprint());
    let path = folder.path().join("preprocessor_config.json");
    let json = std::fs::read_to_string(&path).unwrap();
    assert!(json.contains(r#""resample": 3"#), "{json}");
    std::fs::write(&path, json.replace(r#""resample": 3"#, r#""resample": 2"#)).unwrap();
    assert_ne!(before, images(folder.path(), None).fingerprint());
}

#[test]
fn a_folder_whose_files_do_not_fit_together_is_refused_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, at) = (data().join("clip"), folder.path());
    let access = Access::from_env(None, false).unwrap();
    let said = || {
        let error = embed::open_images(&access, at, None, &options()).err().unwrap();
        assert!(!error.is_transient());
        error.to_string()
    };
    assert!(said().contains("neither vision_model.onnx nor model.onnx"), "{}", said());
    std::fs::copy(clip.join("text_model.onnx"), at.join("vision_model.onnx")).unwrap();
    assert!(said().contains("preprocessor_config.json is missing"), "{}", said());
    let preparation = at.join("preprocessor_config.json");
    std::fs::copy(clip.join("preprocessor_config.json"), &preparation).unwrap();
    assert!(said().contains("no input `pixel_values`"), "{}", said());
    std::fs::copy(clip.join("vision_model.onnx"), at.join("vision_model.onnx")).unwrap();
    std::fs::write(&preparation, "{}").unwrap(); // 224 × 224, and the model takes 32 × 32.
    assert!(said().contains(&at.display().to_string()), "{}", said());
}

/// The folder of real files.
fn real_files() -> Option<PathBuf> {
    let data = std::env::var_os("VITRINE_TEST_DATA").map(PathBuf::from);
    if data.is_none() {
        assert!(std::env::var_os("VITRINE_NO_SKIPS").is_none(), "VITRINE_TEST_DATA is not set");
        eprintln!("SKIPPED: set VITRINE_TEST_DATA to the folder of real files to search pictures");
    }
    data
}

#[test]
fn words_find_the_picture_they_describe() {
    let Some(data) = real_files() else { return };
    // The demonstration's model, whose pictures lie in MiniLM's space.
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/models/conse-image");
    let wheel = "usd/usd-wg+assets/full_assets/Vehicles/USD_Mini_Car_Kit/assets/wheels/wheelRed/\
                 asset/cards/wheelRedAsset_XPos.png";
    let files = ["media/000000000785.jpg", "media/000000040083.jpg", "media/hands.jpg", wheel];
    let pictures = files.map(|name| {
        let bytes = std::fs::read(data.join(name)).unwrap();
        decode(name, &bytes, Alpha::TRANSFORMERS, &Limits::default()).unwrap()
    });
    let vectors = images(&model, None).embed(&pictures).unwrap();
    let mut words = embed::open(&embed::default_text(), &options()).unwrap();
    for (query, expected) in [
        ("a person skiing in the snow", 0),
        ("a restaurant", 1),
        ("a table in a dining room", 1),
        ("snow", 0),
    ] {
        let query_vector = words.embed(&[query.to_owned()]).unwrap().remove(0);
        let scores: Vec<f32> = vectors.iter().map(|vector| cosine(vector, &query_vector)).collect();
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert_eq!(best, expected, "{query}: {scores:?}");
    }
}
