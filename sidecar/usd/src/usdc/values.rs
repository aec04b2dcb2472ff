//! What value representations point at.
//!
//! A representation is 64 bits: 63 array, 62 inlined, 61 compressed, 48…55 type, the rest an
//! offset or the value itself.

use super::numbers::{eight, four, real_part_first, shape};
use super::tables::{Crate, Cursor};
use crate::layer::LayerError;
use crate::names::{Name, Names};
use crate::value::{Arc, ListOp, Samples, Value};

pub(super) const ARRAY: u64 = 1 << 63;
const INLINED: u64 = 1 << 62;
pub(super) const COMPRESSED: u64 = 1 << 61;
pub(super) const PAYLOAD: u64 = (1 << 48) - 1;

/// Nesting of values and dictionaries a file may have.
const NESTING_MAX: u32 = 64;

/// A layer offset: two doubles. Offsets move samples in time, which no fact depends on.
const LAYER_OFFSET_BYTES: usize = 16;

/// Types of the encoding that this crate decodes; numbers are the format's.
pub(super) mod types {
    pub(in crate::usdc) const BOOL: u8 = 1;
    pub(in crate::usdc) const UCHAR: u8 = 2;
    pub(in crate::usdc) const INT: u8 = 3;
    pub(in crate::usdc) const UINT: u8 = 4;
    pub(in crate::usdc) const INT64: u8 = 5;
    pub(in crate::usdc) const UINT64: u8 = 6;
    pub(in crate::usdc) const HALF: u8 = 7;
    pub(in crate::usdc) const FLOAT: u8 = 8;
    pub(in crate::usdc) const DOUBLE: u8 = 9;
    pub(in crate::usdc) const STRING: u8 = 10;
    pub(in crate::usdc) const TOKEN: u8 = 11;
    pub(in crate::usdc) const ASSET_PATH: u8 = 12;
    pub(in crate::usdc) const MATRIX2D: u8 = 13;
    pub(in crate::usdc) const MATRIX4D: u8 = 15;
    pub(in crate::usdc) const QUATD: u8 = 16;
    pub(in crate::usdc) const QUATF: u8 = 17;
    pub(in crate::usdc) const QUATH: u8 = 18;
    pub(in crate::usdc) const VEC2D: u8 = 19;
    pub(in crate::usdc) const VEC4I: u8 = 30;
    pub(in crate::usdc) const DICTIONARY: u8 = 31;
    pub(in crate::usdc) const TOKEN_LIST_OP: u8 = 32;
    pub(in crate::usdc) const STRING_LIST_OP: u8 = 33;
    pub(in crate::usdc) const PATH_LIST_OP: u8 = 34;
    pub(in crate::usdc) const REFERENCE_LIST_OP: u8 = 35;
    pub(in crate::usdc) const PATH_VECTOR: u8 = 40;
    pub(in crate::usdc) const TOKEN_VECTOR: u8 = 41;
    pub(in crate::usdc) const SPECIFIER: u8 = 42;
    pub(in crate::usdc) const VARIABILITY: u8 = 44;
    pub(in crate::usdc) const VARIANT_SELECTION_MAP: u8 = 45;
    pub(in crate::usdc) const TIME_SAMPLES: u8 = 46;
    pub(in crate::usdc) const PAYLOAD: u8 = 47;
    pub(in crate::usdc) const DOUBLE_VECTOR: u8 = 48;
    pub(in crate::usdc) const STRING_VECTOR: u8 = 50;
    pub(in crate::usdc) const VALUE_BLOCK: u8 = 51;
    pub(in crate::usdc) const VALUE: u8 = 52;
    pub(in crate::usdc) const UNREGISTERED_VALUE: u8 = 53;
    pub(in crate::usdc) const INT64_LIST_OP: u8 = 37;
    pub(in crate::usdc) const PAYLOAD_LIST_OP: u8 = 55;
    pub(in crate::usdc) const TIME_CODE: u8 = 56;
    pub(in crate::usdc) const RELOCATES: u8 = 58;
}

pub(super) fn kind(rep: u64) -> u8 {
    (rep >> 48) as u8
}

impl Crate {
    pub(super) fn cursor(&self, rep: u64) -> Cursor<'_> {
        Cursor::new(&self.bytes, (rep & PAYLOAD) as usize)
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
            types::INT64_LIST_OP => {
                // Only `inactiveIds` has this type: what it brings is all that is asked of it.
                let edits = list_op(&mut cursor, 8, |c| Ok(c.u64()? as i64))?;
                Value::Tuple(edits.brought().map(|&id| id as f64).collect())
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
