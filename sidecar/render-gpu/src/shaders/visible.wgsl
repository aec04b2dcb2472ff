// Geometry to samples: which triangle each sample sees, as its draw and its number in it.

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) draw: u32,
    @location(1) @interpolate(flat) number: u32,
}

// Outside of everything that is seen.
const NOWHERE: vec4f = vec4f(4.0, 4.0, 4.0, 1.0);

fn is_lost(p: vec3f) -> bool {
    return !all(abs(p) <= vec3f(view.far_away));
}

fn projected(p: vec3f) -> vec4f {
    let by = view.focal / view.middle;
    if view.perspective == 1u {
        // Reversed, without a far end: z / w is near / distance.
        return vec4f(p.xy * by, view.near, -p.z);
    }
    return vec4f(p.xy * by, (p.z - view.far) / (-view.near - view.far), 1.0);
}

fn corner_of(at: u32, number: u32, corner: u32) -> Corner {
    let draw = draws[at];
    let place = places[draw.instance];
    var found = Corner(NOWHERE, at, number);
    if (draw.flags & 3u) != TRIANGLES {
        let stroke = stroke_of(place, draw, number);
        if stroke.seen {
            found.position = projected(stroke_corner(stroke, stroke_place(number, corner)));
        }
        return found;
    }
    let first = draw.indices + number * 3u;
    if place.b.w > 0.5 {
        // A corner that cannot be used takes its triangle along.
        for (var k = 0u; k < 3u; k++) {
            if is_lost(placed(place, three_at(draw.positions + 3u * words[first + k]))) {
                return found;
            }
        }
    }
    // A mirrored instance keeps its front.
    let turned_corner = select(corner, (3u - corner) % 3u, place.a.w > 0.5);
    let vertex = words[first + turned_corner];
    found.position = projected(placed(place, three_at(draw.positions + 3u * vertex)));
    return found;
}

@vertex
fn corner(@builtin(vertex_index) vertex: u32, @builtin(instance_index) draw: u32) -> Corner {
    return corner_of(draw, vertex / 3u, vertex % 3u);
}

@vertex
fn veil_corner(@builtin(vertex_index) vertex: u32) -> Corner {
    let veil = veils[vertex / 3u];
    return corner_of(veil.x, veil.y, vertex % 3u);
}

struct Seen {
    @location(0) draw: f32,
    @location(1) number: f32,
}

// Whole numbers below 2²⁴ are exact as floats, which may have four samples everywhere; 0 is nothing.
@fragment
fn solid(in: Corner) -> Seen {
    return Seen(f32(in.draw + 1u), f32(in.number));
}

struct Cut {
    @location(0) draw: f32,
    @location(1) number: f32,
    @builtin(sample_mask) mask: u32,
}

// Strokes and masked surfaces are asked at every sample.
@fragment
fn cut(in: Corner) -> Cut {
    let facet = facet_of(in.draw, in.number);
    let threshold = surfaces[facet.surface].threshold;
    let pixel = floor(in.position.xy);
    var mask = 0u;
    for (var k = 0u; k < 4u; k++) {
        let at = pixel + SAMPLES[k];
        if facet.round && !is_on_stroke(facet, at) {
            continue;
        }
        if threshold > -1e30 && !(opacity_at(facet, at) >= threshold) {
            continue;
        }
        mask |= 1u << k;
    }
    return Cut(f32(in.draw + 1u), f32(in.number), mask);
}
