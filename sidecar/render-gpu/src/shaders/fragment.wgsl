// What a triangle shows at a place: factors and readings together, to be shaded.

fn part_of(value: f32) -> f32 {
    return clamp(value, 0.0, 1.0);
}

fn light_of(value: vec3f) -> vec3f {
    return clamp(value, vec3f(0.0), vec3f(1e4));
}

// How much of what is behind a place it hides.
fn opacity_at(facet: Facet, at: vec2f) -> f32 {
    let shares = shares_at(facet, at);
    let slot = surfaces[facet.surface].slots[OPACITY];
    var own = 1.0;
    if slot.lookup != NONE {
        own = reading(slot, facet, at, shares)[slot.channel];
    }
    return part_of(own * surfaces[facet.surface].opacity * colour_of(facet, shares).a);
}

fn fragment_at(facet: Facet, at: vec2f) -> Fragment {
    let shares = shares_at(facet, at);
    let own = colour_of(facet, shares);
    let kind = facet.surface;
    var found: Fragment;
    found.normal = normal_of(facet, shares);
    found.towards_camera = select(
        vec3f(0.0, 0.0, 1.0),
        vec3f(view.middle - at.x, at.y - view.middle, view.focal),
        view.perspective == 1u,
    );
    found.base = surfaces[kind].base * light_of(own.rgb);
    found.emissive = surfaces[kind].emissive;
    found.metallic = surfaces[kind].metallic;
    found.roughness = surfaces[kind].roughness;
    found.occlusion = 1.0;
    found.opacity = surfaces[kind].opacity * part_of(own.a);
    found.is_glass = surfaces[kind].slots[OPACITY].lookup == NONE;
    if surfaces[kind].textures == 0u {
        return found;
    }
    for (var k = 0u; k < 7u; k++) {
        let slot = surfaces[kind].slots[k];
        if slot.lookup == NONE || k == NORMAL {
            continue;
        }
        let value = reading(slot, facet, at, shares);
        let one = part_of(value[slot.channel]);
        switch k {
            case BASE: { found.base *= light_of(value.rgb); }
            case METALLIC: { found.metallic *= one; }
            case ROUGHNESS: { found.roughness *= one; }
            case EMISSIVE: { found.emissive *= light_of(value.rgb); }
            case OCCLUSION: { found.occlusion = one; }
            default: { found.opacity *= one; }
        }
    }
    return found;
}

// The normal texture's part, after the normal itself is known.
fn bent(facet: Facet, at: vec2f, own: vec3f) -> vec3f {
    let slot = surfaces[facet.surface].slots[NORMAL];
    if slot.lookup == NONE || dot(facet.along, facet.along) == 0.0 {
        return own;
    }
    let value = reading(slot, facet, at, shares_at(facet, at));
    let normal = unit_or(own, vec3f(0.0, 0.0, 1.0));
    return unit_or(normal * value.z + facet.along * value.x + facet.up * value.y, normal);
}
