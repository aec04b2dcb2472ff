//! The places of one prim: where its opinions come from, and in which order.

use std::rc::Rc;

use super::{ArcKind, Flags, NONE, Node, Place, Prim, Stage};
use crate::layer::{LayerError, Specifier};
use crate::names::Name;
use crate::path::{self, PrimPath};
use crate::store::Target;
use crate::value::{Arc, ListOp, Value};

/// Targets of targets of … at most.
const NESTING_MAX: u32 = 64;

/// The places of one prim while they are gathered.
pub(super) struct Draft {
    pub(super) places: Vec<Place>,
    /// Composed path of the prim, in the namespace the draft is made for.
    pub(super) path: Vec<Name>,
    pub(super) nesting: u32,
}

impl Stage<'_> {
    /// The children of `prim`, inactive ones and classes too.
    pub(crate) fn children(&mut self, prim: u32) -> Result<Rc<[u32]>, LayerError> {
        if let Some(children) = &self.prims[prim as usize].children {
            return Ok(Rc::clone(children));
        }
        let mut children = Vec::new();
        let parent = &self.prims[prim as usize];
        let flags = parent.flags;
        if flags.active {
            let from = self.heirs(prim);
            let names = self.child_names(&from);
            let depth = parent.depth + 1;
            if !names.is_empty() && depth > self.store.limits.depth_max {
                let max = self.store.limits.depth_max;
                return Err(LayerError::new(format!(
                    "prims are nested deeper than {max} (limit depthMax)"
                )));
            }
            let mut path = self.path(prim);
            for name in names {
                path.push(name);
                let places = self.step(&from, name);
                let mut draft = Draft { places, path, nesting: 0 };
                self.gather(&mut draft)?;
                path = draft.path;
                path.pop();
                let order = self.order(&draft.places);
                let child = self.add_prim(prim, name, draft.places, order, flags)?;
                children.push(child);
            }
        }
        let children: Rc<[u32]> = children.into();
        self.prims[prim as usize].children = Some(Rc::clone(&children));
        Ok(children)
    }

    /// The places whose children are the prim's: of an instance, only what it instances.
    fn heirs(&self, prim: u32) -> Vec<Place> {
        let prim = &self.prims[prim as usize];
        if !prim.flags.instance {
            return prim.places.clone();
        }
        let mut places = prim.places.clone();
        for place in &mut places {
            let node = &self.nodes[place.node as usize];
            if node.arc == ArcKind::Root || node.depth != prim.depth {
                place.specs.clear();
            }
        }
        places
    }

    fn child_names(&self, places: &[Place]) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        let mut known = std::collections::HashSet::new();
        let single = places.iter().map(|place| place.specs.len()).sum::<usize>() == 1;
        for place in places {
            let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
            for &(layer, spec) in &place.specs {
                let layer = &stack.layers[layer as usize];
                for &child in &layer.specs[spec as usize].children {
                    let name = layer.specs[child as usize].name;
                    if single || known.insert(name) {
                        names.push(name);
                    }
                }
            }
        }
        names
    }

    fn add_prim(
        &mut self,
        parent: u32,
        name: Name,
        places: Vec<Place>,
        order: Vec<u32>,
        above: Flags,
    ) -> Result<u32, LayerError> {
        if self.prims.len() as u64 > self.store.limits.prims_max {
            let max = self.store.limits.prims_max;
            return Err(LayerError::new(format!(
                "the stage has more than {max} prims (limit primsMax)"
            )));
        }
        let index = self.prims.len() as u32;
        let depth = self.prims[parent as usize].depth + 1;
        self.prims.push(Prim {
            name,
            parent,
            depth,
            places,
            order,
            children: None,
            flags: Flags::default(),
        });
        let placed = self.placed(index);
        let specifier = placed.specifier();
        let active = placed.field(Name::ACTIVE).and_then(Value::as_bool).unwrap_or(true);
        let wants = placed.field(Name::INSTANCEABLE).and_then(Value::as_bool).unwrap_or(false);
        let direct = wants
            && self.prims[index as usize].places.iter().any(|place| {
                let node = &self.nodes[place.node as usize];
                node.arc != ArcKind::Root && node.depth == depth && !place.specs.is_empty()
            });
        self.prims[index as usize].flags = Flags {
            active,
            defined: above.defined && specifier != Specifier::Over,
            abstract_: above.abstract_ || specifier == Specifier::Class,
            instance: direct && active,
            proxy: above.proxy || above.instance,
        };
        Ok(index)
    }

    /// The places of the child `name` below `places`. Places without opinions stay only where
    /// others hang from them.
    pub(super) fn step(&self, places: &[Place], name: Name) -> Vec<Place> {
        if let [only] = places {
            return vec![Place { specs: self.child_specs(only, name), ..only.clone() }];
        }
        let specs: Vec<Vec<(u32, u32)>> =
            places.iter().map(|place| self.child_specs(place, name)).collect();
        let mut kept: Vec<bool> = specs.iter().map(|specs| !specs.is_empty()).collect();
        kept[0] = true;
        for at in (1..places.len()).rev() {
            if kept[at] {
                kept[places[at].parent as usize] = true;
            }
        }
        let mut new_index = vec![NONE; places.len()];
        let mut out: Vec<Place> = Vec::new();
        for (at, specs) in specs.into_iter().enumerate() {
            if kept[at] {
                new_index[at] = out.len() as u32;
                let parent = places[at].parent;
                let parent = if parent == NONE { NONE } else { new_index[parent as usize] };
                out.push(Place { node: places[at].node, parent, specs });
            }
        }
        out
    }

    fn child_specs(&self, place: &Place, name: Name) -> Vec<(u32, u32)> {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        let child = |&(layer, spec): &(u32, u32)| {
            Some((layer, stack.layers[layer as usize].child(spec, name)?))
        };
        place.specs.iter().filter_map(child).collect()
    }

    /// Follows every arc that starts at the prim of `draft`, variants last: a selection may come
    /// from anywhere else.
    pub(super) fn gather(&mut self, draft: &mut Draft) -> Result<(), LayerError> {
        let mut done = 0;
        let mut picked: Vec<(u32, Name)> = Vec::new();
        loop {
            while done < draft.places.len() {
                self.follow(draft, done as u32)?;
                done += 1;
                if draft.places.len() > self.store.limits.arcs_max as usize {
                    let max = self.store.limits.arcs_max;
                    return Err(LayerError::new(format!(
                        "a prim gathers more than {max} arcs (limit arcsMax)"
                    )));
                }
            }
            if !self.pick_variant(draft, &mut picked) {
                return Ok(());
            }
        }
    }

    /// Whether the specs of a place say anything that leads on.
    fn has_arcs(&self, place: &Place) -> bool {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        stack.has_arcs && !place.specs.is_empty()
    }

    /// Follows references, payloads, inherits and specializes of the place at index `at`.
    fn follow(&mut self, draft: &mut Draft, at: u32) -> Result<(), LayerError> {
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
    fn path_edits(&self, place: &Place, field: Name) -> Vec<Box<str>> {
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
    fn arc_edits(&self, place: &Place, field: Name) -> Vec<(Rc<str>, Arc)> {
        let stack = &self.stacks[self.nodes[place.node as usize].stack as usize];
        let mut list: Vec<(Rc<str>, Arc)> = Vec::new();
        for &(layer, spec) in place.specs.iter().rev() {
            let spec = &stack.layers[layer as usize].specs[spec as usize];
            if let Some(Value::ArcEdits(edits)) = spec.field(field) {
                let anchor = &stack.anchors[layer as usize];
                let with = |items: &Vec<Arc>| -> Vec<(Rc<str>, Arc)> {
                    items.iter().map(|arc| (Rc::clone(anchor), arc.clone())).collect()
                };
                let anchored = ListOp {
                    explicit: edits.explicit.as_ref().map(&with),
                    added: with(&edits.added),
                    prepended: with(&edits.prepended),
                    appended: with(&edits.appended),
                    deleted: with(&edits.deleted),
                    ordered: with(&edits.ordered),
                };
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

    fn add_reference(
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

    fn default_prim(&mut self, stack: u32) -> Option<Vec<Name>> {
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
    fn add_class(
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
    fn add_arc(
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
    fn is_circle(&self, draft: &Draft, at: u32, stack: u32, site: &[Name]) -> bool {
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

    /// Picks the variant of the strongest set not yet picked; `false` when none is left.
    fn pick_variant(&mut self, draft: &mut Draft, picked: &mut Vec<(u32, Name)>) -> bool {
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
    fn selection(&self, places: &[Place], order: &[u32], set: Name) -> Option<Name> {
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

    /// Indices of `places` from strong to weak; empty when they stand in that order.
    pub(super) fn order(&self, places: &[Place]) -> Vec<u32> {
        if places.len() <= 1 {
            return Vec::new();
        }
        let mut below: Vec<Vec<u32>> = vec![Vec::new(); places.len()];
        for (at, place) in places.iter().enumerate().skip(1) {
            below[place.parent as usize].push(at as u32);
        }
        for children in &mut below {
            children.sort_by_key(|&at| {
                let node = &self.nodes[places[at as usize].node as usize];
                (node.arc, -node.rank)
            });
        }
        // Specializes are weaker than everything else, wherever they hang.
        let mut order = Vec::with_capacity(places.len());
        let mut roots = std::collections::VecDeque::from([0u32]);
        while let Some(root) = roots.pop_front() {
            let mut waiting = vec![root];
            while let Some(at) = waiting.pop() {
                order.push(at);
                for &child in below[at as usize].iter().rev() {
                    let node = &self.nodes[places[child as usize].node as usize];
                    if node.arc != ArcKind::Specialize {
                        waiting.push(child);
                    }
                }
                for &child in &below[at as usize] {
                    let node = &self.nodes[places[child as usize].node as usize];
                    if node.arc == ArcKind::Specialize {
                        roots.push_back(child);
                    }
                }
            }
        }
        if order.iter().enumerate().all(|(at, &index)| at as u32 == index) {
            return Vec::new();
        }
        order
    }
}
