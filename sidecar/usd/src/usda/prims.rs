//! The structure of a text layer: prims, properties, variants and their metadata.

use std::collections::HashMap;

use super::scan::Scanner;
use super::values;
use crate::layer::{Arrays, Layer, LayerError, PrimSpec, Property, Specifier};
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::source::Bytes;
use crate::value::{Arc, ListOp, PathPairs, Value};

/// Parses a whole text layer.
pub(super) fn parse(bytes: Bytes, names: &mut Names, limits: &Limits) -> Result<Layer, LayerError> {
    let specs = {
        let start = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
        let header = String::from_utf8_lossy(&bytes[..start.min(64)]).into_owned();
        check_version(&header)?;
        let mut parser = Parser {
            scan: Scanner::new(&bytes, start),
            names,
            limits,
            specs: vec![PrimSpec::default()],
            blocks: Vec::new(),
            earlier: HashMap::new(),
        };
        parser.layer()?;
        parser.specs
    };
    Ok(Layer::new(specs, Arrays::Text(bytes)))
}

fn check_version(header: &str) -> Result<(), LayerError> {
    let version = header.trim_start_matches("#usda").split_whitespace().next().unwrap_or("");
    // Minor versions add syntax that a reader of 1.x meets only where it is used.
    if version.split('.').next() == Some("1") {
        return Ok(());
    }
    Err(LayerError::new(format!("is usda of version `{version}`, only 1.x is known")))
}

/// The last properties of a prim are searched, earlier ones hashed.
const SEARCHED_PROPERTIES_MAX: usize = 32;

/// Metadata fields a prim may have; real ones have a dozen.
const FIELDS_MAX: usize = 10_000;

struct Parser<'a> {
    scan: Scanner<'a>,
    names: &'a mut Names,
    limits: &'a Limits,
    specs: Vec<PrimSpec>,
    blocks: Vec<Block>,
    /// Properties that are no longer among the last of their prim.
    earlier: HashMap<(u32, Name), u32>,
}

/// An open `{`.
#[derive(Clone, Copy)]
enum Block {
    /// Of a prim or variant: its spec.
    Body(u32),
    /// Of a variant set: the owner's spec and the set.
    Variants(u32, Name),
}

/// How a statement edits a list.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Edit {
    Explicit,
    Add,
    Delete,
    Prepend,
    Append,
    Reorder,
}

