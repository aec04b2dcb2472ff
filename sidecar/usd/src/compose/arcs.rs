//! Following arcs: references, payloads, inherits and specializes of one prim.

use std::rc::Rc;

use super::index::Draft;
use super::{ArcKind, NONE, Node, Place, Stage};
use crate::layer::LayerError;
use crate::names::Name;
use crate::path::{self, PrimPath};
use crate::store::Target;
use crate::value::{Arc, Value};

/// Targets of targets of … at most.
const NESTING_MAX: u32 = 64;

impl Stage<'_> {
    /// Whether the specs of a place say anything that leads on.
    pub(super) fn has_arcs(&self, place: &Place) -> bool {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        stack.has_arcs && !place.specs.is_empty()
    }

    /// Follows references, payloads, inherits and specializes of the place at index `at`.
    pub(super) fn follow(&mut self, draft: &mut Draft, at: u32) -> Result<(), LayerError> {
        if !self.has_arcs(&draft.places[at as usize]) {
            return Ok(());
        }
        for (field, kind) in
            [(Name::INHERITS, ArcKind::Inherit), (Name::SPECIALIZES, ArcKind::Specialize)]
        {
            for text in self.path_edits(&draft.places[at as usize], field) {
                let anchor = self.site(draft.places[at as usize].node, &draft.path);
                match path::parse(&text, &anchor, self.names) {
                    Some((site, false)) if !site.is_empty() => {
                        self.add_class(draft, at, kind, &site.into())?;
                    }
                    _ => self.warn(format!("<{text}> is no prim to inherit from")),
                }
            }
        }
        for (field, kind) in
            [(Name::REFERENCES, ArcKind::Reference), (Name::PAYLOAD, ArcKind::Payload)]
        {
            for (anchor, arc) in self.arc_edits(&draft.places[at as usize], field) {
                self.add_reference(draft, at, kind, &anchor, &arc)?;
            }
        }
        Ok(())
    }

    /// Composes a list of paths over the layers of one place.
    pub(super) fn path_edits(&self, place: &Place, field: Name) -> Vec<Box<str>> {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        let mut list = Vec::new();
        for &(layer, spec) in place.specs.iter().rev() {
            let spec = &stack.layers[layer as usize].specs[spec as usize];
            if let Some(Value::PathEdits(edits)) = spec.field(field) {
                edits.apply(&mut list);
            }
        }
        list
    }

    /// Composes a list of arcs over the layers of one place, each with the layer it is relative to.
    pub(super) fn arc_edits(&self, place: &Place, field: Name) -> Vec<(Rc<str>, Arc)> {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        let mut list: Vec<(Rc<str>, Arc)> = Vec::new();
        for &(layer, spec) in place.specs.iter().rev() {
            let spec = &stack.layers[layer as usize].specs[spec as usize];
            if let Some(Value::ArcEdits(edits)) = spec.field(field) {
                let anchor = &stack.anchors[layer as usize];
                let anchored = edits.map(|items| {
                    items.iter().map(|arc| (Rc::clone(anchor), arc.clone())).collect()
                });
                anchored.apply(&mut list);
            }
        }
        list
    }

    /// The path of the draft's prim in the namespace of `node`.
    pub(super) fn site(&self, node: u32, path: &[Name]) -> Vec<Name> {
        let node = &self.nodes[node as usize];
        let mut site = node.site.to_vec();
        site.extend_from_slice(path.get(node.depth as usize..).unwrap_or_default());
        site
    }

    pub(super) fn add_reference(
        &mut self,
        draft: &mut Draft,
        at: u32,
        kind: ArcKind,
        anchor: &Rc<str>,
        arc: &Arc,
    ) -> Result<(), LayerError> {
        let stack = if arc.asset.is_empty() {
            self.nodes[draft.places[at as usize].node as usize].stack
        } else {
            let found = match self.store.resolve(anchor, &arc.asset) {
                Target::Found(found) => found,
                Target::Missing(_) => {
                    self.warn(format!("{anchor}: @{}@ is missing", arc.asset));
                    return Ok(());
                }
            };
            if !self.composes(&found) {
                return Ok(());
            }
            match self.stack(&found) {
                Ok(stack) => stack,
                Err(error) => {
                    self.warn(format!("{anchor}: @{}@ cannot be read: {error}", arc.asset));
                    return Ok(());
                }
            }
        };
        let site = if arc.prim.is_empty() {
            self.default_prim(stack)
        } else {
            path::parse(&arc.prim, &[], self.names).map(|(path, _)| path)
        };
        let Some(site) = site.filter(|site| !site.is_empty()) else {
            self.warn(format!("{anchor}: @{}@ has no default prim", arc.asset));
            return Ok(());
        };
        self.add_arc(draft, at, kind, stack, site.into())
    }

    pub(super) fn default_prim(&mut self, stack: u32) -> Option<Vec<Name>> {
        let layer = Rc::clone(self.stacks[stack as usize].layers.first()?);
        let Some(Value::Token(name)) = layer.root().field(Name::DEFAULT_PRIM) else {
            return None;
        };
        let text = self.names.text(*name).to_owned();
        let text = if text.starts_with('/') { text } else { format!("/{text}") };
        path::parse(&text, &[], self.names).map(|(path, _)| path)
    }

    /// Adds a class arc to the place `at`, and what it implies: where the place itself was brought
    /// by a reference, the same class in the referencing namespace is stronger.
    pub(super) fn add_class(
        &mut self,
        draft: &mut Draft,
        at: u32,
        kind: ArcKind,
        site: &PrimPath,
    ) -> Result<(), LayerError> {
        let stack = self.nodes[draft.places[at as usize].node as usize].stack;
        self.add_arc(draft, at, kind, stack, Rc::clone(site))?;
        let mut from = at;
        let mut site = site.to_vec();
        loop {
            let place = &draft.places[from as usize];
            let node = &self.nodes[place.node as usize];
            if place.parent == NONE {
                return Ok(());
            }
            let crosses = matches!(node.arc, ArcKind::Reference | ArcKind::Payload);
            from = place.parent;
            if !crosses {
                continue;
            }
            site = match site.strip_prefix(&*node.site) {
                Some(rest) => node.target.iter().chain(rest).copied().collect(),
                None => site,
            };
            let stack = self.nodes[draft.places[from as usize].node as usize].stack;
            self.add_arc(draft, from, kind, stack, site.clone().into())?;
        }
    }

    /// Adds the opinions of `site` in `stack` below the place `at`.
    pub(super) fn add_arc(
        &mut self,
        draft: &mut Draft,
        at: u32,
        kind: ArcKind,
        stack: u32,
        site: PrimPath,
    ) -> Result<(), LayerError> {
        let target = self.site(draft.places[at as usize].node, &draft.path);
        if self.is_circle(draft, at, stack, &site) {
            let text = path::text(&site, self.names);
            self.warn(format!("an arc to <{text}> leads round in a circle"));
            return Ok(());
        }
        let known = draft.places.iter().any(|place| {
            let node = &self.nodes[place.node as usize];
            place.parent == at && node.arc == kind && node.stack == stack && node.site == site
        });
        if known {
            return Ok(());
        }
        if draft.nesting > NESTING_MAX {
            return Err(LayerError::new(format!(
                "arcs lead to arcs deeper than {NESTING_MAX} times"
            )));
        }
        let depth = draft.path.len() as u32;
        let head = Node {
            arc: kind,
            parent: draft.places[at as usize].node,
            stack,
            site: Rc::clone(&site),
            target: target.into(),
            depth,
            rank: depth as i32,
        };
        if !self.stacks[stack as usize].has_arcs || site.len() == 1 {
            let specs = self.site_specs(stack, &site);
            self.nodes.push(head);
            let node = self.nodes.len() as u32 - 1;
            draft.places.push(Place { node, parent: at, specs });
            return Ok(());
        }
        self.graft(draft, at, head)
    }

    /// The specs at `site` in every layer of `stack`.
    pub(super) fn site_specs(&self, stack: u32, site: &[Name]) -> Vec<(u32, u32)> {
        let layers = self.stacks[stack as usize].layers.iter().enumerate();
        let walk = |(layer, held): (usize, &Rc<crate::layer::Layer>)| {
            let mut spec = 0;
            for &name in site {
                spec = held.child(spec, name)?;
            }
            Some((layer as u32, spec))
        };
        layers.filter_map(walk).collect()
    }

    /// Whether `site` in `stack` is, or holds, or is held by, a place that the arc starts from.
    pub(super) fn is_circle(&self, draft: &Draft, at: u32, stack: u32, site: &[Name]) -> bool {
        let mut at = at;
        while at != NONE {
            let place = &draft.places[at as usize];
            let node = &self.nodes[place.node as usize];
            if node.stack == stack {
                let own = self.site(place.node, &draft.path);
                if own.starts_with(site) || (site.starts_with(&own)) {
                    return true;
                }
            }
            at = place.parent;
        }
        false
    }
}
