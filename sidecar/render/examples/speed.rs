//! How long a view takes, by stage, for scenes of 1 thousand to 1 million triangles:
//! `cargo run --release -p vitrine-render --example speed [1k|10k|100k|1M]`.

use std::time::{Duration, Instant};

use vitrine_render::{Options, RenderError, Renderer, Stages};
use vitrine_scene::{Material, Scene, Texture};

#[path = "../tests/shapes/mod.rs"]
mod shapes;

fn main() -> Result<(), RenderError> {
    println!("one thread, 512 × 512, ms a view: of each of eight views the best of seven turns;");
    println!(
        "cpu: the thread's own time, the mean of all, and what views/s follows from (Linux only)"
    );
    println!(
        "scene          triangles  prepare   draw  shade  blend finish    png  total    cpu  views/s    KB"
    );
    for (rings, name) in [(16, "1k"), (50, "10k"), (158, "100k"), (500, "1M")] {
        if std::env::args().nth(1).is_some_and(|wanted| wanted != name) {
            continue;
        }
        for textured in [false, true] {
            measure(name, textured, &made(rings, textured))?;
        }
    }
    Ok(())
}

/// A ball that touches a ring: about 8 · rings² triangles, a third of the picture.
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

fn measure(name: &str, textured: bool, scene: &Scene) -> Result<(), RenderError> {
    let started = Instant::now();
    let renderer = Renderer::new(scene, &Options::default())?;
    let views = renderer.views(8);
    let prepared = started.elapsed();
    // Of each view the best turn, by stage: other work on the machine only adds time.
    let mut best = vec![[Duration::MAX; 6]; views.len()];
    let mut bytes = 0;
    let (mut before, mut turns) = (None, 0_u32);
    for turn in 0..7 {
        if turn == 1 {
            before = on_processor(); // The first turn touches the memory.
        }
        turns += u32::from(turn > 0);
        for (view, best) in views.iter().zip(&mut best) {
            let started = Instant::now();
            let (image, Stages { draw, shade, blend, finish }) = renderer.render_staged(view);
            let rendered = Instant::now();
            bytes = image.to_png()?.len();
            let times = [draw, shade, blend, finish, rendered.elapsed(), started.elapsed()];
            best.iter_mut().zip(times).for_each(|(best, time)| *best = time.min(*best));
        }
    }
    let spent = before.zip(on_processor()).map_or(f64::NAN, |(before, now)| {
        (now - before).as_secs_f64() * 1e3 / f64::from(turns) / views.len() as f64
    });
    let mean = |stage: usize| {
        let sum: Duration = best.iter().map(|times| times[stage]).sum();
        sum.as_secs_f64() * 1e3 / best.len() as f64
    };
    let [draw, shade, blend, finish, png, total] = std::array::from_fn(mean);
    println!(
        "{name:>4} {:8} {:>10} {:8.1} {draw:6.2} {shade:6.2} {blend:6.2} {finish:6.2} {png:6.2} {total:6.2} {spent:6.2} {:8.0} {:5}",
        if textured { "textured" } else { "plain" },
        scene.triangles(),
        prepared.as_secs_f64() * 1e3,
        1e3 / spent,
        bytes / 1024
    );
    Ok(())
}

/// How long this thread has run: what other work on the machine does not lengthen.
fn on_processor() -> Option<Duration> {
    let words = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    words.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
