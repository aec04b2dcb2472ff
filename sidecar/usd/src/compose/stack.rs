//! Layer stacks: a layer and its sublayers.

use std::rc::Rc;

use super::{Stack, Stage};
use crate::layer::{Layer, LayerError};
use crate::names::Name;
use crate::store::Target;
use crate::value::Value;

/// Sublayers of sublayers of … at most.
const NESTING_MAX: usize = 100;

/// Fields that are arcs.
const ARC_FIELDS: [Name; 5] =
    [Name::REFERENCES, Name::PAYLOAD, Name::INHERITS, Name::SPECIALIZES, Name::VARIANT_SET_NAMES];

impl Stage<'_> {
    /// The stack of the layer at `path`, made when new.
    pub(crate) fn stack(&mut self, path: &str) -> Result<u32, LayerError> {
        if let Some(known) = self.stack_of.get(path) {
            return known.clone().map_err(LayerError);
        }
        let made = self.make_stack(path);
        let remembered = made.as_ref().copied().map_err(|error| error.0.clone());
        self.stack_of.insert(path.to_owned(), remembered);
        made
    }

    fn make_stack(&mut self, path: &str) -> Result<u32, LayerError> {
        let mut stack = Stack { layers: Vec::new(), anchors: Vec::new(), has_arcs: false };
        let mut above = Vec::new();
        self.add_layer(path, &mut stack, &mut above)?;
        stack.has_arcs = stack.layers.iter().any(|layer| has_arcs(layer));
        self.stacks.push(stack);
        Ok(self.stacks.len() as u32 - 1)
    }

    /// Adds the layer at `path`, then its sublayers; `above` are the layers it is a sublayer of.
    fn add_layer(
        &mut self,
        path: &str,
        stack: &mut Stack,
        above: &mut Vec<String>,
    ) -> Result<(), LayerError> {
        let (layer, anchor) = self.store.layer(path, self.names)?;
        stack.layers.push(Rc::clone(&layer));
        stack.anchors.push(anchor.as_str().into());
        if stack.layers.len() > self.store.limits.layers_max as usize {
            return Err(LayerError::new("has too many sublayers (limit layersMax)"));
        }
        let Some(Value::Assets(paths)) = layer.root().field(Name::SUB_LAYERS) else {
            return Ok(());
        };
        above.push(anchor.clone());
        for asset in paths {
            let found = match self.store.resolve(&anchor, asset) {
                Target::Found(found) => found,
                Target::Missing(_) => {
                    self.warn(format!("{anchor}: sublayer @{asset}@ is missing"));
                    continue;
                }
            };
            if !self.composes(&found) {
                continue;
            }
            if above.contains(&found) || above.len() > NESTING_MAX {
                self.warn(format!("{anchor}: sublayer @{asset}@ leads round in a circle"));
                continue;
            }
            let before = stack.layers.len();
            if let Err(error) = self.add_layer(&found, stack, above) {
                if stack.layers.len() > before {
                    return Err(error);
                }
                self.warn(format!("{anchor}: sublayer @{asset}@ cannot be read: {error}"));
            }
        }
        above.pop();
        Ok(())
    }
}

fn has_arcs(layer: &Layer) -> bool {
    layer.specs.iter().any(|spec| {
        !spec.variants.is_empty() || spec.fields.iter().any(|(name, _)| ARC_FIELDS.contains(name))
    })
}
