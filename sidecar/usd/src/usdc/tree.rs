//! From the tables of a crate file to the tree of specs.

use super::tables::Crate;
use super::values::{inline_number, inline_token, may_name_assets};
use crate::layer::{Arrays, Layer, LayerError, PrimSpec, Property, Specifier};
use crate::limits::Limits;
use crate::names::{Name, Names};
use crate::source::Bytes;
use crate::value::Value;

/// Types of specs; numbers are the format's.
const ATTRIBUTE: u32 = 1;
const PRIM: u32 = 6;
const PSEUDO_ROOT: u32 = 7;
const RELATIONSHIP: u32 = 8;
const VARIANT: u32 = 10;

/// Not a prim spec.
const NONE: u32 = u32::MAX;

/// Parses a crate layer.
pub(crate) fn parse(bytes: Bytes, names: &mut Names, limits: &Limits) -> Result<Layer, LayerError> {
    let file = Crate::open(bytes, names, limits)?;
    let specs = build(&file, names, limits)?;
    Ok(Layer::new(specs, Arrays::Crate(Box::new(file))))
}

fn build(file: &Crate, names: &mut Names, limits: &Limits) -> Result<Vec<PrimSpec>, LayerError> {
    let broken = |what: &str| LayerError::new(format!("the spec table is broken: {what}"));
    // Path → spec index, for prims and variants; variants also remember their set.
    let mut prim_of = vec![NONE; file.paths.len()];
    let mut specs: Vec<PrimSpec> = vec![PrimSpec::default()];
    let mut path_of: Vec<u32> = vec![NONE];
    for &(path, _, kind) in &file.specs {
        let slot = prim_of.get_mut(path as usize).ok_or_else(|| broken("no such path"))?;
        match kind {
            PSEUDO_ROOT => *slot = 0,
            PRIM | VARIANT => {
                if *slot != NONE {
                    return Err(broken("a prim is there twice"));
                }
                if specs.len() as u64 > limits.prims_max {
                    let max = limits.prims_max;
                    return Err(LayerError::new(format!(
                        "the layer has more than {max} prims (limit primsMax)"
                    )));
                }
                *slot = specs.len() as u32;
                specs.push(PrimSpec::default());
                path_of.push(path);
            }
            _ => {}
        }
    }
    for index in 1..specs.len() {
        let element = file.paths[path_of[index] as usize];
        let parent = prim_of.get(element.parent as usize).copied().unwrap_or(NONE);
        if parent == NONE || parent == index as u32 {
            // An orphan stays unreachable, as it does in a reader that walks from the root.
            continue;
        }
        let name = file.token(element.token)?;
        let text = names.text(name);
        if text.starts_with('{') {
            let inner = text.trim_start_matches('{').trim_end_matches('}').to_owned();
            let (set, variant) = inner.split_once('=').unwrap_or((inner.as_str(), ""));
            let pair = (names.intern(set), names.intern(variant), index as u32);
            specs[parent as usize].variants.push(pair);
        } else {
            specs[index].name = name;
            specs[parent as usize].children.push(index as u32);
        }
        specs[index].parent = parent;
    }
    check_depth(&specs, limits)?;
    for &(path, set, kind) in &file.specs {
        match kind {
            PSEUDO_ROOT | PRIM | VARIANT => {
                let index = prim_of[path as usize] as usize;
                fill_prim(file, names, &mut specs[index], set)?;
            }
            ATTRIBUTE | RELATIONSHIP => {
                let element = file.paths[path as usize];
                let owner = prim_of.get(element.parent as usize).copied().unwrap_or(NONE);
                if owner == NONE || !element.property {
                    continue;
                }
                let name = file.token(element.token)?;
                let property = property(file, names, name, set)?;
                specs[owner as usize].properties.push(property);
            }
            _ => {}
        }
    }
    if let Some(rate) = specs[0].field(Name::FRAMES_PER_SECOND).and_then(Value::as_f64)
        && rate <= 0.0
    {
        return Err(LayerError::new("framesPerSecond must be greater than 0"));
    }
    Ok(specs)
}

/// Walks from the root: the depth is bounded, and what a circle holds is not reached.
fn check_depth(specs: &[PrimSpec], limits: &Limits) -> Result<(), LayerError> {
    let mut waiting = vec![(0u32, 0u32)];
    while let Some((index, depth)) = waiting.pop() {
        if depth > limits.depth_max {
            let max = limits.depth_max;
            return Err(LayerError::new(format!(
                "prims are nested deeper than {max} (limit depthMax)"
            )));
        }
        let spec = &specs[index as usize];
        waiting.extend(spec.children.iter().map(|&child| (child, depth + 1)));
        waiting.extend(spec.variants.iter().map(|&(_, _, variant)| (variant, depth + 1)));
    }
    Ok(())
}

fn fill_prim(
    file: &Crate,
    names: &mut Names,
    spec: &mut PrimSpec,
    set: u32,
) -> Result<(), LayerError> {
    for (name, rep) in file.field_set(set) {
        match name {
            Name::SPECIFIER => {
                spec.specifier = match inline_number(rep) {
                    0 => Specifier::Def,
                    2 => Specifier::Class,
                    _ => Specifier::Over,
                };
            }
            Name::TYPE_NAME => spec.type_name = inline_token(file, rep).unwrap_or_default(),
            _ => {
                let key = names.text(name);
                // Lists of children repeat what the tree says; the rest is metadata.
                let lists = key.ends_with("Children") || key == "properties" || key == "primOrder";
                if !lists {
                    let value = file.value(rep, names)?;
                    spec.fields.push((name, layer_field(name, value, names)));
                }
            }
        }
    }
    Ok(())
}

/// Fields that the two encodings hold in different shapes, made alike.
fn layer_field(name: Name, value: Value, names: &mut Names) -> Value {
    match (name, value) {
        (Name::SUB_LAYERS, Value::Tokens(paths)) => {
            Value::Assets(paths.iter().map(|&path| names.text(path).into()).collect())
        }
        (Name::VARIANT_SET_NAMES | Name::API_SCHEMAS, Value::Tokens(items)) => {
            let explicit = Some(items.to_vec());
            let list = crate::value::ListOp { explicit, ..crate::value::ListOp::default() };
            Value::TokenEdits(Box::new(list))
        }
        (Name::KIND | Name::UP_AXIS | Name::DEFAULT_PRIM, Value::String(text)) => {
            Value::Token(names.intern(&text))
        }
        (_, value) => value,
    }
}

fn property(file: &Crate, names: &mut Names, name: Name, set: u32) -> Result<Property, LayerError> {
    let mut property = Property { name, ..Property::default() };
    for (field, rep) in file.field_set(set) {
        match field {
            Name::TYPE_NAME => property.type_name = inline_token(file, rep).unwrap_or_default(),
            Name::DEFAULT => property.default = file.value(rep, names)?,
            Name::TIME_SAMPLES => property.rare_mut().samples = file.value(rep, names)?,
            Name::SPLINE => property.rare_mut().spline = true,
            Name::TARGET_PATHS | Name::CONNECTION_PATHS => {
                property.rare_mut().targets = file.value(rep, names)?;
            }
            Name::INTERPOLATION
            | Name::ELEMENT_SIZE
            | Name::BIND_MATERIAL_AS
            | Name::COLOR_SPACE => {
                let value = file.value(rep, names)?;
                property.rare_mut().fields.push((field, value));
            }
            _ if may_name_assets(rep) => {
                let value = file.value(rep, names)?;
                property.rare_mut().fields.push((field, value));
            }
            _ => {}
        }
    }
    Ok(property)
}
