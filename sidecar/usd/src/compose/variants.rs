//! Variants: which sets a prim has, which variant is selected, what it says.

use std::rc::Rc;

use super::index::Draft;
use super::{ArcKind, Node, Place, Stage};
use crate::names::Name;
use crate::path::PrimPath;
use crate::value::Value;

impl Stage<'_> {
    /// Picks the variant of the strongest set not yet picked; `false` when none is left.
    pub(super) fn pick_variant(
        &mut self,
        draft: &mut Draft,
        picked: &mut Vec<(u32, Name)>,
    ) -> bool {
        let any = draft.places.iter().any(|place| self.has_arcs(place));
        if !any {
            return false;
        }
        let order = self.order(&draft.places);
        let order: Vec<u32> =
            if order.is_empty() { (0..draft.places.len() as u32).collect() } else { order };
        for &at in &order {
            let place = &draft.places[at as usize];
            if !self.has_arcs(place) {
                continue;
            }
            for set in self.variant_sets(place) {
                if picked.contains(&(at, set)) {
                    continue;
                }
                let Some(variant) = self.selection(&draft.places, &order, set) else { continue };
                picked.push((at, set));
                let place = &draft.places[at as usize];
                let node = &self.nodes[place.node as usize];
                let layers = &self.stacks[node.stack as usize].layers;
                let mut specs = Vec::new();
                for &(layer, spec) in &place.specs {
                    let variants = &layers[layer as usize].specs[spec as usize].variants;
                    let found = variants.iter().find(|(s, v, _)| *s == set && *v == variant);
                    specs.extend(found.map(|&(.., spec)| (layer, spec)));
                }
                if specs.is_empty() {
                    continue;
                }
                let site: PrimPath = self.site(place.node, &draft.path).into();
                let depth = draft.path.len() as u32;
                let node = Node {
                    arc: ArcKind::Variant,
                    parent: place.node,
                    stack: node.stack,
                    site: Rc::clone(&site),
                    target: site,
                    depth,
                    rank: depth as i32,
                };
                self.nodes.push(node);
                let node = self.nodes.len() as u32 - 1;
                draft.places.push(Place { node, parent: at, specs });
                return true;
            }
        }
        false
    }

    /// Names of the variant sets that one place has.
    pub(crate) fn variant_sets(&self, place: &Place) -> Vec<Name> {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        let mut list = Vec::new();
        for &(layer, spec) in place.specs.iter().rev() {
            let spec = &stack.layers[layer as usize].specs[spec as usize];
            if let Some(Value::TokenEdits(edits)) = spec.field(Name::VARIANT_SET_NAMES) {
                edits.apply(&mut list);
            }
        }
        list
    }

    /// The strongest selection of `set`; an empty one counts as none.
    pub(super) fn selection(&self, places: &[Place], order: &[u32], set: Name) -> Option<Name> {
        for &at in order {
            let place = &places[at as usize];
            let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
            for &(layer, spec) in &place.specs {
                let spec = &stack.layers[layer as usize].specs[spec as usize];
                if let Some(Value::Selections(pairs)) = spec.field(Name::VARIANT_SELECTION)
                    && let Some(&(_, variant)) = pairs.iter().find(|(s, _)| *s == set)
                {
                    return (variant != Name::EMPTY).then_some(variant);
                }
            }
        }
        None
    }
}
