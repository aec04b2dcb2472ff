//! Connections of material networks, through node graphs and interfaces to where values are.

use crate::layer::LayerError;
use crate::names::Name;

use super::Build;

/// Connections followed from one input at most.
const HOPS_MAX: usize = 64;

/// Numbers from here on are no colours, weights or coordinates.
pub(super) const VALUE_MAX: f64 = 1e9;

/// Where the value of an input comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// An authored value: of this attribute.
    Value(u32, Name),
    /// An output of a shader.
    Output(u32, Name),
}

impl Build<'_, '_> {
    /// Follows connections from an attribute, through node graphs and interfaces.
    pub(super) fn trace(&mut self, prim: u32, name: Name) -> Result<Option<Source>, LayerError> {
        let (mut prim, mut name) = (prim, name);
        for _ in 0..HOPS_MAX {
            let Some((path, property)) = self.stage.connection(prim, name) else { break };
            let Some(next) = self.stage.prim_at(&path)? else { break };
            let is_output = self.stage.names.text(property).starts_with("outputs:");
            if is_output && self.type_text(next) == "Shader" {
                return Ok(Some(Source::Output(next, property)));
            }
            (prim, name) = (next, property);
        }
        let has_value =
            self.stage.placed(prim).value(name, crate::compose::Time::Earliest).is_some();
        Ok(has_value.then_some(Source::Value(prim, name)))
    }

    /// Where the input `inputs:NAME` of a shader comes from.
    pub(super) fn input(&mut self, shader: u32, name: &str) -> Result<Option<Source>, LayerError> {
        match self.stage.names.find(&format!("inputs:{name}")) {
            Some(name) => self.trace(shader, name),
            None => Ok(None),
        }
    }

    /// Numbers of an input that has a plain value.
    pub(super) fn constant(
        &mut self,
        shader: u32,
        name: &str,
    ) -> Result<Option<Vec<f64>>, LayerError> {
        match self.input(shader, name)? {
            Some(Source::Value(prim, name)) => {
                let values = self.numbers(prim, name)?;
                Ok(values
                    .filter(|v| !v.is_empty() && v.iter().all(|value| value.abs() < VALUE_MAX)))
            }
            _ => Ok(None),
        }
    }
}
