//! 4 × 4 matrices and boxes, as USD multiplies them: row vectors, `v · M`.

/// Row-major, translation in the last row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matrix(pub(crate) [[f64; 4]; 4]);

impl Matrix {
    pub(crate) const IDENTITY: Self =
        Self([[1., 0., 0., 0.], [0., 1., 0., 0.], [0., 0., 1., 0.], [0., 0., 0., 1.]]);

    /// From 16 numbers, row by row.
    pub(crate) fn from_rows(values: &[f64]) -> Option<Self> {
        let mut matrix = Self::IDENTITY;
        if values.len() != 16 {
            return None;
        }
        for (at, &value) in values.iter().enumerate() {
            matrix.0[at / 4][at % 4] = value;
        }
        Some(matrix)
    }

    pub(crate) fn translate(by: [f64; 3]) -> Self {
        let mut matrix = Self::IDENTITY;
        matrix.0[3][..3].copy_from_slice(&by);
        matrix
    }

    pub(crate) fn scale(by: [f64; 3]) -> Self {
        let mut matrix = Self::IDENTITY;
        for (axis, &factor) in by.iter().enumerate() {
            matrix.0[axis][axis] = factor;
        }
        matrix
    }

    /// Around axis 0, 1 or 2, by degrees, counter-clockwise.
    pub(crate) fn rotate(axis: usize, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
        let mut matrix = Self::IDENTITY;
        matrix.0[a][a] = cos;
        matrix.0[a][b] = sin;
        matrix.0[b][a] = -sin;
        matrix.0[b][b] = cos;
        matrix
    }

    /// Of a quaternion, real part first; normalised here.
    pub(crate) fn quaternion(q: [f64; 4]) -> Self {
        let norm = q.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm < 1e-10 {
            return Self::IDENTITY;
        }
        let [r, i, j, k] = q.map(|value| value / norm);
        Self([
            [1. - 2. * (j * j + k * k), 2. * (i * j + k * r), 2. * (k * i - j * r), 0.],
            [2. * (i * j - k * r), 1. - 2. * (k * k + i * i), 2. * (j * k + i * r), 0.],
            [2. * (k * i + j * r), 2. * (j * k - i * r), 1. - 2. * (j * j + i * i), 0.],
            [0., 0., 0., 1.],
        ])
    }

    /// First `self`, then `next`.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let mut out = [[0.; 4]; 4];
        for (row, line) in out.iter_mut().enumerate() {
            for (column, cell) in line.iter_mut().enumerate() {
                *cell = (0..4).map(|k| self.0[row][k] * next.0[k][column]).sum();
            }
        }
        Self(out)
    }

    /// The inverse, or the identity where there is none (as a zero scale makes it).
    pub(crate) fn inverse(&self) -> Self {
        let mut left = self.0;
        let mut right = Self::IDENTITY.0;
        for column in 0..4 {
            let pivot = (column..4)
                .max_by(|&a, &b| left[a][column].abs().total_cmp(&left[b][column].abs()))
                .unwrap_or(column);
            if left[pivot][column].abs() < 1e-300 {
                return Self::IDENTITY;
            }
            left.swap(column, pivot);
            right.swap(column, pivot);
            let by = left[column][column];
            for k in 0..4 {
                left[column][k] /= by;
                right[column][k] /= by;
            }
            for row in (0..4).filter(|&row| row != column) {
                let by = left[row][column];
                for k in 0..4 {
                    left[row][k] -= by * left[column][k];
                    right[row][k] -= by * right[column][k];
                }
            }
        }
        Self(right)
    }

    /// Moves a point.
    pub(crate) fn point(&self, p: [f64; 3]) -> [f64; 3] {
        let mut out = [0.; 3];
        for (axis, value) in out.iter_mut().enumerate() {
            *value = p[0] * self.0[0][axis]
                + p[1] * self.0[1][axis]
                + p[2] * self.0[2][axis]
                + self.0[3][axis];
        }
        out
    }
}

/// An axis-aligned box; empty until it holds something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aligned {
    pub(crate) min: [f64; 3],
    pub(crate) max: [f64; 3],
}

impl Aligned {
    pub(crate) const EMPTY: Self = Self { min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3] };

    pub(crate) fn is_empty(&self) -> bool {
        (0..3).any(|axis| self.min[axis] > self.max[axis])
    }

    /// Grows to hold `p`.
    pub(crate) fn add(&mut self, p: [f64; 3]) {
        for (axis, &value) in p.iter().enumerate() {
            self.min[axis] = self.min[axis].min(value);
            self.max[axis] = self.max[axis].max(value);
        }
    }

    /// Grows to hold `other`.
    pub(crate) fn join(&mut self, other: &Self) {
        if !other.is_empty() {
            self.add(other.min);
            self.add(other.max);
        }
    }

    /// Half sizes around the origin.
    pub(crate) fn centred(half: [f64; 3]) -> Self {
        // Extents are single precision.
        let half = half.map(|value| f64::from(value as f32));
        Self { min: half.map(|value| -value), max: half }
    }

    /// The aligned box around this one moved by `matrix`.
    ///
    /// # Source
    ///
    /// Arvo 1990, Transforming axis-aligned bounding boxes, Graphics Gems.
    pub(crate) fn moved(&self, matrix: &Matrix) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        let origin = [matrix.0[3][0], matrix.0[3][1], matrix.0[3][2]];
        let mut out = Self { min: origin, max: origin };
        for column in 0..3 {
            for row in 0..3 {
                let a = self.min[row] * matrix.0[row][column];
                let b = self.max[row] * matrix.0[row][column];
                out.min[column] += a.min(b);
                out.max[column] += a.max(b);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let moved = Matrix::rotate(2, 90.0).point([1.0, 0.0, 0.0]);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let turned = Matrix::quaternion([half, 0.0, 0.0, half]).point([1.0, 0.0, 0.0]);
        for axis in 0..3 {
            assert!((moved[axis] - [0.0, 1.0, 0.0][axis]).abs() < 1e-12);
            assert!((turned[axis] - moved[axis]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_matrix_times_its_inverse_changes_nothing() {
        let matrix = Matrix::scale([2.0, 3.0, 4.0])
            .then(&Matrix::rotate(0, 30.0))
            .then(&Matrix::translate([5.0, 6.0, 7.0]));
        let back = matrix.then(&matrix.inverse());
        for row in 0..4 {
            for column in 0..4 {
                let expected = f64::from(u8::from(row == column));
                assert!((back.0[row][column] - expected).abs() < 1e-12);
            }
        }
    }
}
