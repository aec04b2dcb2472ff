//! MaterialX documents: read as the material of a square, whatever the bytes.
#![no_main]

mod library;
mod limits;

/// Binds `M` of the document, so that networks are followed too.
const ASSET: &str = "#usda 1.0
    def Xform \"A\" {
        def Mesh \"Square\" {
            int[] faceVertexCounts = [4]
            int[] faceVertexIndices = [0, 1, 2, 3]
            point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
            rel material:binding = </A/Looks/M>
        }
        def Scope \"Looks\" ( references = @material.mtlx@</MaterialX/Materials> ) { }
    }";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    library::inspect_with("asset.usda", ASSET.as_bytes(), &[("material.mtlx", bytes)]);
});
