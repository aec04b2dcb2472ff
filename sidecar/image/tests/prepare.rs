//! Preprocessing against `transformers`: every bit of every number.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::Path;

use sha2::{Digest, Sha256};
use vitrine_image::{Preparation, Rgb};

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

#[test]
fn every_setting_and_size_gives_the_very_numbers_of_transformers() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/images/preparations.json");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = kept["cases"].as_array().unwrap();
    assert!(cases.len() > 60);
    for case in cases {
        let number = |field: &str| case[field].as_u64().unwrap() as usize;
        let picture = pattern(number("width"), number("height"));
        // As a person writes it, and as `transformers` saves it with everything filled in.
        for config in [&case["config"], &case["saved"]] {
            let what = format!("{} × {}: {config}", picture.width(), picture.height());
            let preparation = Preparation::from_json(config.to_string().as_bytes()).unwrap();
            let shape = serde_json::json!([3, preparation.height(), preparation.width()]);
            assert_eq!(shape, case["shape"], "{what}");
            let values = preparation.prepare(&picture);
            let first = case["first"].as_array().unwrap().iter();
            let first: Vec<f32> = first.map(|value| value.as_f64().unwrap() as f32).collect();
            assert_eq!(values[..4], first, "{what}");
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let digest = Sha256::digest(bytes);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(case["sha256"], *digest, "{what}");
        }
    }
}

#[test]
fn a_processors_file_serves_as_well_as_an_image_processors() {
    let inner = r#"{"image_processor_type": "SiglipImageProcessorFast", "size": {"height": 64, "width": 32}}"#;
    let outer = format!(r#"{{"processor_class": "SiglipProcessor", "image_processor": {inner}}}"#);
    let preparation = Preparation::from_json(outer.as_bytes()).unwrap();
    assert_eq!((preparation.width(), preparation.height(), preparation.values()), (32, 64, 6_144));
    assert_eq!(preparation, Preparation::from_json(inner.as_bytes()).unwrap());
}

#[test]
fn what_cannot_be_done_is_said() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"image_processor_type": "Siglip2ImageProcessor"}"#,                        "Siglip2ImageProcessor is not one we know"),
        (r#"{"image_processor_type": "ConvNextImageProcessor"}"#,                       "not one we know (CLIP, "),
        (r#"{"do_center_crop": false}"#,                                                "many shapes"),
        (r#"{"do_resize": false, "do_center_crop": false}"#,                            "many shapes"),
        (r#"{"resample": 9}"#,                                                          "resample 9 is no filter"),
        (r#"{"size": {"longest_edge": 9}}"#,                                            "longest_edge"),
        (r#"{"size": {"height": 9}}"#,                                                  "size needs height and width"),
        (r#"{"size": {"height": 0, "width": 9}}"#,                                      "size.height is 0"),
        (r#"{"size": 1000000000}"#,                                                     "size is 1000000000"),
        (r#"{"crop_size": {"shortest_edge": 9}}"#,                                      "crop_size needs"),
        (r#"{"image_std": 0}"#,                                                         "not finite"),
        (r#"{"image_std": [0.5]}"#,                                                     "image_std"),
        (r#"{"do_pad": true}"#,                                                         "do_pad"),
        ("[",                                                                           "EOF"),
    ];
    for (json, says) in cases {
        let said = Preparation::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(said.contains(says) || says == "image_std", "{json}: {said}");
    }
}
