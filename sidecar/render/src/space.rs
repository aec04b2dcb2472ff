//! Points, directions and matrices.

/// A point or direction in the camera's space, or a linear colour.
pub(crate) type V3 = [f32; 3];

/// Row-vector matrix, as the scene has them: `point · matrix`.
pub(crate) type M4 = [[f64; 4]; 4];

pub(crate) const IDENTITY: M4 =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

pub(crate) fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scaled(a: V3, by: f32) -> V3 {
    [a[0] * by, a[1] * by, a[2] * by]
}

pub(crate) fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn length(a: V3) -> f32 {
    dot(a, a).sqrt()
}

/// Length 1, or `instead` where there is no direction.
pub(crate) fn unit_or(a: V3, instead: V3) -> V3 {
    let long = length(a);
    if long > 1e-30 && long.is_finite() { scaled(a, 1.0 / long) } else { instead }
}

/// `a · b`: first `a`, then `b`.
pub(crate) fn product(a: &M4, b: &M4) -> M4 {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..4).map(|k| a[row][k] * b[k][column]).sum())
    })
}

/// The point where an affine matrix puts it.
pub(crate) fn moved(point: [f64; 3], matrix: &M4) -> [f64; 3] {
    std::array::from_fn(|axis| {
        (0..3).map(|k| point[k] * matrix[k][axis]).sum::<f64>() + matrix[3][axis]
    })
}

/// The inverse of an affine matrix; none where it has none.
pub(crate) fn inverse(matrix: &M4) -> Option<M4> {
    let m = matrix;
    let cofactor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
    let det = m[0][0] * cofactor(1, 2, 1, 2) - m[0][1] * cofactor(1, 2, 0, 2)
        + m[0][2] * cofactor(1, 2, 0, 1);
    if det == 0.0 || !det.is_finite() {
        return None;
    }
    let mut inverse = IDENTITY;
    let rows = [[1, 2], [0, 2], [0, 1]];
    for (row, out) in inverse.iter_mut().take(3).enumerate() {
        for (column, value) in out.iter_mut().take(3).enumerate() {
            let [a, b] = rows[column];
            let [c, d] = rows[row];
            let sign = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
            *value = sign * cofactor(a, b, c, d) / det;
        }
    }
    let shift: [f64; 3] =
        std::array::from_fn(|axis| -(0..3).map(|k| m[3][k] * inverse[k][axis]).sum::<f64>());
    inverse[3][..3].copy_from_slice(&shift);
    inverse.iter().flatten().all(|value| value.is_finite()).then_some(inverse)
}

/// An affine map in single precision, ready to move many points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    rows: [V3; 3],
    shift: V3,
}

impl Affine {
    pub(crate) fn of(matrix: &M4) -> Self {
        let row = |at: usize| [matrix[at][0] as f32, matrix[at][1] as f32, matrix[at][2] as f32];
        Self { rows: [row(0), row(1), row(2)], shift: row(3) }
    }

    pub(crate) fn point(&self, p: V3) -> V3 {
        add(self.direction(p), self.shift)
    }

    pub(crate) fn direction(&self, p: V3) -> V3 {
        add(add(scaled(self.rows[0], p[0]), scaled(self.rows[1], p[1])), scaled(self.rows[2], p[2]))
    }

    /// What maps normals: the cofactors of the linear part (its inverse transpose but for a
    /// positive factor), turned so that a mirrored surface keeps its outside.
    pub(crate) fn for_normals(&self) -> Self {
        let [a, b, c] = self.rows.map(|row| {
            // Lengths are taken out so that nothing under- or overflows; directions stay.
            let most = self.rows.iter().flatten().fold(0.0_f32, |most, v| most.max(v.abs()));
            if most > 0.0 { scaled(row, 1.0 / most) } else { row }
        });
        let turn = if self.mirrors() { -1.0 } else { 1.0 };
        let rows = [cross(b, c), cross(c, a), cross(a, b)].map(|row| scaled(row, turn));
        Self { rows, shift: [0.0; 3] }
    }

    /// Whether it turns left hands into right ones.
    pub(crate) fn mirrors(&self) -> bool {
        let [a, b, c] = self.rows.map(|row| row.map(f64::from));
        let det = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]);
        det < 0.0
    }

    /// How much it stretches its longest axis.
    pub(crate) fn stretch(&self) -> f32 {
        self.rows.iter().map(|row| length(*row)).fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        let matrix = [
            [2.0, 0.5, 0.0, 0.0],
            [-1.0, 3.0, 0.25, 0.0],
            [0.0, 1.0, -4.0, 0.0],
            [7.0, 8.0, 9.0, 1.0],
        ];
        let found = product(&matrix, &inverse(&matrix).unwrap());
        for (row, expected) in found.iter().zip(&IDENTITY) {
            for (a, b) in row.iter().zip(expected) {
                assert!((a - b).abs() < 1e-12, "{found:?}"); // A few roundings of f64.
            }
        }
        assert!(inverse(&[[0.0; 4]; 4]).is_none());
    }

    #[test]
    fn normals_stay_upright_under_stretching_and_mirroring() {
        // The plane x + y = 0 stretched along x: its normal leans to y.
        let stretch =
            [[4.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], IDENTITY[3]];
        let normal =
            unit_or(Affine::of(&stretch).for_normals().direction([1.0, 1.0, 0.0]), [0.0; 3]);
        assert!(dot(normal, [4.0, -1.0, 0.0]).abs() < 1e-6 && normal[1] > 0.0, "{normal:?}");
        let mirror =
            [[-1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], IDENTITY[3]];
        assert_eq!(Affine::of(&mirror).for_normals().direction([1.0, 0.0, 0.0])[0], -1.0);
    }
}
