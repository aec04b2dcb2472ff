//! The fields that an expression may name, their types, and where their values are.

use std::fmt;

use serde_json::Value;

use crate::nearest::nearest;

/// What a field holds, and so what it can be compared with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// Numbers by name; a name that is not there counts 0.
    Counts,
    /// Texts by name.
    TextMap,
    /// Something that is there or not.
    Thing,
}

/// One field: its name in the document, its kind, and a line of help.
#[derive(Debug)]
pub struct Known {
    /// As in the document, `usd.points` for one. What begins with `usd.` may be written without.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// For people.
    pub help: &'static str,
}

const fn known(name: &'static str, kind: Kind, help: &'static str) -> Known {
    Known { name, kind, help }
}

/// Fields of the document.
pub const FIELDS: &[Known] = &[
    known("asset_id", Kind::Text, "16 hex digits"),
    known("name", Kind::Text, "file stem, made unique in its pack"),
    known("library", Kind::Text, "id of the library"),
    known("pack", Kind::Text, "first folder below the root"),
    known("uri", Kind::Text, "where the asset is"),
    known("path", Kind::Text, "path inside the library"),
    known("tags", Kind::Texts, "lower-case words"),
    known("size_bytes", Kind::Number, "size of the file"),
    known("modified", Kind::Text, "RFC 3339 in UTC; compares as text"),
    known("fingerprint", Kind::Text, "changes with the asset and what it depends on"),
    known("embedding_fingerprint", Kind::TextMap, "by embedding, as in embedding_fingerprint.text"),
    known("extractor_version", Kind::Text, "version of what read the file"),
    known("indexed_at", Kind::Text, "RFC 3339 in UTC; compares as text"),
    known("used_by", Kind::Number, "other assets that reference this one"),
    known("caption.en", Kind::Text, "English caption"),
    known("caption.zh", Kind::Text, "Chinese caption"),
    known("description", Kind::Text, "the sentence that is embedded"),
    known("thumbnail_uri", Kind::Text, "path of the thumbnail"),
    known("model_uri", Kind::Text, "path of the model for viewers"),
    known("has_visual_embedding", Kind::Flag, "whether there are image vectors"),
    known("usd.default_prim", Kind::Text, "defaultPrim of the root layer"),
    known("usd.up_axis", Kind::Text, "'Y' or 'Z'"),
    known("usd.meters_per_unit", Kind::Number, "metres per unit of length"),
    known("usd.start_time", Kind::Number, "first time code"),
    known("usd.end_time", Kind::Number, "last time code"),
    known("usd.fps", Kind::Number, "frames per second"),
    known("usd.time_codes_per_second", Kind::Number, "time codes per second"),
    known("usd.has_animation", Kind::Flag, "whether any attribute varies over time"),
    known("usd.points", Kind::Number, "points of all meshes"),
    known("usd.faces", Kind::Number, "faces of all meshes"),
    known("usd.instances", Kind::Number, "instances in all"),
    known("usd.prims", Kind::Counts, "prims by type, as in prims.Mesh"),
    known("usd.bounds", Kind::Thing, "whether the asset has an extent"),
    known("usd.cameras", Kind::Texts, "paths of cameras"),
    known("usd.lights", Kind::Texts, "paths of lights"),
    known("usd.skeletons", Kind::Texts, "paths of skeletons"),
    known("usd.materials", Kind::Texts, "paths of bound materials"),
    known("usd.kinds", Kind::Counts, "prims by kind, as in kinds.component"),
    known("usd.applied_schemas", Kind::Counts, "prims by API schema"),
    known("usd.variant_sets", Kind::Texts, "names of variant sets"),
    known("usd.documentation", Kind::Text, "documentation of the stage"),
    known("usd.custom_data_keys", Kind::Texts, "keys of customLayerData"),
    known("usd.dependencies", Kind::Texts, "files the asset needs"),
    known("usd.missing_dependencies", Kind::Texts, "files the asset names that are not there"),
];

/// Short names for what is computed from a field.
pub const ALIASES: &[Known] = &[
    known("size_m", Kind::Number, "longest side, in metres"),
    known("size_x_m", Kind::Number, "extent along x, in metres"),
    known("size_y_m", Kind::Number, "extent along y, in metres"),
    known("size_z_m", Kind::Number, "extent along z, in metres"),
    known("height_m", Kind::Number, "extent along the up axis, in metres"),
];

/// The axes of a [`Place::Side`], by number.
pub const AXES: [&str; 3] = ["x", "y", "z"];

/// A field of an expression, found.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What values it has.
    pub kind: Kind,
    /// Where they are.
    pub place: Place,
}

/// Where the values of a field are in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At the end of this path.
    Keys(Vec<String>),
    /// The greatest extent of the bounds.
    LongestSide,
    /// The extent of the bounds along an axis: 0, 1 or 2.
    Side(usize),
    /// The extent of the bounds along the up axis.
    Height,
}

