//! Texture coordinates: which primvar, and what is done to it before a picture is read.
//!
//! # Source
//!
//! "UsdPreviewSurface Specification" 2.6: UsdPrimvarReader, UsdTransform2d. "MaterialX
//! Specification" 1.39: texcoord, geompropvalue, place2d, rotate2d and tiledimage, and the graphs that
//! the standard library has for them.

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;
use super::network::Source;
use super::nodes::kind;

/// Transforms of coordinates of transforms … at most.
const TRANSFORMS_MAX: usize = 8;

/// Rows of an affine map: `(u, v, 1) · transform`.
type Affine = [[f32; 2]; 3];

const SAME: Affine = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];

/// First `a`, then `b`.
fn then(a: Affine, b: Affine) -> Affine {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let own = a[row][0] * b[0][column] + a[row][1] * b[1][column];
            if row == 2 { own + b[2][column] } else { own }
        })
    })
}

/// Scale, rotation by degrees counter-clockwise, translation, in this order.
fn affine(scale: [f32; 2], degrees: f32, translation: [f32; 2]) -> Affine {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turned =
        then([[scale[0], 0.0], [0.0, scale[1]], [0.0, 0.0]], [[cos, sin], [-sin, cos], [0.0, 0.0]]);
    then(turned, [[1.0, 0.0], [0.0, 1.0], translation])
}

/// The map that multiplies and adds.
fn scaled(scale: [f32; 2], offset: [f32; 2]) -> Affine {
    [[scale[0], 0.0], [0.0, scale[1]], offset]
}

/// 1 / value, where there is such a number.
fn inverse(values: [f32; 2]) -> [f32; 2] {
    values.map(|value| if value == 0.0 { 1.0 } else { 1.0 / value })
}

impl Build<'_, '_> {
    /// The primvar and the map of the coordinates of a texture node.
    pub(super) fn coordinates(&mut self, node: u32) -> Result<(Name, Affine), LayerError> {
        let mut source = self.input(node, "st")?;
        if source.is_none() {
            source = self.input(node, "texcoord")?;
        }
        let mut total = self.tiling(node)?;
        let mut primvar = "primvars:st".to_owned();
        for _ in 0..TRANSFORMS_MAX {
            let Some(Source::Output(shader, _)) = source else { break };
            let id = self.text(shader, Name::INFO_ID).to_owned();
            if let Some((own, inner)) = self.transform(shader, kind(&id))? {
                // What stands further from the texture is done first.
                total = then(own, total);
                source = self.input(shader, inner)?;
                continue;
            }
            if kind(&id) == "texcoord" {
                let index = self.constant(shader, "index")?.map_or(0.0, |index| index[0]);
                if index >= 1.0 {
                    primvar = format!("primvars:st{}", index as u32);
                }
            } else if let Some(name) = self.varname(shader)? {
                primvar = format!("primvars:{}", self.stage.names.text(name));
            }
            break;
        }
        if !total.iter().flatten().all(|value| value.is_finite()) {
            total = SAME;
        }
        Ok((self.stage.names.intern(&primvar), total))
    }

    /// What a texture node itself does to its coordinates.
    fn tiling(&mut self, node: u32) -> Result<Affine, LayerError> {
        if kind(self.text(node, Name::INFO_ID)) != "tiledimage" {
            return Ok(SAME);
        }
        let tiling = self.pair(node, "uvtiling", 1.0)?;
        let offset = self.pair(node, "uvoffset", 0.0)?.map(|value| -value);
        let image = inverse(self.pair(node, "realworldimagesize", 1.0)?);
        let tile = self.pair(node, "realworldtilesize", 1.0)?;
        let size = [image[0] * tile[0], image[1] * tile[1]];
        Ok(then(scaled(tiling, offset), scaled(size, [0.0; 2])))
    }

    /// What a node does to coordinates, and the input that has them; `None` where it is not known
    /// to do anything.
    fn transform(
        &mut self,
        shader: u32,
        kind: &str,
    ) -> Result<Option<(Affine, &'static str)>, LayerError> {
        Ok(Some(match kind {
            "UsdTransform2d" => {
                let scale = self.pair(shader, "scale", 1.0)?;
                let degrees = self.pair(shader, "rotation", 0.0)?[0];
                let translation = self.pair(shader, "translation", 0.0)?;
                (affine(scale, degrees, translation), "in")
            }
            "place2d" => (self.place2d(shader)?, "texcoord"),
            "rotate2d" => {
                // Clockwise.
                let degrees = self.pair(shader, "amount", 0.0)?[0];
                (affine([1.0; 2], -degrees, [0.0; 2]), "in")
            }
            "multiply" => (scaled(self.pair(shader, "in2", 1.0)?, [0.0; 2]), "in1"),
            "divide" => (scaled(inverse(self.pair(shader, "in2", 1.0)?), [0.0; 2]), "in1"),
            "add" => (scaled([1.0; 2], self.pair(shader, "in2", 0.0)?), "in1"),
            "subtract" => {
                let offset = self.pair(shader, "in2", 0.0)?.map(|value| -value);
                (scaled([1.0; 2], offset), "in1")
            }
            _ => return Ok(None),
        }))
    }

    /// Around the pivot: coordinates are divided by the scale, turned clockwise, and the offset is
    /// taken away; in the other order where `operationorder` is 1.
    fn place2d(&mut self, shader: u32) -> Result<Affine, LayerError> {
        let pivot = self.pair(shader, "pivot", 0.0)?;
        let scale = scaled(inverse(self.pair(shader, "scale", 1.0)?), [0.0; 2]);
        let turn = affine([1.0; 2], -self.pair(shader, "rotate", 0.0)?[0], [0.0; 2]);
        let offset = scaled([1.0; 2], self.pair(shader, "offset", 0.0)?.map(|value| -value));
        let inner = match self.pair(shader, "operationorder", 0.0)?[0] >= 1.0 {
            false => then(then(scale, turn), offset),
            true => then(then(offset, turn), scale),
        };
        let to_pivot = scaled([1.0; 2], pivot.map(|value| -value));
        Ok(then(then(to_pivot, inner), scaled([1.0; 2], pivot)))
    }

    /// Two numbers of an input, of one number both the same.
    fn pair(&mut self, shader: u32, name: &str, fallback: f32) -> Result<[f32; 2], LayerError> {
        Ok(match self.constant(shader, name)?.as_deref() {
            None | Some([]) => [fallback; 2],
            Some([one]) => [*one as f32; 2],
            Some([u, v, ..]) => [*u as f32, *v as f32],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(at: [f32; 2], by: Affine) -> [f32; 2] {
        std::array::from_fn(|axis| at[0] * by[0][axis] + at[1] * by[1][axis] + by[2][axis])
    }

    #[test]
    fn coordinates_are_scaled_then_turned_then_moved() {
        // (1, 0) · 2 → (2, 0), a quarter turn → (0, 2), moved → (0.5, 2.25).
        let found = moved([1.0, 0.0], affine([2.0, 3.0], 90.0, [0.5, 0.25]));
        assert!((found[0] - 0.5).abs() < 1e-6 && (found[1] - 2.25).abs() < 1e-6, "{found:?}");
        let twice = then(affine([2.0, 2.0], 0.0, [1.0, 0.0]), affine([1.0, 1.0], 90.0, [0.0, 0.0]));
        let found = moved([1.0, 0.0], twice);
        assert!(found[0].abs() < 1e-6 && (found[1] - 3.0).abs() < 1e-6, "{found:?}");
    }
}
