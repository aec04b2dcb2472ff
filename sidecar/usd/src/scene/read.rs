//! Attributes of a prim at the earliest time.

use crate::compose::Time;
use crate::layer::LayerError;
use crate::names::Name;
use crate::value::Value;

use super::Build;

impl Build<'_, '_> {
    /// Numbers of an attribute, tuples flattened; `None` where none are authored.
    ///
    /// # Errors
    ///
    /// When the array is broken, or longer than a scene may have vertices.
    pub(super) fn numbers(&self, prim: u32, name: Name) -> Result<Option<Vec<f64>>, LayerError> {
        if let Some((layer, value)) = self.stage.placed(prim).value(name, Time::Earliest)
            && let Some(length) = layer.array_len(value)
        {
            // A triangle mesh without shared vertices has three corners a triangle.
            let max = self.stage.store.limits.vertices_max.saturating_mul(4);
            if length > max {
                let name = self.stage.names.text(name);
                return Err(LayerError::new(format!(
                    "`{name}` has {length} elements, four times more than verticesMax allows"
                )));
            }
        }
        self.stage.numbers(prim, name, Time::Earliest)
    }

    /// Points or vectors of an attribute.
    pub(super) fn triples(
        &self,
        prim: u32,
        name: Name,
    ) -> Result<Option<Vec<[f32; 3]>>, LayerError> {
        let values = self.numbers(prim, name)?;
        Ok(values.map(|values| {
            values.chunks_exact(3).map(|v| [v[0] as f32, v[1] as f32, v[2] as f32]).collect()
        }))
    }

    /// Indices of an attribute; what is negative becomes an index that nothing has.
    pub(super) fn indices(&self, prim: u32, name: Name) -> Result<Option<Vec<u32>>, LayerError> {
        let values = self.numbers(prim, name)?;
        Ok(values.map(|values| {
            values.into_iter().map(|v| if v < 0.0 { u32::MAX } else { v as u32 }).collect()
        }))
    }

    /// One number of an attribute; `fallback` where none is authored or it is not finite.
    pub(super) fn number(&self, prim: u32, name: Name, fallback: f64) -> f64 {
        let values = self.numbers(prim, name).ok().flatten();
        let first = values.and_then(|values| values.first().copied());
        first.filter(|value| value.is_finite()).unwrap_or(fallback)
    }

    /// Text of a token or string attribute; empty where none is authored.
    pub(super) fn text(&self, prim: u32, name: Name) -> &str {
        match self.stage.placed(prim).value(name, Time::Earliest) {
            Some((_, Value::Token(token))) => self.stage.names.text(*token),
            Some((_, Value::String(text))) => text,
            _ => "",
        }
    }

    /// Tokens of an attribute; `None` where none are authored.
    pub(super) fn tokens(&self, prim: u32, name: Name) -> Option<Vec<Name>> {
        match self.stage.placed(prim).value(name, Time::Earliest)?.1 {
            Value::Tokens(tokens) => Some(tokens.to_vec()),
            _ => None,
        }
    }

    /// A flag of an attribute.
    pub(super) fn flag(&self, prim: u32, name: Name) -> bool {
        let value = self.stage.placed(prim).value(name, Time::Earliest);
        value.and_then(|(_, value)| value.as_bool()).unwrap_or(false)
    }

    /// Type of a prim.
    pub(super) fn type_text(&self, prim: u32) -> &str {
        self.stage.names.text(self.stage.placed(prim).type_name())
    }
}
