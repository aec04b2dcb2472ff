//! Asking a composed prim: the strongest opinion wins, lists compose.

use std::rc::Rc;

use super::{ArcKind, Place, Stage};
use crate::layer::{Layer, LayerError, PrimSpec, Property, Specifier};
use crate::names::Name;
use crate::path;
use crate::value::{ListOp, Value};

/// When a value is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Time {
    /// The default value; samples do not count.
    Default,
    /// The first sample of the strongest samples, else the default.
    Earliest,
}

/// A prim and its stage, to ask.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a, 's> {
    stage: &'a Stage<'s>,
    prim: u32,
}

impl<'s> Stage<'s> {
    /// `prim`, to be asked.
    pub(crate) fn placed(&self, prim: u32) -> Placed<'_, 's> {
        Placed { stage: self, prim }
    }

    /// Prims that the relationship `name` of `prim` targets, as paths of the stage.
    pub(crate) fn targets(&mut self, prim: u32, name: Name) -> Vec<Vec<Name>> {
        let own = self.path(prim);
        let mut texts: Vec<(u32, ListOp<Box<str>>)> = Vec::new();
        for (place, _, spec) in self.placed(prim).specs() {
            if let Some(property) = spec.property(name)
                && let Value::PathEdits(edits) = property.targets()
            {
                texts.push((place.node, (**edits).clone()));
            }
        }
        let mut list: Vec<Vec<Name>> = Vec::new();
        for (node, edits) in texts.into_iter().rev() {
            let mapped = edits.map(|items| {
                items.iter().filter_map(|text| self.stage_path(node, &own, text)).collect()
            });
            mapped.apply(&mut list);
        }
        list
    }

    /// Targets of a relationship that may be properties: prims' paths, and the rest. Only of the
    /// strongest list that brings any.
    pub(crate) fn property_targets(
        &mut self,
        prim: u32,
        name: Name,
    ) -> Vec<(Vec<Name>, Option<Name>)> {
        let own = self.path(prim);
        let found = self.placed(prim).specs().find_map(|(place, _, spec)| {
            let Value::PathEdits(edits) = spec.property(name)?.targets() else { return None };
            let texts: Vec<Box<str>> = edits.brought().cloned().collect();
            (!texts.is_empty()).then_some((place.node, texts))
        });
        let Some((node, texts)) = found else { return Vec::new() };
        let split = texts.iter().filter_map(|text| {
            // The dots of `../` are no properties'.
            let end = text.rfind('/').map_or(0, |at| at + 1);
            let property = text[end..].split_once('.').filter(|(before, _)| !before.is_empty());
            let path = self.stage_path(node, &own, text)?;
            Some((path, property.map(|(_, property)| self.names.intern(property))))
        });
        split.collect()
    }

    /// What the attribute `name` of `prim` is connected to first: a prim's path and the rest, the
    /// name of its property.
    pub(crate) fn connection(&mut self, prim: u32, name: Name) -> Option<(Vec<Name>, Name)> {
        let own = self.path(prim);
        // The strongest list that says anything: edits of connections are all but unknown.
        let found = self.placed(prim).specs().find_map(|(place, _, spec)| {
            let Value::PathEdits(edits) = spec.property(name)?.targets() else { return None };
            Some((place.node, edits.brought().next().cloned()))
        });
        let (node, text) = found?;
        let text = text?;
        let (path, property) = text.rsplit_once('.')?;
        let path = self.stage_path(node, &own, path)?;
        Some((path, self.names.intern(property)))
    }

    /// The value of the attribute `name` of `prim` as an asset path, and the layer it is relative to.
    pub(crate) fn asset(&self, prim: u32, name: Name) -> Option<(Rc<str>, Box<str>)> {
        let prim = &self.prims[prim as usize];
        for at in 0..prim.places.len() {
            let at = prim.order.get(at).map_or(at, |&at| at as usize);
            let place = &prim.places[at];
            let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
            for &(layer, spec) in &place.specs {
                let spec = &stack.layers[layer as usize].specs[spec as usize];
                let Some(property) = spec.property(name) else { continue };
                let value = match property.samples() {
                    Value::Samples(samples) => samples.values.first(),
                    _ => None,
                };
                let value = value.unwrap_or(&property.default);
                let path = match value {
                    Value::None => continue,
                    Value::Asset(path) | Value::String(path) => path.clone(),
                    _ => return None,
                };
                return Some((Rc::clone(&stack.anchors[layer as usize]), path));
            }
        }
        None
    }

    /// Maps a path as written at `node` into the namespace of the stage.
    fn stage_path(&mut self, node: u32, own: &[Name], text: &str) -> Option<Vec<Name>> {
        let anchor = self.site(node, own);
        let (mut path, _) = path::parse(text, &anchor, self.names)?;
        let mut at = node;
        loop {
            let node = &self.nodes[at as usize];
            if node.parent == super::NONE {
                return Some(path);
            }
            // An arc that a target's ancestor brought was grafted at the prim: it maps all that is
            // below that ancestor.
            let above = usize::try_from(i64::from(node.depth) - i64::from(node.rank)).unwrap_or(0);
            let shared = node.site.iter().rev().zip(node.target.iter().rev());
            let above = shared.take_while(|(a, b)| a == b).take(above).count();
            let above = above.min(node.site.len().saturating_sub(1));
            let site = &node.site[..node.site.len() - above];
            let target = &node.target[..node.target.len() - above];
            path = match path.strip_prefix(site) {
                Some(rest) => target.iter().chain(rest).copied().collect(),
                // Classes see the whole namespace of their stack; references only their target.
                None if matches!(
                    node.arc,
                    ArcKind::Inherit | ArcKind::Specialize | ArcKind::Variant
                ) =>
                {
                    path
                }
                None if self.nodes[node.parent as usize].stack == node.stack => path,
                None => return None,
            };
            at = node.parent;
        }
    }

