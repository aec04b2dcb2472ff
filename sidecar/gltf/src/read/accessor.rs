//! Accessors: typed views of buffers, with gaps, signs, normalised integers and sparse changes.

use crate::{GltfError, json};

use super::source::Source;

const BYTE: u32 = 5120;
const UNSIGNED_BYTE: u32 = 5121;
const SHORT: u32 = 5122;
const UNSIGNED_SHORT: u32 = 5123;
const UNSIGNED_INT: u32 = 5125;
const FLOAT: u32 = 5126;

/// Numbers of an accessor, `width` to an element.
pub struct Numbers {
    pub width: usize,
    pub values: Vec<f32>,
}

impl Numbers {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Its elements, if they have `N` numbers.
    pub fn exactly<const N: usize>(&self) -> Option<Vec<[f32; N]>> {
        (self.width == N).then(|| self.values.as_chunks::<N>().0.to_vec())
    }
}

/// What an accessor's elements are made of.
struct Shape {
    width: usize,
    component: u32,
    component_bytes: usize,
    count: usize,
}

impl Source<'_> {
    fn accessor(&self, index: u32) -> Result<(&json::Accessor, Shape), GltfError> {
        let broken = |why: String| GltfError::broken(format!("accessor {index}: {why}"));
        let accessor = self
            .root
            .accessors
            .get(index as usize)
            .ok_or_else(|| broken("it is missing".into()))?;
        let width = match accessor.kind.as_str() {
            "SCALAR" => 1,
            "VEC2" => 2,
            "VEC3" => 3,
            "VEC4" => 4,
            "MAT4" => 16,
            other => return Err(broken(format!("its type {other:?} has no use here"))),
        };
        let component_bytes = component_bytes(accessor.component_type)
            .ok_or_else(|| broken(format!("no component type {}", accessor.component_type)))?;
        self.spend(accessor.count.saturating_mul(width as u64))?;
        let count = usize::try_from(accessor.count).map_err(|_| broken("its count".into()))?;
        let component = accessor.component_type;
        Ok((accessor, Shape { width, component, component_bytes, count }))
    }

    /// An accessor's numbers; normalised integers become 0…1 or −1…1.
    ///
    /// # Errors
    ///
    /// When it is not there, reaches beyond its view, or is more than may be unpacked.
    pub fn numbers(&self, index: u32) -> Result<Numbers, GltfError> {
        let (accessor, shape) = self.accessor(index)?;
        let normalized = accessor.normalized;
        let take = |bytes: &[u8]| number(bytes, shape.component, normalized);
        let values = self.unpack(index, accessor, &shape, 0.0, take)?;
        Ok(Numbers { width: shape.width, values })
    }

    /// An accessor's unsigned integers and how many make an element.
    ///
    /// # Errors
    ///
    /// As [`Source::numbers`], and when its components are signed or fractions.
    pub fn integers(&self, index: u32) -> Result<(usize, Vec<u32>), GltfError> {
        let (accessor, shape) = self.accessor(index)?;
        if !matches!(shape.component, UNSIGNED_BYTE | UNSIGNED_SHORT | UNSIGNED_INT) {
            return Err(GltfError::broken(format!("accessor {index}: its integers have signs")));
        }
        let values = self.unpack(index, accessor, &shape, 0, integer)?;
        Ok((shape.width, values))
    }

    fn unpack<T: Copy>(
        &self,
        index: u32,
        accessor: &json::Accessor,
        shape: &Shape,
        zero: T,
        take: impl Fn(&[u8]) -> T,
    ) -> Result<Vec<T>, GltfError> {
        let mut values = match accessor.buffer_view {
            None => vec![zero; shape.count * shape.width],
            Some(view) => {
                let elements = self.elements(index, view, accessor.byte_offset, shape)?;
                elements
                    .flat_map(|bytes| bytes.chunks_exact(shape.component_bytes))
                    .map(&take)
                    .collect()
            }
        };
        if let Some(sparse) = &accessor.sparse {
            self.spend(sparse.count.saturating_mul(shape.width as u64 + 1))?;
            let broken = |why: &str| GltfError::broken(format!("accessor {index}: sparse: {why}"));
            let count = usize::try_from(sparse.count).map_err(|_| broken("its count"))?;
            let component = sparse.indices.component_type;
            if !matches!(component, UNSIGNED_BYTE | UNSIGNED_SHORT | UNSIGNED_INT) {
                return Err(broken("its indices have signs"));
            }
            let component_bytes = component_bytes(component).unwrap_or(4);
            let places = Shape { width: 1, component, component_bytes, count };
            let changes = Shape { count, ..*shape };
            let indices = &sparse.indices;
            let at = self.elements(index, indices.buffer_view, indices.byte_offset, &places)?;
            let to = self.elements(
                index,
                sparse.values.buffer_view,
                sparse.values.byte_offset,
                &changes,
            )?;
            for (place, change) in at.zip(to) {
                let begin = integer(place) as usize * shape.width;
                let element = values.get_mut(begin..begin + shape.width);
                let element = element.ok_or_else(|| broken("an index is beyond its count"))?;
                for (value, bytes) in
                    element.iter_mut().zip(change.chunks_exact(shape.component_bytes))
                {
                    *value = take(bytes);
                }
            }
        }
        Ok(values)
    }

    /// The bytes of each element in a view; all of them are there.
    fn elements(
        &self,
        index: u32,
        view: u32,
        offset: u64,
        shape: &Shape,
    ) -> Result<impl Iterator<Item = &[u8]>, GltfError> {
        let (bytes, stride) = self.view(view)?;
        let size = shape.width * shape.component_bytes;
        let broken = |why: &str| GltfError::broken(format!("accessor {index}: {why}"));
        let stride = usize::try_from(stride.filter(|&stride| stride > 0).unwrap_or(size as u64))
            .ok()
            .filter(|&stride| stride >= size && stride <= 4096)
            .ok_or_else(|| broken("its stride is not between its size and 4096"))?;
        let reach = match shape.count {
            0 => Some(0),
            count => (count - 1).checked_mul(stride).and_then(|all| all.checked_add(size)),
        };
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|begin| bytes.get(begin..begin.checked_add(reach?)?))
            .ok_or_else(|| broken("it reaches beyond its buffer view"))?;
        Ok((0..shape.count).map(move |at| &bytes[at * stride..at * stride + size]))
    }
}

fn component_bytes(component: u32) -> Option<usize> {
    match component {
        BYTE | UNSIGNED_BYTE => Some(1),
        SHORT | UNSIGNED_SHORT => Some(2),
        UNSIGNED_INT | FLOAT => Some(4),
        _ => None,
    }
}

/// glTF 2.0, section 3.11: how normalised integers become numbers.
fn number(bytes: &[u8], component: u32, normalized: bool) -> f32 {
    let (value, most) = match (component, bytes) {
        (BYTE, &[byte]) => (f32::from(byte as i8), 127.0),
        (UNSIGNED_BYTE, &[byte]) => (f32::from(byte), 255.0),
        (SHORT, &[low, high]) => (f32::from(i16::from_le_bytes([low, high])), 32767.0),
        (UNSIGNED_SHORT, &[low, high]) => (f32::from(u16::from_le_bytes([low, high])), 65535.0),
        (UNSIGNED_INT, _) => (integer(bytes) as f32, u32::MAX as f32),
        (FLOAT, &[a, b, c, d]) => return f32::from_le_bytes([a, b, c, d]),
        _ => return 0.0,
    };
    if normalized { (value / most).max(-1.0) } else { value }
}

fn integer(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}