impl Edit {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "add" => Self::Add,
            "delete" => Self::Delete,
            "prepend" => Self::Prepend,
            "append" => Self::Append,
            "reorder" => Self::Reorder,
            _ => return None,
        })
    }

    fn put<T>(self, list: &mut ListOp<T>, items: Vec<T>) {
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
    fn layer(&mut self) -> Result<(), LayerError> {
        self.scan.skip()?;
        if self.scan.peek() == b'(' {
            self.metadata(0)?;
        }
        loop {
            self.scan.skip()?;
            if self.scan.at_end() {
                return Ok(());
            }
            let word = self.scan.word(b"")?;
            match word {
                "def" | "over" | "class" => {
                    self.prim(0, word)?;
                    self.blocks()?;
                }
                "reorder" => {
                    self.scan.word(b"")?;
                    self.scan.expect(b'=')?;
                    values::any(&mut self.scan, self.names, 0)?;
                }
                _ => {
                    let found =
                        if word.is_empty() { self.scan.found() } else { format!("`{word}`") };
                    return Err(self
                        .scan
                        .error(&format!("expected `def`, `over` or `class`, found {found}")));
                }
            }
        }
    }

    fn add_spec(&mut self, spec: PrimSpec) -> Result<u32, LayerError> {
        let index = self.specs.len();
        if index as u64 > self.limits.prims_max {
            return Err(self.scan.error(&format!(
                "the layer has more than {} prims (limit primsMax)",
                self.limits.prims_max
            )));
        }
        self.specs.push(spec);
        Ok(index as u32)
    }

    /// Opens a block, one deeper.
    fn enter(&mut self, block: Block) -> Result<(), LayerError> {
        self.scan.expect(b'{')?;
        if self.blocks.len() as u64 >= u64::from(self.limits.depth_max) {
            return Err(self.scan.error(&format!(
                "prims are nested deeper than {} (limit depthMax)",
                self.limits.depth_max
            )));
        }
        self.blocks.push(block);
        Ok(())
    }

    /// After `def`, `over` or `class`.
    fn prim(&mut self, parent: u32, specifier: &str) -> Result<(), LayerError> {
        let specifier = match specifier {
            "def" => Specifier::Def,
            "class" => Specifier::Class,
            _ => Specifier::Over,
        };
        self.scan.skip()?;
        let mut type_name = Name::EMPTY;
        if !self.scan.at_string() {
            // Plugin schema types may be written `Namespace::Type` or with dots.
            let word = self.scan.word(b":.")?;
            if word.is_empty() {
                return Err(self
                    .scan
                    .error(&format!("expected a prim name, found {}", self.scan.found())));
            }
            type_name = self.names.intern(word);
        }
        let name = self.scan.string()?;
        if name.is_empty() || name.contains(['/', '.', '<', '>', '{', '}', '[', ']', '\n']) {
            return Err(self.scan.error(&format!("`{}` is no prim name", name.escape_debug())));
        }
        let name = self.names.intern(&name);
        let siblings = &self.specs[parent as usize].children;
        if siblings.len() < 64
            && siblings.iter().any(|&child| self.specs[child as usize].name == name)
        {
            let text = self.names.text(name);
            return Err(self.scan.error(&format!("prim `{text}` is there twice")));
        }
        let spec = PrimSpec { name, type_name, specifier, parent, ..PrimSpec::default() };
        let index = self.add_spec(spec)?;
        self.specs[parent as usize].children.push(index);
        self.scan.skip()?;
        if self.scan.peek() == b'(' {
            self.metadata(index)?;
        }
        self.enter(Block::Body(index))
    }

    /// Reads until every open block is closed. No recursion: strangers choose the depth.
    fn blocks(&mut self) -> Result<(), LayerError> {
        while let Some(&block) = self.blocks.last() {
            self.scan.skip()?;
            if self.scan.peek() == b'}' {
                self.scan.at += 1;
                self.blocks.pop();
                continue;
            }
            match block {
                Block::Body(owner) => self.statement(owner)?,
                Block::Variants(owner, set) => self.variant(owner, set)?,
            }
        }
        Ok(())
    }

    fn statement(&mut self, owner: u32) -> Result<(), LayerError> {
        let word = self.scan.word(b":.")?;
        match word {
            "def" | "over" | "class" => self.prim(owner, word),
            "variantSet" => {
                let set = self.scan.string()?;
                let set = self.names.intern(&set);
                self.scan.expect(b'=')?;
                self.enter(Block::Variants(owner, set))
            }
            "" => {
                let found = self.scan.found();
                Err(self.scan.error(&format!("expected a property or prim, found {found}")))
            }
            _ => self.property(owner, word),
        }
    }

    fn variant(&mut self, owner: u32, set: Name) -> Result<(), LayerError> {
        let variant = self.scan.string()?;
        let variant = self.names.intern(&variant);
        let index = self.add_spec(PrimSpec { parent: owner, ..PrimSpec::default() })?;
        self.specs[owner as usize].variants.push((set, variant, index));
        self.scan.skip()?;
        if self.scan.peek() == b'(' {
            self.metadata(index)?;
        }
        self.enter(Block::Body(index))
    }

    /// `( … )` of the layer, a prim or a variant.
    fn metadata(&mut self, owner: u32) -> Result<(), LayerError> {
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

    fn set_field(&mut self, owner: u32, name: Name, value: Value) {
        let fields = &mut self.specs[owner as usize].fields;
        match fields.iter_mut().find(|(field, _)| *field == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }

    fn field(&mut self, owner: u32, key: &str, edit: Edit) -> Result<(), LayerError> {
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
    fn existing(&mut self, owner: u32, name: Name) -> Option<Value> {
        let fields = &mut self.specs[owner as usize].fields;
        let (_, value) = fields.iter_mut().find(|(field, _)| *field == name)?;
        Some(std::mem::take(value))
    }

    fn selections(&mut self, value: Value) -> Value {
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
    fn items<T>(
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

    fn paths(&mut self) -> Result<Vec<Box<str>>, LayerError> {
        self.items(|parser| {
            let path = parser.scan.path()?;
            Ok(path.into())
        })
    }

    fn tokens(&mut self) -> Result<Vec<Name>, LayerError> {
        self.items(|parser| {
            let text = parser.scan.string()?;
            Ok(parser.names.intern(&text))
        })
    }

    fn arcs(&mut self) -> Result<Vec<Arc>, LayerError> {
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
    fn arc_options(&mut self) -> Result<(), LayerError> {
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

    fn sublayers(&mut self) -> Result<Box<[Box<str>]>, LayerError> {
        let items: Vec<Box<str>> = self.items(|parser| {
            let asset = parser.scan.asset()?.into();
            parser.arc_options()?;
            Ok(asset)
        })?;
        Ok(items.into())
    }

    fn relocates(&mut self) -> Result<PathPairs, LayerError> {
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

    /// A property statement whose first word is `word`.
    fn property(&mut self, owner: u32, word: &str) -> Result<(), LayerError> {
        let mut word = word;
        let mut edit = Edit::Explicit;
        loop {
            match word {
                "custom" | "uniform" | "varying" | "config" => {}
                _ => match Edit::of(word) {
                    Some(found) if edit == Edit::Explicit => edit = found,
                    _ => break,
                },
            }
            word = self.scan.word(b":.")?;
        }
        if edit == Edit::Reorder && matches!(word, "nameChildren" | "properties" | "rootPrims") {
            self.scan.expect(b'=')?;
            values::any(&mut self.scan, self.names, 0)?;
            return Ok(());
        }
        if word == "rel" {
            self.relationship(owner, edit)
        } else {
            self.attribute(owner, word, edit)
        }
    }

    /// The property `name` of `owner`, made when absent.
    fn slot(&mut self, owner: u32, name: Name) -> &mut Property {
        let properties = &mut self.specs[owner as usize].properties;
        // Statements on one property follow one another: look from the end.
        let recent = properties.len().saturating_sub(SEARCHED_PROPERTIES_MAX);
        let found = properties[recent..].iter().rposition(|property| property.name == name);
        let at = found.map(|at| at + recent).or_else(|| {
            let earlier = self.earlier.get(&(owner, name)).copied();
            earlier.map(|at| at as usize)
        });
        let at = at.unwrap_or_else(|| {
            properties.push(Property { name, ..Property::default() });
            let last = properties.len() - 1;
            if let Some(leaving) = last.checked_sub(SEARCHED_PROPERTIES_MAX) {
                self.earlier.insert((owner, properties[leaving].name), leaving as u32);
            }
            last
        });
        &mut properties[at]
    }

    fn relationship(&mut self, owner: u32, edit: Edit) -> Result<(), LayerError> {
        let text = self.scan.word(b":.")?;
        let text = text.strip_suffix(".default").unwrap_or(text);
        if text.is_empty() {
            let found = self.scan.found();
            return Err(self.scan.error(&format!("expected a relationship, found {found}")));
        }
        let name = self.names.intern(text);
        self.slot(owner, name);
        self.scan.skip()?;
        if self.scan.peek() == b'[' {
            // `rel name[<target>] (…)`: metadata of one target, long out of use.
            self.paths()?;
        }
        if self.scan.take(b'=')? {
            let paths = self.paths()?;
            let rare = self.slot(owner, name).rare_mut();
            if !matches!(rare.targets, Value::PathEdits(_)) {
                rare.targets = Value::PathEdits(Box::default());
            }
            if let Value::PathEdits(list) = &mut rare.targets {
                edit.put(list, paths);
            }
        }
        self.property_metadata(owner, name)
    }

    fn attribute(&mut self, owner: u32, word: &str, edit: Edit) -> Result<(), LayerError> {
        let mut type_text = word.to_owned();
        if self.scan.take(b'[')? {
            self.scan.expect(b']')?;
            type_text.push_str("[]");
        }
        let full = self.scan.word(b":.")?;
        if full.is_empty() {
            let found = self.scan.found();
            return Err(self.scan.error(&format!("expected an attribute name, found {found}")));
        }
        let (text, part) = match full.rsplit_once('.') {
            Some((text, part)) => (text, part),
            None => (full, ""),
        };
        let name = self.names.intern(text);
        let type_name = self.names.intern(&type_text);
        self.slot(owner, name).type_name = type_name;
        match part {
            "" | "default" => {
                if self.scan.take(b'=')? {
                    let value = values::typed(&mut self.scan, self.names, &type_text)?;
                    self.slot(owner, name).default = value;
                }
                self.property_metadata(owner, name)
            }
            "timeSamples" => {
                self.scan.expect(b'=')?;
                let samples = values::samples(&mut self.scan, self.names, &type_text)?;
                self.slot(owner, name).rare_mut().samples = samples;
                Ok(())
            }
            "connect" => {
                self.scan.expect(b'=')?;
                let paths = self.paths()?;
                let rare = self.slot(owner, name).rare_mut();
                if !matches!(rare.targets, Value::PathEdits(_)) {
                    rare.targets = Value::PathEdits(Box::default());
                }
                if let Value::PathEdits(list) = &mut rare.targets {
                    edit.put(list, paths);
                }
                self.property_metadata(owner, name)
            }
            "spline" => {
                self.scan.expect(b'=')?;
                self.skip_block()?;
                self.slot(owner, name).rare_mut().spline = true;
                Ok(())
            }
            other => Err(self.scan.error(&format!("`.{other}` is unknown of an attribute"))),
        }
    }

    /// `( … )` behind a property: kept only where it can name assets.
    fn property_metadata(&mut self, owner: u32, name: Name) -> Result<(), LayerError> {
        self.scan.skip()?;
        if self.scan.peek() != b'(' {
            return Ok(());
        }
        self.scan.expect(b'(')?;
        while !self.scan.take(b')')? {
            self.scan.skip()?;
            if self.scan.at_string() {
                self.scan.string()?;
                continue;
            }
            let mut key = self.scan.word(b":.")?;
            if Edit::of(key).is_some() {
                key = self.scan.word(b":.")?;
            }
            if key.is_empty() {
                let found = self.scan.found();
                return Err(self.scan.error(&format!("expected metadata, found {found}")));
            }
            self.scan.expect(b'=')?;
            let value = values::any(&mut self.scan, self.names, 0)?;
            if matches!(value, Value::Asset(_) | Value::Assets(_) | Value::Dictionary(_)) {
                let key = self.names.intern(key);
                self.slot(owner, name).rare_mut().fields.push((key, value));
            }
            self.scan.take(b',')?;
        }
        Ok(())
    }

    /// Skips `{ … }` with whatever is inside.
    fn skip_block(&mut self) -> Result<(), LayerError> {
        self.scan.expect(b'{')?;
        let mut depth = 1u32;
        while depth > 0 {
            self.scan.skip()?;
            match self.scan.peek() {
                0 if self.scan.at_end() => return Err(self.scan.error("`{` is not closed")),
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b'"' | b'\'' => {
                    self.scan.string()?;
                    continue;
                }
                _ => {}
            }
            self.scan.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<(Layer, Names), LayerError> {
        let mut names = Names::default();
        let layer = parse(Bytes::from(text.as_bytes().to_vec()), &mut names, &Limits::default())?;
        Ok((layer, names))
    }

    #[test]
    fn a_prim_has_its_fields_properties_children_and_variants() {
        let text = r#"#usda 1.0
(
    "a comment"
    defaultPrim = "World"
    subLayers = [@a.usda@ (offset = 1; scale = 2), @./b.usda@]
    customLayerData = { string made = "by hand"; dictionary more = { int[] x = [1, 2] } }
)
def Xform "World" (
    kind = "component"
    prepend references = [@chair.usd@</Chair> (offset = 10), </Local>]
    variants = { string color = "red" }
    prepend variantSets = "color"
    delete apiSchemas = ["OldAPI"]
    prepend apiSchemas = ["MaterialBindingAPI"]
)
{
    custom uniform token[] order = ["a", "b"] (doc = "x")
    float3[] extent = [(0, 0, 0), (1, 1, 1)]
    double3 t.timeSamples = { 1: (0, 0, 0), 0.5: None, }
    prepend rel material:binding = </Looks/Red>
    color3f inputs:c.connect = </Looks/Red.outputs:out>
    def Mesh "Seat" {}
    variantSet "color" = {
        "red" ( kind = "x" ) { over "Seat" { int a = 1 } }
        "blue" { }
    }
}
"#;
        let (layer, mut names) = parse_text(text).unwrap();
        let world = &layer.specs[layer.root().children[0] as usize];
        assert_eq!(names.text(world.name), "World");
        assert_eq!(world.properties.len(), 5);
        assert_eq!(world.variants.len(), 2);
        let Some(Value::ArcEdits(arcs)) = world.field(Name::REFERENCES) else { panic!() };
        assert_eq!(&*arcs.prepended[0].asset, "chair.usd");
        assert_eq!(&*arcs.prepended[1].prim, "/Local");
        let Some(Value::TokenEdits(apis)) = world.field(Name::API_SCHEMAS) else { panic!() };
        assert_eq!(apis.deleted, [names.intern("OldAPI")]);
        assert_eq!(apis.prepended, [names.intern("MaterialBindingAPI")]);
        let t = world.property(names.intern("t")).unwrap();
        let Value::Samples(samples) = t.samples() else { panic!() };
        assert_eq!(samples.times, [0.5, 1.0]);
        assert_eq!(samples.values[0], Value::Block);
        let Some(Value::Assets(sublayers)) = layer.root().field(Name::SUB_LAYERS) else { panic!() };
        assert_eq!(&*sublayers[1], "./b.usda");
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        #[rustfmt::skip]
        let cases = [
            ("#usda 1.0\ndef Xform \"A\" {\n", "line 3: expected a property or prim, found the end of the file"),
            ("#usda 1.0\ndefine \"A\" {}", "line 2: expected `def`, `over` or `class`, found `define`"),
            ("#usda 2.0\n", "is usda of version `2.0`, only 1.x is known"),
            ("#usda 1.0\ndef \"a/b\" {}", "line 2: `a/b` is no prim name"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_text(text).map(|_| ()).unwrap_err().0, expected);
        }
    }

    #[test]
    fn nesting_stops_at_the_limit() {
        let text = format!("#usda 1.0\n{}", "def \"a\" {\n".repeat(10_000));
        let error = parse_text(&text).map(|_| ()).unwrap_err();
        assert!(error.0.contains("limit depthMax"), "{error}");
    }
}
