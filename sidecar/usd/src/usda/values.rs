//! Values of a text layer.

use super::scan::Scanner;
use crate::layer::LayerError;
use crate::names::Names;
use crate::value::{Samples, Value};

/// Nesting of tuples, lists and dictionaries that a value may have.
const NESTING_MAX: u32 = 64;

/// Types whose arrays hold no numbers.
fn is_textual(element: &str) -> bool {
    matches!(
        element,
        "token" | "string" | "asset" | "bool" | "pathExpression" | "opaque" | "group" | "path"
    )
}

/// A value of the attribute type `type_name`, `None` and all.
pub(super) fn typed(
    scan: &mut Scanner,
    names: &mut Names,
    type_name: &str,
) -> Result<Value, LayerError> {
    scan.skip()?;
    if let Some(element) = type_name.strip_suffix("[]")
        && scan.peek() == b'['
        && !is_textual(element)
    {
        let start = scan.at as u32;
        let count = skip_numbers(scan)?;
        return Ok(Value::TextArray(start, count));
    }
    let value = any(scan, names, 0)?;
    Ok(coerce(value, type_name, names))
}

/// What the declared type makes of a value: a quoted text may be a token or an asset path.
fn coerce(value: Value, type_name: &str, names: &mut Names) -> Value {
    match (value, type_name) {
        (Value::String(text), "asset") => Value::Asset(text),
        (Value::Tokens(texts), "asset[]") => {
            Value::Assets(texts.iter().map(|&text| names.text(text).into()).collect())
        }
        (Value::String(text), "token") => Value::Token(names.intern(&text)),
        (Value::Other, "token[]" | "string[]") => Value::Tokens(Box::default()),
        (Value::Other, "asset[]") => Value::Assets(Box::default()),
        (value, _) => value,
    }
}

