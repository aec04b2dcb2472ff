use crate::Sound;

impl Sound {
    /// [`DIMS`](crate::DIMS) numbers of L2 norm 1; `None` for silence.
    pub fn embedding(&self) -> Option<Vec<f32>> {
        None
    }
}
