//! Where nodes stand, and the cameras among them.

use std::collections::BTreeSet;

use vitrine_scene::{Camera, Projection};

use crate::matrix::{IDENTITY, Matrix, Trs, from_columns, product, rigid};
use crate::{GltfError, json};

use super::source::Source;

/// Width by height where a camera leaves it to the window.
const ASPECT_DEFAULT: f64 = 16.0 / 9.0;

/// Where the file's nodes stand.
pub struct Places {
    /// From each node to the world; the identity for nodes that hang from nothing reachable.
    pub to_world: Vec<Matrix>,
    /// Nodes of the scene that is shown, parents before children.
    pub shown: Vec<u32>,
}

/// Follows the nodes from their roots.
///
/// # Errors
///
/// When a node is missing, has two parents or is its own ancestor, or there are too many or too deep.
pub fn places(source: &Source<'_>) -> Result<Places, GltfError> {
    let nodes = &source.root.nodes;
    let max = source.limits.nodes_max;
    if nodes.len() as u64 > max {
        return Err(GltfError::TooMuch { what: "nodes", max });
    }
    let mut has_parent = vec![false; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for &child in &node.children {
            let has = has_parent.get_mut(child as usize).ok_or_else(|| {
                GltfError::broken(format!("node {at}: its child {child} is missing"))
            })?;
            if std::mem::replace(has, true) {
                return Err(GltfError::broken(format!("node {child} hangs from two places")));
            }
        }
    }
    let roots = (0..nodes.len() as u32).filter(|&node| !has_parent[node as usize]);
    let roots: Vec<u32> = roots.collect();
    let mut to_world = vec![IDENTITY; nodes.len()];
    walk(source, &roots, |node, parent| {
        let parent = parent.map_or(IDENTITY, |parent| to_world[parent as usize]);
        to_world[node as usize] = product(&local(&nodes[node as usize]), &parent);
    })?;
    let begin = match source.root.scenes.get(source.root.scene.unwrap_or(0) as usize) {
        Some(scene) => scene.nodes.clone(),
        None => roots,
    };
    let mut shown = Vec::new();
    walk(source, &begin, |node, _| shown.push(node))?;
    Ok(Places { to_world, shown })
}

/// Visits nodes in the file's order, parents first.
fn walk(
    source: &Source<'_>,
    roots: &[u32],
    mut visit: impl FnMut(u32, Option<u32>),
) -> Result<(), GltfError> {
    let nodes = &source.root.nodes;
    let mut seen = vec![false; nodes.len()];
    let mut waiting: Vec<(u32, Option<u32>, u32)> =
        roots.iter().rev().map(|&root| (root, None, 0)).collect();
    while let Some((at, parent, depth)) = waiting.pop() {
        if depth > source.limits.depth_max {
            let max = u64::from(source.limits.depth_max);
            return Err(GltfError::TooMuch { what: "nodes above one another", max });
        }
        let seen = seen
            .get_mut(at as usize)
            .ok_or_else(|| GltfError::broken(format!("node {at} is missing")))?;
        if std::mem::replace(seen, true) {
            return Err(GltfError::broken(format!(
                "node {at} is shown twice, or is its own ancestor"
            )));
        }
        visit(at, parent);
        let children = nodes[at as usize].children.iter().rev();
        waiting.extend(children.map(|&child| (child, Some(at), depth + 1)));
    }
    Ok(())
}

fn local(node: &json::Node) -> Matrix {
    match &node.matrix {
        Some(columns) => from_columns(columns),
        None => Trs {
            translation: node.translation.unwrap_or([0.0; 3]),
            rotation: node.rotation.unwrap_or([0.0, 0.0, 0.0, 1.0]),
            scale: node.scale.unwrap_or([1.0; 3]),
        }
        .matrix(),
    }
}

/// Cameras of the nodes that are shown. What cannot be seen through is left out.
///
/// # Errors
///
/// When a node names a camera that is missing.
pub fn cameras(source: &Source<'_>, places: &Places) -> Result<Vec<Camera>, GltfError> {
    let mut cameras = Vec::new();
    let mut names = BTreeSet::new();
    for &at in &places.shown {
        let node = &source.root.nodes[at as usize];
        let Some(index) = node.camera else { continue };
        let camera = source.root.cameras.get(index as usize).ok_or_else(|| {
            GltfError::broken(format!("node {at}: its camera {index} is missing"))
        })?;
        let named =
            if node.name.is_empty() { format!("camera {index}") } else { node.name.clone() };
        let to_world = rigid(&places.to_world[at as usize]);
        let Some(projection) = projection(camera).filter(|_| is_finite(&to_world)) else {
            source.warn(format!("camera {named:?} sees nothing and is left out"));
            continue;
        };
        let name = if names.contains(&named) { format!("{named} (node {at})") } else { named };
        names.insert(name.clone());
        cameras.push(Camera { name, to_world, projection });
    }
    Ok(cameras)
}

fn is_finite(matrix: &Matrix) -> bool {
    matrix.iter().flatten().all(|value| value.is_finite())
}

fn projection(camera: &json::Camera) -> Option<Projection> {
    let is_good = |value: f64| value > 0.0 && value.is_finite();
    match (camera.kind.as_str(), &camera.perspective, &camera.orthographic) {
        ("perspective", Some(perspective), _) => {
            let aspect = perspective.aspect_ratio.unwrap_or(ASPECT_DEFAULT);
            let fov_x = 2.0 * ((perspective.yfov / 2.0).tan() * aspect).atan();
            let fine = is_good(aspect)
                && is_good(fov_x)
                && perspective.yfov > 0.0
                && perspective.yfov < std::f64::consts::PI
                && fov_x < std::f64::consts::PI;
            fine.then_some(Projection::Perspective { fov_x, aspect })
        }
        ("orthographic", _, Some(orthographic)) => {
            // Half of what is seen; some writers give negative ones.
            let (width, height) = (orthographic.xmag.abs() * 2.0, orthographic.ymag.abs() * 2.0);
            let aspect = width / height;
            (is_good(width) && is_good(aspect))
                .then_some(Projection::Orthographic { width, aspect })
        }
        _ => None,
    }
}
