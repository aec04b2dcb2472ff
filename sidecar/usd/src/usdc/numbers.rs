//! Numbers and arrays of numbers of the crate encoding.

use super::coding;
use super::tables::{Crate, Cursor};
use super::values::{ARRAY, COMPRESSED, PAYLOAD, kind, types};
use crate::layer::LayerError;

/// Arrays shorter than this are never compressed.
const COMPRESSED_LEN_MIN: usize = 16;

/// A number's storage within vectors and arrays.
#[derive(Clone, Copy)]
pub(super) enum Scalar {
    U8,
    I32,
    U32,
    I64,
    U64,
    F16,
    F32,
    F64,
}

impl Scalar {
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub(super) fn read(self, bytes: &[u8]) -> f64 {
        match self {
            Self::U8 => f64::from(bytes[0]),
            Self::F16 => half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f64(),
            Self::I32 => f64::from(i32::from_le_bytes(four(bytes))),
            Self::U32 => f64::from(u32::from_le_bytes(four(bytes))),
            Self::F32 => f64::from(f32::from_le_bytes(four(bytes))),
            Self::I64 => i64::from_le_bytes(eight(bytes)) as f64,
            Self::U64 => u64::from_le_bytes(eight(bytes)) as f64,
            Self::F64 => f64::from_le_bytes(eight(bytes)),
        }
    }
}

pub(super) fn four(bytes: &[u8]) -> [u8; 4] {
    bytes[..4].try_into().expect("four bytes")
}

pub(super) fn eight(bytes: &[u8]) -> [u8; 8] {
    bytes[..8].try_into().expect("eight bytes")
}

/// Storage and number of components of a numeric type.
pub(super) fn shape(kind: u8) -> Option<(Scalar, usize)> {
    use types::*;
    Some(match kind {
        BOOL | UCHAR => (Scalar::U8, 1),
        INT => (Scalar::I32, 1),
        UINT => (Scalar::U32, 1),
        INT64 => (Scalar::I64, 1),
        UINT64 => (Scalar::U64, 1),
        HALF => (Scalar::F16, 1),
        FLOAT => (Scalar::F32, 1),
        DOUBLE | TIME_CODE => (Scalar::F64, 1),
        MATRIX2D..=MATRIX4D => {
            let side = usize::from(kind - MATRIX2D) + 2;
            (Scalar::F64, side * side)
        }
        QUATD => (Scalar::F64, 4),
        QUATF => (Scalar::F32, 4),
        QUATH => (Scalar::F16, 4),
        VEC2D..=VEC4I => {
            let at = kind - VEC2D;
            let scalar = [Scalar::F64, Scalar::F32, Scalar::F16, Scalar::I32][usize::from(at % 4)];
            (scalar, usize::from(at / 4) + 2)
        }
        _ => return None,
    })
}

impl Crate {
    /// Number of elements of an array representation, from its header alone.
    pub(crate) fn array_len(&self, rep: u64) -> Result<u64, LayerError> {
        if rep & PAYLOAD == 0 {
            return Ok(0);
        }
        Ok(self.array_start(rep)?.1 as u64)
    }

    /// The cursor behind an array's header, and its length.
    pub(super) fn array_start(&self, rep: u64) -> Result<(Cursor<'_>, usize), LayerError> {
        let mut cursor = self.cursor(rep);
        if self.version < (0, 5, 0) {
            cursor.u32()?; // The rank, always 1.
        }
        let length =
            if self.version < (0, 7, 0) { u64::from(cursor.u32()?) } else { cursor.u64()? };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // No encoding of an array takes less than a bit an element.
        if length > self.bytes.len().saturating_mul(1024) {
            return Err(LayerError::new("an array promises more than the file holds"));
        }
        Ok((cursor, length))
    }

    /// Elements of a numeric array, tuples flattened.
    pub(crate) fn numbers(&self, rep: u64) -> Result<Vec<f64>, LayerError> {
        let no_array = || LayerError::new("is no numeric array");
        let (scalar, width) = shape(kind(rep)).ok_or_else(no_array)?;
        if rep & ARRAY == 0 {
            return Err(no_array());
        }
        if rep & PAYLOAD == 0 {
            return Ok(Vec::new());
        }
        let (mut cursor, length) = self.array_start(rep)?;
        if rep & COMPRESSED != 0 && length >= COMPRESSED_LEN_MIN && width == 1 {
            return packed_numbers(&mut cursor, scalar, length);
        }
        let size = scalar.size();
        let total = length.checked_mul(width * size).ok_or_else(no_array)?;
        let mut out: Vec<f64> =
            cursor.take(total)?.chunks_exact(size).map(|bytes| scalar.read(bytes)).collect();
        if matches!(kind(rep), types::QUATD..=types::QUATH) {
            real_part_first(&mut out);
        }
        Ok(out)
    }
}

/// Quaternions are stored imaginary part first; text and [`Value::Tuple`] have the real part first.
pub(super) fn real_part_first(values: &mut [f64]) {
    for quaternion in values.chunks_exact_mut(4) {
        quaternion.rotate_right(1);
    }
}

fn packed_numbers(
    cursor: &mut Cursor,
    scalar: Scalar,
    length: usize,
) -> Result<Vec<f64>, LayerError> {
    let sized = |cursor: &mut Cursor| -> Result<Vec<u8>, LayerError> {
        let size = usize::try_from(cursor.u64()?).unwrap_or(usize::MAX);
        Ok(cursor.take(size)?.to_vec())
    };
    Ok(match scalar {
        Scalar::I32 => {
            coding::integers32(&sized(cursor)?, length)?.into_iter().map(f64::from).collect()
        }
        Scalar::U32 => coding::integers32(&sized(cursor)?, length)?
            .into_iter()
            .map(|value| f64::from(value as u32))
            .collect(),
        Scalar::I64 | Scalar::U64 => {
            coding::integers64(&sized(cursor)?, length)?.into_iter().map(|v| v as f64).collect()
        }
        Scalar::U8 => return Err(LayerError::new("bytes are never compressed")),
        Scalar::F16 | Scalar::F32 | Scalar::F64 => match cursor.u8()? {
            b'i' => {
                coding::integers32(&sized(cursor)?, length)?.into_iter().map(f64::from).collect()
            }
            b't' => {
                let size = cursor.u32()? as usize;
                let bytes = cursor.take(size.saturating_mul(scalar.size()))?;
                let table: Vec<f64> =
                    bytes.chunks_exact(scalar.size()).map(|bytes| scalar.read(bytes)).collect();
                let indices = coding::integers32(&sized(cursor)?, length)?;
                let past = || LayerError::new("a table index lies past the table");
                let found = indices.into_iter().map(|at| table.get(at as usize).copied());
                found.collect::<Option<Vec<f64>>>().ok_or_else(past)?
            }
            _ => return Err(LayerError::new("compressed numbers have an unknown code")),
        },
    })
}
