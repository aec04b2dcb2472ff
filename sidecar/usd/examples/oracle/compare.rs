//! Compares [`vitrine_usd`]'s answers with those recorded from `usd-core`, field by field.
//!
//! The record of each file says what pxr sees on the composed stage; [`FIELDS`] says which of its
//! entries each of our fields has to equal.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::{Value, json};
use vitrine_usd::{Limits, Metadata, Reader};

/// How far a bound may be off: this times the longest side, or times the coordinate if larger.
const BOUNDS_TOLERANCE: f64 = 1e-4;

/// What two files must share to count as equal, or what is only counted beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// A file that differs here is not equal.
    Core,
    /// Reported apart; what differs needs a reason in `exceptions.rs`.
    Extra,
}

/// What each field of ours is compared with. The order is the order of the table.
pub const FIELDS: &[(&str, Weight)] = &[
    ("opens", Weight::Core),
    ("default_prim", Weight::Core),
    ("up_axis", Weight::Core),
    ("meters_per_unit", Weight::Core),
    ("start_time", Weight::Core),
    ("end_time", Weight::Core),
    ("prims", Weight::Core),
    ("points", Weight::Core),
    ("faces", Weight::Core),
    ("variant_sets", Weight::Core),
    ("dependencies", Weight::Core),
    ("missing_dependencies", Weight::Core),
    ("bounds", Weight::Core),
    ("fps", Weight::Extra),
    ("time_codes_per_second", Weight::Extra),
    ("has_animation", Weight::Extra),
    ("kinds", Weight::Extra),
    ("applied_schemas", Weight::Extra),
    ("lights", Weight::Extra),
    ("instances", Weight::Extra),
    ("documentation", Weight::Extra),
    ("custom_data_keys", Weight::Extra),
];

/// One field of one file on which the two sides disagree.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Path inside the set.
    pub file: String,
    /// One of [`FIELDS`].
    pub field: &'static str,
    /// Ours, then pxr's: only what differs, where the field is a map or a list.
    pub ours: String,
    /// See `ours`.
    pub pxr: String,
}

/// The outcome over a whole set.
#[derive(Debug, Default)]
pub struct Agreement {
    /// How many files were read on both sides.
    pub files: usize,
    /// Files equal in every core field.
    pub equal_core: usize,
    /// Files, among the equal ones, that have no box with us and an empty range turned inside out
    /// with pxr: the one place where a difference is passed over.
    pub inside_out: usize,
    /// Per field: files compared, files equal.
    pub fields: BTreeMap<&'static str, (usize, usize)>,
    /// Everything that differs, in path order.
    pub differences: Vec<Difference>,
}

impl Agreement {
    /// Share of files that are equal in every core field, 0…1.
    pub fn share(&self) -> f64 {
        if self.files == 0 { 0.0 } else { self.equal_core as f64 / self.files as f64 }
    }
}

/// Reads every file that `oracle` has a record of and compares.
///
/// * `set`: the library's folder.
/// * `only`: a part of the path; other files are passed over.
pub fn compare_set(set: &Path, oracle: &Value, only: Option<&str>) -> Agreement {
    let mut agreement = Agreement::default();
    let records = oracle["files"].as_object().expect("an oracle has an object `files`");
    let mut reader = Reader::new(set, Limits::default());
    for (file, record) in records {
        if only.is_some_and(|part| !file.contains(part)) {
            continue;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| reader.inspect(file)));
        let answer = match answer {
            Ok(answer) => answer.map(|found| found.metadata).map_err(|error| error.to_string()),
            Err(_) => {
                reader = Reader::new(set, Limits::default());
                Err("the reader panicked".to_owned())
            }
        };
        let differences = compare_file(file, &answer, record, &mut agreement.fields);
        let weight = |field| FIELDS.iter().find(|known| known.0 == field).map(|known| known.1);
        let core = differences.iter().any(|found| weight(found.field) == Some(Weight::Core));
        agreement.files += 1;
        agreement.equal_core += usize::from(!core);
        agreement.inside_out += usize::from(!core && is_empty_float_range(record));
        agreement.differences.extend(differences);
    }
    agreement
}

