// What a picture is made of, as `upload.rs` and `surfaces.rs` lay it out.

const NONE: u32 = 0xffffffffu;

struct View {
    focal: f32,             // Pixels for one unit, at distance 1 with perspective.
    middle: f32,            // Half of the picture's width in pixels.
    size: u32,
    perspective: u32,
    near: f32,
    far: f32,               // The least z of the scene; without perspective.
    thinnest_px: f32,
    far_away: f32,
    alike: f32,
    lamp_roughness: f32,
    transparent: u32,
    veiled: u32,            // Whether something shines through: samples are kept apart.
    up: vec4f,              // Of the world, in the camera's space.
    background: vec4f,      // Linear.
    background_srgb: u32,   // As it is stored.
    pad_a: u32,
    pad_b: u32,
    pad_c: u32,
    sky: vec4f,
    ground: vec4f,
    light_towards: array<vec4f, 3>,
    light_colour: array<vec4f, 3>,
    panel_towards: array<vec4f, 3>,
    panel_shape: array<vec4f, 3>, // Sharpness, brightness.
}

// Where an instance stands in the view; the w of `shift` is its stretch, of `a` whether it mirrors,
// of `b` whether a vertex may be beyond what can be drawn.
struct Place {
    a: vec4f,
    b: vec4f,
    c: vec4f,
    shift: vec4f,
    normal_a: vec4f,
    normal_b: vec4f,
    normal_c: vec4f,
}

const TRIANGLES: u32 = 0u;
const SEGMENTS: u32 = 1u;
const BY_CORNER: u32 = 4u;

struct Draw {
    instance: u32,
    surface: u32,
    indices: u32,           // Places in `words`.
    positions: u32,
    normals: u32,           // By vertex, or by corner; NONE where there are none.
    uv_0: u32,
    uv_1: u32,
    colours: u32,
    flags: u32,             // Topology in the lowest two bits.
    width: f32,
    pad_a: u32,
    pad_b: u32,
}

struct Slot {
    scale: vec4f,
    bias: vec4f,
    lookup: u32,
    channel: u32,
    pad_a: u32,
    pad_b: u32,
}

const BASE: u32 = 0u;
const METALLIC: u32 = 1u;
const ROUGHNESS: u32 = 2u;
const EMISSIVE: u32 = 3u;
const NORMAL: u32 = 4u;
const OCCLUSION: u32 = 5u;
const OPACITY: u32 = 6u;

struct Surface {
    base: vec3f,
    metallic: f32,
    emissive: vec3f,
    roughness: f32,
    opacity: f32,
    threshold: f32,         // Below it a masked surface is not there.
    normal_uv: u32,         // Slot of the normal texture's coordinates.
    textures: u32,          // Whether any slot reads.
    slots: array<Slot, 7>,
}

struct Lookup {
    s: vec2f,
    t: vec2f,
    shift: vec2f,
    uv: u32,
    wrap: u32,              // Along in the lowest byte, up in the next.
    fallback: vec4f,
    first_level: u32,
    levels: u32,            // 0 where the picture is broken.
    pad_a: u32,
    pad_b: u32,
}

// Place of its first texel, width, height.
struct Level {
    first: u32,
    width: u32,
    height: u32,
    pad: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> places: array<Place>;
@group(0) @binding(2) var<storage, read> draws: array<Draw>;
@group(0) @binding(3) var<storage, read> words: array<u32>;
@group(0) @binding(4) var<storage, read> surfaces: array<Surface>;
@group(0) @binding(5) var<storage, read> lookups: array<Lookup>;
@group(0) @binding(6) var<storage, read> levels: array<Level>;
@group(0) @binding(7) var<storage, read> texels: array<vec2u>;
@group(0) @binding(8) var<storage, read> veils: array<vec2u>; // Draw and number of a triangle.

fn number_at(at: u32) -> f32 {
    return bitcast<f32>(words[at]);
}

fn three_at(at: u32) -> vec3f {
    return vec3f(number_at(at), number_at(at + 1u), number_at(at + 2u));
}

fn placed(place: Place, p: vec3f) -> vec3f {
    return place.a.xyz * p.x + place.b.xyz * p.y + place.c.xyz * p.z + place.shift.xyz;
}

fn placed_normal(place: Place, n: vec3f) -> vec3f {
    return place.normal_a.xyz * n.x + place.normal_b.xyz * n.y + place.normal_c.xyz * n.z;
}

fn weight_of(p: vec3f) -> f32 {
    return select(1.0, -p.z, view.perspective == 1u);
}

fn finite(v: f32) -> bool {
    return abs(v) < 3e38; // False for NaN too.
}

fn unit_or(v: vec3f, instead: vec3f) -> vec3f {
    let long = sqrt(dot(v, v));
    if long > 1e-18 && finite(long) {
        return v / long;
    }
    return instead;
}
