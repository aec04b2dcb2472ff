//! In which order triangles that let others shine through are laid.

use vitrine_render::parts::{Parts, Placement};
use vitrine_scene::Topology;

use crate::{
    geometry::{Pass, Run},
    words::Words,
};

/// A triangle that lets what is behind shine through.
#[derive(Clone, Copy, Debug)]
struct Veil {
    /// Greater is farther.
    distance: f32,
    draw: u32,
    number: u32,
}

/// Triangles that shine through, together.
pub(crate) fn count(runs: &[Run]) -> u64 {
    let veils = runs.iter().filter(|run| run.pass == Pass::Veil);
    veils.map(|run| u64::from(run.triangles)).sum()
}

/// Draw and number of each that faces the camera, from back to front, and how many there are.
pub(crate) fn sorted(
    parts: &Parts,
    runs: &[Run],
    placements: &[Placement],
    perspective: bool,
) -> (Words, u32) {
    let mut veils = Vec::new();
    for (draw, run) in runs.iter().enumerate().filter(|(_, run)| run.pass == Pass::Veil) {
        let instance = &parts.scene.instances[run.instance as usize];
        let mesh = &parts.scene.meshes[instance.mesh as usize];
        let place = &placements[run.instance as usize];
        let first = run.first_index as usize;
        for number in 0..run.triangles as usize {
            let at = |k: usize| place.point(mesh.positions[mesh.indices[first + k] as usize]);
            let middle = match mesh.topology {
                Topology::Triangles => {
                    let [a, b, c] = [0, 1, 2].map(|k| at(number * 3 + k));
                    if !(run.both || is_front([a, b, c], perspective) != place.mirrors) {
                        continue;
                    }
                    std::array::from_fn(|k| (a[k] + b[k] + c[k]) * (1.0 / 3.0))
                }
                Topology::Segments { .. } => {
                    let [a, b] = [0, 1].map(|k| at(number / 2 * 2 + k));
                    std::array::from_fn(|k| (a[k] + b[k]) * 0.5)
                }
                Topology::Points { .. } => at(number / 2),
            };
            let distance = if perspective { dot(middle, middle) } else { -middle[2] };
            veils.push(Veil { distance, draw: draw as u32, number: number as u32 });
        }
    }
    // Those equally far stay in the order of the scene.
    veils.sort_by(|a, b| b.distance.total_cmp(&a.distance));
    let mut words = Words::default();
    veils.iter().for_each(|veil| words.whole(&[veil.draw, veil.number]));
    (words, veils.len() as u32)
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Whether the corners turn counter-clockwise as the camera sees them.
fn is_front([a, b, c]: [[f32; 3]; 3], perspective: bool) -> bool {
    let [p, q] = [b, c].map(|end| [0, 1, 2].map(|k| f64::from(end[k]) - f64::from(a[k])));
    let plane = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    if perspective {
        (0..3).map(|k| plane[k] * f64::from(a[k])).sum::<f64>() < 0.0
    } else {
        plane[2] > 0.0
    }
}