    /// The value of the attribute `name` of `prim`, as numbers.
    pub(crate) fn numbers(
        &self,
        prim: u32,
        name: Name,
        time: Time,
    ) -> Result<Option<Vec<f64>>, LayerError> {
        match self.placed(prim).value(name, time) {
            Some((layer, value)) => match value {
                Value::Double(_) | Value::Int(_) => Ok(value.as_f64().map(|v| vec![v])),
                Value::TextArray(..) | Value::CrateArray(_) | Value::Tuple(_) => {
                    layer.numbers(value).map(Some)
                }
                _ => Ok(None),
            },
            None => Ok(None),
        }
    }
}

impl<'a, 's: 'a> Placed<'a, 's> {
    /// Every spec with its place and layer, strongest first.
    pub(crate) fn specs(self) -> impl Iterator<Item = (&'a Place, &'a Layer, &'a PrimSpec)> {
        let stage = self.stage;
        let prim = &stage.prims[self.prim as usize];
        let count = prim.places.len();
        let places = (0..count).map(move |at| {
            let at = prim.order.get(at).map_or(at, |&at| at as usize);
            &prim.places[at]
        });
        places.flat_map(move |place| {
            let stack = &stage.stacks[stage.nodes[place.node as usize].stack as usize];
            place.specs.iter().map(move |&(layer, spec)| {
                let layer: &Layer = &stack.layers[layer as usize];
                (place, layer, &layer.specs[spec as usize])
            })
        })
    }

    /// The strongest opinion on a metadata field.
    pub(crate) fn field(self, name: Name) -> Option<&'a Value> {
        self.specs().find_map(|(_, _, spec)| spec.field(name))
    }

    /// Schema type; empty where none is authored.
    pub(crate) fn type_name(self) -> Name {
        let mut types = self.specs().map(|(_, _, spec)| spec.type_name);
        types.find(|&name| name != Name::EMPTY).unwrap_or_default()
    }

    /// What the prim is: the strongest of `def` and `class`. What a class it inherits from
    /// directly says counts only when nothing else does.
    pub(crate) fn specifier(self) -> Specifier {
        let depth = self.stage.prims[self.prim as usize].depth;
        let mut inherited = Specifier::Over;
        for (place, _, spec) in self.specs() {
            if spec.specifier == Specifier::Over {
                continue;
            }
            let mut at = place.node;
            let mut direct = false;
            while at != super::NONE {
                let node = &self.stage.nodes[at as usize];
                direct |= node.depth == depth
                    && matches!(node.arc, ArcKind::Inherit | ArcKind::Specialize);
                at = node.parent;
            }
            if !direct {
                return spec.specifier;
            }
            if inherited == Specifier::Over {
                inherited = spec.specifier;
            }
        }
        inherited
    }

    /// Composes a list of tokens.
    pub(crate) fn tokens(self, name: Name) -> Vec<Name> {
        let edits: Vec<&ListOp<Name>> = self
            .specs()
            .filter_map(|(_, _, spec)| match spec.field(name) {
                Some(Value::TokenEdits(edits)) => Some(&**edits),
                _ => None,
            })
            .collect();
        let mut list = Vec::new();
        for edits in edits.into_iter().rev() {
            edits.apply(&mut list);
        }
        list
    }

    /// Whether any spec has the property `name`.
    pub(crate) fn has(self, name: Name) -> bool {
        self.specs().any(|(_, _, spec)| spec.property(name).is_some())
    }

    /// The value of an attribute and the layer it is in; blocked and absent values are `None`.
    pub(crate) fn value(self, name: Name, time: Time) -> Option<(&'a Layer, &'a Value)> {
        for (_, layer, spec) in self.specs() {
            let Some(property) = spec.property(name) else { continue };
            if time == Time::Earliest
                && let Value::Samples(samples) = property.samples()
                && let Some(first) = samples.values.first()
            {
                return (*first != Value::Block).then_some((layer, first));
            }
            match &property.default {
                Value::None => {}
                Value::Block => return None,
                value => return Some((layer, value)),
            }
        }
        None
    }

    /// The strongest opinion on metadata of a property, of what the layers keep of it.
    pub(crate) fn property_field(self, name: Name, field: Name) -> Option<&'a Value> {
        self.specs().find_map(|(_, _, spec)| {
            let rare = spec.property(name)?.rare.as_ref()?;
            rare.fields.iter().find(|(key, _)| *key == field).map(|(_, value)| value)
        })
    }

    /// A token attribute at the default time.
    pub(crate) fn token(self, name: Name) -> Option<Name> {
        match self.value(name, Time::Default)?.1 {
            Value::Token(token) => Some(*token),
            _ => None,
        }
    }

    /// Whether the value of the attribute may change over time: its source is samples, more than
    /// one, or a spline.
    pub(crate) fn may_vary(self, name: Name) -> bool {
        for (_, _, spec) in self.specs() {
            let Some(property) = spec.property(name) else { continue };
            if let Value::Samples(samples) = property.samples()
                && !samples.times.is_empty()
            {
                return samples.times.len() > 1;
            }
            if property.rare.as_ref().is_some_and(|rare| rare.spline) {
                return true;
            }
            if property.default.is_authored() {
                return false;
            }
        }
        false
    }

    /// Every property of every spec, strongest first; names may repeat.
    pub(crate) fn properties(self) -> impl Iterator<Item = &'a Property> {
        self.specs().flat_map(|(_, _, spec)| &spec.properties)
    }
}
