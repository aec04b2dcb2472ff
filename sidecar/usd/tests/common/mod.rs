//! What tests of stages share.

use std::fs;

use tempfile::TempDir;

/// A library of these files.
pub fn library(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Chance that is the same in every run: numbers from 0 to below what is asked, by xorshift64; 0 where
/// nothing is below.
#[allow(dead_code)] // Not every test throws them.
pub fn dice() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    }
}
