// Display-linear colour to what is stored: sRGB, straight alpha, on its background.

fn encoded(linear: f32) -> u32 {
    let value = clamp(linear, 0.0, 1.0);
    let curve = select(1.055 * pow(value, 1.0 / 2.4) - 0.055, value * 12.92, value <= 0.0031308);
    return u32(curve * 255.0 + 0.5);
}

fn stored(colour: vec4f) -> u32 {
    if colour.a <= 0.0 {
        return view.background_srgb;
    }
    var rgb = colour.rgb + view.background.rgb * (1.0 - colour.a);
    var alpha = 255u;
    if view.transparent == 1u {
        rgb = colour.rgb / colour.a;
        alpha = u32(min(colour.a, 1.0) * 255.0 + 0.5);
    }
    return encoded(rgb.r) | encoded(rgb.g) << 8u | encoded(rgb.b) << 16u | alpha << 24u;
}
