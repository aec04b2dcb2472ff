//! Places: a root that turns the scene upright and into metres, an instance a node, cameras beside.

use std::f64::consts::FRAC_1_SQRT_2;

use vitrine_scene::{Camera, Projection, Up};

use crate::json;
use crate::matrix::{Matrix, Trs, decompose, moved, product, rigid};

use super::File;
use super::mesh::Shapes;

/// How near to itself a camera sees, as a share of the scene's radius.
const NEAR_SHARE: f64 = 1e-3;

/// Writes the nodes of every instance and camera.
pub fn write(file: &mut File<'_>, shapes: &Shapes) {
    let scene = file.scene;
    let upright = upright(scene.up, scene.metres_per_unit);
    file.root.nodes.push(json::Node { name: "scene".into(), ..node_of(&upright) });
    let mut children = Vec::new();
    for instance in &scene.instances {
        let Some(Some(mesh)) = shapes.get(&(instance.mesh, instance.material)) else { continue };
        let name = scene.meshes[instance.mesh as usize].name.clone();
        let (trs, first) = decompose(&instance.to_world);
        let mut node = json::Node { name, ..node_of(&trs) };
        match first {
            None => node.mesh = Some(*mesh),
            Some(first) => {
                let inner = json::Node { mesh: Some(*mesh), ..node_of(&first) };
                node.children = vec![push(file, inner)];
            }
        }
        children.push(push(file, node));
    }
    file.root.nodes[0].children = children;
    let mut roots = vec![0];
    for camera in &scene.cameras {
        roots.push(write_camera(file, camera, &upright.matrix()));
    }
    file.root.scenes = vec![json::SceneNodes { nodes: roots }];
}

/// From the scene's axes and units to glTF's: Z up and seen from −Y becomes Y up and seen from +Z.
fn upright(up: Up, metres_per_unit: f64) -> Trs {
    let rotation = match up {
        Up::Y => [0.0, 0.0, 0.0, 1.0],
        Up::Z => [-FRAC_1_SQRT_2, 0.0, 0.0, FRAC_1_SQRT_2],
    };
    Trs { translation: [0.0; 3], rotation, scale: [metres_per_unit; 3] }
}

/// Cameras stand beside the root: viewers do not agree on what a scale above a camera does.
fn write_camera(file: &mut File<'_>, camera: &Camera, upright: &Matrix) -> u32 {
    let place = rigid(&product(&camera.to_world, upright));
    let metres = file.scene.metres_per_unit;
    let (radius, away) = match file.scene.bounds() {
        None => (1.0, 0.0),
        Some(bounds) => {
            let centre = moved(bounds.centre(), upright);
            let between = (0..3).map(|axis| (centre[axis] - place[3][axis]).powi(2));
            ((bounds.radius() * metres).max(1e-6), between.sum::<f64>().sqrt())
        }
    };
    let znear = radius * NEAR_SHARE;
    let written = match camera.projection {
        Projection::Perspective { fov_x, aspect } => {
            let yfov = 2.0 * ((fov_x / 2.0).tan() / aspect).atan();
            let perspective = json::Perspective { aspect_ratio: Some(aspect), yfov, znear };
            json::Camera {
                kind: "perspective".into(),
                perspective: Some(perspective),
                orthographic: None,
            }
        }
        Projection::Orthographic { width, aspect } => {
            let xmag = width / 2.0 * metres;
            let zfar = away + 2.0 * radius;
            let orthographic = json::Orthographic { xmag, ymag: xmag / aspect, zfar, znear: 0.0 };
            json::Camera {
                kind: "orthographic".into(),
                perspective: None,
                orthographic: Some(orthographic),
            }
        }
    };
    file.root.cameras.push(written);
    let index = file.root.cameras.len() as u32 - 1;
    let (trs, _) = decompose(&place);
    push(file, json::Node { name: camera.name.clone(), camera: Some(index), ..node_of(&trs) })
}

fn push(file: &mut File<'_>, node: json::Node) -> u32 {
    file.root.nodes.push(node);
    file.root.nodes.len() as u32 - 1
}

fn node_of(trs: &Trs) -> json::Node {
    json::Node {
        translation: (trs.translation != [0.0; 3]).then_some(trs.translation),
        rotation: (trs.rotation != [0.0, 0.0, 0.0, 1.0]).then_some(trs.rotation),
        scale: (trs.scale != [1.0; 3]).then_some(trs.scale),
        ..json::Node::default()
    }
}
