//! What of an asset or a clip a vector is made from.

use serde::{Deserialize, Serialize};

/// What of an asset or a clip the vectors of a field are made from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// The sentence that describes it: one vector.
    #[default]
    Description,
    /// Its English caption: one vector, or none where nobody wrote one.
    Caption,
    /// Its views: one vector each, in the order of the views' numbers.
    Views,
    /// How the dancers of a clip move: one vector, or none where they were not seen.
    Motion,
    /// The sound of a clip: one vector, or none where there is none.
    Sound,
}

impl Content {
    /// Whether it is the usual one, which records leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
