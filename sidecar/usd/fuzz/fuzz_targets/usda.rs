//! Text layers: whatever the bytes, parsing ends with a layer or an error, within its limits.
#![no_main]

mod limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The header is given, so that no run is spent on finding it.
    let text = [b"#usda 1.0\n", bytes].concat();
    let _ = vitrine_usd::layer::read(&text, &limits::small());
});
