//! Every kind of file against Pillow's pixels.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::{Path, PathBuf};

use vitrine_image::{Alpha, DecodeError, Limits, Rgb, decode, texels};

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
    let mut dropped = 0;
    for (name, said) in listed {
        if name == "grey16.png" {
            continue; // A test of its own.
        }
        let ours = read(name, Alpha::TRANSFORMERS);
        let size = (ours.width() as u64, ours.height() as u64);
        assert_eq!(
            size,
            (said["width"].as_u64().unwrap(), said["height"].as_u64().unwrap()),
            "{name}"
        );
        let (most, mean) = difference(ours.pixels(), &file(&format!("{name}.rgb")));
        // JPEG leaves the rounding of its transform and of colour conversion to the decoder, and says
        // nothing of how halved colours become whole again. CMYK is a product, rounded. All else is
        // exact.
        let (most_max, mean_max) = match name.as_str() {
            "subsampled.jpg" | "progressive.jpg" => (4, 0.7),
            "cmyk.tif" => (1, 0.2),
            jpeg if jpeg.ends_with(".jpg") => (2, 0.05),
            _ => (0, 0.0),
        };
        assert!(most <= most_max && mean <= mean_max, "{name}: at most {most}, mean {mean:.3}");
        if let Ok(bare) = std::fs::read(folder().join(format!("decode/{name}.bare.rgb"))) {
            assert_eq!(read(name, Alpha::Dropped).pixels(), bare, "{name}, alpha dropped");
            dropped += 1;
        }
    }
    assert!(dropped >= 9, "{dropped} files with alpha");
}

#[test]
fn sixteen_bit_grey_keeps_its_upper_byte_where_pillow_would_cut_it_to_white() {
    let picture = read("grey16.png", Alpha::TRANSFORMERS);
    for (x, pixel) in picture.pixels()[..29 * 3].chunks(3).enumerate() {
        assert_eq!(pixel, [((x * 65_535 / 29) >> 8) as u8; 3], "{x}");
    }
}

#[test]
fn a_file_that_is_cut_short_is_refused_wherever_it_is_cut() {
    for name in [
        "rgb.png",
        "rgb16.png",
        "rgb.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "lossless.webp",
        "lossy.webp",
        "rgb.bmp",
        "rgb.tif",
        "lzw.tif",
    ] {
        let whole = file(name);
        for kept in [3, 12, 40, whole.len() / 3, whole.len() / 2, whole.len() * 3 / 4] {
            refused(name, &whole[..kept]);
        }
    }
    // A GIF's first picture may be whole where its file is not.
    let whole = file("palette.gif");
    refused("palette.gif", &whole[..whole.len() / 2]);
    let said = refused("rgb.jpg", &file("rgb.jpg")[..700]).to_string();
    assert_eq!(said, "rgb.jpg is cut short");
}

/// Headers that promise the largest picture of their format, with nothing behind.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let replaced = |name: &'static str, at: usize, with: &[u8]| {
        let mut bytes = file(name);
        bytes[at..at + with.len()].copy_from_slice(with);
        (name, bytes)
    };
    let frame = |bytes: &[u8]| bytes.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let jpeg = frame(&file("rgb.jpg")) + 5;
    let mut png = replaced("rgb.png", 16, &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    let sum = crc(&png.1[12..29]).to_be_bytes();
    png.1[29..33].copy_from_slice(&sum);
    vec![
        png,
        replaced("rgb.jpg", jpeg, &[0xFF; 4]),
        replaced("palette.gif", 6, &[0xFF; 4]),
        replaced("rgb.bmp", 18, &[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0]),
        replaced("lossy.webp", 26, &[0xFF, 0x3F, 0xFF, 0x3F]),
        replaced("animated.webp", 24, &[0xFE, 0xFF, 0, 0xFE, 0xFF, 0]),
    ]
}

