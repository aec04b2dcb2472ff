// Where a pixel's four samples lie: the pattern that Vulkan calls standard, the processor's own.

const SAMPLES = array<vec2f, 4>(
    vec2f(0.375, 0.125),
    vec2f(0.875, 0.375),
    vec2f(0.125, 0.625),
    vec2f(0.625, 0.875),
);

// The middle of some of a pixel's samples: inside of what covers them.
fn centre(pixel: vec2f, bits: u32) -> vec2f {
    var sum = vec2f(0.0);
    var count = 0.0;
    for (var k = 0u; k < 4u; k++) {
        if (bits >> k & 1u) == 1u {
            sum += SAMPLES[k];
            count += 1.0;
        }
    }
    return pixel + sum / max(count, 1.0);
}
