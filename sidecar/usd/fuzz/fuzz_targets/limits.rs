//! Limits that end a hostile input early: the fuzzer looks for crashes and for what ignores them.

pub fn small() -> vitrine_usd::Limits {
    vitrine_usd::Limits {
        file_bytes_max: 1 << 20,
        unpacked_bytes_max: 16 << 20,
        prims_max: 10_000,
        depth_max: 200,
        layers_max: 50,
        arcs_max: 200,
        triangles_max: 100_000,
        vertices_max: 100_000,
        places_max: 10_000,
        shown_triangles_max: 1_000_000,
        subdivided_triangles_max: 2_000,
        texture_bytes_max: 1 << 20,
    }
}