/// PNG's checksum, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_memory_is_asked_for() {
    for (name, bytes) in bombs() {
        let error = refused(name, &bytes);
        assert!(matches!(error, DecodeError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn each_limit_holds() {
    let bytes = file("rgb.png");
    let with = |limits: Limits| {
        decode("rgb.png", &bytes, Alpha::TRANSFORMERS, &limits).map_err(|error| error.to_string())
    };
    let full = Limits::default();
    let pixels = 29 * 19;
    assert!(with(Limits { pixels_max: pixels, ..full }).is_ok());
    let said = with(Limits { pixels_max: pixels - 1, ..full }).unwrap_err();
    assert_eq!(said, "rgb.png is 29 × 19 pixels, above the limit of 550 pixels");
    let said = with(Limits { memory_bytes_max: pixels * 9 - 1, ..full }).unwrap_err();
    assert!(said.contains("needs 4959 bytes of memory"), "{said}");
    let said = with(Limits { file_bytes_max: 10, ..full }).unwrap_err();
    assert!(said.ends_with("bytes, above the limit of 10 bytes"), "{said}");
}

#[test]
fn what_is_no_picture_is_said_to_be_none() {
    for bytes in [&b""[..], b"#usda 1.0", b"<svg/>", &[0; 64]] {
        let said = refused("x", bytes).to_string();
        assert!(said.contains("is no picture we can read"), "{said}");
    }
}

#[test]
fn bytes_changed_by_chance_never_panic_and_keep_within_limits() {
    let limits = Limits { pixels_max: 1 << 20, memory_bytes_max: 32 << 20, ..Limits::default() };
    let mut state = 1_u64;
    let mut chance = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut read = 0;
    for entry in std::fs::read_dir(folder().join("decode")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rgb") {
            continue;
        }
        let whole = std::fs::read(&path).unwrap();
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..1 + chance(6) {
                let at = chance(bytes.len());
                bytes[at] = chance(256) as u8;
            }
            bytes.truncate(whole.len() - chance(4) * chance(whole.len() / 4));
            if let Ok(picture) = decode("x", &bytes, Alpha::TRANSFORMERS, &limits) {
                assert!(picture.width() * picture.height() <= 1 << 20);
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read} of the changed files could still be read");
}

/// A TGA of 2 × 1 pixels with alpha, from the top: its header, then blue, green, red, alpha.
const TGA: [u8; 26] =
    [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 32, 0x28, 10, 20, 30, 40, 50, 60, 70, 80];

#[test]
fn textures_keep_their_alpha() {
    let limits = Limits::default();
    let found = texels("a.TGA", &TGA, &limits).unwrap();
    assert_eq!((found.width(), found.height()), (2, 1));
    assert_eq!(found.texels(), [[30, 20, 10, 40], [70, 60, 50, 80]]);
    let error = texels("a.png", &TGA, &limits).unwrap_err();
    assert!(matches!(error, DecodeError::Unknown { .. }), "only a name tells TGA: {error}");
    let small = Limits { pixels_max: 1, ..limits };
    assert!(matches!(texels("a.tga", &TGA, &small), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn damaged_tga_is_an_error_or_a_picture_within_the_limits() {
    let limits = Limits { pixels_max: 1 << 16, ..Limits::default() };
    for at in 0..TGA.len() {
        let mut changed = TGA;
        changed[at] ^= 0x5a;
        for bytes in [&TGA[..at], &changed[..]] {
            if let Ok(found) = texels("a.tga", bytes, &limits) {
                assert_eq!(found.texels().len(), found.width() * found.height());
            }
        }
    }
}

#[test]
fn a_texture_without_alpha_has_the_pixels_of_its_picture_and_is_opaque() {
    let limits = Limits::default();
    let mut seen = 0;
    for name in ["cmyk.jpg", "grey16.png", "subsampled.jpg"] {
        let bytes = file(name);
        let picture = decode(name, &bytes, Alpha::Dropped, &limits).unwrap();
        let texture = texels(name, &bytes, &limits).unwrap();
        for (texel, pixel) in texture.texels().iter().zip(picture.pixels().as_chunks::<3>().0) {
            assert_eq!((&texel[..3], texel[3]), (&pixel[..], 255), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 100);
}
