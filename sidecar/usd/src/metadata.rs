//! What a catalogue knows of an asset: the fields under `usd` of its document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts of the composed stage: all payloads loaded, authored variant selections, instance
/// proxies counted as prims.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Metadata {
    /// `defaultPrim` of the root layer, as authored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_prim: Option<String>,
    /// `Y` or `Z`, as the stage resolves it.
    pub up_axis: String,
    /// Metres per unit of length; 0.01 where nothing is authored.
    pub meters_per_unit: f64,
    /// First time code; 0 where nothing is authored.
    pub start_time: f64,
    /// Last time code; 0 where nothing is authored.
    pub end_time: f64,
    /// Frames per second: for display.
    pub fps: f64,
    /// Time codes per second.
    pub time_codes_per_second: f64,
    /// Whether any attribute of the stage may vary over time.
    pub has_animation: bool,
    /// Points of all meshes at the earliest time.
    pub points: u64,
    /// Faces of all meshes at the earliest time.
    pub faces: u64,
    /// Scene-graph instances plus what point instancers place.
    pub instances: u64,
    /// Prims by type; prims without one count as `(untyped)`.
    pub prims: BTreeMap<String, u64>,
    /// World-space bounds of purposes default and render at the default time; absent when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// Paths of cameras.
    pub cameras: Vec<String>,
    /// Paths of lights.
    pub lights: Vec<String>,
    /// Paths of skeletons.
    pub skeletons: Vec<String>,
    /// Paths of materials bound to something.
    pub materials: Vec<String>,
    /// Prims by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Prims by applied API schema, without instance names.
    pub applied_schemas: BTreeMap<String, u64>,
    /// Every variant set of the stage.
    pub variant_sets: Vec<VariantSet>,
    /// `documentation` of the root layer, else of the default prim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// Keys of the root layer's `customLayerData`, sorted.
    pub custom_data_keys: Vec<String>,
    /// Files the asset needs, relative to the library, without itself; inside a package
    /// `a.usdz[tex.png]`. Sorted.
    pub dependencies: Vec<String>,
    /// Files the asset names that do not resolve inside the library. Sorted.
    pub missing_dependencies: Vec<String>,
}

/// An axis-aligned box in world space.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Bounds {
    /// Smallest corner, in units of the stage.
    pub min: [f64; 3],
    /// Largest corner, in units of the stage.
    pub max: [f64; 3],
    /// Extent along x, y and z in metres.
    pub size_m: [f64; 3],
}

/// One variant set of one prim.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct VariantSet {
    /// Path of the prim that has it.
    pub prim: String,
    /// Name of the set.
    pub name: String,
    /// Names of its variants, sorted.
    pub variants: Vec<String>,
    /// The variant in force, empty when none is.
    pub selection: String,
}

/// The answer of [`crate::Reader::inspect`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Inspection {
    /// What the document shows under `usd`.
    pub metadata: Metadata,
    /// `kind` of the default prim, where authored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Files on disk whose change changes this answer, itself first; paths inside the library.
    /// Differs from `metadata.dependencies` in naming packages as files, not their entries.
    pub files: Vec<String>,
    /// Paths inside the library that were looked for and were absent: their arrival changes the
    /// answer too.
    pub absent: Vec<String>,
    /// Words for the search sentence that the stage itself offers (prim names of models).
    #[serde(default)]
    pub names: Vec<String>,
    /// What was wrong but did not stop the reading, each a sentence.
    pub warnings: Vec<String>,
}
