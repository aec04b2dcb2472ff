//! Interned names: a name is a number, so that comparing two costs one instruction.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// A name of one [`Names`] table. `Name::EMPTY` stands for the empty string.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(pub(crate) u32);

macro_rules! well_known {
    ($($constant:ident = $text:literal),+ $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Order { EMPTY, $($constant),+ }

        impl Name {
            /// The empty name.
            pub const EMPTY: Self = Self(Order::EMPTY as u32);
            $(#[doc = concat!("`", $text, "`")] pub const $constant: Self = Self(Order::$constant as u32);)+
        }

        const WELL_KNOWN: &[&str] = &["", $($text),+];
    };
}

well_known! {
    DEFAULT = "default", TIME_SAMPLES = "timeSamples", SPLINE = "spline", TYPE_NAME = "typeName",
    SPECIFIER = "specifier", CONNECTION_PATHS = "connectionPaths", TARGET_PATHS = "targetPaths",
    ACTIVE = "active", INSTANCEABLE = "instanceable", KIND = "kind", API_SCHEMAS = "apiSchemas",
    REFERENCES = "references", PAYLOAD = "payload", INHERITS = "inheritPaths",
    SPECIALIZES = "specializes", VARIANT_SELECTION = "variantSelection",
    VARIANT_SET_NAMES = "variantSetNames", SUB_LAYERS = "subLayers", DEFAULT_PRIM = "defaultPrim",
    UP_AXIS = "upAxis", METERS_PER_UNIT = "metersPerUnit", START_TIME_CODE = "startTimeCode",
    END_TIME_CODE = "endTimeCode", TIME_CODES_PER_SECOND = "timeCodesPerSecond",
    FRAMES_PER_SECOND = "framesPerSecond", START_FRAME = "startFrame", END_FRAME = "endFrame",
    DOCUMENTATION = "documentation", CUSTOM_LAYER_DATA = "customLayerData", CLIPS = "clips",
    LAYER_RELOCATES = "layerRelocates", RELOCATES = "relocates",
    POINTS = "points", FACE_VERTEX_COUNTS = "faceVertexCounts", EXTENT = "extent",
    WIDTHS = "widths", PURPOSE = "purpose", VISIBILITY = "visibility",
    XFORM_OP_ORDER = "xformOpOrder", PROTO_INDICES = "protoIndices", PROTOTYPES = "prototypes",
    POSITIONS = "positions", ORIENTATIONS = "orientations", ORIENTATIONSF = "orientationsf",
    SCALES = "scales", IDS = "ids", INVISIBLE_IDS = "invisibleIds",
    MATERIAL_BINDING = "material:binding", AXIS = "axis", SIZE = "size", RADIUS = "radius",
    RADIUS_TOP = "radiusTop", RADIUS_BOTTOM = "radiusBottom", HEIGHT = "height", WIDTH = "width",
    LENGTH = "length", INPUTS_RADIUS = "inputs:radius", INPUTS_HEIGHT = "inputs:height",
    INPUTS_WIDTH = "inputs:width", INPUTS_LENGTH = "inputs:length", JOINTS = "joints",
    REST_TRANSFORMS = "restTransforms",
    SKEL_SKELETON = "skel:skeleton", SKEL_ANIMATION_SOURCE = "skel:animationSource",
    SKEL_GEOM_BIND_TRANSFORM = "primvars:skel:geomBindTransform",
    SKEL_JOINT_INDICES = "primvars:skel:jointIndices",
    SKEL_JOINT_WEIGHTS = "primvars:skel:jointWeights",
    SKEL_BLEND_SHAPES = "skel:blendShapes",
    TRANSLATIONS = "translations", ROTATIONS = "rotations",
    FALLBACK_PRIM_TYPES = "fallbackPrimTypes",
    EXPRESSION_VARIABLES = "expressionVariables",
    INTERPOLATION = "interpolation", ELEMENT_SIZE = "elementSize",
    BIND_MATERIAL_AS = "bindMaterialAs", COLOR_SPACE = "colorSpace", FACE_VERTEX_INDICES = "faceVertexIndices",
    HOLE_INDICES = "holeIndices", ORIENTATION = "orientation", NORMALS = "normals",
    PRIMVARS_NORMALS = "primvars:normals", SUBDIVISION_SCHEME = "subdivisionScheme",
    INTERPOLATE_BOUNDARY = "interpolateBoundary", CREASE_INDICES = "creaseIndices",
    CREASE_LENGTHS = "creaseLengths", CREASE_SHARPNESSES = "creaseSharpnesses",
    CORNER_INDICES = "cornerIndices", CORNER_SHARPNESSES = "cornerSharpnesses",
    DOUBLE_SIDED = "doubleSided", DISPLAY_COLOR = "primvars:displayColor",
    DISPLAY_OPACITY = "primvars:displayOpacity", INDICES = "indices",
    FAMILY_NAME = "familyName", ELEMENT_TYPE = "elementType",
    CURVE_VERTEX_COUNTS = "curveVertexCounts", BASIS = "basis", TYPE = "type", WRAP = "wrap",
    ORDER = "order", KNOTS = "knots", BIND_TRANSFORMS = "bindTransforms",
    SKEL_JOINTS = "skel:joints", SKEL_BLEND_SHAPE_TARGETS = "skel:blendShapeTargets",
    BLEND_SHAPES = "blendShapes", BLEND_SHAPE_WEIGHTS = "blendShapeWeights",
    INACTIVE_IDS = "inactiveIds", OFFSETS = "offsets", POINT_INDICES = "pointIndices", INFO_ID = "info:id",
    MATERIAL_BINDING_PREVIEW = "material:binding:preview", OUTPUTS_SURFACE = "outputs:surface",
}

/// Fowler-Noll-Vo 1a, folded eight bytes at a time: names are short, and an attacker's collisions
/// are bounded by the child's CPU limit.
#[derive(Default)]
pub(crate) struct ShortHasher(u64);

impl Hasher for ShortHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut state = self.0 ^ 0xcbf2_9ce4_8422_2325;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
            state = (state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        for &byte in chunks.remainder() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.0 = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// A map keyed by small trusted-size keys.
pub(crate) type ShortMap<K, V> = HashMap<K, V, BuildHasherDefault<ShortHasher>>;

/// The table: text ↔ number. One per [`crate::Reader`].
pub struct Names {
    texts: Vec<Rc<str>>,
    numbers: ShortMap<Rc<str>, u32>,
    bytes: usize,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { texts: Vec::new(), numbers: ShortMap::default(), bytes: 0 };
        for text in WELL_KNOWN {
            names.intern(text);
        }
        names
    }
}

impl Names {
    /// The name of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(&number) = self.numbers.get(text) {
            return Name(number);
        }
        let number = self.texts.len() as u32;
        let text: Rc<str> = text.into();
        self.bytes += text.len() + 64;
        self.texts.push(Rc::clone(&text));
        self.numbers.insert(text, number);
        Name(number)
    }

    /// The name of `text`, if any layer has used it.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied().map(Name)
    }

    /// The text of `name`.
    pub fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }

    /// Roughly how much memory the table holds, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
