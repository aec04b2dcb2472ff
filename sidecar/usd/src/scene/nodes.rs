//! What nodes give: textures, the vertices' own colour, or constants, with simple arithmetic done.
//!
//! A node that is not known passes on what it changes: its first input, or the one in front.
//!
//! # Source
//!
//! "MaterialX Specification" 1.39, "Standard Nodes": names of nodes and inputs, and what they do.

use vitrine_scene::{Channel, Texture};

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::material::Look;
use super::network::{Source, VALUE_MAX};

/// Nodes behind nodes at most.
const DEPTH_MAX: usize = 32;

/// Inputs that hold what a node changes, the likeliest first.
const PASSED_ON: [&str; 9] =
    ["in", "in1", "in2", "fg", "bg", "value", "color1", "valuel", "valuet"];

/// A value with or without a texture.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// Four numbers, and how many of them are meant.
    Constant([f32; 4], usize),
    Texture(Box<Texture>),
    /// The vertices' own colour.
    Vertices,
}

/// What a shader is, by its identifier: `ND_multiply_color3FA` → `multiply`.
pub(super) fn kind(id: &str) -> &str {
    let id = id.strip_prefix("ND_").unwrap_or(id);
    id.split_once('_').map_or(id, |(kind, _)| kind)
}

impl Found {
    /// The numbers of a constant, one for all where there is one.
    fn numbers(&self) -> Option<[f32; 4]> {
        match *self {
            Self::Constant([value, ..], 1) => Some([value, value, value, 1.0]),
            Self::Constant([r, g, b, a], width) => Some([r, g, b, if width > 3 { a } else { 1.0 }]),
            _ => None,
        }
    }

    /// Its first number; of a texture the middle of what it can give.
    fn middle(&self) -> Option<f32> {
        match self {
            Self::Constant([value, ..], _) => Some(*value),
            Self::Texture(texture) => Some(texture.scale[0] / 2.0 + texture.bias[0]),
            Self::Vertices => None,
        }
    }

    /// The same value, scaled and moved; itself where the numbers are too large.
    fn moved(self, scale: [f32; 4], bias: [f32; 4]) -> Self {
        let at = |value: [f32; 4]| std::array::from_fn(|at| value[at] * scale[at] + bias[at]);
        let is_fine =
            |value: &[f32; 4]| value.iter().all(|value| f64::from(value.abs()) < VALUE_MAX);
        match self {
            Self::Constant(value, width) => {
                let moved = at(value);
                let wide = scale[..3] != [scale[0]; 3] || bias[..3] != [bias[0]; 3];
                // One number times a colour is a colour.
                match (is_fine(&moved), wide && width == 1) {
                    (true, false) => Self::Constant(moved, width),
                    (true, true) => Self::Constant(at([value[0]; 4]), 3),
                    (false, _) => Self::Constant(value, width),
                }
            }
            Self::Texture(mut texture) => {
                let scaled = std::array::from_fn(|at| texture.scale[at] * scale[at]);
                let moved = at(texture.bias);
                if is_fine(&scaled) && is_fine(&moved) {
                    (texture.scale, texture.bias) = (scaled, moved);
                    texture.fallback = at(texture.fallback);
                }
                Self::Texture(texture)
            }
            Self::Vertices => Self::Vertices,
        }
    }

    /// One channel of it.
    fn channel(self, index: usize) -> Self {
        match self {
            Self::Constant(value, _) => {
                Self::Constant([value.get(index).copied().unwrap_or(0.0), 0.0, 0.0, 1.0], 1)
            }
            Self::Texture(texture) => {
                let channel = match index {
                    1 => Channel::G,
                    2 => Channel::B,
                    3 => Channel::A,
                    _ => Channel::R,
                };
                Self::Texture(Box::new(Texture { channel, ..*texture }))
            }
            Self::Vertices => Self::Vertices,
        }
    }
}

