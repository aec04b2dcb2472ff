//! GLB and glTF: whatever the bytes, reading ends with a scene that keeps its promises or an error.
#![no_main]

use vitrine_gltf::{Limits, read};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Small enough that nothing it unpacks takes long.
    let limits = Limits { numbers_max: 1 << 20, nodes_max: 10_000, ..Limits::default() };
    if let Ok(scene) = read(bytes, &limits) {
        assert_eq!(scene.check(), Ok(()));
        let _ = scene.bounds();
    }
});
