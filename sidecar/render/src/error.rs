//! Why there is no picture.

/// Why a scene has no pictures.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The scene breaks its own promises.
    #[error("the scene is not sound: {0}")]
    Scene(vitrine_scene::Wrong),

    /// More primitives than a picture is worth.
    #[error(
        "the scene shows {found} triangles, segments and points, more than the {max} that are rendered"
    )]
    TooMany {
        /// What its instances show together.
        found: u64,
        /// The limit of the options.
        max: u64,
    },

    /// A picture of this size is not made.
    #[error("pictures are 1 to {max} pixels wide, not {found}")]
    Size {
        /// What was asked for.
        found: u32,
        /// The limit.
        max: u32,
    },

    /// The PNG could not be written.
    #[error("cannot write a PNG")]
    Png(#[from] png::EncodingError),
}
