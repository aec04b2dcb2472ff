// One triangle in the camera's space, ready to be asked at any pixel. As `facet.rs` of the processor's
// renderer.

struct Facet {
    draw: u32,
    surface: u32,
    vertices: vec3u,
    anchor: vec2f,
    // Of each corner, a plane over the picture, by pixel to the right, down, and at the anchor.
    first: vec3f,
    second: vec3f,
    third: vec3f,
    normal_a: vec3f,
    normal_b: vec3f,
    normal_c: vec3f,
    outward: vec3f,
    along: vec3f,
    up: vec3f,
    round: bool,
    long: f32,
    local_a: vec2f,
    local_b: vec2f,
    local_c: vec2f,
    axis_along: vec3f,
    axis_across: vec3f,
    axis_towards: vec3f,
}

fn pixel_of(p: vec3f) -> vec2f {
    let by = view.focal / weight_of(p);
    return vec2f(view.middle + p.x * by, view.middle - p.y * by);
}

fn uv_at(draw: Draw, slot: u32, vertex: u32) -> vec2f {
    let first = select(draw.uv_0, draw.uv_1, slot == 1u) + 2u * vertex;
    return vec2f(number_at(first), number_at(first + 1u));
}

fn has_uv(draw: Draw, slot: u32) -> bool {
    return slot < 2u && select(draw.uv_0, draw.uv_1, slot == 1u) != NONE;
}

fn facet_of(at: u32, number: u32) -> Facet {
    let draw = draws[at];
    let place = places[draw.instance];
    var facet: Facet;
    facet.draw = at;
    facet.surface = draw.surface;
    var a: vec3f;
    var b: vec3f;
    var c: vec3f;
    if (draw.flags & 3u) == TRIANGLES {
        let first = number * 3u;
        let corner = draw.indices + first;
        facet.vertices = vec3u(words[corner], words[corner + 1u], words[corner + 2u]);
        a = placed(place, three_at(draw.positions + 3u * facet.vertices.x));
        b = placed(place, three_at(draw.positions + 3u * facet.vertices.y));
        c = placed(place, three_at(draw.positions + 3u * facet.vertices.z));
        if draw.normals != NONE {
            let by_corner = (draw.flags & BY_CORNER) != 0u;
            let normals = select(facet.vertices, vec3u(first, first + 1u, first + 2u), by_corner);
            facet.normal_a = placed_normal(place, three_at(draw.normals + 3u * normals.x));
            facet.normal_b = placed_normal(place, three_at(draw.normals + 3u * normals.y));
            facet.normal_c = placed_normal(place, three_at(draw.normals + 3u * normals.z));
        }
    } else {
        let stroke = stroke_of(place, draw, number);
        let corners = vec3u(0u, stroke_place(number, 1u), stroke_place(number, 2u));
        let primitive = number / 2u;
        var ends = vec2u(primitive, primitive);
        if (draw.flags & 3u) == SEGMENTS {
            ends = vec2u(primitive * 2u, primitive * 2u + 1u);
        }
        let vertex = words[draw.indices + ends.x];
        let to = words[draw.indices + ends.y];
        facet.vertices = select(vec3u(vertex), vec3u(to), (corners == vec3u(1u)) | (corners == vec3u(2u)));
        a = stroke_corner(stroke, corners.x);
        b = stroke_corner(stroke, corners.y);
        c = stroke_corner(stroke, corners.z);
        facet.round = true;
        facet.long = stroke.long;
        facet.local_a = stroke_local(stroke, corners.x);
        facet.local_b = stroke_local(stroke, corners.y);
        facet.local_c = stroke_local(stroke, corners.z);
        facet.axis_along = stroke.along;
        facet.axis_across = stroke.across;
        facet.axis_towards = stroke.towards;
    }
    let towards = select(vec3f(0.0, 0.0, 1.0), (a + b + c) * (-1.0 / 3.0), view.perspective == 1u);
    let plane = cross(b - a, c - a);
    facet.outward = select(plane, -plane, dot(plane, towards) < 0.0);
    let weight = vec3f(weight_of(a), weight_of(b), weight_of(c));
    if all(weight > vec3f(1e-6)) {
        // Planes over the picture relative to the first corner: exact also for small triangles.
        facet.anchor = pixel_of(a);
        let p = pixel_of(b) - facet.anchor;
        let q = pixel_of(c) - facet.anchor;
        let area = p.x * q.y - p.y * q.x;
        facet.first = vec3f(vec2f(p.y - q.y, q.x - p.x), area) * (weight.y * weight.z);
        facet.second = vec3f(vec2f(q.y, -q.x) * (weight.x * weight.z), 0.0);
        facet.third = vec3f(vec2f(-p.y, p.x) * (weight.x * weight.y), 0.0);
    } else {
        // Through the camera's plane: volumes spanned by the ray and the other two corners (Olano
        // and Greer 1997, Triangle Scan Conversion using 2D Homogeneous Coordinates).
        facet.anchor = vec2f(view.middle);
        let by = vec3f(1.0 / view.focal, -1.0 / view.focal, -1.0);
        facet.first = cross(b, c) * by;
        facet.second = cross(c, a) * by;
        facet.third = cross(a, b) * by;
    }
    let slot = surfaces[draw.surface].normal_uv;
    if has_uv(draw, slot) && !facet.round {
        let uv = uv_at(draw, slot, facet.vertices.x);
        let p = uv_at(draw, slot, facet.vertices.y) - uv;
        let q = uv_at(draw, slot, facet.vertices.z) - uv;
        let sign = select(1.0, -1.0, p.x * q.y - q.x * p.y < 0.0);
        facet.along = unit_or((b - a) * (q.y * sign) - (c - a) * (p.y * sign), vec3f(0.0));
        facet.up = unit_or((c - a) * (p.x * sign) - (b - a) * (q.x * sign), vec3f(0.0));
    }
    return facet;
}

