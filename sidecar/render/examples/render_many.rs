//! Makes eight views and a GLB of one asset by the public interfaces alone: our side of
//! `benches/render.py`.
//!
//! `render_many FILE`: for each line on stdin a whole round by one thread, from the file's bytes on,
//! answered by the milliseconds of each stage as JSON.

use std::{
    error::Error,
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use vitrine_render::{Options, Renderer};
use vitrine_usd::{Limits, Reader, SceneOptions};

const VIEWS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let file: PathBuf = std::env::args().nth(1).ok_or("usage: render_many FILE")?.into();
    let file = file.canonicalize()?;
    let (Some(root), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str()))
    else {
        return Err("the file has no folder or no name".into());
    };
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        writeln!(out, "{}", round(root, name)?)?;
    }
    Ok(())
}

fn round(root: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let mut clock = Instant::now();
    let mut lap = || {
        let took = ms(clock.elapsed());
        clock = Instant::now();
        took
    };
    let scene = Reader::new(root, Limits::default()).scene(name, &SceneOptions::default())?;
    let read = lap();
    let options = Options { shows_backs: true, ..Options::default() };
    let renderer = Renderer::new(&scene, &options)?;
    let views = renderer.views(VIEWS);
    let prepare = lap();
    let (mut draw, mut shade, mut blend, mut finish) = (0.0, 0.0, 0.0, 0.0);
    let mut images = Vec::new();
    for view in &views {
        let (image, stages) = renderer.render_staged(view);
        draw += ms(stages.draw);
        shade += ms(stages.shade);
        blend += ms(stages.blend);
        finish += ms(stages.finish);
        images.push(image);
    }
    lap();
    let mut bytes = 0;
    for image in &images {
        bytes += image.to_png()?.len();
    }
    let png = lap();
    let glb_bytes = vitrine_gltf::write(&scene, &vitrine_gltf::Options::default())?.len();
    let glb = lap();
    Ok(format!(
        r#"{{"triangles": {}, "views": {}, "read": {read}, "prepare": {prepare}, "draw": {draw}, "shade": {shade}, "blend": {blend}, "finish": {finish}, "png": {png}, "glb": {glb}, "png_bytes": {bytes}, "glb_bytes": {glb_bytes}}}"#,
        scene.triangles(),
        views.len(),
    ))
}