fn compare_file(
    file: &str,
    answer: &Result<Metadata, String>,
    record: &Value,
    counts: &mut BTreeMap<&'static str, (usize, usize)>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut note = |field: &'static str, unequal: Option<(String, String)>| {
        let count = counts.entry(field).or_default();
        count.0 += 1;
        match unequal {
            None => count.1 += 1,
            Some((ours, pxr)) => {
                differences.push(Difference { file: file.to_owned(), field, ours, pxr });
            }
        }
    };
    let opens = record["open_ok"] == true;
    let ours = match (answer, opens) {
        (Err(_), false) => {
            note("opens", None);
            return differences;
        }
        (Err(error), true) => {
            note("opens", Some((error.clone(), "opens".to_owned())));
            return differences;
        }
        (Ok(_), false) => {
            note("opens", Some(("opens".to_owned(), record["error"].to_string())));
            return differences;
        }
        (Ok(ours), true) => ours,
    };
    note("opens", None);
    for &(field, _) in FIELDS.iter().skip(1) {
        if let Some(wanted) = wanted(field, file, record) {
            note(field, unequal(field, &value_of(field, ours), &wanted));
        }
    }
    differences
}

/// Our answer in the shape that [`wanted`] gives.
fn value_of(field: &str, ours: &Metadata) -> Value {
    match field {
        "default_prim" => json!(ours.default_prim),
        "up_axis" => json!(ours.up_axis),
        "meters_per_unit" => json!(ours.meters_per_unit),
        "start_time" => json!(ours.start_time),
        "end_time" => json!(ours.end_time),
        "prims" => json!(ours.prims),
        "points" => json!(ours.points),
        "faces" => json!(ours.faces),
        "variant_sets" => {
            let sets = ours.variant_sets.iter();
            let sets = sets.map(|set| {
                let of = format!("{}{{{}={}}}", set.prim, set.name, set.selection);
                (of, json!(set.variants))
            });
            Value::Object(sets.collect())
        }
        "dependencies" => json!(ours.dependencies),
        "missing_dependencies" => json!(ours.missing_dependencies),
        "bounds" => ours.bounds.as_ref().map_or(Value::Null, |bounds| json!(bounds)),
        "fps" => json!(ours.fps),
        "time_codes_per_second" => json!(ours.time_codes_per_second),
        "has_animation" => json!(ours.has_animation),
        "kinds" => json!(ours.kinds),
        "applied_schemas" => json!(ours.applied_schemas),
        "lights" => json!(ours.lights.len()),
        "instances" => json!(ours.instances),
        "documentation" => json!(ours.documentation),
        "custom_data_keys" => json!(ours.custom_data_keys),
        other => unreachable!("{other} is not in FIELDS"),
    }
}

/// What pxr's record says our field has to be; `None` where the record does not decide it.
fn wanted(field: &str, file: &str, record: &Value) -> Option<Value> {
    let composed = &record["composed"];
    let proxies = &record["composed_proxies"];
    Some(match field {
        "default_prim" => record["default_prim"].clone(),
        "up_axis" => record["up_axis"].clone(),
        "meters_per_unit" => record["meters_per_unit"].clone(),
        "start_time" => record["start_time_code"].clone(),
        "end_time" => record["end_time_code"].clone(),
        "prims" => proxies["by_type"].clone(),
        "points" => proxies["mesh_points"].clone(),
        "faces" => proxies["mesh_faces"].clone(),
        "variant_sets" => wanted_variants(&composed["variant_sets"]),
        "dependencies" => wanted_dependencies(file, &record["dependencies"]),
        "missing_dependencies" => record["dependencies"]["unresolved"].clone(),
        "bounds" => wanted_bounds(record)?,
        "fps" => record["frames_per_second"].clone(),
        "time_codes_per_second" => record["time_codes_per_second"].clone(),
        "has_animation" => json!(composed["time_varying_attributes"].as_u64()? > 0),
        "kinds" => composed["kinds"].clone(),
        "applied_schemas" => composed["applied_api"].clone(),
        "lights" => proxies["lights"].clone(),
        "instances" => {
            let placed = composed["point_instancer_instances"].as_u64()?;
            json!(composed["instances"].as_u64()? + placed)
        }
        // Where the layer says nothing, ours is the default prim's, which was not recorded.
        "documentation" if record["documentation"].is_null() => return None,
        "documentation" => record["documentation"].clone(),
        "custom_data_keys" => record["custom_layer_data_keys"].clone(),
        other => unreachable!("{other} is not in FIELDS"),
    })
}