impl Field {
    /// Finds the field that `segments` name.
    ///
    /// # Errors
    ///
    /// The nearest name that there is, where one is near.
    pub fn find(segments: &[String]) -> Result<Self, Option<String>> {
        let name = segments.join(".");
        let alias = match name.strip_prefix("usd.bounds.").or(name.strip_prefix("bounds.")) {
            Some(rest) => rest,
            None => &name,
        };
        let place = match alias {
            "size_m" => Some(Place::LongestSide),
            "size_x_m" => Some(Place::Side(0)),
            "size_y_m" => Some(Place::Side(1)),
            "size_z_m" => Some(Place::Side(2)),
            "height_m" => Some(Place::Height),
            _ => None,
        };
        if let Some(place) = place {
            return Ok(Self { kind: Kind::Number, place });
        }
        for Known { name: full, kind, .. } in FIELDS {
            for spelled in [Some(*full), full.strip_prefix("usd.")].into_iter().flatten() {
                let keys = || full.split('.').map(str::to_owned);
                if spelled == name {
                    return Ok(Self { kind: *kind, place: Place::Keys(keys().collect()) });
                }
                let inner = match kind {
                    Kind::Counts => Kind::Number,
                    Kind::TextMap => Kind::Text,
                    _ => continue,
                };
                let depth = spelled.split('.').count();
                if segments.len() == depth + 1 && segments[..depth].join(".") == spelled {
                    let keys = keys().chain([segments[depth].clone()]).collect();
                    return Ok(Self { kind: inner, place: Place::Keys(keys) });
                }
            }
        }
        Err(suggest(&name))
    }

    /// Whether it counts something by name: what is not there is there zero times.
    pub fn is_count(&self) -> bool {
        matches!(&self.place, Place::Keys(keys) if self.kind == Kind::Number && keys.len() == 3)
    }

    /// The value in `document`; none where it is absent or null.
    pub fn value<'a>(&self, document: &'a Value) -> Option<Held<'a>> {
        let side = |axis: usize| document["usd"]["bounds"]["size_m"][axis].as_f64();
        match &self.place {
            Place::Keys(keys) => {
                let found = keys.iter().try_fold(document, |at, key| at.get(key))?;
                (!found.is_null()).then_some(Held::Json(found))
            }
            Place::LongestSide => {
                [side(0)?, side(1)?, side(2)?].into_iter().reduce(f64::max).map(Held::Number)
            }
            Place::Side(axis) => side(*axis).map(Held::Number),
            Place::Height => {
                side(if document["usd"]["up_axis"] == "Z" { 2 } else { 1 }).map(Held::Number)
            }
        }
    }
}

/// As people write it.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Keys(keys) => {
                let name = keys.join(".");
                f.write_str(name.strip_prefix("usd.").unwrap_or(&name))
            }
            Place::LongestSide => f.write_str("size_m"),
            Place::Side(axis) => write!(f, "size_{}_m", AXES[*axis]),
            Place::Height => f.write_str("height_m"),
        }
    }
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// As it stands there.
    Json(&'a Value),
    /// Computed.
    Number(f64),
}

impl<'a> Held<'a> {
    /// As a number.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Json(value) => value.as_f64(),
            Self::Number(number) => Some(number),
        }
    }

    /// As text.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Json(value) => value.as_str(),
            Self::Number(_) => None,
        }
    }

    /// The texts of a list, the names of its objects (variant sets are objects), or the keys of a
    /// map.
    pub fn texts(self) -> Vec<&'a str> {
        match self {
            Self::Json(Value::Array(list)) => {
                list.iter().filter_map(|one| one.as_str().or(one["name"].as_str())).collect()
            }
            Self::Json(Value::Object(object)) => object.keys().map(String::as_str).collect(),
            Self::Json(_) | Self::Number(_) => Vec::new(),
        }
    }

    /// Whether it is true, not zero, not empty.
    pub fn is_something(self) -> bool {
        match self {
            Self::Json(Value::Bool(flag)) => *flag,
            Self::Json(Value::Number(number)) => number.as_f64() != Some(0.0),
            Self::Json(Value::String(text)) => !text.is_empty(),
            Self::Json(Value::Array(list)) => !list.is_empty(),
            Self::Json(Value::Object(object)) => !object.is_empty(),
            Self::Json(Value::Null) => false,
            Self::Number(number) => number != 0.0,
        }
    }
}

fn suggest(name: &str) -> Option<String> {
    let all = FIELDS.iter().chain(ALIASES).map(|field| field.name);
    let bare = FIELDS.iter().filter_map(|field| field.name.strip_prefix("usd."));
    nearest(name, bare.chain(all)).map(str::to_owned)
}
