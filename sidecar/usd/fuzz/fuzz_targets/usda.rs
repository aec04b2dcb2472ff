//! Text layers: whatever the bytes, parsing ends with a layer or an error, within its limits.
#![no_main]

mod layer;
mod limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    layer::read(bytes.to_vec());
});
