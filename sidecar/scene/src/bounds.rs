//! What a scene takes up.

use crate::{Scene, Topology};

/// An axis-aligned box in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least corner.
    pub min: [f64; 3],
    /// Greatest corner.
    pub max: [f64; 3],
}

impl Bounds {
    /// Middle of the box.
    pub fn centre(&self) -> [f64; 3] {
        std::array::from_fn(|axis| (self.min[axis] + self.max[axis]) / 2.0)
    }

    /// Half of its diagonal: the radius of the ball around it.
    pub fn radius(&self) -> f64 {
        let half = |axis: usize| (self.max[axis] - self.min[axis]) / 2.0;
        (0..3).map(|axis| half(axis).powi(2)).sum::<f64>().sqrt()
    }
}

/// `point · matrix`, for affine matrices.
pub(crate) fn moved(point: [f32; 3], matrix: &[[f64; 4]; 4]) -> [f64; 3] {
    let [x, y, z] = point.map(f64::from);
    std::array::from_fn(|axis| {
        x * matrix[0][axis] + y * matrix[1][axis] + z * matrix[2][axis] + matrix[3][axis]
    })
}

impl Scene {
    /// The box around every vertex that its instances show, with the width of segments and points;
    /// none where nothing is shown.
    pub fn bounds(&self) -> Option<Bounds> {
        let mut all: Option<Bounds> = None;
        for instance in &self.instances {
            let mesh = &self.meshes[instance.mesh as usize];
            let pad = match mesh.topology {
                Topology::Triangles => 0.0,
                Topology::Segments { width } | Topology::Points { width } => {
                    f64::from(width) / 2.0 * stretch(&instance.to_world)
                }
            };
            for &index in &mesh.indices {
                let at = moved(mesh.positions[index as usize], &instance.to_world);
                let own = all.get_or_insert(Bounds { min: at, max: at });
                for (axis, value) in at.into_iter().enumerate() {
                    own.min[axis] = own.min[axis].min(value - pad);
                    own.max[axis] = own.max[axis].max(value + pad);
                }
            }
        }
        all
    }
}

/// How much a matrix stretches its longest axis.
fn stretch(matrix: &[[f64; 4]; 4]) -> f64 {
    let length = |row: &[f64; 4]| row[..3].iter().map(|value| value * value).sum::<f64>().sqrt();
    matrix[..3].iter().map(length).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use crate::{Instance, Mesh, Part, Scene, Topology};

    #[test]
    fn bounds_are_of_what_is_shown_where_it_stands() {
        let mesh = Mesh {
            positions: vec![[0.0; 3], [1.0, 2.0, 3.0], [900.0; 3]],
            topology: Topology::Points { width: 2.0 },
            indices: vec![0, 1],
            parts: vec![Part { indices: 2, material: None }],
            ..Mesh::default()
        };
        let to_world = [
            [2.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [10.0, 0.0, 0.0, 1.0],
        ];
        let scene = Scene {
            metres_per_unit: 1.0,
            meshes: vec![mesh],
            instances: vec![Instance { mesh: 0, to_world, material: None }],
            ..Scene::default()
        };
        let bounds = scene.bounds().unwrap();
        assert_eq!(bounds.min, [8.0, -2.0, -2.0]);
        assert_eq!(bounds.max, [14.0, 4.0, 5.0]);
        assert_eq!(bounds.centre(), [11.0, 1.0, 1.5]);
        assert!(Scene::default().bounds().is_none());
    }
}
