//! The places of one prim: where its opinions come from, and in which order.

use std::rc::Rc;

use super::{ArcKind, Flags, NONE, Place, Prim, Stage};
use crate::layer::{LayerError, Specifier};
use crate::names::Name;
use crate::value::Value;

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
