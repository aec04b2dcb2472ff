// The mean of each pixel's samples, stored.

@group(1) @binding(0) var blended: texture_2d<f32>;
@group(1) @binding(1) var<storage, read_write> pixels: array<u32>;

@compute @workgroup_size(8, 8)
fn finish(@builtin(global_invocation_id) global: vec3u) {
    if global.x < view.size && global.y < view.size {
        pixels[global.y * view.size + global.x] = stored(textureLoad(blended, global.xy, 0));
    }
}
