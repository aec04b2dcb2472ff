//! Values as MaterialX writes them: numbers between commas, with a type and a colour space.

use crate::names::Names;
use crate::value::Value;

/// Most numbers of one value: a matrix has 16.
const NUMBERS_MAX: usize = 16;

/// The type that USD has for one of MaterialX.
pub(super) fn usd_type(kind: &str) -> &'static str {
    match kind {
        "boolean" => "bool",
        "integer" => "int",
        "float" => "float",
        "color3" => "color3f",
        "color4" => "color4f",
        "vector2" => "float2",
        "vector3" => "float3",
        "vector4" => "float4",
        "matrix33" => "matrix3d",
        "matrix44" => "matrix4d",
        "filename" => "asset",
        "string" | "geomname" => "string",
        _ => "token",
    }
}

/// A value of type `kind`; colours linear with the primaries of Rec. 709. Files are the caller's.
///
/// * returns `Value::None` for what makes no sense.
pub(super) fn value(kind: &str, text: &str, space: &str, names: &mut Names) -> Value {
    let width = match kind {
        "boolean" => return Value::Bool(text.trim() == "true"),
        "integer" => return text.trim().parse().map_or(Value::None, Value::Int),
        "float" => 1,
        "vector2" => 2,
        "color3" | "vector3" => 3,
        "color4" | "vector4" => 4,
        "matrix33" => 9,
        "matrix44" => 16,
        "string" | "geomname" | "filename" => return Value::String(text.into()),
        _ => return Value::Token(names.intern(text)),
    };
    let parts = text.split([',', ' ', '\t', '\n', '\r']).filter(|part| !part.is_empty());
    let numbers: Option<Vec<f64>> =
        parts.take(NUMBERS_MAX + 1).map(|part| part.parse().ok().filter(is_finite)).collect();
    let Some(mut numbers) = numbers.filter(|numbers| numbers.len() == width) else {
        return Value::None;
    };
    if kind.starts_with("color") {
        let [r, g, b] = linear([numbers[0], numbers[1], numbers[2]], space);
        numbers[..3].copy_from_slice(&[r, g, b]);
    }
    match numbers[..] {
        [number] => Value::Double(number),
        _ => Value::Tuple(numbers.into()),
    }
}

fn is_finite(number: &f64) -> bool {
    number.is_finite()
}

/// A colour of one of MaterialX's named spaces, linear with the primaries of Rec. 709. What is in
/// a space of another name stays as it is.
///
/// # Source
///
/// "MaterialX Specification" 1.38, "Color Spaces and Color Management Systems"; IEC 61966-2-1 for
/// sRGB; AMPAS TB-2014-004 for the primaries of AP1, taken to D65 by Bradford's method.
fn linear(colour: [f64; 3], space: &str) -> [f64; 3] {
    let power = |gamma: f64| colour.map(|value| value.max(0.0).powf(gamma));
    match space {
        "srgb_texture" | "sRGB" => colour.map(|value| match value <= 0.040_45 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        }),
        "gamma18" | "g18_rec709" => power(1.8),
        "gamma22" | "g22_rec709" => power(2.2),
        "gamma24" | "rec709_display" => power(2.4),
        "acescg" | "lin_ap1" => [
            [1.705_051, -0.621_792, -0.083_259],
            [-0.130_256, 1.140_805, -0.010_548],
            [-0.024_003, -0.128_969, 1.152_972],
        ]
        .map(|row: [f64; 3]| row.iter().zip(colour).map(|(a, b)| a * b).sum()),
        _ => colour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_type_and_nonsense_is_nothing() {
        let tuple = |values: &[f64]| Value::Tuple(values.into());
        #[rustfmt::skip]
        let cases: &[(&str, &str, Value)] = &[
            ("float",   " 0.5 ",       Value::Double(0.5)),
            ("integer", "-3",          Value::Int(-3)),
            ("boolean", "true",        Value::Bool(true)),
            ("color3",  "1, 0.5,0",    tuple(&[1.0, 0.5, 0.0])),
            ("vector2", "1  2",        tuple(&[1.0, 2.0])),
            ("color3",  "1,2",         Value::None),
            ("color3",  "1,2,3,4",     Value::None),
            ("float",   "inf",         Value::None),
            ("float",   "NaN",         Value::None),
            ("float",   "",            Value::None),
            ("string",  "a b",         Value::String("a b".into())),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(value(kind, text, "", &mut Names::default()), *expected, "{kind} {text:?}");
        }
        let many = "1,".repeat(1_000_000);
        assert_eq!(value("matrix44", &many, "", &mut Names::default()), Value::None);
    }

    #[test]
    fn colours_become_linear_and_white_stays_white() {
        // 0.5 in sRGB is 0.2140 in light: IEC 61966-2-1.
        let [r, ..] = linear([0.5, 0.0, 1.0], "srgb_texture");
        assert!((r - 0.214_041).abs() < 1e-6, "{r}");
        for space in ["srgb_texture", "g22_rec709", "acescg", "lin_rec709", "of my own"] {
            let white = linear([1.0; 3], space);
            // Matrices are written with six digits.
            assert!(white.iter().all(|value| (value - 1.0).abs() < 5e-6), "{space}: {white:?}");
        }
    }
}
