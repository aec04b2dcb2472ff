//! What value representations point at.
//!
//! A representation is 64 bits: 63 array, 62 inlined, 61 compressed, 48…55 type, the rest an
//! offset or the value itself.

use super::coding;
use super::tables::{Crate, Cursor};
use crate::layer::LayerError;
use crate::names::{Name, Names};
use crate::value::{Arc, ListOp, Samples, Value};

const ARRAY: u64 = 1 << 63;
const INLINED: u64 = 1 << 62;
const COMPRESSED: u64 = 1 << 61;
const PAYLOAD: u64 = (1 << 48) - 1;

/// Nesting of values and dictionaries a file may have.
const NESTING_MAX: u32 = 64;

/// A layer offset: two doubles. Offsets move samples in time, which no fact depends on.
const LAYER_OFFSET_BYTES: usize = 16;

/// Arrays shorter than this are never compressed.
const COMPRESSED_LEN_MIN: usize = 16;

/// Types of the encoding that this crate decodes; numbers are the format's.
mod types {
    pub(super) const BOOL: u8 = 1;
    pub(super) const UCHAR: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const UINT: u8 = 4;
    pub(super) const INT64: u8 = 5;
    pub(super) const UINT64: u8 = 6;
    pub(super) const HALF: u8 = 7;
    pub(super) const FLOAT: u8 = 8;
    pub(super) const DOUBLE: u8 = 9;
    pub(super) const STRING: u8 = 10;
    pub(super) const TOKEN: u8 = 11;
    pub(super) const ASSET_PATH: u8 = 12;
    pub(super) const MATRIX2D: u8 = 13;
    pub(super) const MATRIX4D: u8 = 15;
    pub(super) const QUATD: u8 = 16;
    pub(super) const QUATF: u8 = 17;
    pub(super) const QUATH: u8 = 18;
    pub(super) const VEC2D: u8 = 19;
    pub(super) const VEC4I: u8 = 30;
    pub(super) const DICTIONARY: u8 = 31;
    pub(super) const TOKEN_LIST_OP: u8 = 32;
    pub(super) const STRING_LIST_OP: u8 = 33;
    pub(super) const PATH_LIST_OP: u8 = 34;
    pub(super) const REFERENCE_LIST_OP: u8 = 35;
    pub(super) const PATH_VECTOR: u8 = 40;
    pub(super) const TOKEN_VECTOR: u8 = 41;
    pub(super) const SPECIFIER: u8 = 42;
    pub(super) const VARIABILITY: u8 = 44;
    pub(super) const VARIANT_SELECTION_MAP: u8 = 45;
    pub(super) const TIME_SAMPLES: u8 = 46;
    pub(super) const PAYLOAD: u8 = 47;
    pub(super) const DOUBLE_VECTOR: u8 = 48;
    pub(super) const STRING_VECTOR: u8 = 50;
    pub(super) const VALUE_BLOCK: u8 = 51;
    pub(super) const VALUE: u8 = 52;
    pub(super) const UNREGISTERED_VALUE: u8 = 53;
    pub(super) const PAYLOAD_LIST_OP: u8 = 55;
    pub(super) const TIME_CODE: u8 = 56;
    pub(super) const RELOCATES: u8 = 58;
}

