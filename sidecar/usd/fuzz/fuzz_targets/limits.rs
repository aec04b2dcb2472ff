//! Limits that end a hostile input early: the fuzzer looks for crashes and for what ignores them.

pub fn small() -> vitrine_usd::Limits {
    vitrine_usd::Limits {
        file_bytes_max: 1 << 20,
        unpacked_bytes_max: 16 << 20,
        prims_max: 10_000,
        depth_max: 200,
        layers_max: 50,
        arcs_max: 200,
    }
}
