//! The bytes of a GLB, with the views and accessors that say what they are.

use crate::{GltfError, json};

const ARRAY_BUFFER: u32 = 34962;
const ELEMENT_ARRAY_BUFFER: u32 = 34963;
const UNSIGNED_BYTE: u32 = 5121;
const UNSIGNED_SHORT: u32 = 5123;
const UNSIGNED_INT: u32 = 5125;
const FLOAT: u32 = 5126;

/// Bytes in the making.
pub struct Buffer {
    bytes: Vec<u8>,
    views: Vec<json::BufferView>,
    accessors: Vec<json::Accessor>,
    bytes_max: u64,
}

impl Buffer {
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes: Vec::new(), views: Vec::new(), accessors: Vec::new(), bytes_max }
    }

    pub fn into_parts(self) -> (Vec<u8>, Vec<json::BufferView>, Vec<json::Accessor>) {
        (self.bytes, self.views, self.accessors)
    }

    /// A picture's file; the index of its view.
    ///
    /// # Errors
    ///
    /// When all of it would be too large.
    pub fn picture(&mut self, bytes: &[u8]) -> Result<u32, GltfError> {
        self.view(bytes.len(), None, |to| to.extend_from_slice(bytes))
    }

    /// Positions, with the least and greatest of each axis; the index of their accessor.
    ///
    /// # Errors
    ///
    /// As [`Buffer::picture`].
    pub fn positions(&mut self, positions: &[[f32; 3]]) -> Result<u32, GltfError> {
        let at = self.floats(positions)?;
        let bound = |pick: fn(f32, f32) -> f32| -> Vec<f64> {
            let all = positions.iter().copied();
            let all =
                all.reduce(|one, other| std::array::from_fn(|axis| pick(one[axis], other[axis])));
            all.unwrap_or_default().map(f64::from).to_vec()
        };
        let accessor = &mut self.accessors[at as usize];
        (accessor.min, accessor.max) = (bound(f32::min), bound(f32::max));
        Ok(at)
    }

    /// Vectors of floats.
    ///
    /// # Errors
    ///
    /// As [`Buffer::picture`].
    pub fn floats<const N: usize>(&mut self, vectors: &[[f32; N]]) -> Result<u32, GltfError> {
        let view = self.view(vectors.len() * N * 4, Some(ARRAY_BUFFER), |to| {
            vectors.iter().flatten().for_each(|value| to.extend_from_slice(&value.to_le_bytes()));
        })?;
        Ok(self.accessor(view, FLOAT, false, vectors.len(), N))
    }

    /// Colours of 0…1: in bytes where they lose nothing, else in 16 bits.
    ///
    /// # Errors
    ///
    /// As [`Buffer::picture`].
    pub fn colours(&mut self, colours: &[[f32; 4]]) -> Result<u32, GltfError> {
        let all = || colours.iter().flatten().map(|value| value.clamp(0.0, 1.0));
        let is_byte = |value: f32| (value * 255.0 - (value * 255.0).round()).abs() < 1e-3;
        let count = colours.len();
        if all().all(is_byte) {
            let view = self.view(count * 4, Some(ARRAY_BUFFER), |to| {
                all().for_each(|value| to.push((value * 255.0).round() as u8));
            })?;
            return Ok(self.accessor(view, UNSIGNED_BYTE, true, count, 4));
        }
        let view = self.view(count * 8, Some(ARRAY_BUFFER), |to| {
            let words = all().map(|value| ((value * 65535.0).round() as u16).to_le_bytes());
            words.for_each(|word| to.extend_from_slice(&word));
        })?;
        Ok(self.accessor(view, UNSIGNED_SHORT, true, count, 4))
    }

    /// Indices, in 16 bits where they fit; 65535 stays free, as the format wants.
    ///
    /// # Errors
    ///
    /// As [`Buffer::picture`].
    pub fn indices(&mut self, indices: &[u32]) -> Result<u32, GltfError> {
        let count = indices.len();
        let target = Some(ELEMENT_ARRAY_BUFFER);
        if indices.iter().all(|&index| index < u32::from(u16::MAX)) {
            let view = self.view(count * 2, target, |to| {
                indices.iter().for_each(|&it| to.extend_from_slice(&(it as u16).to_le_bytes()));
            })?;
            return Ok(self.accessor(view, UNSIGNED_SHORT, false, count, 1));
        }
        let view = self.view(count * 4, target, |to| {
            indices.iter().for_each(|index| to.extend_from_slice(&index.to_le_bytes()));
        })?;
        Ok(self.accessor(view, UNSIGNED_INT, false, count, 1))
    }

    fn view(
        &mut self,
        length: usize,
        target: Option<u32>,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<u32, GltfError> {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let begin = self.bytes.len();
        let end = begin as u64 + length as u64;
        let max = self.bytes_max.min(u64::from(u32::MAX));
        if end > max {
            return Err(GltfError::TooLarge { bytes: end, max });
        }
        self.bytes.reserve(length);
        fill(&mut self.bytes);
        self.views.push(json::BufferView {
            byte_offset: begin as u64,
            byte_length: length as u64,
            target,
            ..json::BufferView::default()
        });
        Ok(self.views.len() as u32 - 1)
    }

    fn accessor(
        &mut self,
        view: u32,
        component_type: u32,
        normalized: bool,
        count: usize,
        width: usize,
    ) -> u32 {
        let kind = ["SCALAR", "VEC2", "VEC3", "VEC4"][width - 1];
        self.accessors.push(json::Accessor {
            buffer_view: Some(view),
            component_type,
            normalized,
            count: count as u64,
            kind: kind.into(),
            ..json::Accessor::default()
        });
        self.accessors.len() as u32 - 1
    }
}
