//! Numbers as the shaders read them.

/// Values of 32 bits, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<u32>);

impl Words {
    pub(crate) fn one(&mut self, value: f32) {
        self.0.push(value.to_bits());
    }

    pub(crate) fn all(&mut self, values: &[f32]) {
        self.0.extend(values.iter().map(|value| value.to_bits()));
    }

    /// Three and a fourth in what would be a gap.
    pub(crate) fn four(&mut self, three: [f32; 3], last: f32) {
        self.all(&three);
        self.one(last);
    }

    pub(crate) fn whole(&mut self, values: &[u32]) {
        self.0.extend_from_slice(values);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}
