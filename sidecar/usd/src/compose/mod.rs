//! Composition: from layers to the prims of a stage.
//!
//! `stack` gathers a layer and its sublayers; `index` gathers, for one prim, every place that says
//! something about it, in order of strength, with the help of `arcs`, `graft` and `variants`; `prim`
//! asks those places. Nothing here keeps values:
//! a prim is a list of places.
//!
//! # Source
//!
//! AOUSD Core Specification 1.0, "Composition": strength is local, inherits, variants, references,
//! payloads, specializes; ancestral opinions are weaker than direct ones of the same arc.

mod arcs;
mod graft;
mod index;
mod prim;
mod stack;
mod variants;

use std::collections::HashMap;
use std::rc::Rc;

use crate::layer::{Layer, LayerError};
use crate::materialx;
use crate::matrix::{Aligned, Matrix};
use crate::names::{Name, Names};
use crate::path::PrimPath;
use crate::store::Store;
use crate::value::Value;

pub(crate) use prim::Time;

/// Number that stands for "none" among indices.
pub(crate) const NONE: u32 = u32::MAX;

/// What brings opinions from elsewhere, strongest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum ArcKind {
    Root,
    Inherit,
    Variant,
    Reference,
    Payload,
    Specialize,
}

/// A layer and its sublayers, strongest first.
pub(crate) struct Stack {
    pub(crate) layers: Vec<Rc<Layer>>,
    /// Paths that the layers' asset paths are anchored to.
    pub(crate) anchors: Vec<Rc<str>>,
    /// Whether any layer has arcs that a target's ancestors could bring.
    pub(crate) has_arcs: bool,
}

/// One arc of the stage: whence opinions come, and how its paths map to its parent's.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) arc: ArcKind,
    /// The node that the arc starts from; [`NONE`] for the root.
    pub(crate) parent: u32,
    pub(crate) stack: u32,
    /// Where the arc points, in the namespace of `stack`.
    pub(crate) site: PrimPath,
    /// Where the arc starts, in the namespace of the parent's stack.
    pub(crate) target: PrimPath,
    /// Length of the composed path of the prim that the arc was added to.
    pub(crate) depth: u32,
    /// The same, less for ancestral arcs of a target: decides strength among siblings.
    pub(crate) rank: i32,
}

/// A place that says something about a prim: a node, and the specs of it that do.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) node: u32,
    /// Index of the parent's place in the same prim.
    pub(crate) parent: u32,
    /// (layer of the stack, spec of the layer), strongest first.
    pub(crate) specs: Vec<(u32, u32)>,
}

/// One composed prim.
pub(crate) struct Prim {
    pub(crate) name: Name,
    pub(crate) parent: u32,
    pub(crate) depth: u32,
    /// Places, parents before children.
    pub(crate) places: Vec<Place>,
    /// Indices of places from strong to weak; empty when that is their order.
    pub(crate) order: Vec<u32>,
    /// Children, once asked for.
    pub(crate) children: Option<Rc<[u32]>>,
    pub(crate) flags: Flags,
}

/// What decides whether a prim counts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) active: bool,
    /// Whether it and all ancestors are defined.
    pub(crate) defined: bool,
    /// Whether it or an ancestor is a class.
    pub(crate) abstract_: bool,
    /// Whether its children come from what it instances.
    pub(crate) instance: bool,
    /// Whether it is below an instance.
    pub(crate) proxy: bool,
}

/// What a stage is composed for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Aim {
    /// Facts: what pxr sees, to which MaterialX documents are files like any other.
    Facts,
    /// Scenes: materials of MaterialX documents too.
    Scene,
}

/// A composed stage. Prims are made when asked for.
pub(crate) struct Stage<'a> {
    pub(crate) aim: Aim,
    pub(crate) store: &'a mut Store,
    pub(crate) names: &'a mut Names,
    pub(crate) stacks: Vec<Stack>,
    stack_of: HashMap<String, Result<u32, String>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) prims: Vec<Prim>,
    pub(crate) warnings: Vec<String>,
    /// Types to take instead of unknown ones, best first.
    pub(crate) fallbacks: HashMap<Name, Vec<Name>>,
    /// Boxes of instancers' prototypes by prim; `None` while one is computed.
    pub(crate) prototypes: HashMap<u32, Option<Prototype>>,
}

