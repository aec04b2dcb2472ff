// Segments and points: quads that face the camera, round at their ends. As `stroke.rs` of the
// processor's renderer.

struct Stroke {
    seen: bool,
    long: f32,
    half: f32,
    start: vec3f,
    to: vec3f,
    along: vec3f,
    across: vec3f,
    towards: vec3f,
}

fn stroke_of(place: Place, draw: Draw, number: u32) -> Stroke {
    let primitive = number / 2u;
    var ends = vec2u(primitive, primitive);
    if (draw.flags & 3u) == SEGMENTS {
        ends = vec2u(primitive * 2u, primitive * 2u + 1u);
    }
    let p = placed(place, three_at(draw.positions + 3u * words[draw.indices + ends.x]));
    let q = placed(place, three_at(draw.positions + 3u * words[draw.indices + ends.y]));
    var stroke: Stroke;
    let middle = (p + q) * 0.5;
    if !(finite(middle.x) && finite(middle.y) && finite(middle.z)) {
        return stroke;
    }
    let front = vec3f(0.0, 0.0, 1.0);
    let towards = select(front, unit_or(-middle, front), view.perspective == 1u);
    let thinnest = view.thinnest_px / view.focal * max(weight_of(middle), 0.0);
    let half = max(draw.width * place.shift.w, thinnest) * 0.5;
    if !(half > 0.0 && finite(half)) {
        return stroke;
    }
    let between = q - p;
    let sideways = unit_or(cross(towards, vec3f(0.0, 1.0, 0.0)), vec3f(1.0, 0.0, 0.0));
    let flat = between - towards * dot(between, towards);
    var along = sideways;
    if length(flat) > half * 1e-3 {
        along = unit_or(between, sideways);
        stroke.long = length(between) / half;
    }
    let across = unit_or(cross(towards, along), vec3f(0.0, 1.0, 0.0));
    stroke.seen = true;
    stroke.half = half;
    stroke.start = p;
    stroke.to = select(p, q, stroke.long > 0.0);
    stroke.along = along;
    stroke.across = across;
    stroke.towards = unit_or(cross(along, across), towards);
    return stroke;
}

// The quad's corner 0…3: place along and across in half widths.
fn stroke_local(stroke: Stroke, corner: u32) -> vec2f {
    let is_end = corner == 1u || corner == 2u;
    return vec2f(select(-1.0, stroke.long + 1.0, is_end), select(-1.0, 1.0, corner >= 2u));
}

fn stroke_corner(stroke: Stroke, corner: u32) -> vec3f {
    let is_end = corner == 1u || corner == 2u;
    let end = select(stroke.start, stroke.to, is_end);
    let a = select(-1.0, 1.0, is_end);
    let b = select(-1.0, 1.0, corner >= 2u);
    return end + stroke.along * (a * stroke.half) + stroke.across * (b * stroke.half);
}

// Of the triangle `number` its corner `k`, as a corner of the quad.
fn stroke_place(number: u32, k: u32) -> u32 {
    if number % 2u == 1u && k > 0u {
        return k + 1u;
    }
    return k;
}

// Distance beyond the segment's ends and across; outside of it the last is 0.
fn on_stroke(local: vec2f, long: f32) -> vec3f {
    let beyond = select(max(local.x - long, 0.0), local.x, local.x < 0.0);
    let is_there = beyond * beyond + local.y * local.y <= 1.0;
    return select(vec3f(0.0), vec3f(beyond, local.y, 1.0), is_there);
}
