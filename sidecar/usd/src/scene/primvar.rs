//! Primvars: values on a surface, and which of them a face's corner has.
//!
//! # Source
//!
//! `UsdGeomPrimvar`: interpolation, `elementSize`, `:indices`; constant primvars are inherited.

use std::collections::HashMap;

use crate::compose::ROOT;
use crate::layer::LayerError;
use crate::names::Name;
use crate::value::Value;

use super::Build;

/// How values are spread over a surface. `varying` is as `vertex` on polygons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interpolation {
    Constant,
    Uniform,
    Vertex,
    FaceVarying,
}

/// Values of a primvar, `width` numbers each, and how they are spread.
#[derive(Clone, Debug)]
pub(super) struct Primvar {
    values: Vec<f32>,
    width: usize,
    interpolation: Interpolation,
    indices: Option<Vec<u32>>,
}

/// How many faces, points and corners a shape has, as authored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) faces: usize,
    pub(super) points: usize,
    pub(super) corners: usize,
}

/// A corner as authored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    pub(super) face: u32,
    pub(super) point: u32,
    pub(super) corner: u32,
}

impl Primvar {
    /// Elements, behind the indices.
    fn len(&self) -> usize {
        self.indices.as_ref().map_or(self.values.len() / self.width, Vec::len)
    }

    /// Makes the interpolation fit the length, as readers of careless files do; `None` where
    /// nothing fits.
    pub(super) fn fitted(mut self, sizes: Sizes) -> Option<Self> {
        let length = self.len();
        let wanted = |interpolation| match interpolation {
            Interpolation::Constant => 1,
            Interpolation::Uniform => sizes.faces,
            Interpolation::Vertex => sizes.points,
            Interpolation::FaceVarying => sizes.corners,
        };
        if length == 0 {
            return None;
        }
        if self.interpolation != Interpolation::Constant && length < wanted(self.interpolation)
            || self.interpolation == Interpolation::Constant && length > 1
        {
            use Interpolation::{Constant, FaceVarying, Uniform, Vertex};
            let fits = |interpolation: &Interpolation| wanted(*interpolation) == length;
            self.interpolation = [FaceVarying, Vertex, Uniform, Constant].into_iter().find(fits)?;
        }
        let count = self.values.len() / self.width;
        let broken = |indices: &Vec<u32>| indices.iter().any(|&at| at as usize >= count);
        (!self.indices.as_ref().is_some_and(broken)).then_some(self)
    }

    /// Number of the value that a corner has. Only for fitted primvars.
    pub(super) fn at(&self, corner: Corner) -> u32 {
        let element = match self.interpolation {
            Interpolation::Constant => 0,
            Interpolation::Uniform => corner.face,
            Interpolation::Vertex => corner.point,
            Interpolation::FaceVarying => corner.corner,
        };
        self.indices.as_ref().map_or(element, |indices| indices[element as usize])
    }

    /// The value with a number; missing components are 0.
    pub(super) fn value(&self, number: u32) -> [f32; 4] {
        let start = number as usize * self.width;
        let own = &self.values[start..start + self.width.min(4)];
        std::array::from_fn(|at| own.get(at).copied().filter(|v| v.is_finite()).unwrap_or(0.0))
    }

    /// Whether one value is everywhere.
    pub(super) fn is_constant(&self) -> bool {
        self.interpolation == Interpolation::Constant
    }

    /// How the values are spread.
    pub(super) fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    /// The mean of all values.
    pub(super) fn mean(&self) -> [f32; 4] {
        let count = self.values.len() / self.width;
        let mut sum = [0.0f64; 4];
        for at in 0..count {
            for (sum, value) in sum.iter_mut().zip(self.value(at as u32)) {
                *sum += f64::from(value);
            }
        }
        sum.map(|sum| (sum / count.max(1) as f64) as f32)
    }
}

/// Gives equal values one number.
#[derive(Default)]
pub(super) struct Interned {
    pub(super) values: Vec<[f32; 4]>,
    known: HashMap<[u32; 4], u32>,
}

impl Interned {
    pub(super) fn number(&mut self, value: [f32; 4]) -> u32 {
        *self.known.entry(value.map(f32::to_bits)).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u32 - 1
        })
    }
}

impl Build<'_, '_> {
    /// The attribute `name` of `prim` as a primvar of `width` numbers a value.
    ///
    /// * `fallback`: the interpolation where none is authored.
    pub(super) fn own_primvar(
        &mut self,
        prim: u32,
        name: Name,
        width: usize,
        fallback: Interpolation,
    ) -> Result<Option<Primvar>, LayerError> {
        let Some(values) = self.numbers(prim, name)? else { return Ok(None) };
        if values.is_empty() || values.len() % width != 0 {
            return Ok(None);
        }
        let interpolation = match self.stage.placed(prim).property_field(name, Name::INTERPOLATION)
        {
            Some(Value::Token(token)) => Some(self.stage.names.text(*token)),
            Some(Value::String(text)) => Some(&**text),
            _ => None,
        };
        let interpolation = match interpolation {
            Some("constant") => Interpolation::Constant,
            Some("uniform") => Interpolation::Uniform,
            Some("vertex" | "varying") => Interpolation::Vertex,
            Some("faceVarying") => Interpolation::FaceVarying,
            _ => fallback,
        };
        let indices = format!("{}:indices", self.stage.names.text(name));
        let indices = match self.stage.names.find(&indices) {
            Some(indices) => self.indices(prim, indices)?.filter(|indices| !indices.is_empty()),
            None => None,
        };
        let values = values.into_iter().map(|value| value as f32).collect();
        Ok(Some(Primvar { values, width, interpolation, indices }))
    }

    /// A primvar of `prim`, or a constant one of its nearest ancestor that has it.
    pub(super) fn primvar(
        &mut self,
        prim: u32,
        name: Name,
        width: usize,
    ) -> Result<Option<Primvar>, LayerError> {
        let Some(at) = self.primvar_source(prim, name) else { return Ok(None) };
        let found = self.own_primvar(at, name, width, Interpolation::Constant)?;
        Ok(found.filter(|found| at == prim || found.is_constant()))
    }

    /// The prim that a primvar of `prim` comes from.
    pub(super) fn primvar_source(&self, prim: u32, name: Name) -> Option<u32> {
        let mut at = prim;
        while at != ROOT {
            let placed = self.stage.placed(at);
            if placed.value(name, crate::compose::Time::Earliest).is_some() {
                return Some(at);
            }
            at = self.stage.prims[at as usize].parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primvar(count: usize, interpolation: Interpolation) -> Primvar {
        Primvar { values: vec![1.0; 2 * count], width: 2, interpolation, indices: None }
    }

    #[test]
    fn an_interpolation_that_does_not_fit_gives_way_to_one_that_does() {
        let sizes = Sizes { faces: 2, points: 6, corners: 8 };
        use Interpolation::{Constant, FaceVarying, Uniform, Vertex};
        #[rustfmt::skip]
        let cases = [
            (8, FaceVarying, Some(FaceVarying)), (8, Constant, Some(FaceVarying)),
            (6, FaceVarying, Some(Vertex)), (2, Vertex, Some(Uniform)),
            (1, Vertex, Some(Constant)), (5, Vertex, None), (9, Vertex, Some(Vertex)),
        ];
        for (count, authored, expected) in cases {
            let fitted = primvar(count, authored).fitted(sizes);
            assert_eq!(fitted.map(|p| p.interpolation), expected, "{count} {authored:?}");
        }
        let mut broken = primvar(2, Uniform);
        broken.indices = Some(vec![0, 2]);
        assert!(broken.fitted(sizes).is_none());
    }
}
