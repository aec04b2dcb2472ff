//! From a composed stage to the facts of a catalogue: one walk over all prims.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::compose::{ROOT, Stage, Time};
use crate::layer::LayerError;
use crate::metadata::{Bounds, Metadata, VariantSet};
use crate::names::{Name, ShortMap};
use crate::value::Value;
use crate::{bounds, schema};

/// Entries a list of paths may have; what is left out is said in a warning.
const LIST_MAX: usize = 1_000;

/// Walks the stage.
///
/// # Errors
///
/// When it passes a limit.
pub(crate) fn gather(stage: &mut Stage) -> Result<Metadata, LayerError> {
    let mut facts = Metadata::default();
    layer_facts(stage, &mut facts);
    let mut walk = Walk::default();
    let mut waiting: Vec<u32> = stage.children(ROOT)?.iter().rev().copied().collect();
    while let Some(prim) = waiting.pop() {
        let flags = stage.prims[prim as usize].flags;
        if !flags.active || !flags.defined || flags.abstract_ {
            continue;
        }
        walk.prim(stage, prim, &mut facts)?;
        waiting.extend(stage.children(prim)?.iter().rev());
    }
    walk.finish(stage, &mut facts);
    match bounds::world(stage) {
        Ok(Some(found)) => {
            let (min, max) = (found.min, found.max);
            let size_m = [0, 1, 2].map(|axis| (max[axis] - min[axis]) * facts.meters_per_unit);
            if min.iter().chain(&max).chain(&size_m).all(|value| value.is_finite()) {
                facts.bounds = Some(Bounds { min, max, size_m });
            } else {
                stage.warn("the bounds are not finite".to_owned());
            }
        }
        Ok(None) => {}
        Err(error) => stage.warn(format!("the bounds cannot be computed: {error}")),
    }
    Ok(facts)
}

