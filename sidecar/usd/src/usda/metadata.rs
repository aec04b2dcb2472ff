//! Metadata of layers, prims and variants: `( … )`.

use super::prims::Parser;
use super::values;
use crate::layer::LayerError;
use crate::names::Name;
use crate::value::{Arc, ListOp, PathPairs, Value};

/// Metadata fields a prim may have; real ones have a dozen.
const FIELDS_MAX: usize = 10_000;

/// How a statement edits a list.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Edit {
    Explicit,
    Add,
    Delete,
    Prepend,
    Append,
    Reorder,
}

impl Edit {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "add" => Self::Add,
            "delete" => Self::Delete,
            "prepend" => Self::Prepend,
            "append" => Self::Append,
            "reorder" => Self::Reorder,
            _ => return None,
        })
    }

    pub(super) fn put<T>(self, list: &mut ListOp<T>, items: Vec<T>) {
        match self {
            Self::Explicit => list.explicit = Some(items),
            Self::Add => list.added = items,
            Self::Delete => list.deleted = items,
            Self::Prepend => list.prepended = items,
            Self::Append => list.appended = items,
            Self::Reorder => list.ordered = items,
        }
    }
}

impl Parser<'_> {
    /// `( … )` of the layer, a prim or a variant.
    pub(super) fn metadata(&mut self, owner: u32) -> Result<(), LayerError> {
        self.scan.expect(b'(')?;
        while !self.scan.take(b')')? {
            self.scan.skip()?;
            if self.scan.at_string() {
                let comment = Value::String(self.scan.string()?.into());
                let comment_name = self.names.intern("comment");
                self.set_field(owner, comment_name, comment);
                continue;
            }
            let mut key = self.scan.word(b":.")?;
            let mut edit = Edit::Explicit;
            if let Some(listed) = Edit::of(key) {
                edit = listed;
                key = self.scan.word(b":.")?;
            }
            if key.is_empty() {
                let found = self.scan.found();
                return Err(self.scan.error(&format!("expected metadata, found {found}")));
            }
            self.field(owner, key, edit)?;
            self.scan.take(b',')?;
        }
        Ok(())
    }

    pub(super) fn set_field(&mut self, owner: u32, name: Name, value: Value) {
        let fields = &mut self.specs[owner as usize].fields;
        match fields.iter_mut().find(|(field, _)| *field == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }

    pub(super) fn field(&mut self, owner: u32, key: &str, edit: Edit) -> Result<(), LayerError> {
        // The text names of fields differ from their data names in a few places.
        let key = match key {
            "inherits" => "inheritPaths",
            "doc" => "documentation",
            "variants" => "variantSelection",
            "variantSets" => "variantSetNames",
            "relocates" if owner == 0 => "layerRelocates",
            other => other,
        };
        let name = self.names.intern(key);
        self.scan.expect(b'=')?;
        let value = match name {
            Name::REFERENCES | Name::PAYLOAD => {
                let items = self.arcs()?;
                let mut list = match self.existing(owner, name) {
                    Some(Value::ArcEdits(list)) => list,
                    _ => Box::default(),
                };
                edit.put(&mut list, items);
                Value::ArcEdits(list)
            }
            Name::INHERITS | Name::SPECIALIZES => {
                let items = self.paths()?;
                let mut list = match self.existing(owner, name) {
                    Some(Value::PathEdits(list)) => list,
                    _ => Box::default(),
                };
                edit.put(&mut list, items);
                Value::PathEdits(list)
            }
            Name::API_SCHEMAS | Name::VARIANT_SET_NAMES => {
                let items = self.tokens()?;
                let mut list = match self.existing(owner, name) {
                    Some(Value::TokenEdits(list)) => list,
                    _ => Box::default(),
                };
                edit.put(&mut list, items);
                Value::TokenEdits(list)
            }
            Name::VARIANT_SELECTION => {
                let value = values::any(&mut self.scan, self.names, 0)?;
                self.selections(value)
            }
            Name::RELOCATES | Name::LAYER_RELOCATES => Value::PathPairs(self.relocates()?),
            Name::SUB_LAYERS => Value::Assets(self.sublayers()?),
            _ => {
                let value = values::any(&mut self.scan, self.names, 0)?;
                match (value, name) {
                    (Value::String(text), Name::KIND | Name::UP_AXIS | Name::DEFAULT_PRIM) => {
                        Value::Token(self.names.intern(&text))
                    }
                    (value, _) => value,
                }
            }
        };
        if name == Name::FRAMES_PER_SECOND && value.as_f64().is_some_and(|rate| rate <= 0.0) {
            return Err(self.scan.error("framesPerSecond must be greater than 0"));
        }
        if self.specs[owner as usize].fields.len() >= FIELDS_MAX {
            return Err(self.scan.error("a prim has too many metadata fields"));
        }
        self.set_field(owner, name, value);
        Ok(())
    }

    /// Takes a field's value out, to be completed.
    pub(super) fn existing(&mut self, owner: u32, name: Name) -> Option<Value> {
        let fields = &mut self.specs[owner as usize].fields;
        let (_, value) = fields.iter_mut().find(|(field, _)| *field == name)?;
        Some(std::mem::take(value))
    }

    pub(super) fn selections(&mut self, value: Value) -> Value {
        let Value::Dictionary(entries) = value else { return Value::Other };
        let mut pairs = Vec::with_capacity(entries.len());
        for (set, variant) in *entries {
            let variant = match variant {
                Value::String(text) => self.names.intern(&text),
                Value::Token(name) => name,
                _ => continue,
            };
            pairs.push((self.names.intern(&set), variant));
        }
        Value::Selections(pairs.into())
    }

    /// Items of `[ … ]`, or one item without brackets, or none for `None`.
    pub(super) fn items<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, LayerError>,
    ) -> Result<Vec<T>, LayerError> {
        self.scan.skip()?;
        if self.scan.bytes[self.scan.at.min(self.scan.bytes.len())..].starts_with(b"None") {
            self.scan.at += 4;
            return Ok(Vec::new());
        }
        let mut items = Vec::new();
        if !self.scan.take(b'[')? {
            items.push(one(self)?);
            return Ok(items);
        }
        while !self.scan.take(b']')? {
            items.push(one(self)?);
            if !self.scan.take(b',')? {
                self.scan.expect(b']')?;
                break;
            }
        }
        Ok(items)
    }

    pub(super) fn paths(&mut self) -> Result<Vec<Box<str>>, LayerError> {
        self.items(|parser| {
            let path = parser.scan.path()?;
            Ok(path.into())
        })
    }

    pub(super) fn tokens(&mut self) -> Result<Vec<Name>, LayerError> {
        self.items(|parser| {
            let text = parser.scan.string()?;
            Ok(parser.names.intern(&text))
        })
    }

    pub(super) fn arcs(&mut self) -> Result<Vec<Arc>, LayerError> {
        self.items(|parser| {
            parser.scan.skip()?;
            let mut arc = Arc::default();
            if parser.scan.peek() == b'@' {
                arc.asset = parser.scan.asset()?.into();
                parser.scan.skip()?;
            }
            if parser.scan.peek() == b'<' {
                arc.prim = parser.scan.path()?.into();
            }
            parser.arc_options()?;
            Ok(arc)
        })
    }

    /// `(offset = 1; scale = 2; customData = {…})` behind a reference or sublayer. Offsets move
    /// samples in time, which no fact of a catalogue depends on.
    pub(super) fn arc_options(&mut self) -> Result<(), LayerError> {
        self.scan.skip()?;
        if self.scan.peek() != b'(' {
            return Ok(());
        }
        self.scan.expect(b'(')?;
        while !self.scan.take(b')')? {
            if self.scan.word(b"")?.is_empty() {
                let found = self.scan.found();
                return Err(self.scan.error(&format!("expected an option, found {found}")));
            }
            self.scan.expect(b'=')?;
            values::any(&mut self.scan, self.names, 0)?;
            self.scan.take(b',')?;
        }
        Ok(())
    }

    pub(super) fn sublayers(&mut self) -> Result<Box<[Box<str>]>, LayerError> {
        let items: Vec<Box<str>> = self.items(|parser| {
            let asset = parser.scan.asset()?.into();
            parser.arc_options()?;
            Ok(asset)
        })?;
        Ok(items.into())
    }

    pub(super) fn relocates(&mut self) -> Result<PathPairs, LayerError> {
        self.scan.expect(b'{')?;
        let mut pairs: Vec<(Box<str>, Box<str>)> = Vec::new();
        while !self.scan.take(b'}')? {
            let from = self.scan.path()?.into();
            self.scan.expect(b':')?;
            let to = self.scan.path()?.into();
            pairs.push((from, to));
            self.scan.take(b',')?;
        }
        Ok(pairs.into())
    }
}
