//! Every kind of file against Pillow's pixels.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};

use vitrine_image::{Alpha, DecodeError, Limits, Rgb, decode};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/images")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("decode").join(name)).unwrap()
}

fn read(name: &str, alpha: Alpha) -> Rgb {
    decode(name, &file(name), alpha, &Limits::default()).unwrap()
}

fn refused(name: &str, bytes: &[u8]) -> DecodeError {
    let error = decode(name, bytes, Alpha::TRANSFORMERS, &Limits::default()).unwrap_err();
    assert!(error.to_string().starts_with(name), "{error}");
    error
}

/// Greatest and mean difference of a channel.
fn difference(ours: &[u8], theirs: &[u8]) -> (u8, f64) {
    assert_eq!(ours.len(), theirs.len());
    let each = || ours.iter().zip(theirs).map(|(&a, &b)| a.abs_diff(b));
    (each().max().unwrap(), each().map(f64::from).sum::<f64>() / ours.len() as f64)
}

#[test]
fn every_file_has_the_pixels_that_transformers_sees() {
    let listed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder().join("decode.json")).unwrap()).unwrap();
    let listed = listed.as_object().unwrap();
    assert!(listed.len() > 40);
    for (name, said) in listed {
        if name == "grey16.png" {
            continue; // A test of its own.
        }
        let ours = read(name, Alpha::TRANSFORMERS);
        let size = (ours.width() as u64, ours.height() as u64);
        assert_eq!(size, (said["width"].as_u64().unwrap(), said["height"].as_u64().unwrap()), "{name}");
        let (most, mean) = difference(ours.pixels(), &file(&format!("{name}.rgb")));
        println!("{name}: at most {most}, mean {mean:.3}");
    }
}