/// What an instancer needs of a prototype.
#[derive(Clone, Copy)]
pub(crate) struct Prototype {
    /// Its bounds, in a space that `to_local` takes to its own.
    pub(crate) bounds: Aligned,
    pub(crate) to_local: Matrix,
    /// Its own transform.
    pub(crate) local: Matrix,
}

/// Index of the root prim.
pub(crate) const ROOT: u32 = 0;

impl<'a> Stage<'a> {
    /// Opens the stage whose root layer is at `path`.
    ///
    /// # Errors
    ///
    /// When the root layer cannot be read, or is a MaterialX document.
    pub(crate) fn open(
        store: &'a mut Store,
        names: &'a mut Names,
        path: &str,
        aim: Aim,
    ) -> Result<Self, LayerError> {
        if materialx::is_document_name(path) {
            return Err(LayerError::new(
                "is a MaterialX document: read an asset that references it instead",
            ));
        }
        let mut stage = Self {
            aim,
            store,
            names,
            stacks: Vec::new(),
            stack_of: HashMap::new(),
            nodes: Vec::new(),
            prims: Vec::new(),
            warnings: Vec::new(),
            fallbacks: HashMap::new(),
            prototypes: HashMap::new(),
        };
        let (layer, _) = stage.store.layer(path, stage.names)?;
        stage.read_variables(&layer);
        let stack = stage.stack(path)?;
        stage.read_fallbacks(&layer);
        let root = stage.root_place(stack);
        stage.prims.push(Prim {
            name: Name::EMPTY,
            parent: NONE,
            depth: 0,
            places: vec![root],
            order: Vec::new(),
            children: None,
            flags: Flags { active: true, defined: true, ..Flags::default() },
        });
        Ok(stage)
    }

    /// A root node of `stack`, and the place of the pseudo-root in it.
    fn root_place(&mut self, stack: u32) -> Place {
        let nothing: PrimPath = Rc::from([]);
        self.nodes.push(Node {
            arc: ArcKind::Root,
            parent: NONE,
            stack,
            site: Rc::clone(&nothing),
            target: nothing,
            depth: 0,
            rank: 0,
        });
        let layers = self.stacks[stack as usize].layers.len() as u32;
        let specs = (0..layers).map(|layer| (layer, 0)).collect();
        Place { node: self.nodes.len() as u32 - 1, parent: NONE, specs }
    }

    /// Takes over the variables that the root layer sets for expressions.
    fn read_variables(&mut self, layer: &Layer) {
        if let Some(Value::Dictionary(entries)) = layer.root().field(Name::EXPRESSION_VARIABLES) {
            for (name, value) in entries.iter() {
                if let Value::String(text) = value {
                    self.store.variables.insert(name.to_string(), text.to_string());
                }
            }
        }
    }

    /// Takes over what the root layer says of types that a reader may not know.
    fn read_fallbacks(&mut self, layer: &Layer) {
        if let Some(Value::Dictionary(entries)) = layer.root().field(Name::FALLBACK_PRIM_TYPES) {
            for (name, value) in entries.iter() {
                if let Value::Tokens(types) = value {
                    self.fallbacks.insert(self.names.intern(name), types.to_vec());
                }
            }
        }
    }

    /// Whether the layer at `path` takes part at all.
    pub(crate) fn composes(&self, path: &str) -> bool {
        self.aim == Aim::Scene || !materialx::is_document_name(path)
    }

    /// Remembers a sentence for the reader; bounded.
    pub(crate) fn warn(&mut self, warning: String) {
        if self.warnings.len() < 100 && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Names from the root to `prim`.
    pub(crate) fn path(&self, prim: u32) -> Vec<Name> {
        let mut path = Vec::with_capacity(self.prims[prim as usize].depth as usize);
        let mut at = prim;
        while at != ROOT {
            path.push(self.prims[at as usize].name);
            at = self.prims[at as usize].parent;
        }
        path.reverse();
        path
    }

    /// `/A/B` of `prim`.
    pub(crate) fn path_text(&self, prim: u32) -> String {
        crate::path::text(&self.path(prim), self.names)
    }

    /// The prim at `path`, composed if need be.
    pub(crate) fn prim_at(&mut self, path: &[Name]) -> Result<Option<u32>, LayerError> {
        let mut at = ROOT;
        for &name in path {
            let children = self.children(at)?;
            let next =
                children.iter().copied().find(|&child| self.prims[child as usize].name == name);
            match next {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}
