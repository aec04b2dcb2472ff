// What shines through is laid over what is opaque, from back to front, sample by sample, so that
// surfaces meet without seams.

@group(1) @binding(0) var<storage, read> under: array<vec2u>;

@vertex
fn everywhere(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4f {
    let corner = vec2f(f32(vertex & 1u), f32(vertex >> 1u));
    return vec4f(corner * 4.0 - vec2f(1.0), 1.0, 1.0);
}

@fragment
fn spread(
    @builtin(position) at: vec4f,
    @builtin(sample_index) sample: u32,
) -> @location(0) vec4f {
    let pixel = vec2u(at.xy);
    let packed = under[(pixel.y * view.size + pixel.x) * 4u + sample];
    return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}

struct Laid {
    @location(0) colour: vec4f,
    @builtin(sample_mask) mask: u32,
}

@fragment
fn lay(in: Corner, @builtin(sample_mask) covered: u32) -> Laid {
    let facet = facet_of(in.draw, in.number);
    let pixel = floor(in.position.xy);
    var bits = covered;
    if facet.round {
        for (var k = 0u; k < 4u; k++) {
            if !is_on_stroke(facet, pixel + SAMPLES[k]) {
                bits &= ~(1u << k);
            }
        }
    }
    let at = centre(pixel, bits);
    var found = fragment_at(facet, at);
    if bits == 0u || (found.opacity <= 0.0 && !found.is_glass) {
        return Laid(vec4f(0.0), 0u);
    }
    found.normal = bent(facet, at, found.normal);
    return Laid(shade(found), bits);
}
