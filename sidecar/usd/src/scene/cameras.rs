//! Authored cameras.

use vitrine_scene::{Camera, Projection};

use crate::matrix::Matrix;

use super::Build;

/// Most cameras of a scene.
const CAMERAS_MAX: usize = 1_000;

impl Build<'_, '_> {
    /// Adds the camera `prim`.
    ///
    /// # Source
    ///
    /// `UsdGeomCamera`: apertures and focal length are in tenths of a unit of length.
    pub(super) fn camera(&mut self, prim: u32, to_world: &Matrix) {
        let name = self.stage.path_text(prim);
        if self.scene.cameras.len() >= CAMERAS_MAX {
            self.stage.warn(format!("only the first {CAMERAS_MAX} cameras are taken"));
            return;
        }
        let focal = self.stage.names.intern("focalLength");
        let across = self.stage.names.intern("horizontalAperture");
        let down = self.stage.names.intern("verticalAperture");
        let kind = self.stage.names.intern("projection");
        let focal = self.number(prim, focal, 50.0);
        let across = self.number(prim, across, 20.955);
        let down = self.number(prim, down, 15.2908);
        let aspect = across / down;
        let projection = if self.text(prim, kind) == "orthographic" {
            Projection::Orthographic { width: across / 10.0, aspect }
        } else {
            Projection::Perspective { fov_x: 2.0 * (across / (2.0 * focal)).atan(), aspect }
        };
        let is_wide = match projection {
            Projection::Perspective { fov_x, .. } => fov_x >= std::f64::consts::PI,
            Projection::Orthographic { .. } => false,
        };
        let sees = across > 0.0 && down > 0.0 && focal > 0.0 && aspect.is_finite() && !is_wide;
        let sees = sees && aspect > 0.0;
        match without_scale(to_world).filter(|_| sees) {
            Some(to_world) => self.scene.cameras.push(Camera { name, to_world, projection }),
            None => self.stage.warn(format!("the camera {name} sees nothing")),
        }
    }
}

/// The nearest right-handed frame of unit axes, keeping where the camera looks (Gram-Schmidt from
/// z); `None` where the matrix flattens space.
fn without_scale(matrix: &Matrix) -> Option<[[f64; 4]; 4]> {
    let row = |at: usize| [matrix.0[at][0], matrix.0[at][1], matrix.0[at][2]];
    let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let unit = |v: [f64; 3]| {
        let length = dot(v, v).sqrt();
        (length > 1e-12 && length.is_finite()).then(|| v.map(|value| value / length))
    };
    let z = unit(row(2))?;
    let along = dot(row(1), z);
    let y = row(1);
    let y = unit(std::array::from_fn(|axis| y[axis] - along * z[axis]))?;
    let x = [y[1] * z[2] - y[2] * z[1], y[2] * z[0] - y[0] * z[2], y[0] * z[1] - y[1] * z[0]];
    let at = matrix.0[3];
    let finite = at[..3].iter().all(|value| value.is_finite());
    finite.then_some([
        [x[0], x[1], x[2], 0.0],
        [y[0], y[1], y[2], 0.0],
        [z[0], z[1], z[2], 0.0],
        [at[0], at[1], at[2], 1.0],
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_keeps_its_direction_and_loses_its_scale() {
        let matrix = Matrix::scale([2.0, 3.0, 4.0])
            .then(&Matrix::rotate(1, 90.0))
            .then(&Matrix::translate([5.0, 6.0, 7.0]));
        let found = without_scale(&matrix).unwrap();
        let expected = Matrix::rotate(1, 90.0).then(&Matrix::translate([5.0, 6.0, 7.0]));
        for (row, expected) in found.iter().zip(expected.0) {
            for (value, expected) in row.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-12, "{found:?}");
            }
        }
        assert!(without_scale(&Matrix::scale([1.0, 1.0, 0.0])).is_none());
    }
}
