//! How much a stranger's picture may ask for.

/// What one picture may take. Checked against what its header says, before memory is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes_max: u64,
    /// Width times height.
    pub pixels_max: u64,
    /// Bytes that decoding may ask for in all, its result included. Decoders' own small tables are
    /// not counted.
    pub memory_bytes_max: u64,
}

impl Limits {
    /// A photograph of 64 megapixels, in a file of 64 MiB.
    pub const PHOTOGRAPH: Self =
        Self { file_bytes_max: 64 << 20, pixels_max: 64 << 20, memory_bytes_max: 1 << 30 };
}

impl Default for Limits {
    /// A photograph of 64 megapixels in 16 bits and four channels, and no more.
    fn default() -> Self {
        Self { file_bytes_max: 256 << 20, pixels_max: 64 << 20, memory_bytes_max: 1 << 30 }
    }
}
