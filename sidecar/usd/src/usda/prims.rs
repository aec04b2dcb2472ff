//! The structure of a text layer: prims inside prims, variants inside variant sets.

use std::collections::HashMap;

use super::scan::Scanner;
use super::values;
use crate::layer::{Arrays, Layer, LayerError, PrimSpec, Specifier};
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::source::Bytes;

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

/// A text layer being read. Structure is read here, metadata in `metadata`, properties in
/// `properties`.
pub(super) struct Parser<'a> {
    pub(super) scan: Scanner<'a>,
    pub(super) names: &'a mut Names,
    limits: &'a Limits,
    pub(super) specs: Vec<PrimSpec>,
    blocks: Vec<Block>,
    /// Properties that are no longer among the last of their prim.
    pub(super) earlier: HashMap<(u32, Name), u32>,
}

/// An open `{`.
#[derive(Clone, Copy)]
enum Block {
    /// Of a prim or variant: its spec.
    Body(u32),
    /// Of a variant set: the owner's spec and the set.
    Variants(u32, Name),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

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