/// `{"/prim": {"set": {variants, selection}}}` to `{"/prim{set=selection}": variants}`.
fn wanted_variants(sets: &Value) -> Value {
    let mut flat = serde_json::Map::new();
    for (prim, sets) in sets.as_object().into_iter().flatten() {
        for (name, set) in sets.as_object().into_iter().flatten() {
            let selection = set["selection"].as_str().unwrap_or_default();
            flat.insert(format!("{prim}{{{name}={selection}}}"), set["variants"].clone());
        }
    }
    Value::Object(flat)
}

/// Layers and other assets, sorted, without the file itself.
fn wanted_dependencies(file: &str, found: &Value) -> Value {
    let lists = [&found["layers"], &found["assets"]];
    let paths = lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    json!(paths.filter(|path| *path != file).collect::<BTreeSet<_>>())
}

/// Null for an empty stage; `None` where pxr itself gave no finite box.
fn wanted_bounds(record: &Value) -> Option<Value> {
    let found = &record["bbox_default_time"];
    if found["empty"] == true {
        return Some(Value::Null);
    }
    if is_empty_float_range(record) {
        return Some(Value::Null);
    }
    // An extent of nothing is (largest float, smallest float) in pxr, which turned inside out
    // reads as everything. Both mean that there are no bounds.
    let largest = f64::from(f32::MAX);
    if corner(&found["min"]).is_some_and(|min| min.contains(&-largest)) {
        return Some(Value::Null);
    }
    let scale = record["meters_per_unit"].as_f64()?;
    let size = corner(&found["size"])?.map(|side| side * scale);
    Some(json!({"min": corner(&found["min"])?, "max": corner(&found["max"])?, "size_m": size}))
}

/// Whether pxr's box is where an empty `GfRange3f` starts, turned inside out.
///
/// Skinned meshes without points end so: the empty range is transformed as if it were a box.
fn is_empty_float_range(record: &Value) -> bool {
    let end = 0.999 * f64::from(f32::MAX);
    corner(&record["bbox_default_time"]["max"]).is_some_and(|max| max.iter().all(|x| *x > end))
}

fn corner(value: &Value) -> Option<[f64; 3]> {
    Some([value[0].as_f64()?, value[1].as_f64()?, value[2].as_f64()?])
}

/// `None` when equal, else both sides, cut down to what differs.
fn unequal(field: &str, ours: &Value, pxr: &Value) -> Option<(String, String)> {
    match (ours, pxr) {
        (Value::Object(_), Value::Object(_)) if field == "bounds" => {
            (!bounds_agree(ours, pxr)).then(|| (ours.to_string(), pxr.to_string()))
        }
        (Value::Number(a), Value::Number(b)) => {
            (a.as_f64() != b.as_f64()).then(|| (a.to_string(), b.to_string()))
        }
        (Value::Array(a), Value::Array(b)) => {
            let a: BTreeSet<String> = a.iter().map(Value::to_string).collect();
            let b: BTreeSet<String> = b.iter().map(Value::to_string).collect();
            let only = |x: &BTreeSet<String>, y: &BTreeSet<String>| {
                let part: Vec<_> = x.difference(y).cloned().collect();
                if part.is_empty() { "–".to_owned() } else { part.join(" ") }
            };
            (a != b).then(|| (only(&a, &b), only(&b, &a)))
        }
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let differing: Vec<_> =
                keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).collect();
            let side = |map: &serde_json::Map<String, Value>| {
                let part = differing.iter().map(|key| {
                    let value = map.get(*key).map_or("–".to_owned(), Value::to_string);
                    format!("{key}: {value}")
                });
                part.collect::<Vec<_>>().join(", ")
            };
            (!differing.is_empty()).then(|| (side(a), side(b)))
        }
        _ => (ours != pxr).then(|| (ours.to_string(), pxr.to_string())),
    }
}

fn bounds_agree(ours: &Value, pxr: &Value) -> bool {
    ["min", "max", "size_m"].iter().all(|part| {
        let (Some(a), Some(b)) = (corner(&ours[*part]), corner(&pxr[*part])) else { return false };
        // `size_m` is in metres: its own longest side is its scale.
        let lengths = match *part {
            "size_m" => b,
            _ => {
                let (Some(low), Some(high)) = (corner(&pxr["min"]), corner(&pxr["max"])) else {
                    return false;
                };
                std::array::from_fn(|axis| high[axis] - low[axis])
            }
        };
        let longest = lengths.into_iter().fold(0.0, f64::max);
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= BOUNDS_TOLERANCE * b.abs().max(longest))
    })
}