/// A number's storage within vectors and arrays.
#[derive(Clone, Copy)]
enum Scalar {
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
    fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    fn read(self, bytes: &[u8]) -> f64 {
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

fn four(bytes: &[u8]) -> [u8; 4] {
    bytes[..4].try_into().expect("four bytes")
}

fn eight(bytes: &[u8]) -> [u8; 8] {
    bytes[..8].try_into().expect("eight bytes")
}

/// Storage and number of components of a numeric type.
fn shape(kind: u8) -> Option<(Scalar, usize)> {
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

fn kind(rep: u64) -> u8 {
    (rep >> 48) as u8
}

impl Crate {
    fn cursor(&self, rep: u64) -> Cursor<'_> {
        Cursor::new(&self.bytes, (rep & PAYLOAD) as usize)
    }

    /// Number of elements of an array representation, from its header alone.
    pub(crate) fn array_len(&self, rep: u64) -> Result<u64, LayerError> {
        if rep & PAYLOAD == 0 {
            return Ok(0);
        }
        Ok(self.array_start(rep)?.1 as u64)
    }

    /// The cursor behind an array's header, and its length.
    fn array_start(&self, rep: u64) -> Result<(Cursor<'_>, usize), LayerError> {
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

    /// The value of a representation. Arrays of numbers stay where they are.
    pub(super) fn value(&self, rep: u64, names: &mut Names) -> Result<Value, LayerError> {
        self.nested(rep, names, 0)
    }

    fn nested(&self, rep: u64, names: &mut Names, depth: u32) -> Result<Value, LayerError> {
        if depth > NESTING_MAX {
            return Err(LayerError::new("a value is nested too deep"));
        }
        if rep & ARRAY != 0 {
            return self.array(rep, names);
        }
        if rep & INLINED != 0 {
            return self.inlined(rep, names);
        }
        let mut cursor = self.cursor(rep);
        Ok(match kind(rep) {
            types::INT64 => Value::Int(cursor.u64()? as i64),
            types::UINT64 => Value::Int(cursor.u64()? as i64),
            types::DOUBLE | types::TIME_CODE => Value::Double(cursor.f64()?),
            types::STRING => Value::String(names.text(self.string(cursor.u32()?)?).into()),
            types::TOKEN => Value::Token(self.token(cursor.u32()?)?),
            types::ASSET_PATH => Value::Asset(names.text(self.string(cursor.u32()?)?).into()),
            types::DICTIONARY => self.dictionary(&mut cursor, names, depth)?,
            types::TOKEN_LIST_OP => {
                Value::TokenEdits(list_op(&mut cursor, 4, |c| self.token(c.u32()?))?)
            }
            types::STRING_LIST_OP => {
                Value::TokenEdits(list_op(&mut cursor, 4, |c| self.string(c.u32()?))?)
            }
            types::PATH_LIST_OP => Value::PathEdits(list_op(&mut cursor, 4, |c| {
                Ok(self.path_text(c.u32()?, names)?.into())
            })?),
            types::REFERENCE_LIST_OP => Value::ArcEdits(list_op(&mut cursor, 32, |c| {
                let arc = self.arc(c, names)?;
                c.take(LAYER_OFFSET_BYTES)?;
                self.skip_dictionary(c)?;
                Ok(arc)
            })?),
            types::PAYLOAD_LIST_OP => Value::ArcEdits(list_op(&mut cursor, 8, |c| {
                let arc = self.arc(c, names)?;
                if self.version >= (0, 8, 0) {
                    c.take(LAYER_OFFSET_BYTES)?;
                }
                Ok(arc)
            })?),
            types::PAYLOAD => {
                let arc = self.arc(&mut cursor, names)?;
                // A payload without asset and prim is how old files say "none".
                let items =
                    if arc.asset.is_empty() && arc.prim.is_empty() { vec![] } else { vec![arc] };
                Value::ArcEdits(Box::new(ListOp { explicit: Some(items), ..ListOp::default() }))
            }
            types::PATH_VECTOR => {
                let mut paths = Vec::new();
                for _ in 0..cursor.count(4)? {
                    paths.push(self.path_text(cursor.u32()?, names)?.into());
                }
                Value::PathEdits(Box::new(ListOp { explicit: Some(paths), ..ListOp::default() }))
            }
            types::TOKEN_VECTOR => {
                let mut tokens = Vec::new();
                for _ in 0..cursor.count(4)? {
                    tokens.push(self.token(cursor.u32()?)?);
                }
                Value::Tokens(tokens.into())
            }
            types::STRING_VECTOR => {
                let mut strings = Vec::new();
                for _ in 0..cursor.count(4)? {
                    strings.push(self.string(cursor.u32()?)?);
                }
                Value::Tokens(strings.into())
            }
            types::VARIANT_SELECTION_MAP => {
                let mut pairs = Vec::new();
                for _ in 0..cursor.count(8)? {
                    pairs.push((self.string(cursor.u32()?)?, self.string(cursor.u32()?)?));
                }
                Value::Selections(pairs.into())
            }
            types::RELOCATES => {
                let mut pairs: Vec<(Box<str>, Box<str>)> = Vec::new();
                for _ in 0..cursor.count(8)? {
                    let from = self.path_text(cursor.u32()?, names)?.into();
                    pairs.push((from, self.path_text(cursor.u32()?, names)?.into()));
                }
                Value::PathPairs(pairs.into())
            }
            types::TIME_SAMPLES => self.samples(&mut cursor, names, depth)?,
            types::VALUE | types::UNREGISTERED_VALUE => {
                let inner = follow(&mut cursor)?;
                self.nested(inner, names, depth + 1)?
            }
            types::VALUE_BLOCK => Value::Block,
            other => match shape(other) {
                Some((scalar, width)) => {
                    let bytes = cursor.take(scalar.size() * width)?;
                    let mut values: Vec<f64> =
                        bytes.chunks_exact(scalar.size()).map(|bytes| scalar.read(bytes)).collect();
                    if matches!(other, types::QUATD..=types::QUATH) {
                        real_part_first(&mut values);
                    }
                    if width == 1 { Value::Double(values[0]) } else { Value::Tuple(values.into()) }
                }
                None => Value::Other,
            },
        })
    }

    fn array(&self, rep: u64, names: &Names) -> Result<Value, LayerError> {
        let texts = matches!(kind(rep), types::TOKEN | types::STRING | types::ASSET_PATH);
        if !texts {
            return Ok(Value::CrateArray(rep));
        }
        let mut items = Vec::new();
        if rep & PAYLOAD != 0 {
            let (mut cursor, length) = self.array_start(rep)?;
            for bytes in cursor.take(length.saturating_mul(4))?.chunks_exact(4) {
                let index = u32::from_le_bytes(four(bytes));
                let token = kind(rep) == types::TOKEN;
                items.push(if token { self.token(index)? } else { self.string(index)? });
            }
        }
        if kind(rep) == types::ASSET_PATH {
            return Ok(Value::Assets(items.iter().map(|&name| names.text(name).into()).collect()));
        }
        Ok(Value::Tokens(items.into()))
    }

    fn inlined(&self, rep: u64, names: &Names) -> Result<Value, LayerError> {
        let bits = rep as u32;
        let bytes = bits.to_le_bytes();
        Ok(match kind(rep) {
            types::BOOL => Value::Bool(bytes[0] != 0),
            types::UCHAR => Value::Int(i64::from(bytes[0])),
            types::INT | types::INT64 => Value::Int(i64::from(bits as i32)),
            types::UINT | types::UINT64 => Value::Int(i64::from(bits)),
            types::HALF => Value::Double(half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f64()),
            types::FLOAT | types::DOUBLE | types::TIME_CODE => {
                Value::Double(f64::from(f32::from_bits(bits)))
            }
            types::STRING => Value::String(names.text(self.string(bits)?).into()),
            types::TOKEN => Value::Token(self.token(bits)?),
            types::ASSET_PATH => Value::Asset(names.text(self.token(bits)?).into()),
            types::SPECIFIER | types::VARIABILITY => Value::Int(i64::from(bits)),
            types::VALUE_BLOCK => Value::Block,
            types::DICTIONARY => Value::Dictionary(Box::default()),
            types::MATRIX2D..=types::MATRIX4D => {
                // The diagonal, a byte each; everything else is zero.
                let side = usize::from(kind(rep) - types::MATRIX2D) + 2;
                let mut values = vec![0.0; side * side];
                for row in 0..side {
                    values[row * side + row] = f64::from(bytes[row] as i8);
                }
                Value::Tuple(values.into())
            }
            types::VEC2D..=types::VEC4I => {
                let width = usize::from((kind(rep) - types::VEC2D) / 4) + 2;
                Value::Tuple(bytes[..width].iter().map(|&b| f64::from(b as i8)).collect())
            }
            _ => Value::Other,
        })
    }

    fn arc(&self, cursor: &mut Cursor, names: &Names) -> Result<Arc, LayerError> {
        let asset = names.text(self.string(cursor.u32()?)?).into();
        let prim = self.path_text(cursor.u32()?, names)?.into();
        Ok(Arc { asset, prim })
    }

    fn dictionary(
        &self,
        cursor: &mut Cursor,
        names: &mut Names,
        depth: u32,
    ) -> Result<Value, LayerError> {
        let mut entries: Vec<(Box<str>, Value)> = Vec::new();
        for _ in 0..cursor.count(12)? {
            let key = names.text(self.string(cursor.u32()?)?).into();
            let rep = follow(cursor)?;
            entries.push((key, self.nested(rep, names, depth + 1)?));
        }
        Ok(Value::Dictionary(Box::new(entries)))
    }

    fn skip_dictionary(&self, cursor: &mut Cursor) -> Result<(), LayerError> {
        for _ in 0..cursor.count(12)? {
            cursor.u32()?;
            follow(cursor)?;
        }
        Ok(())
    }

    fn samples(
        &self,
        cursor: &mut Cursor,
        names: &mut Names,
        depth: u32,
    ) -> Result<Value, LayerError> {
        let times = follow(cursor)?;
        let times = match kind(times) {
            types::DOUBLE_VECTOR => {
                let mut at = self.cursor(times);
                let count = at.count(8)?;
                at.take(count * 8)?.chunks_exact(8).map(|b| f64::from_le_bytes(eight(b))).collect()
            }
            _ => self.numbers(times)?,
        };
        let start = cursor.at;
        let offset = cursor.u64()? as i64;
        cursor.at = jump(start, offset)?;
        let mut values = Vec::new();
        for _ in 0..cursor.count(8)? {
            let rep = cursor.u64()?;
            // Samples hold no samples.
            let value = if kind(rep) == types::TIME_SAMPLES {
                Value::Other
            } else {
                self.nested(rep, names, depth + 1)?
            };
            values.push(value);
        }
        values.resize(times.len(), Value::Block);
        Ok(Value::Samples(Box::new(Samples { times, values })))
    }

    /// A path of the file as text.
    pub(super) fn path_text(&self, index: u32, names: &Names) -> Result<String, LayerError> {
        let broken = || LayerError::new("a path index lies past the table");
        let mut elements = Vec::new();
        let mut at = index;
        loop {
            let element = self.paths.get(at as usize).ok_or_else(broken)?;
            if element.is_top(at) {
                break;
            }
            elements.push(element);
            at = element.parent;
            if elements.len() > self.paths.len() {
                return Err(LayerError::new("the path table is a circle"));
            }
        }
        let mut text = String::new();
        for element in elements.iter().rev() {
            let token = names.text(self.token(element.token)?);
            if element.property {
                text.push('.');
            } else if !token.starts_with(['{', '[']) && !text.ends_with('}') {
                text.push('/');
            }
            text.push_str(token);
        }
        Ok(text)
    }
}

/// The representation behind a relative offset; leaves the cursor behind it.
fn follow(cursor: &mut Cursor) -> Result<u64, LayerError> {
    let start = cursor.at;
    let offset = cursor.u64()? as i64;
    cursor.at = jump(start, offset)?;
    cursor.u64()
}

fn jump(start: usize, offset: i64) -> Result<usize, LayerError> {
    // Only forward: a file cannot send us round in circles.
    let target = usize::try_from(offset).ok().and_then(|offset| start.checked_add(offset));
    target.ok_or_else(|| LayerError::new("an offset points out of the file"))
}

/// Quaternions are stored imaginary part first; text and [`Value::Tuple`] have the real part first.
fn real_part_first(values: &mut [f64]) {
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

fn list_op<T: Clone>(
    cursor: &mut Cursor,
    size: usize,
    mut item: impl FnMut(&mut Cursor) -> Result<T, LayerError>,
) -> Result<Box<ListOp<T>>, LayerError> {
    let bits = cursor.u8()?;
    let mut part = |bit: u8| -> Result<Vec<T>, LayerError> {
        let mut items = Vec::new();
        if bits & (1 << bit) != 0 {
            for _ in 0..cursor.count(size)? {
                items.push(item(cursor)?);
            }
        }
        Ok(items)
    };
    let explicit = part(1)?;
    let added = part(2)?;
    let prepended = part(5)?;
    let appended = part(6)?;
    let deleted = part(3)?;
    let ordered = part(4)?;
    let explicit = (bits & 1 != 0).then_some(explicit);
    Ok(Box::new(ListOp { explicit, added, prepended, appended, deleted, ordered }))
}

/// The name that a token field holds inline.
pub(super) fn inline_token(file: &Crate, rep: u64) -> Option<Name> {
    let plain = rep & INLINED != 0 && rep & ARRAY == 0 && kind(rep) == types::TOKEN;
    if plain { file.token(rep as u32).ok() } else { None }
}

/// The small number that an enumerated field holds inline.
pub(super) fn inline_number(rep: u64) -> u32 {
    rep as u32
}

/// Whether a representation can lead to asset paths.
pub(super) fn may_name_assets(rep: u64) -> bool {
    matches!(kind(rep), types::ASSET_PATH | types::DICTIONARY | types::VALUE)
}