/// Facts that the root layer states.
fn layer_facts(stage: &Stage, facts: &mut Metadata) {
    let layer = Rc::clone(&stage.stacks[0].layers[0]);
    let field = |name| layer.root().field(name);
    let number = |name| field(name).and_then(Value::as_f64).filter(|value| value.is_finite());
    let text = |name| match field(name) {
        Some(Value::Token(token)) => Some(stage.names.text(*token).to_owned()),
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    facts.default_prim = text(Name::DEFAULT_PRIM).filter(|name| !name.is_empty());
    facts.up_axis = text(Name::UP_AXIS).filter(|axis| !axis.is_empty()).unwrap_or("Y".to_owned());
    facts.meters_per_unit = number(Name::METERS_PER_UNIT).unwrap_or(0.01);
    let start = number(Name::START_TIME_CODE).or_else(|| number(Name::START_FRAME));
    let end = number(Name::END_TIME_CODE).or_else(|| number(Name::END_FRAME));
    facts.start_time = start.unwrap_or(0.0);
    facts.end_time = end.unwrap_or(0.0);
    let frames = number(Name::FRAMES_PER_SECOND);
    facts.fps = frames.unwrap_or(24.0);
    facts.time_codes_per_second = number(Name::TIME_CODES_PER_SECOND).or(frames).unwrap_or(24.0);
    facts.documentation = text(Name::DOCUMENTATION).filter(|text| !text.trim().is_empty());
    if let Some(Value::Dictionary(entries)) = field(Name::CUSTOM_LAYER_DATA) {
        facts.custom_data_keys = entries.iter().map(|(key, _)| key.to_string()).collect();
        facts.custom_data_keys.sort();
    }
}

#[derive(Default)]
struct Walk {
    types: ShortMap<Name, u64>,
    kinds: ShortMap<Name, u64>,
    apis: BTreeMap<String, u64>,
    /// Whether a binding's target is a material.
    materials: HashMap<Vec<Name>, bool>,
    variant_sets: BTreeSet<VariantSet>,
    cut: bool,
}

impl Walk {
    fn prim(
        &mut self,
        stage: &mut Stage,
        prim: u32,
        facts: &mut Metadata,
    ) -> Result<(), LayerError> {
        let flags = stage.prims[prim as usize].flags;
        let placed = stage.placed(prim);
        let type_name = placed.type_name();
        let type_text = stage.names.text(type_name);
        let applied = placed.tokens(Name::API_SCHEMAS);
        let mut apis: Vec<&str> = schema::builtin_apis(type_text).to_vec();
        for &api in &applied {
            let api = stage.names.text(api);
            for api in std::iter::once(&api).chain(schema::included_apis(api)) {
                if !apis.contains(api) {
                    apis.push(api);
                }
            }
        }
        let light = apis.contains(&"LightAPI");
        if !flags.proxy {
            if let Some(Value::Token(kind)) = placed.field(Name::KIND)
                && *kind != Name::EMPTY
            {
                *self.kinds.entry(*kind).or_default() += 1;
            }
            for api in &apis {
                let family = api.split(':').next().unwrap_or(api);
                match self.apis.get_mut(family) {
                    Some(count) => *count += 1,
                    None => {
                        self.apis.insert(family.to_owned(), 1);
                    }
                }
            }
            facts.has_animation = facts.has_animation
                || placed.properties().any(|property| {
                    property.rare.as_ref().is_some_and(|rare| {
                        (rare.samples.is_authored() || rare.spline)
                            && placed.may_vary(property.name)
                    })
                });
            facts.has_animation |= plays_clips(placed.field(Name::CLIPS));
            self.variants(stage, prim);
        }
        *self.types.entry(type_name).or_default() += 1;
        facts.instances += u64::from(flags.instance && !flags.proxy);
        let placed = stage.placed(prim);
        let list = match stage.names.text(type_name) {
            "Mesh" => {
                let length = |name| {
                    let found = placed.value(name, Time::Earliest);
                    found.and_then(|(layer, value)| layer.array_len(value)).unwrap_or(0)
                };
                facts.points += length(Name::POINTS);
                facts.faces += length(Name::FACE_VERTEX_COUNTS);
                None
            }
            "PointInstancer" if !flags.proxy => {
                let found = placed.value(Name::PROTO_INDICES, Time::Earliest);
                let placed_count = found.and_then(|(layer, value)| layer.array_len(value));
                facts.instances += placed_count.unwrap_or(0);
                None
            }
            "Camera" => Some(&mut facts.cameras),
            "Skeleton" => Some(&mut facts.skeletons),
            _ => None,
        };
        if let Some(list) = list {
            self.cut |= !push(list, || stage.path_text(prim));
        }
        if light {
            self.cut |= !push(&mut facts.lights, || stage.path_text(prim));
        }
        self.bindings(stage, prim)
    }

    fn bindings(&mut self, stage: &mut Stage, prim: u32) -> Result<(), LayerError> {
        let binding = |name: Name, stage: &Stage| {
            name == Name::MATERIAL_BINDING
                || stage.names.text(name).starts_with("material:binding:")
        };
        let bound: Vec<Name> = stage
            .placed(prim)
            .properties()
            .map(|property| property.name)
            .filter(|&name| binding(name, stage))
            .collect();
        for name in bound {
            for target in stage.targets(prim, name) {
                if self.materials.len() > LIST_MAX || self.materials.contains_key(&target) {
                    continue;
                }
                let found = stage.prim_at(&target)?;
                let material = found.is_some_and(|found| {
                    stage.names.text(stage.placed(found).type_name()) == "Material"
                });
                self.materials.insert(target, material);
            }
        }
        Ok(())
    }

    fn variants(&mut self, stage: &Stage, prim: u32) {
        let placed = stage.placed(prim);
        let mut sets: Vec<Name> = Vec::new();
        // Every place may add sets: an explicit list of one does not hide another's.
        for place in &stage.prims[prim as usize].places {
            for set in stage.variant_sets(place) {
                if !sets.contains(&set) {
                    sets.push(set);
                }
            }
        }
        if sets.is_empty() {
            return;
        }
        let path = stage.path_text(prim);
        for set in sets {
            let mut variants: BTreeSet<Name> = BTreeSet::new();
            let mut selection = None;
            for (_, _, spec) in placed.specs() {
                variants.extend(spec.variants.iter().filter(|v| v.0 == set).map(|&(_, v, _)| v));
                if selection.is_none()
                    && let Some(Value::Selections(pairs)) = spec.field(Name::VARIANT_SELECTION)
                {
                    selection = pairs.iter().find(|(s, _)| *s == set).map(|&(_, v)| v);
                }
            }
            let mut variants: Vec<String> =
                variants.into_iter().map(|name| stage.names.text(name).to_owned()).collect();
            variants.sort();
            let selection = selection.map(|name| stage.names.text(name).to_owned());
            if self.variant_sets.len() >= LIST_MAX {
                self.cut = true;
                return;
            }
            self.variant_sets.insert(VariantSet {
                prim: path.clone(),
                name: stage.names.text(set).to_owned(),
                variants,
                selection: selection.unwrap_or_default(),
            });
        }
    }

    fn finish(self, stage: &mut Stage, facts: &mut Metadata) {
        for (name, count) in self.types {
            let text = stage.names.text(name);
            let key = if text.is_empty() { "(untyped)" } else { text };
            facts.prims.insert(key.to_owned(), count);
        }
        for (name, count) in self.kinds {
            facts.kinds.insert(stage.names.text(name).to_owned(), count);
        }
        facts.applied_schemas = self.apis;
        facts.variant_sets = self.variant_sets.into_iter().collect();
        let materials = self.materials.iter().filter(|(_, is_material)| **is_material);
        facts.materials = materials.map(|(path, _)| crate::path::text(path, stage.names)).collect();
        facts.materials.sort();
        if self.cut || facts.materials.len() > LIST_MAX {
            stage.warn(format!("lists of paths are cut at {LIST_MAX} entries"));
        }
    }
}

/// Whether `clips` metadata names files to take values from over time.
fn plays_clips(clips: Option<&Value>) -> bool {
    let Some(Value::Dictionary(sets)) = clips else { return false };
    let names = |set: &[(Box<str>, Value)], wanted: &[&str]| {
        wanted.iter().all(|wanted| set.iter().any(|(key, _)| &**key == *wanted))
    };
    sets.iter().any(|(_, set)| match set {
        Value::Dictionary(set) => {
            names(set, &["assetPaths", "primPath", "active"])
                || names(set, &["templateAssetPath", "primPath", "templateStartTime"])
        }
        _ => false,
    })
}

/// Adds to a bounded list; `false` when it is full.
fn push(list: &mut Vec<String>, text: impl FnOnce() -> String) -> bool {
    if list.len() >= LIST_MAX {
        return false;
    }
    list.push(text());
    true
}
