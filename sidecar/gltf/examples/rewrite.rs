//! Reads glTF files and writes each again as GLB, with a line about each: for trying real files.
//!
//!     cargo run --release --package vitrine-gltf --example rewrite -- OUT_FOLDER FILE…

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use vitrine_gltf::{Limits, Options, read, write_with_warnings};
use vitrine_scene::Scene;

/// Triangles of both and the greatest distance between corners, in shares of the radius.
fn difference(before: &Scene, after: &Scene) -> Result<f64, String> {
    if before.triangles() != after.triangles() {
        return Err(format!("{} triangles became {}", before.triangles(), after.triangles()));
    }
    match (before.bounds(), after.bounds()) {
        (None, None) => Ok(0.0),
        (Some(before), Some(after)) => {
            let corners = |one: [f64; 3], other: [f64; 3]| {
                (0..3).map(|axis| (one[axis] - other[axis]).abs()).fold(0.0, f64::max)
            };
            let far = corners(before.min, after.min).max(corners(before.max, after.max));
            Ok(far / before.radius().max(f64::MIN_POSITIVE))
        }
        _ => Err("one of them shows nothing".into()),
    }
}

fn rewrite(path: &Path, out: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let file = std::fs::read(path)?;
    let begin = Instant::now();
    let scene = read(&file, &Limits::default())?;
    let reading = begin.elapsed();
    let begin = Instant::now();
    let written = write_with_warnings(&scene, &Options::default())?;
    let writing = begin.elapsed();
    let far = difference(&scene, &read(&written.glb, &Limits::default())?)?;
    let stem = path.file_stem().unwrap_or_default();
    std::fs::write(out.join(stem).with_extension("glb"), &written.glb)?;
    Ok(format!(
        "{} triangles, {} meshes, {} materials, {} pictures, {} cameras; {} bytes became {}; read {:.1} ms, \
         written {:.1} ms; bounds differ by {far:.0e}; {:?}",
        scene.triangles(),
        scene.meshes.len(),
        scene.materials.len(),
        scene.pictures.len(),
        scene.cameras.len(),
        file.len(),
        written.glb.len(),
        reading.as_secs_f64() * 1e3,
        writing.as_secs_f64() * 1e3,
        [scene.warnings, written.warnings].concat(),
    ))
}

fn main() -> ExitCode {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(out) = paths.next() else {
        eprintln!("usage: rewrite OUT_FOLDER FILE…");
        return ExitCode::FAILURE;
    };
    for path in paths {
        match rewrite(&path, &out) {
            Ok(line) => println!("{}: {line}", path.display()),
            Err(error) => println!("{}: refused: {error}", path.display()),
        }
    }
    ExitCode::SUCCESS
}
