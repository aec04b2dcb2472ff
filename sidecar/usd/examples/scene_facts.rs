//! Says, as JSON, what a scene shows and where: our side of `scripts/scene_oracle.py`.
//!
//! `scene_facts ROOT [--subdivide] < LIST`: one line of JSON for each path of LIST.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use vitrine_scene::{Scene, Topology};
use vitrine_usd::{Limits, Reader, SceneOptions};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(root) = words.first() else {
        eprintln!("usage: scene_facts ROOT [--subdivide] < LIST");
        return ExitCode::from(2);
    };
    let subdivide = words.iter().any(|word| word == "--subdivide");
    match facts(root, &SceneOptions { subdivide, ..SceneOptions::default() }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn facts(root: &str, options: &SceneOptions) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        let mut reader = Reader::new(root, Limits::default());
        let started = Instant::now();
        let found = reader.scene(&path, options);
        let seconds = started.elapsed().as_secs_f64();
        let answer = match found {
            Ok(scene) => json!({
                "path": path,
                "seconds": seconds,
                "wrong": scene.check().err().map(|wrong| wrong.to_string()),
                "triangles": scene.triangles(),
                "vertices": scene.meshes.iter().map(|mesh| mesh.positions.len()).sum::<usize>(),
                "meshes": scene.meshes.len(),
                "materials": scene.materials.len(),
                "pictures": scene.pictures.len(),
                "textured": scene.materials.iter().filter(|m| m.textures().next().is_some()).count(),
                "cameras": scene.cameras.len(),
                "instances": instances(&scene),
                "warnings": scene.warnings,
            }),
            Err(error) => json!({"path": path, "seconds": seconds, "error": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// Each instance: its mesh's prim, its box, and its triangles by material.
fn instances(scene: &Scene) -> Vec<serde_json::Value> {
    let of = |instance: &vitrine_scene::Instance| {
        let mesh = &scene.meshes[instance.mesh as usize];
        let (mut min, mut max) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for &index in &mesh.indices {
            let point = mesh.positions[index as usize].map(f64::from);
            for axis in 0..3 {
                let at = (0..3).map(|row| point[row] * instance.to_world[row][axis]).sum::<f64>()
                    + instance.to_world[3][axis];
                min[axis] = min[axis].min(at);
                max[axis] = max[axis].max(at);
            }
        }
        let parts: Vec<serde_json::Value> = mesh
            .parts
            .iter()
            .map(|part| {
                let material = part.material.map(|at| scene.materials[at as usize].name.clone());
                json!([material, part.indices / 3])
            })
            .collect();
        json!({
            "name": mesh.name,
            "is_triangles": mesh.topology == Topology::Triangles,
            "min": min,
            "max": max,
            "parts": parts,
        })
    };
    scene.instances.iter().map(of).collect()
}
