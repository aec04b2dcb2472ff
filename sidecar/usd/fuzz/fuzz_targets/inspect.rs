//! The whole trip: one file composed and measured.
#![no_main]

mod library;
mod limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    library::inspect("asset.usd", bytes);
});
