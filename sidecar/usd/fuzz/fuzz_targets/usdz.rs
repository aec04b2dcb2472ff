//! Packages: the directory, the entries and the layers inside.
#![no_main]

mod library;
mod limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    library::inspect("asset.usdz", bytes);
});
