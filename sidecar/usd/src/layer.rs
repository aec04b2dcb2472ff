//! One layer as authored: a tree of prim specs with their fields and properties.

use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::source::Bytes;
use crate::value::Value;
use crate::{usda, usdc};

/// What a prim spec is for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Specifier {
    /// Says something about a prim that others define.
    #[default]
    Over,
    /// Defines a prim.
    Def,
    /// Defines a prim to be inherited from.
    Class,
}

/// One prim, variant or the pseudo-root of one layer.
#[derive(Clone, Debug, Default)]
pub struct PrimSpec {
    /// Own name; empty for the pseudo-root and for variants.
    pub name: Name,
    /// Schema type, empty where none is authored.
    pub type_name: Name,
    /// What the spec is for.
    pub specifier: Specifier,
    /// Index of the parent spec; the pseudo-root is its own.
    pub parent: u32,
    /// Indices of child prims.
    pub children: Vec<u32>,
    /// Properties.
    pub properties: Vec<Property>,
    /// Authored metadata.
    pub fields: Vec<(Name, Value)>,
    /// Variants: set, variant, index of the spec that holds its opinions.
    pub variants: Vec<(Name, Name, u32)>,
}

impl PrimSpec {
    /// The value of a metadata field.
    pub fn field(&self, name: Name) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// The property called `name`.
    pub fn property(&self, name: Name) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// One attribute or relationship of one layer.
#[derive(Clone, Debug, Default)]
pub struct Property {
    /// Name with namespaces.
    pub name: Name,
    /// Value type of an attribute, with `[]` for arrays; empty for relationships.
    pub type_name: Name,
    /// Value at the default time.
    pub default: Value,
    /// What few properties have.
    pub rare: Option<Box<Rare>>,
}

/// Opinions that few properties carry.
#[derive(Clone, Debug, Default)]
pub struct Rare {
    /// Time samples.
    pub samples: Value,
    /// Whether a spline is authored.
    pub spline: bool,
    /// Targets of a relationship, or connections of an attribute.
    pub targets: Value,
    /// Metadata that names assets (values of type asset, and dictionaries), and `interpolation`,
    /// `elementSize`, `bindMaterialAs`, `colorSpace`.
    pub fields: Vec<(Name, Value)>,
}

impl Property {
    /// The rare part, made when absent.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(Box::default)
    }

    /// Time samples, `Value::None` where there are none.
    pub fn samples(&self) -> &Value {
        self.rare.as_ref().map_or(&Value::None, |rare| &rare.samples)
    }

    /// Targets or connections, `Value::None` where there are none.
    pub fn targets(&self) -> &Value {
        self.rare.as_ref().map_or(&Value::None, |rare| &rare.targets)
    }
}

/// One parsed layer. Spec 0 is the pseudo-root, whose fields are the layer's metadata.
pub struct Layer {
    /// Every prim spec, parents before children.
    pub specs: Vec<PrimSpec>,
    /// How to decode arrays.
    pub(crate) arrays: Arrays,
    /// Children by parent and name, for layers with many.
    lookup: Option<crate::names::ShortMap<u64, u32>>,
}

/// Where arrays are decoded from.
pub(crate) enum Arrays {
    /// Text: offsets into the bytes.
    Text(Bytes),
    /// Crate: value representations.
    Crate(Box<usdc::Crate>),
}

/// Why bytes are no layer: a sentence without the path.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LayerError(pub String);

impl LayerError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// `#usda`
    Text,
    /// `PXR-USDC`
    Crate,
    /// A zip archive.
    Package,
}

/// Tells the encoding by the first bytes; names do not decide.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.starts_with(b"PXR-USDC") {
        Some(Encoding::Crate)
    } else if bytes.starts_with(b"#usda ") || bytes.starts_with(b"#usda\t") {
        Some(Encoding::Text)
    } else if bytes.starts_with(b"PK\x03\x04") {
        Some(Encoding::Package)
    } else {
        None
    }
}

/// Parses a text or crate layer, whichever the first bytes announce.
///
/// # Errors
///
/// When the bytes are neither, are broken, or pass a limit. Never panics: strangers wrote them.
pub fn read(bytes: Bytes, names: &mut Names, limits: &Limits) -> Result<Layer, LayerError> {
    match encoding(&bytes) {
        Some(Encoding::Text) => usda::parse(bytes, names, limits),
        Some(Encoding::Crate) => usdc::parse(bytes, names, limits),
        Some(Encoding::Package) => Err(LayerError::new("is a package, not a layer")),
        None => Err(LayerError::new("is not USD: neither #usda nor PXR-USDC nor a package")),
    }
}

impl Layer {
    pub(crate) fn new(specs: Vec<PrimSpec>, arrays: Arrays) -> Self {
        let mut lookup = None;
        // A scan of siblings is quicker until there are many.
        if specs.iter().any(|spec| spec.children.len() > 16) {
            let mut map = crate::names::ShortMap::default();
            for (at, spec) in specs.iter().enumerate().filter(|(_, s)| s.children.len() > 16) {
                for &child in &spec.children {
                    map.insert(key(at as u32, specs[child as usize].name), child);
                }
            }
            lookup = Some(map);
        }
        Self { specs, arrays, lookup }
    }

    /// The pseudo-root.
    pub fn root(&self) -> &PrimSpec {
        &self.specs[0]
    }

    /// The spec of the child `name` of spec `parent`.
    pub fn child(&self, parent: u32, name: Name) -> Option<u32> {
        let children = &self.specs[parent as usize].children;
        if children.len() > 16
            && let Some(lookup) = &self.lookup
        {
            return lookup.get(&key(parent, name)).copied();
        }
        children.iter().copied().find(|&child| self.specs[child as usize].name == name)
    }

    /// Roughly how much memory the layer holds, in bytes; mapped files count nothing.
    pub fn memory_bytes(&self) -> usize {
        let properties: usize = self.specs.iter().map(|spec| spec.properties.capacity()).sum();
        self.specs.len() * size_of::<PrimSpec>() + properties * (size_of::<Property>() + 16) + 4096
    }

    /// Number of elements of an array value; `None` when the value is no array.
    pub fn array_len(&self, value: &Value) -> Option<u64> {
        match (value, &self.arrays) {
            (Value::TextArray(_, count), _) => Some(u64::from(*count)),
            (Value::CrateArray(rep), Arrays::Crate(file)) => file.array_len(*rep).ok(),
            (Value::Tokens(list), _) => Some(list.len() as u64),
            (Value::Assets(list), _) => Some(list.len() as u64),
            _ => None,
        }
    }

    /// Elements of a numeric array, tuples flattened; half and float widened to double.
    ///
    /// # Errors
    ///
    /// When the bytes do not hold what the header promises.
    pub fn numbers(&self, value: &Value) -> Result<Vec<f64>, LayerError> {
        match (value, &self.arrays) {
            (Value::TextArray(offset, _), Arrays::Text(bytes)) => {
                usda::numbers(bytes, *offset as usize)
            }
            (Value::CrateArray(rep), Arrays::Crate(file)) => file.numbers(*rep),
            (Value::Tuple(values), _) => Ok(values.to_vec()),
            _ => Err(LayerError::new("is no numeric array")),
        }
    }
}

fn key(parent: u32, name: Name) -> u64 {
    (u64::from(parent) << 32) | u64::from(name.0)
}
