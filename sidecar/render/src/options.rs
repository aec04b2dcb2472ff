//! What pictures are made of, and their limits.

/// Widest picture, in pixels.
pub const SIZE_MAX: u32 = 4096;

/// What is behind the asset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Background {
    /// Nothing: the picture has alpha.
    Transparent,
    /// A colour in sRGB.
    Plain([u8; 3]),
}

/// How pictures are made. The defaults are those of a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Width and height in pixels, 1 to [`SIZE_MAX`].
    pub size: u32,
    /// What is behind the asset.
    pub background: Background,
    /// Faces that meet at less than this are smooth where a mesh has no normals, in degrees; 0 makes
    /// every face flat.
    pub crease_degrees: f32,
    /// Whether backs are seen of every mesh, not only of those that say so.
    pub shows_backs: bool,
    /// Most triangles, segments and points that instances may show together.
    pub primitives_max: u64,
    /// Most pixels of one texture's file; larger ones count as broken.
    pub picture_pixels_max: u64,
    /// Most texels that stay in memory for all textures together, 32/3 bytes each; larger ones are
    /// halved until they fit.
    pub texels_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: 512,
            background: Background::Plain([235, 235, 235]),
            crease_degrees: 40.0,
            shows_backs: false,
            primitives_max: 50_000_000,
            picture_pixels_max: 64 << 20,
            texels_max: 32 << 20,
        }
    }
}
