//! Prims while they are made: each with its name, its properties and what they take, within limits.

use std::collections::HashSet;

use crate::layer::{LayerError, PrimSpec, Property, Rare, Specifier};
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::value::{ListOp, Value};

/// Most prims of a document. Materials that share a graph have each their own.
const PRIMS_MAX: usize = 250_000;
/// Most inputs of a node and outputs of a graph; the largest surface has 60 inputs.
pub(super) const PROPERTIES_MAX: usize = 256;
/// What all prims and their paths may take, in bytes.
const BYTES_MAX: usize = 128 << 20;
/// Longest name of a prim, in letters.
const NAME_MAX: usize = 256;
/// Prims, parents before children.
pub(super) struct Prims<'a> {
    pub(super) names: &'a mut Names,
    pub(super) specs: Vec<PrimSpec>,
    taken: HashSet<(u32, Name)>,
    specs_max: usize,
    bytes: usize,
}

impl<'a> Prims<'a> {
    /// A pseudo-root, whose default prim is called `default`.
    pub(super) fn new(default: &str, names: &'a mut Names, limits: &Limits) -> Self {
        let specs_max = PRIMS_MAX.min(usize::try_from(limits.prims_max).unwrap_or(usize::MAX));
        let fields = vec![(Name::DEFAULT_PRIM, Value::Token(names.intern(default)))];
        let specs = vec![PrimSpec { fields, ..PrimSpec::default() }];
        Self { names, specs, taken: HashSet::new(), specs_max, bytes: 0 }
    }

    /// A new prim; `None` where there is one of its name already.
    pub(super) fn add(
        &mut self,
        parent: u32,
        name: &str,
        kind: &str,
    ) -> Result<Option<u32>, LayerError> {
        let name_bytes = 2 * name.len().min(NAME_MAX);
        let (name, type_name) = (self.names.intern(&identifier(name)), self.names.intern(kind));
        if !self.taken.insert((parent, name)) {
            return Ok(None);
        }
        if self.specs.len() >= self.specs_max {
            return Err(LayerError::new(format!("makes more than {} prims", self.specs_max)));
        }
        self.take(size_of::<PrimSpec>() + name_bytes)?;
        let index = self.specs.len() as u32;
        let specifier = Specifier::Def;
        self.specs.push(PrimSpec { name, type_name, specifier, parent, ..PrimSpec::default() });
        self.specs[parent as usize].children.push(index);
        Ok(Some(index))
    }

    /// Accounts for memory.
    fn take(&mut self, bytes: usize) -> Result<(), LayerError> {
        self.bytes += bytes;
        match self.bytes > BYTES_MAX {
            true => Err(LayerError::new(format!("makes prims of more than {BYTES_MAX} bytes"))),
            false => Ok(()),
        }
    }

    /// A new property of a prim; `None` where there is one of its name, or too many.
    ///
    /// * `bytes`: what it will hold.
    pub(super) fn property(
        &mut self,
        spec: u32,
        name: &str,
        kind: &str,
        bytes: usize,
    ) -> Result<Option<&mut Property>, LayerError> {
        let (name, type_name) = (self.names.intern(name), self.names.intern(kind));
        let known = &self.specs[spec as usize].properties;
        if known.len() >= PROPERTIES_MAX || known.iter().any(|property| property.name == name) {
            return Ok(None);
        }
        self.take(size_of::<Property>() + size_of::<Rare>() + bytes)?;
        let properties = &mut self.specs[spec as usize].properties;
        properties.push(Property { name, type_name, ..Property::default() });
        Ok(properties.last_mut())
    }

    /// Gives a prim a property with a value.
    pub(super) fn say(
        &mut self,
        spec: u32,
        name: &str,
        kind: &str,
        value: Value,
    ) -> Result<(), LayerError> {
        if let Some(property) = self.property(spec, name, kind, 0)? {
            property.default = value;
        }
        Ok(())
    }

    /// Gives a prim a property that is connected.
    pub(super) fn connect(
        &mut self,
        spec: u32,
        name: &str,
        kind: &str,
        to: String,
    ) -> Result<(), LayerError> {
        if let Some(property) = self.property(spec, name, kind, 2 * to.len())? {
            let targets = ListOp { explicit: Some(vec![to.into()]), ..ListOp::default() };
            property.rare_mut().targets = Value::PathEdits(Box::new(targets));
        }
        Ok(())
    }
}

/// A name as prims may have it: letters, digits and `_`, no digit first.
pub(super) fn identifier(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut made: String = name
        .chars()
        .take(NAME_MAX)
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .collect();
    if made.is_empty() || made.starts_with(|first: char| first.is_numeric()) {
        made.insert(0, '_');
    }
    made
}
