//! Views a second on this machine's GPU, and on the processor beside it:
//! `cargo run --release -p vitrine-render-gpu --example speed [software]`.
//!
//! A scene is what a ball that touches a ring makes, plain and textured, of 1 thousand to 1 million
//! triangles; a picture is 512 × 512. Pictures include their way back from the device.

use std::{error::Error, time::Instant};

use vitrine_render::{Options, Renderer};
use vitrine_render_gpu::{Choice, Gpu};
use vitrine_scene::{Material, Scene, Texture};

#[path = "../../render/tests/shapes/mod.rs"]
mod shapes;

/// Views of one scene: what a catalogue asks for.
const VIEWS: usize = 8;

/// Times that each scene is rendered; the best counts.
const TURNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let software = std::env::args().nth(1).is_some_and(|word| word == "software");
    let started = Instant::now();
    let mut gpu = Gpu::open(if software { Choice::AlsoSoftware } else { Choice::Hardware })?;
    println!("{}, {}; opened in {:.1?}", gpu.name(), gpu.driver(), started.elapsed());
    println!("scene            triangles  prepare ms  first ms  GPU views/s  processor views/s");
    for (rings, name) in [(16, "1k"), (50, "10k"), (158, "100k"), (500, "1M")] {
        for textured in [false, true] {
            let scene = made(rings, textured);
            let started = Instant::now();
            let renderer = Renderer::new(&scene, &Options::default())?;
            let prepared = started.elapsed();
            let views = renderer.views(VIEWS);
            let started = Instant::now();
            gpu.render_prepared(&renderer, &views)?;
            let first = started.elapsed();
            let mut best = [f64::INFINITY; 2];
            for _ in 0..TURNS {
                let started = Instant::now();
                gpu.render_prepared(&renderer, &views)?;
                best[0] = best[0].min(started.elapsed().as_secs_f64());
                let started = Instant::now();
                renderer.render_all(&views, 1);
                best[1] = best[1].min(started.elapsed().as_secs_f64());
            }
            let [gpu, processor] = best.map(|seconds| VIEWS as f64 / seconds);
            println!(
                "{name:>4} {:10} {:>10} {:11.1} {:9.1} {gpu:12.0} {processor:18.0}",
                if textured { "textured" } else { "plain" },
                scene.triangles(),
                prepared.as_secs_f64() * 1e3,
                first.as_secs_f64() * 1e3,
            );
        }
    }
    Ok(())
}

fn made(rings: u32, textured: bool) -> Scene {
    let mut material = Material { base_colour: [0.7, 0.3, 0.2], ..Material::default() };
    let mut pictures = vec![];
    if textured {
        pictures.push(shapes::picture(1024, 1024, |x, y| {
            let v = ((x / 32 + y / 32) % 2 * 120 + x * 7 % 64 + y * 13 % 64) as u8;
            [v, 255 - v, (x / 4) as u8, 255]
        }));
        material.base_colour = [1.0; 3];
        material.base_colour_texture = Some(Texture { is_srgb: true, ..Texture::of(0) });
        material.roughness_texture = Some(Texture::of(0));
    }
    let meshes = vec![shapes::sphere(rings, Some(0)), shapes::torus(rings, Some(0))];
    shapes::scene(meshes, vec![material], pictures)
}
