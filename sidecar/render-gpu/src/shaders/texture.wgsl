// Pictures read trilinearly from their halving sizes, as `pyramid.rs` of the processor's renderer:
// by hand, since samplers know no black border and differ in how they choose a size.

const REPEAT: u32 = 0u;
const MIRROR: u32 = 1u;
const CLAMP: u32 = 2u;
const BLACK: u32 = 3u;

// The two texels around a coordinate and their weights, 0 for those that are black.
struct Pair {
    texel: vec2i,
    weight: vec2f,
}

fn pair_at(coordinate: f32, count: u32, wrap: u32) -> Pair {
    // Beyond this a number has no fraction left that could be seen.
    let value = clamp(coordinate, -1e6, 1e6);
    var inside = clamp(value, -1.0, 2.0);
    if wrap == REPEAT {
        inside = value - floor(value);
    } else if wrap == MIRROR {
        let twice = value - 2.0 * floor(value / 2.0);
        inside = select(twice, 2.0 - twice, twice > 1.0);
    }
    let place = inside * f32(count) - 0.5;
    let whole = floor(place);
    let last = i32(count) - 1;
    var pair: Pair;
    pair.weight = vec2f(1.0 - (place - whole), place - whole);
    pair.texel = vec2i(i32(whole), i32(whole) + 1);
    let outside = (pair.texel < vec2i(0)) | (pair.texel > vec2i(last));
    if wrap == BLACK {
        pair.weight = select(pair.weight, vec2f(0.0), outside);
    }
    let around = select(vec2i(0), vec2i(last), pair.texel < vec2i(0));
    let clamped = clamp(pair.texel, vec2i(0), vec2i(last));
    pair.texel = select(clamped, around, outside & vec2<bool>(wrap == REPEAT));
    return pair;
}

fn texel_at(at: u32) -> vec4f {
    let packed = texels[at];
    return vec4f(unpack2x16unorm(packed.x), unpack2x16unorm(packed.y));
}

fn bilinear(level: Level, uv: vec2f, wrap: u32) -> vec4f {
    let x = pair_at(uv.x, level.width, wrap & 255u);
    let y = pair_at(uv.y, level.height, wrap >> 8u);
    var sum = vec4f(0.0);
    for (var k = 0u; k < 2u; k++) {
        let row = level.first + u32(y.texel[k]) * level.width;
        let left = texel_at(row + u32(x.texel.x));
        let right = texel_at(row + u32(x.texel.y));
        sum += (left * x.weight.x + right * x.weight.y) * y.weight[k];
    }
    return sum;
}

// Base-2 logarithm within 0.09, as the processor takes it: sizes change at the same places.
fn log2_roughly(value: f32) -> f32 {
    let kept = clamp(value, 1e-30, 1e30);
    return f32(bitcast<u32>(kept)) / 8388608.0 - 127.0;
}

struct Coordinates {
    uv: vec2f,
    by_x: vec2f,
    by_y: vec2f,
}

fn coordinates_at(facet: Facet, slot: u32, at: vec2f, shares: vec3f) -> Coordinates {
    let draw = draws[facet.draw];
    let p = uv_at(draw, slot, facet.vertices.x);
    let q = uv_at(draw, slot, facet.vertices.y);
    let r = uv_at(draw, slot, facet.vertices.z);
    let by = weighed_at(facet, at).w;
    let right = vec3f(facet.first.x, facet.second.x, facet.third.x);
    let down = vec3f(facet.first.y, facet.second.y, facet.third.y);
    var found: Coordinates;
    found.uv = p * shares.x + q * shares.y + r * shares.z;
    // The quotient's rule, on sums that are linear over the picture.
    let along = p * right.x + q * right.y + r * right.z;
    let under = p * down.x + q * down.y + r * down.z;
    found.by_x = (along - found.uv * (right.x + right.y + right.z)) * by;
    found.by_y = (under - found.uv * (down.x + down.y + down.z)) * by;
    return found;
}

fn turned(lookup: Lookup, v: vec2f) -> vec2f {
    return lookup.s * v.x + lookup.t * v.y;
}

// A reading with the slot's scale and bias, or what stands for it.
fn reading(slot: Slot, facet: Facet, at: vec2f, shares: vec3f) -> vec4f {
    let lookup = lookups[slot.lookup];
    if lookup.levels == 0u || !has_uv(draws[facet.draw], lookup.uv) {
        return lookup.fallback;
    }
    let coordinates = coordinates_at(facet, lookup.uv, at, shares);
    let uv = turned(lookup, coordinates.uv) + lookup.shift;
    if !(finite(uv.x) && finite(uv.y)) {
        return slot.bias;
    }
    let largest = levels[lookup.first_level];
    let size = vec2f(f32(largest.width), f32(largest.height));
    let by_x = turned(lookup, coordinates.by_x) * size;
    let by_y = turned(lookup, coordinates.by_y) * size;
    let step = log2_roughly(max(dot(by_x, by_x), dot(by_y, by_y))) * 0.5;
    let level = clamp(step, 0.0, f32(lookup.levels - 1u));
    let lower = u32(level);
    // Over the middle half of the way from one size to the next, as the processor blends them.
    let part = clamp((level - f32(lower)) * 2.0 - 0.5, 0.0, 1.0);
    var value = bilinear(levels[lookup.first_level + lower], uv, lookup.wrap);
    if part > 0.0 && lower + 1u < lookup.levels {
        let wider = bilinear(levels[lookup.first_level + lower + 1u], uv, lookup.wrap);
        value += (wider - value) * part;
    }
    return value * slot.scale + slot.bias;
}
