// The light, and what surfaces make of it: `light.rs` of the processor's renderer, where sources and
// reasons are told.

struct Fragment {
    normal: vec3f,
    towards_camera: vec3f,
    base: vec3f,
    emissive: vec3f,
    metallic: f32,
    roughness: f32,
    occlusion: f32,
    opacity: f32,
    is_glass: bool,
}

fn unit(v: vec3f) -> vec3f {
    return v / sqrt(max(dot(v, v), 1e-30));
}

fn grazing(cosine: f32) -> f32 {
    let left = max(1.0 - cosine, 0.0);
    let square = left * left;
    return square * square * left;
}

// Light of the surroundings from a direction, blurred as a surface of this roughness sees it.
fn surroundings(direction: vec3f, roughness: f32) -> vec3f {
    let height = dot(direction, view.up.xyz);
    let wide = clamp(height / (0.25 + roughness) * 0.5 + 0.5, 0.0, 1.0);
    let t = wide * wide * (3.0 - wide - wide);
    var panels = 0.0;
    for (var k = 0u; k < 3u; k++) {
        let shape = view.panel_shape[k];
        let blur = 1.0 / (1.0 + roughness * 4.0);
        let away = max(1.0 - dot(direction, view.panel_towards[k].xyz), 0.0);
        let falloff = 1.0 + shape.x * blur * away;
        panels += shape.y * blur / (falloff * falloff);
    }
    return view.ground.xyz * 0.8 + (view.sky.xyz * 1.25 - view.ground.xyz * 0.8) * t + panels;
}

// Scale and bias of the reflectance under surroundings of even light.
fn split_sum(nv: f32, roughness: f32) -> vec2f {
    let x = 1.0 - roughness;
    let y = 0.0425 - roughness * 0.0275;
    let z = 1.04 - roughness * 0.572;
    let w = roughness * 0.022 - 0.04;
    // 2 to the power of −9.28 · nv, as the processor takes it: (1 + x/64)⁶⁴.
    var power = 1.0 - nv * 0.10050634;
    for (var k = 0u; k < 6u; k++) {
        power *= power;
    }
    let near = min(x * x, power) * x + y;
    return vec2f(z - near * 1.04, w + near * 1.04);
}

// Khronos PBR Neutral.
fn tone(given: vec3f) -> vec3f {
    let start = 0.8 - 0.04;
    let least = min(min(given.x, given.y), given.z);
    let offset = select(0.04, least - 6.25 * least * least, least < 0.08);
    let colour = given - offset;
    let peak = max(max(colour.x, colour.y), colour.z);
    if peak <= start {
        return clamp(colour, vec3f(0.0), vec3f(1.0));
    }
    let range = 1.0 - start;
    let pressed = 1.0 - range * range / max(peak + range - start, 1e-6);
    let grey = 1.0 - 1.0 / (0.15 * (peak - pressed) + 1.0);
    let bright = colour * (pressed / max(peak, 1e-6));
    return clamp(bright + (vec3f(pressed) - bright) * grey, vec3f(0.0), vec3f(1.0));
}

// Display-linear 0…1, premultiplied by the opacity in the last place.
fn shade(fragment: Fragment) -> vec4f {
    let normal = unit(fragment.normal);
    let towards = unit(fragment.towards_camera);
    let nv = max(dot(normal, towards), 1e-3);
    let dielectric = 1.0 - fragment.metallic;
    let f0 = vec3f(0.04 * dielectric) + fragment.base * fragment.metallic;
    let diffuse = fragment.base * dielectric;
    let rough = max(fragment.roughness, view.lamp_roughness);
    let alpha = rough * rough;
    let alpha2 = alpha * alpha;
    let smith_v = sqrt(nv * nv * (1.0 - alpha2) + alpha2);
    var matte = vec3f(0.0);
    var gloss = vec3f(0.0);
    for (var k = 0u; k < 3u; k++) {
        let lamp = view.light_towards[k].xyz;
        let nl = max(dot(normal, lamp), 0.0);
        let between = towards + lamp;
        let by = 1.0 / sqrt(max(dot(between, between), 1e-12));
        let nh = min(max(dot(normal, between) * by, 0.0), 1.0);
        let vh = max(dot(towards, between) * by, 0.0);
        let spread = nh * nh * (alpha2 - 1.0) + 1.0;
        let smith_l = sqrt(nl * nl * (1.0 - alpha2) + alpha2);
        // D · V without π: lights are given as what white reflects.
        let lobe = alpha2 * 0.5 / max(spread * spread * (nl * smith_v + nv * smith_l), 1e-7);
        let reflected = f0 + (vec3f(1.0) - f0) * grazing(vh);
        let light = view.light_colour[k].xyz * nl;
        matte += light * (vec3f(1.0) - reflected);
        gloss += light * reflected * lobe;
    }
    let upward = max(dot(normal, view.up.xyz) * 0.5 + 0.5, 0.0);
    let mirrored = normal * (nv + nv) - towards;
    let around = surroundings(mirrored, fragment.roughness);
    let sum = split_sum(nv, fragment.roughness);
    let ambient = view.ground.xyz + (view.sky.xyz - view.ground.xyz) * upward;
    let lit = diffuse * (matte + ambient * fragment.occlusion);
    let body = select(lit, lit * fragment.opacity, fragment.is_glass);
    let shine = gloss + around * (f0 * sum.x + sum.y) * fragment.occlusion;
    let toned = tone(body + shine + fragment.emissive);
    if fragment.is_glass {
        return vec4f(toned, max(fragment.opacity, max(max(toned.x, toned.y), toned.z)));
    }
    return vec4f(toned * fragment.opacity, fragment.opacity);
}
