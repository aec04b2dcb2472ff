//! Arcs to prims deep in a stack: what the target's ancestors bring comes along.

use std::rc::Rc;

use super::index::Draft;
use super::{Node, Place, Stage};
use crate::layer::LayerError;

impl Stage<'_> {
    /// Composes the target of `head` in its own namespace and hangs the result below `at`.
    pub(super) fn graft(
        &mut self,
        draft: &mut Draft,
        at: u32,
        head: Node,
    ) -> Result<(), LayerError> {
        let site = Rc::clone(&head.site);
        let stack = head.stack;
        let places = vec![self.root_place(stack)];
        let mut inner = Draft { places, path: Vec::new(), nesting: draft.nesting + 1 };
        for (step, &name) in site.iter().enumerate() {
            inner.places = self.step(&inner.places, name);
            inner.path.push(name);
            // The target's own arcs are followed where it is grafted: there, selections of
            // stronger places are known.
            if step + 1 < site.len() {
                self.gather(&mut inner)?;
            }
        }
        self.transplant(draft, at, head, &inner);
        Ok(())
    }

    /// Copies the places of `inner` below the place `at`, with nodes for the new namespace.
    fn transplant(&mut self, draft: &mut Draft, at: u32, head: Node, inner: &Draft) {
        let depth = head.depth;
        let shift = depth as i32 - inner.path.len() as i32;
        let offset = draft.places.len() as u32;
        for (index, place) in inner.places.iter().enumerate() {
            let old = self.nodes[place.node as usize].clone();
            let (node, parent) = if index == 0 {
                (head.clone(), at)
            } else {
                let above = offset + place.parent;
                let above_node = draft.places[above as usize].node;
                let inner_above = inner.places[place.parent as usize].node;
                let node = Node {
                    arc: old.arc,
                    parent: above_node,
                    stack: old.stack,
                    site: self.site(place.node, &inner.path).into(),
                    target: self.site(inner_above, &inner.path).into(),
                    depth,
                    rank: old.rank + shift,
                };
                (node, above)
            };
            self.nodes.push(node);
            let node = self.nodes.len() as u32 - 1;
            draft.places.push(Place { node, parent, specs: place.specs.clone() });
        }
    }
}
