//! The whole trip: one file in a library of its own, composed and measured. References resolve
//! to the file itself, so that arcs and cycles are reached.
#![no_main]

mod limits;

use std::fs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let library = tempfile::tempdir().expect("the fuzzer's machine has a temporary folder");
    fs::write(library.path().join("asset.usd"), bytes).expect("and room in it");
    let mut reader = vitrine_usd::Reader::new(library.path(), limits::small());
    let _ = reader.inspect("asset.usd");
});
