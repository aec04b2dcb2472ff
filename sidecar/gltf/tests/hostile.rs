//! Whatever the bytes, reading ends with a scene that keeps its promises or an error, within limits.
#![allow(clippy::unwrap_used)] // What only tests call is a test.

mod scenes;

use vitrine_gltf::{Limits, Options, read, write};

const MUTATIONS: usize = 3_000;

fn limits() -> Limits {
    Limits { numbers_max: 2_000_000, ..Limits::default() }
}

/// Reads, and holds what was read against a scene's promises. Whether it was read.
fn survives(bytes: &[u8], case: &str) -> bool {
    match read(bytes, &limits()) {
        Ok(scene) => {
            assert_eq!(scene.check(), Ok(()), "{case}");
            assert!(scene.warnings.len() <= limits().warnings_max, "{case}");
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{case}");
            false
        }
    }
}

/// Swaps numbers, cuts, doubles and flips: in the JSON's digits as often as in the bytes.
fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    for _ in 0..random.usize(1..=4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.usize(..bytes.len());
        match random.u8(..7) {
            0 => bytes[at] = random.u8(..),
            1 => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes.truncate(at),
            3 => {
                let digits: Vec<usize> =
                    (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
                if let Some(&at) = random.choice(&digits) {
                    bytes[at] = b'0' + random.u8(..10);
                }
            }
            4 => {
                let numbers = ["-1", "99999999999", "1e40", "null", "[]", "4294967295", "1.5"];
                let place = (at..bytes.len()).find(|&at| bytes[at].is_ascii_digit());
                if let Some(place) = place {
                    let number = random.choice(numbers).unwrap_or_default();
                    bytes.splice(place..=place, number.bytes());
                }
            }
            5 => {
                let end = (at + random.usize(1..64)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + random.usize(1..64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
}

#[test]
fn thousands_of_damaged_files_end_in_a_scene_or_a_sentence() {
    let mut random = fastrand::Rng::with_seed(20);
    let seeds: Vec<(&str, Vec<u8>)> = scenes::all()
        .into_iter()
        .filter(|(name, _)| *name != "shapes") // Too large to be damaged often.
        .map(|(name, scene)| (name, write(&scene, &Options::default()).unwrap()))
        .collect();
    let mut read = 0;
    for (name, seed) in &seeds {
        for case in 0..MUTATIONS {
            let mut bytes = seed.clone();
            if case % 2 == 0 {
                mutate(&mut bytes, &mut random);
            } else {
                // The JSON alone, with the chunk's length mended, so that damage gets deeper.
                let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
                let mut json = bytes[20..20 + length].to_vec();
                mutate(&mut json, &mut random);
                bytes.splice(20..20 + length, json.iter().copied());
                bytes[12..16].copy_from_slice(&(json.len() as u32).to_le_bytes());
            }
            read += usize::from(survives(&bytes, &format!("{name} {case}")));
        }
    }
    let share = read as f64 / (seeds.len() * MUTATIONS) as f64;
    assert!(
        (0.05..0.95).contains(&share),
        "damage is too light or too heavy to prove much: {share}"
    );
}

#[test]
fn every_beginning_of_a_file_is_refused() {
    let whole = write(&scenes::plain_materials(), &Options::default()).unwrap();
    assert!(survives(&whole, "whole"));
    for length in 0..whole.len() {
        // What is cut within the padding at the end loses nothing that is read.
        let lost = whole.len() - length;
        assert!(!survives(&whole[..length], "cut") || lost < 4, "{length}");
    }
}

#[test]
fn json_that_nests_without_end_is_refused() {
    let deep = format!("{{\"extras\":{}", "[".repeat(200_000));
    assert!(!survives(deep.as_bytes(), "deep"));
    let wide =
        format!("{{\"asset\":{{\"version\":\"2.0\"}},\"nodes\":[{}{{}}]}}", "{},".repeat(100_000));
    assert!(survives(wide.as_bytes(), "wide"));
    let many = format!("{{\"buffers\":[{}{{}}]}}", "{},".repeat(2_000_000));
    let refused = read(many.as_bytes(), &limits()).unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("a list of at most 2000000"), "{why}");
}