// Shares of the corners at a place of the picture, which sum to 1, and one by the sum of their
// weights; 0 where they have none.
fn weighed_at(facet: Facet, at: vec2f) -> vec4f {
    let place = vec3f(at - facet.anchor, 1.0);
    let shares = vec3f(dot(facet.first, place), dot(facet.second, place), dot(facet.third, place));
    let sum = shares.x + shares.y + shares.z;
    if sum != 0.0 && finite(sum) {
        let found = shares * (1.0 / sum);
        if all(abs(found) <= vec3f(64.0)) {
            return vec4f(found, 1.0 / sum);
        }
    }
    return vec4f(vec3f(1.0 / 3.0), 0.0);
}

fn shares_at(facet: Facet, at: vec2f) -> vec3f {
    return weighed_at(facet, at).xyz;
}

fn local_of(facet: Facet, shares: vec3f) -> vec2f {
    return facet.local_a * shares.x + facet.local_b * shares.y + facet.local_c * shares.z;
}

// Towards the camera's side, not of length 1.
fn normal_of(facet: Facet, shares: vec3f) -> vec3f {
    if facet.round {
        let place = on_stroke(local_of(facet, shares), facet.long);
        let beyond = select(place.x, 0.0, facet.long > 0.0);
        let rest = sqrt(max(1.0 - beyond * beyond - place.y * place.y, 0.0));
        return facet.axis_along * beyond + facet.axis_across * place.y + facet.axis_towards * rest;
    }
    let normal = facet.normal_a * shares.x + facet.normal_b * shares.y + facet.normal_c * shares.z;
    if dot(normal, normal) <= 1e-20 {
        return facet.outward;
    }
    return select(normal, -normal, dot(normal, facet.outward) < 0.0);
}

fn is_on_stroke(facet: Facet, at: vec2f) -> bool {
    return on_stroke(local_of(facet, shares_at(facet, at)), facet.long).z > 0.5;
}

fn colour_of(facet: Facet, shares: vec3f) -> vec4f {
    let colours = draws[facet.draw].colours;
    if colours == NONE {
        return vec4f(1.0);
    }
    var sum = vec4f(0.0);
    for (var k = 0u; k < 3u; k++) {
        let own = colours + 4u * facet.vertices[k];
        sum += vec4f(three_at(own), number_at(own + 3u)) * shares[k];
    }
    return sum;
}