impl Build<'_, '_> {
    /// The first of several inputs that says anything.
    pub(super) fn found(
        &mut self,
        look: &mut Look,
        shader: u32,
        names: &[&str],
        is_colour: bool,
    ) -> Result<Option<Found>, LayerError> {
        for name in names {
            let found = match self.input(shader, name)? {
                Some(Source::Value(prim, attribute)) => {
                    if self.stage.asset(prim, attribute).is_some() {
                        // A surface that takes pictures itself, as OmniPBR does.
                        let texture = self.bare_texture(look, prim, attribute, is_colour)?;
                        texture.map(|texture| Found::Texture(Box::new(texture)))
                    } else {
                        self.constant_of(prim, attribute)?
                    }
                }
                Some(Source::Output(node, output)) => {
                    self.node(look, node, output, is_colour, DEPTH_MAX)?
                }
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn constant_of(&self, prim: u32, name: Name) -> Result<Option<Found>, LayerError> {
        let values = self.numbers(prim, name)?.unwrap_or_default();
        if values.is_empty() || !values.iter().all(|value| value.abs() < VALUE_MAX) {
            return Ok(None);
        }
        let value = std::array::from_fn(|at| values.get(at).copied().unwrap_or(0.0) as f32);
        Ok(Some(Found::Constant(value, values.len().min(4))))
    }

    /// What an output of a node gives: a texture, the vertices' colour, or a constant behind it.
    fn node(
        &mut self,
        look: &mut Look,
        node: u32,
        output: Name,
        is_colour: bool,
        depth: usize,
    ) -> Result<Option<Found>, LayerError> {
        let Some(left) = self.nodes_left.checked_sub(1) else { return Ok(None) };
        self.nodes_left = left;
        let id = self.text(node, Name::INFO_ID).to_owned();
        let kind = kind(&id);
        if matches!(kind, "UsdPrimvarReader" | "geompropvalue" | "geompropvalueuniform") {
            return self.read_primvar(look, node, is_colour);
        }
        if kind == "geomcolor" && is_colour {
            look.wants_colours = true;
            return Ok(Some(Found::Vertices));
        }
        if self.input(node, "file")?.is_some() {
            let texture = self.texture(look, node, output, is_colour)?;
            return Ok(match texture {
                Some(texture) => Some(Found::Texture(Box::new(texture))),
                None => {
                    let value = self.constant(node, "fallback")?;
                    let value = value.or(self.constant(node, "default")?);
                    value
                        .filter(|v| v.len() >= 3)
                        .map(|v| Found::Constant([v[0] as f32, v[1] as f32, v[2] as f32, 1.0], 3))
                }
            });
        }
        if depth == 0 {
            return Ok(None);
        }
        let mut input =
            |build: &mut Self, name: &str| build.branch(look, node, name, is_colour, depth - 1);
        Ok(match kind {
            "multiply" | "divide" | "add" | "subtract" => {
                let (first, second) = (input(self, "in1")?, input(self, "in2")?);
                together(kind, first, second)
            }
            "invert" => {
                let (amount, found) = (input(self, "amount")?, input(self, "in")?);
                let amount = amount.as_ref().and_then(Found::numbers).unwrap_or([1.0; 4]);
                let [r, g, b, _] = amount;
                found.map(|found| found.moved([-1.0, -1.0, -1.0, 1.0], [r, g, b, 0.0]))
            }
            "mix" => {
                let (front, back) = (input(self, "fg")?, input(self, "bg")?);
                let share = input(self, "mix")?.as_ref().and_then(Found::middle);
                mixed(front, back, share)
            }
            // Hue, saturation and value are no colour that could be shown.
            "rgbtohsv" | "hsvtorgb" => None,
            "extract" => {
                let index = self.constant(node, "index")?.map_or(0.0, |index| index[0]);
                input(self, "in")?.map(|found| found.channel(index as usize))
            }
            "swizzle" => {
                let channels = self.word(node, "channels")?;
                let found = input(self, "in")?;
                match letter(&channels) {
                    Some(index) => found.map(|found| found.channel(index)),
                    None => found,
                }
            }
            "separate2" | "separate3" | "separate4" => {
                let name = self.stage.names.text(output).to_owned();
                let index = name.strip_prefix("outputs:out").and_then(letter);
                input(self, "in")?.map(|found| found.channel(index.unwrap_or(0)))
            }
            "normalmap" => {
                let strength = self.constant(node, "scale")?.map_or(1.0, |value| value[0] as f32);
                let (scale, bias) = (2.0 * strength, -strength);
                let found = input(self, "in")?;
                found.map(|found| found.moved([scale, scale, 2.0, 1.0], [bias, bias, -1.0, 0.0]))
            }
            _ => {
                let mut passed = None;
                for name in PASSED_ON {
                    passed = input(self, name)?;
                    if passed.is_some() {
                        break;
                    }
                }
                passed
            }
        })
    }

    /// What one input of a node gives.
    fn branch(
        &mut self,
        look: &mut Look,
        node: u32,
        name: &str,
        is_colour: bool,
        depth: usize,
    ) -> Result<Option<Found>, LayerError> {
        match self.input(node, name)? {
            Some(Source::Output(inner, output)) => self.node(look, inner, output, is_colour, depth),
            Some(Source::Value(prim, attribute)) => self.constant_of(prim, attribute),
            None => Ok(None),
        }
    }

    /// What a node that reads a primvar gives: the vertices' colour, or what is said to replace it.
    fn read_primvar(
        &mut self,
        look: &mut Look,
        node: u32,
        is_colour: bool,
    ) -> Result<Option<Found>, LayerError> {
        let name = match self.varname(node)? {
            Some(name) => self.stage.names.text(name).to_owned(),
            None => String::new(),
        };
        if is_colour && name == "displayColor" {
            look.wants_colours = true;
            return Ok(Some(Found::Vertices));
        }
        for name in ["fallback", "default"] {
            if let Some(Source::Value(prim, name)) = self.input(node, name)? {
                return self.constant_of(prim, name);
            }
        }
        Ok(None)
    }
}

/// The number of a channel that is one letter.
fn letter(text: &str) -> Option<usize> {
    match text {
        "r" | "x" => Some(0),
        "g" | "y" => Some(1),
        "b" | "z" => Some(2),
        "a" | "w" => Some(3),
        _ => None,
    }
}

/// Arithmetic of two values, where one of them is a constant; of two textures the first.
fn together(kind: &str, first: Option<Found>, second: Option<Found>) -> Option<Found> {
    let (first, second) = match (first, second) {
        (Some(first), Some(second)) => (first, second),
        (first, second) => return first.or(second),
    };
    const NONE: [f32; 4] = [0.0; 4];
    const SAME: [f32; 4] = [1.0; 4];
    // Alpha is only multiplied: sums of colours are about colours.
    let colour = |[r, g, b, _]: [f32; 4]| [r, g, b, 0.0];
    let minus = |value: [f32; 4]| value.map(|value| -value);
    Some(match (kind, first.numbers(), second.numbers()) {
        ("multiply", _, Some(by)) => first.moved(by, NONE),
        ("multiply", Some(by), None) => second.moved(by, NONE),
        ("divide", _, Some(by)) => {
            let by = by.map(|value| if value == 0.0 { 1.0 } else { 1.0 / value });
            first.moved(by, NONE)
        }
        ("add", _, Some(by)) => first.moved(SAME, colour(by)),
        ("add", Some(by), None) => second.moved(SAME, colour(by)),
        ("subtract", _, Some(by)) => first.moved(SAME, colour(minus(by))),
        ("subtract", Some(from), None) => second.moved([-1.0, -1.0, -1.0, 1.0], colour(from)),
        _ => first,
    })
}

/// Two values mixed: constants by their share, else what there is more of, else what is in front.
fn mixed(front: Option<Found>, back: Option<Found>, share: Option<f32>) -> Option<Found> {
    if let (Some(front), Some(back), Some(share)) = (&front, &back, share)
        && let (Some(a), Some(b)) = (front.numbers(), back.numbers())
        && let (Found::Constant(_, width), Found::Constant(_, other)) = (front, back)
    {
        let share = share.clamp(0.0, 1.0);
        let value = std::array::from_fn(|at| a[at] * share + b[at] * (1.0 - share));
        return Some(Found::Constant(value, *width.max(other)));
    }
    match share {
        Some(share) if share < 0.5 => back.or(front),
        _ => front.or(back),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(values: &[f32]) -> Option<Found> {
        let value = std::array::from_fn(|at| values.get(at).copied().unwrap_or(0.0));
        Some(Found::Constant(value, values.len()))
    }

    fn of(found: Option<Found>) -> Vec<f32> {
        match found {
            Some(Found::Constant(value, width)) => value[..width].to_vec(),
            Some(Found::Texture(texture)) => [&texture.scale[..3], &texture.bias[..3]].concat(),
            Some(Found::Vertices) | None => Vec::new(),
        }
    }

    #[test]
    fn arithmetic_of_constants_and_of_a_texture_with_one() {
        let texture = || Some(Found::Texture(Box::new(Texture::of(0))));
        let (red, half) = (|| constant(&[1.0, 0.0, 0.0]), || constant(&[0.5]));
        #[rustfmt::skip]
        let cases: &[(&str, Option<Found>, Option<Found>, &[f32])] = &[
            ("multiply", red(),     half(), &[0.5, 0.0, 0.0]),
            ("multiply", half(),    red(),  &[0.5, 0.0, 0.0]),
            ("add",      red(),     half(), &[1.5, 0.5, 0.5]),
            ("subtract", red(),     half(), &[0.5, -0.5, -0.5]),
            ("divide",   red(),     half(), &[2.0, 0.0, 0.0]),
            ("divide",   red(),     constant(&[0.0]), &[1.0, 0.0, 0.0]),
            ("multiply", texture(), half(), &[0.5, 0.5, 0.5, 0.0, 0.0, 0.0]),
            ("add",      half(), texture(), &[1.0, 1.0, 1.0, 0.5, 0.5, 0.5]),
            ("subtract", half(), texture(), &[-1.0, -1.0, -1.0, 0.5, 0.5, 0.5]),
            ("multiply", texture(), texture(), &[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
            ("multiply", None,      red(),  &[1.0, 0.0, 0.0]),
            ("multiply", red(), constant(&[1e30]), &[1.0, 0.0, 0.0]),
        ];
        for (kind, first, second, expected) in cases {
            let found = of(together(kind, first.clone(), second.clone()));
            assert_eq!(found, *expected, "{kind} of {first:?} and {second:?}");
        }
    }

    #[test]
    fn a_mix_is_computed_where_it_can_be_and_else_what_there_is_more_of() {
        let (red, blue) = (|| constant(&[1.0, 0.0, 0.0]), || constant(&[0.0, 0.0, 1.0]));
        let texture = || Some(Found::Texture(Box::new(Texture::of(0))));
        assert_eq!(of(mixed(red(), blue(), Some(0.25))), [0.25, 0.0, 0.75]);
        assert_eq!(of(mixed(red(), texture(), Some(0.25))).len(), 6, "mostly the texture");
        assert_eq!(of(mixed(red(), texture(), None)), [1.0, 0.0, 0.0], "what is in front");
        assert_eq!(of(mixed(None, blue(), Some(1.0))), [0.0, 0.0, 1.0]);
    }
}