/// `{ time: value, … }` of an attribute of type `type_name`.
pub(super) fn samples(
    scan: &mut Scanner,
    names: &mut Names,
    type_name: &str,
) -> Result<Value, LayerError> {
    scan.expect(b'{')?;
    let mut pairs: Vec<(f64, Value)> = Vec::new();
    while !scan.take(b'}')? {
        let time = number(scan)?;
        let time = time.as_f64().ok_or_else(|| scan.error("a time sample's time is no number"))?;
        scan.expect(b':')?;
        let value = typed(scan, names, type_name)?;
        pairs.push((time, value));
        if !scan.take(b',')? {
            scan.expect(b'}')?;
            break;
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (times, values) = pairs.into_iter().unzip();
    Ok(Value::Samples(Box::new(Samples { times, values })))
}

/// Any value, told apart by its first byte.
pub(super) fn any(
    scan: &mut Scanner,
    names: &mut Names,
    nesting: u32,
) -> Result<Value, LayerError> {
    scan.skip()?;
    if nesting > NESTING_MAX {
        return Err(scan.error("a value is nested too deep"));
    }
    match scan.peek() {
        b'"' | b'\'' => Ok(Value::String(scan.string()?.into())),
        b'@' => Ok(Value::Asset(scan.asset()?.into())),
        b'<' => Ok(Value::String(scan.path()?.into())),
        b'(' => tuple(scan, nesting),
        b'[' => list(scan, names, nesting),
        b'{' => dictionary(scan, names, nesting),
        _ if scan.at_number() => number(scan),
        _ => word(scan, names),
    }
}

fn word(scan: &mut Scanner, names: &mut Names) -> Result<Value, LayerError> {
    let word = scan.word(b":.")?;
    Ok(match word {
        "" => return Err(scan.error(&format!("expected a value, found {}", scan.found()))),
        "None" => Value::Block,
        "true" | "True" | "yes" | "on" => Value::Bool(true),
        "false" | "False" | "no" | "off" => Value::Bool(false),
        "inf" => Value::Double(f64::INFINITY),
        "nan" => Value::Double(f64::NAN),
        "AnimationBlock" => Value::Block,
        other => Value::Token(names.intern(other)),
    })
}

/// A number.
pub(super) fn number(scan: &mut Scanner) -> Result<Value, LayerError> {
    scan.skip()?;
    if !scan.at_number() && scan.peek() != b'i' && scan.peek() != b'n' {
        return Err(scan.error(&format!("expected a number, found {}", scan.found())));
    }
    let text = std::str::from_utf8(scan.number_text()).unwrap_or("");
    if let Ok(value) = text.parse::<i64>() {
        return Ok(Value::Int(value));
    }
    text.parse::<f64>()
        .map(Value::Double)
        .map_err(|_| scan.error(&format!("`{text}` is not a number")))
}

fn tuple(scan: &mut Scanner, nesting: u32) -> Result<Value, LayerError> {
    let mut numbers = Vec::new();
    fill_tuple(scan, &mut numbers, nesting)?;
    Ok(Value::Tuple(numbers.into()))
}

fn fill_tuple(scan: &mut Scanner, numbers: &mut Vec<f64>, nesting: u32) -> Result<(), LayerError> {
    if nesting > NESTING_MAX {
        return Err(scan.error("a value is nested too deep"));
    }
    scan.expect(b'(')?;
    loop {
        scan.skip()?;
        match scan.peek() {
            b'(' => fill_tuple(scan, numbers, nesting + 1)?,
            b')' => {
                scan.at += 1;
                return Ok(());
            }
            _ => {
                let value = number(scan)?;
                numbers.push(value.as_f64().unwrap_or(f64::NAN));
            }
        }
        if !scan.take(b',')? {
            return scan.expect(b')');
        }
    }
}

fn list(scan: &mut Scanner, names: &mut Names, nesting: u32) -> Result<Value, LayerError> {
    let start = scan.at as u32;
    scan.expect(b'[')?;
    scan.skip()?;
    match scan.peek() {
        b'"' | b'\'' => {
            let mut items = Vec::new();
            while !scan.take(b']')? {
                let text = scan.string()?;
                items.push(names.intern(&text));
                separator(scan)?;
            }
            Ok(Value::Tokens(items.into()))
        }
        b'@' => {
            let mut items: Vec<Box<str>> = Vec::new();
            while !scan.take(b']')? {
                items.push(scan.asset()?.into());
                separator(scan)?;
            }
            Ok(Value::Assets(items.into()))
        }
        b'(' | b'+' | b'-' | b'.' | b'0'..=b'9' => {
            scan.at = start as usize;
            let count = skip_numbers(scan)?;
            Ok(Value::TextArray(start, count))
        }
        _ => {
            while !scan.take(b']')? {
                any(scan, names, nesting + 1)?;
                separator(scan)?;
            }
            Ok(Value::Other)
        }
    }
}

/// A comma between items, optional before the closing bracket.
fn separator(scan: &mut Scanner) -> Result<(), LayerError> {
    if scan.take(b',')? {
        return Ok(());
    }
    scan.skip()?;
    if scan.peek() == b']' {
        return Ok(());
    }
    Err(scan.error(&format!("expected `,` or `]`, found {}", scan.found())))
}

/// `{ type key = value … }`
fn dictionary(scan: &mut Scanner, names: &mut Names, nesting: u32) -> Result<Value, LayerError> {
    scan.expect(b'{')?;
    let mut entries: Vec<(Box<str>, Value)> = Vec::new();
    while !scan.take(b'}')? {
        let mut type_name = scan.word(b":")?.to_owned();
        if scan.take(b'[')? {
            scan.expect(b']')?;
            type_name.push_str("[]");
        }
        scan.skip()?;
        let key: Box<str> = if scan.at_string() {
            scan.string()?.into()
        } else {
            let key = scan.word(b":.")?;
            if key.is_empty() {
                return Err(scan.error(&format!("expected a key, found {}", scan.found())));
            }
            key.into()
        };
        scan.expect(b'=')?;
        let value = match type_name.as_str() {
            "dictionary" => {
                scan.skip()?;
                if nesting > NESTING_MAX {
                    return Err(scan.error("a dictionary is nested too deep"));
                }
                if scan.peek() == b'{' {
                    dictionary(scan, names, nesting + 1)?
                } else {
                    any(scan, names, nesting + 1)?
                }
            }
            other => {
                scan.skip()?;
                let value = any(scan, names, nesting + 1)?;
                coerce(value, other, names)
            }
        };
        entries.push((key, value));
        scan.take(b',')?;
    }
    Ok(Value::Dictionary(Box::new(entries)))
}

/// Skips `[ … ]` of numbers or tuples of numbers; returns the number of elements at the top.
fn skip_numbers(scan: &mut Scanner) -> Result<u32, LayerError> {
    let bytes = scan.bytes;
    let mut at = scan.at + 1;
    let mut depth = 0u32;
    let mut count = 0u32;
    let mut open = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E' | b'i' | b'n' | b'f' | b'a' => {
                if depth == 0 {
                    open = true;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'(' => {
                depth += 1;
                open = true;
                if depth > NESTING_MAX {
                    break;
                }
            }
            b')' => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            b',' => {
                if depth == 0 {
                    if !open {
                        break;
                    }
                    count += 1;
                    open = false;
                }
            }
            b']' if depth == 0 => {
                scan.at = at + 1;
                return Ok(count + u32::from(open));
            }
            b'#' => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'/' => {
                scan.at = at;
                scan.skip()?;
                if scan.at == at {
                    break;
                }
                at = scan.at;
                continue;
            }
            _ => break,
        }
        at += 1;
    }
    scan.at = at;
    Err(scan.error(&format!("an array of numbers is broken by {}", scan.found())))
}

/// Elements of the numeric array that starts at `offset`, tuples flattened.
pub(crate) fn numbers(bytes: &[u8], offset: usize) -> Result<Vec<f64>, LayerError> {
    let mut scan = Scanner::new(bytes, offset);
    scan.expect(b'[')?;
    let mut out = Vec::new();
    loop {
        scan.skip()?;
        match scan.peek() {
            b']' => return Ok(out),
            b'(' | b')' | b',' => scan.at += 1,
            _ => {
                let value = number(&mut scan)?;
                out.push(value.as_f64().unwrap_or(f64::NAN));
            }
        }
        if scan.at_end() {
            return Err(scan.error("an array is not closed"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed_value(text: &str, type_name: &str) -> Result<Value, LayerError> {
        let mut names = Names::default();
        typed(&mut Scanner::new(text.as_bytes(), 0), &mut names, type_name)
    }

    #[test]
    fn arrays_are_counted_without_decoding() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, u32)] = &[
            ("[]", "int[]", 0),
            ("[1, 2, 3]", "int[]", 3),
            ("[1, 2, 3,]", "int[]", 3),
            ("[(0, 1, .25), (1e-3, -inf, nan) # comment, with commas\n]", "point3f[]", 2),
            ("[((1,0),(0,1)), ((1,0),(0,1))]", "matrix2d[]", 2),
        ];
        for &(text, type_name, count) in cases {
            assert_eq!(typed_value(text, type_name).unwrap(), Value::TextArray(0, count), "{text}");
        }
        assert!(typed_value("[1, oops]", "int[]").is_err());
        assert!(typed_value("[1,, 2]", "int[]").is_err());
        assert!(typed_value("[1, 2", "int[]").is_err());
    }

    #[test]
    fn arrays_decode_to_flat_numbers() {
        let text = b"[(0, 1, .25), (1e-3, -2, 3.)]";
        assert_eq!(numbers(text, 0).unwrap(), [0.0, 1.0, 0.25, 1e-3, -2.0, 3.0]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = "(".repeat(100_000);
        assert!(typed_value(&text, "double3").unwrap_err().0.contains("too deep"));
        let text = "{ dictionary a = ".repeat(100_000);
        assert!(typed_value(&text, "dictionary").unwrap_err().0.contains("too deep"));
        let text = "[None, ".repeat(100_000);
        assert!(typed_value(&text, "opaque").unwrap_err().0.contains("too deep"));
    }
}
