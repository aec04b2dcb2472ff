// Samples to colours: each surface in a pixel is shaded once, and weighs what it covers. As
// `resolve.rs` of the processor's renderer.

@group(1) @binding(0) var seen_draws: texture_multisampled_2d<f32>;
@group(1) @binding(1) var seen_numbers: texture_multisampled_2d<f32>;
@group(1) @binding(2) var<storage, read_write> pixels: array<u32>;
@group(1) @binding(3) var<storage, read_write> apart: array<vec2u>; // Four samples a pixel, as half floats.

struct Leader {
    id: vec2u,
    bits: u32,
    surface: u32,
    sum: vec3f,
    place: vec2f,
}

// What a triangle shows at a place, taken as whole.
fn whole(id: vec2u, at: vec2f, normal: vec3f, is_given: bool) -> vec4f {
    let facet = facet_of(id.x, id.y);
    var found = fragment_at(facet, at);
    if is_given {
        found.normal = normal;
    }
    found.normal = bent(facet, at, found.normal);
    found.opacity = 1.0;
    found.is_glass = false;
    return shade(found);
}

@compute @workgroup_size(8, 8)
fn resolve(@builtin(global_invocation_id) global: vec3u) {
    if global.x >= view.size || global.y >= view.size {
        return;
    }
    let index = global.y * view.size + global.x;
    let pixel = vec2f(global.xy);
    var ids: array<vec2u, 4>;
    var same = true;
    var any = false;
    for (var k = 0u; k < 4u; k++) {
        let draw = textureLoad(seen_draws, vec2i(global.xy), k).r;
        let number = textureLoad(seen_numbers, vec2i(global.xy), k).r;
        ids[k] = vec2u(u32(draw), u32(number));
        same &= all(ids[k] == ids[0]);
        any |= ids[k].x != 0u;
    }
    var colours: array<vec4f, 4>;
    if any && same {
        let id = vec2u(ids[0].x - 1u, ids[0].y);
        let colour = whole(id, centre(pixel, 15u), vec3f(0.0), false);
        colours = array<vec4f, 4>(colour, colour, colour, colour);
    } else if any {
        colours = layers(ids, pixel);
    }
    if view.veiled == 1u {
        for (var k = 0u; k < 4u; k++) {
            let colour = colours[k];
            apart[index * 4u + k] = vec2u(pack2x16float(colour.xy), pack2x16float(colour.zw));
        }
        return;
    }
    pixels[index] = stored((colours[0] + colours[1] + colours[2] + colours[3]) * 0.25);
}

// Faces of one surface that are nearly even become one, with their mean normal, shaded where the
// largest of them is.
fn layers(ids: array<vec2u, 4>, pixel: vec2f) -> array<vec4f, 4> {
    var own = ids;
    var groups: array<vec3u, 4>; // Draw and number, and samples by bits.
    var count = 0u;
    for (var k = 0u; k < 4u; k++) {
        if own[k].x == 0u {
            continue;
        }
        var at = 0u;
        while at < count && any(groups[at].xy != own[k]) {
            at++;
        }
        if at == count {
            groups[at] = vec3u(own[k], 0u);
            count++;
        }
        groups[at].z |= 1u << k;
    }
    var leaders: array<Leader, 4>;
    var kept = 0u;
    // The largest first, else in the order of their samples.
    for (var wanted = 4u; wanted > 0u; wanted--) {
        for (var at = 0u; at < count; at++) {
            let group = groups[at];
            if countOneBits(group.z) != wanted {
                continue;
            }
            let id = vec2u(group.x - 1u, group.y);
            let place = centre(pixel, group.z);
            let facet = facet_of(id.x, id.y);
            let normal = normal_of(facet, shares_at(facet, place));
            var into = kept;
            for (var k = 0u; k < kept; k++) {
                let cosine = dot(leaders[k].sum, normal);
                let squares = dot(leaders[k].sum, leaders[k].sum) * dot(normal, normal);
                if leaders[k].surface == facet.surface && cosine > 0.0
                    && cosine * cosine > view.alike * view.alike * squares {
                    into = k;
                    break;
                }
            }
            if into == kept {
                leaders[kept] = Leader(id, group.z, facet.surface, normal * f32(wanted), place);
                kept++;
            } else {
                leaders[into].bits |= group.z;
                leaders[into].sum += normal * f32(wanted);
            }
        }
    }
    var colours: array<vec4f, 4>;
    for (var at = 0u; at < kept; at++) {
        let leader = leaders[at];
        let colour = whole(leader.id, leader.place, leader.sum, true);
        for (var k = 0u; k < 4u; k++) {
            if (leader.bits >> k & 1u) == 1u {
                colours[k] = colour;
            }
        }
    }
    return colours;
}
