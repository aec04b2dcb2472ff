//! Reads the sounds of the oracle: WAV, 16 bits, one channel, 22,050 Hz.

use std::path::{Path, PathBuf};

/// The folder of media, where `VITRINE_TEST_DATA` names one.
pub fn media() -> Option<PathBuf> {
    std::env::var_os("VITRINE_TEST_DATA").map(|data| PathBuf::from(data).join("media"))
}

/// Every sound of the oracle, sorted by name.
pub fn sounds(media: &Path) -> Vec<PathBuf> {
    let listing = std::fs::read_dir(media.join("audio-oracle")).expect("the oracle is there");
    let paths = listing.map(|entry| entry.expect("the folder can be read").path());
    let mut sounds: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "wav")).collect();
    sounds.sort();
    assert!(!sounds.is_empty(), "no sounds in {}", media.display());
    sounds
}

/// The samples, full scale 1.
pub fn read(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("the sound can be read");
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]), "{}", path.display());
    let mut at = 12;
    loop {
        let (name, length) = (&bytes[at..at + 4], number(at + 4) as usize);
        let body = at + 8;
        if name == b"fmt " {
            // PCM, one channel; the rate; 16 bits.
            assert_eq!((number(body), number(body + 4)), (0x0001_0001, 22_050));
            assert_eq!(number(body + 12), 0x0010_0002);
        }
        if name == b"data" {
            let samples = bytes[body..body + length].chunks_exact(2);
            return samples
                .map(|sample| f32::from(i16::from_le_bytes([sample[0], sample[1]])) / 32_768.0)
                .collect();
        }
        at = body + length.next_multiple_of(2);
    }
}
