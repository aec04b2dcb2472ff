//! Affine matrices of row vectors (`point · matrix`), and what glTF makes of them.
//!
//! glTF writes matrices of column vectors by columns: the same sixteen numbers in the same order.

/// Rows; the translation is the last one.
pub type Matrix = [[f64; 4]; 4];
type Rows = [[f64; 3]; 3];

/// What changes nothing.
pub const IDENTITY: Matrix =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

/// Axes that differ from a right angle by less than this keep it: single-precision files are no
/// more exact, and it moves a vertex by a hundred-thousandth of the shape.
const SKEW_MAX: f64 = 1e-5;

/// Translation, rotation and scale of a node: first it scales, then turns, then moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trs {
    pub translation: [f64; 3],
    /// x, y, z, w; of length 1.
    pub rotation: [f64; 4],
    pub scale: [f64; 3],
}

/// `first`, then `second`.
pub fn product(first: &Matrix, second: &Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            (0..4).map(|inner| first[row][inner] * second[inner][column]).sum()
        })
    })
}

/// `point · matrix`.
pub fn moved(point: [f64; 3], matrix: &Matrix) -> [f64; 3] {
    std::array::from_fn(|axis| {
        (0..3).map(|row| point[row] * matrix[row][axis]).sum::<f64>() + matrix[3][axis]
    })
}

/// A normal's way through a matrix, not normalised: by the cofactors, which need no inverse and
/// keep the side of mirrored shapes.
pub fn normal_moved(normal: [f64; 3], matrix: &Matrix) -> [f64; 3] {
    let rows = linear(matrix);
    let cofactors = [cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1])];
    let sign = if dot(rows[0], cofactors[0]) < 0.0 { -1.0 } else { 1.0 };
    std::array::from_fn(|axis| {
        sign * (0..3).map(|row| normal[row] * cofactors[row][axis]).sum::<f64>()
    })
}

/// The sixteen numbers of a glTF node.
pub fn from_columns(columns: &[f64; 16]) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| columns[row * 4 + column]))
}

/// The axes of a matrix scaled to length 1, mutually perpendicular: a camera's place.
pub fn rigid(matrix: &Matrix) -> Matrix {
    let (_, axes) = orthonormal(linear(matrix));
    let mut rigid = IDENTITY;
    for (row, axis) in axes.iter().enumerate() {
        rigid[row][..3].copy_from_slice(axis);
    }
    rigid[3] = matrix[3];
    rigid
}

impl Trs {
    /// As a matrix; a rotation of another length than 1 is taken as if it had it.
    pub fn matrix(&self) -> Matrix {
        let length = self.rotation.iter().map(|value| value * value).sum::<f64>().sqrt();
        let [x, y, z, w] = if length > 0.0 {
            self.rotation.map(|value| value / length)
        } else {
            [0.0, 0.0, 0.0, 1.0]
        };
        let axes = [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)],
            [2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)],
            [2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)],
        ];
        let [right, up, back]: Rows =
            std::array::from_fn(|row| axes[row].map(|value| value * self.scale[row]));
        let at = self.translation;
        [
            [right[0], right[1], right[2], 0.0],
            [up[0], up[1], up[2], 0.0],
            [back[0], back[1], back[2], 0.0],
            [at[0], at[1], at[2], 1.0],
        ]
    }
}

/// A matrix as a node and, where its axes are skewed, a rotation that comes before it: any affine
/// map is a rotation, a scale and a rotation (its singular values), which two nodes can say.
pub fn decompose(matrix: &Matrix) -> (Trs, Option<Trs>) {
    let rows = linear(matrix);
    let translation = [matrix[3][0], matrix[3][1], matrix[3][2]];
    let is_skewed = |one: [f64; 3], other: [f64; 3]| {
        dot(one, other).abs() > SKEW_MAX * (dot(one, one) * dot(other, other)).sqrt()
    };
    let skewed =
        is_skewed(rows[0], rows[1]) || is_skewed(rows[1], rows[2]) || is_skewed(rows[2], rows[0]);
    if !skewed {
        let (scale, axes) = orthonormal(rows);
        return (Trs { translation, rotation: quaternion(&axes), scale }, None);
    }
    let before = singular_rotation(&rows);
    let stretched: Rows = std::array::from_fn(|row| {
        std::array::from_fn(|axis| (0..3).map(|inner| before[inner][row] * rows[inner][axis]).sum())
    });
    let (scale, axes) = orthonormal(stretched);
    let first = Trs { translation: [0.0; 3], rotation: quaternion(&before), scale: [1.0; 3] };
    (Trs { translation, rotation: quaternion(&axes), scale }, Some(first))
}

fn linear(matrix: &Matrix) -> Rows {
    std::array::from_fn(|row| [matrix[row][0], matrix[row][1], matrix[row][2]])
}

pub fn dot(one: [f64; 3], other: [f64; 3]) -> f64 {
    one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

pub fn cross(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}

/// Scaled to length 1, if it has a direction.
pub fn unit(vector: [f64; 3]) -> Option<[f64; 3]> {
    // Scaled first: squares of very small or large numbers are 0 or infinite.
    let greatest = vector.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    if !(greatest > 0.0 && greatest.is_finite()) {
        return None;
    }
    let scaled = vector.map(|value| value / greatest);
    let length = dot(scaled, scaled).sqrt();
    Some(scaled.map(|value| value / length))
}

/// Scales, and a rotation's axes, of rows that are nearly perpendicular. Rows without length get
/// what is left; a mirrored set gets one negative scale, on its shortest row.
fn orthonormal(rows: Rows) -> ([f64; 3], Rows) {
    let mut order = [0, 1, 2];
    order.sort_by(|&one, &other| {
        dot(rows[other], rows[other]).total_cmp(&dot(rows[one], rows[one]))
    });
    let [long, middle, short] = order;
    let mut axes: Rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let Some(first) = unit(rows[long]) else {
        return ([0.0; 3], axes);
    };
    axes[long] = first;
    // Twice: what is left of a row that is nearly parallel is rounding, in any direction.
    let across = |row: [f64; 3]| {
        let along = dot(row, first);
        unit(std::array::from_fn(|axis| row[axis] - along * first[axis]))
    };
    let rest = unit(rows[middle])
        .filter(|row| dot(cross(*row, first), cross(*row, first)) > 1e-24)
        .and_then(across)
        .and_then(across);
    axes[middle] = rest.unwrap_or_else(|| {
        // Any perpendicular: across the axis that it is least along.
        let least = (0..3).min_by(|&a, &b| first[a].abs().total_cmp(&first[b].abs())).unwrap_or(0);
        let mut across = [0.0; 3];
        across[least] = 1.0;
        unit(cross(first, across)).unwrap_or([0.0, 1.0, 0.0])
    });
    axes[short] = cross(axes[(short + 1) % 3], axes[(short + 2) % 3]);
    (std::array::from_fn(|row| dot(rows[row], axes[row])), axes)
}

/// x, y, z, w of a rotation's axes (Shepperd 1978: by its largest component).
fn quaternion(axes: &Rows) -> [f64; 4] {
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = *axes;
    let trace = xx + yy + zz;
    let raw = if trace > 0.0 {
        [yz - zy, zx - xz, xy - yx, 1.0 + trace]
    } else if xx >= yy && xx >= zz {
        [1.0 + xx - yy - zz, xy + yx, zx + xz, yz - zy]
    } else if yy >= zz {
        [xy + yx, 1.0 + yy - xx - zz, yz + zy, zx - xz]
    } else {
        [zx + xz, yz + zy, 1.0 + zz - xx - yy, xy - yx]
    };
    let length = raw.iter().map(|value| value * value).sum::<f64>().sqrt();
    raw.map(|value| value / length)
}

/// The rotation after which `rows` only stretch along axes that stay perpendicular: eigenvectors
/// of `rows · rowsᵀ` as columns, by Jacobi's method; of determinant 1.
fn singular_rotation(rows: &Rows) -> Rows {
    // Scaled, so that squares stay within range.
    let most = rows.iter().flatten().fold(0.0, |most: f64, value| most.max(value.abs()));
    let scaled = rows.map(|row| row.map(|value| value / most.max(f64::MIN_POSITIVE)));
    let mut square: Rows =
        std::array::from_fn(|row| std::array::from_fn(|column| dot(scaled[row], scaled[column])));
    let mut vectors: Rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..24 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if square[p][q].abs() <= f64::MIN_POSITIVE {
                continue;
            }
            let theta = (square[q][q] - square[p][p]) / (2.0 * square[p][q]);
            let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let sine = tangent * cosine;
            for row in &mut square {
                (row[p], row[q]) =
                    (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
            }
            let (above, below) = (square[p], square[q]);
            square[p] = std::array::from_fn(|at| cosine * above[at] - sine * below[at]);
            square[q] = std::array::from_fn(|at| sine * above[at] + cosine * below[at]);
            for row in &mut vectors {
                (row[p], row[q]) =
                    (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
            }
        }
    }
    if dot(vectors[0], cross(vectors[1], vectors[2])) < 0.0 {
        for row in &mut vectors {
            row[0] = -row[0];
        }
    }
    vectors
}

#[cfg(test)]
mod tests {
    use super::{IDENTITY, Matrix, Trs, decompose, product, rigid};

    fn far(one: &Matrix, other: &Matrix) -> f64 {
        let pairs = one.iter().flatten().zip(other.iter().flatten());
        pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn every_affine_matrix_is_at_most_two_nodes() {
        let mut random = fastrand::Rng::with_seed(5);
        for case in 0..2_000 {
            let mut matrix = IDENTITY;
            for row in &mut matrix {
                for value in &mut row[..3] {
                    *value = random.f64() * 4.0 - 2.0;
                }
            }
            match case % 5 {
                0 => matrix[1] = [0.0; 4],
                1 => matrix[2] = matrix[0],
                2 => {
                    let trs = Trs {
                        translation: [1.0, 2.0, 3.0],
                        rotation: [matrix[0][0], matrix[0][1], matrix[0][2], matrix[1][0]],
                        scale: [2.0, -0.5, 3.0],
                    };
                    matrix = trs.matrix();
                }
                _ => {}
            }
            let (outer, first) = decompose(&matrix);
            let again =
                first.map_or(outer.matrix(), |first| product(&first.matrix(), &outer.matrix()));
            assert!(far(&matrix, &again) < 1e-9, "{case}: {matrix:?} {again:?}");
            if case % 5 == 2 {
                assert!(first.is_none(), "{case}: perpendicular axes need one node");
            }
            let length = outer.rotation.iter().map(|value| value * value).sum::<f64>();
            assert!((length - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_stays_nothing_and_a_mirror_stays_a_mirror() {
        assert_eq!(decompose(&IDENTITY).0.matrix(), IDENTITY);
        let mut flat = [[0.0; 4]; 4];
        flat[3][3] = 1.0;
        assert_eq!(decompose(&flat).0.scale, [0.0; 3]);
        let mut mirror = IDENTITY;
        mirror[0][0] = -1.0;
        let (outer, _) = decompose(&mirror);
        assert!(outer.scale.iter().product::<f64>() < 0.0);
        assert!(far(&outer.matrix(), &mirror) < 1e-12);
    }

    #[test]
    fn a_camera_loses_its_scale_and_keeps_its_place() {
        let trs =
            Trs { translation: [1.0, 2.0, 3.0], rotation: [0.0, 0.6, 0.0, 0.8], scale: [9.0; 3] };
        let without = Trs { scale: [1.0; 3], ..trs };
        assert!(far(&rigid(&trs.matrix()), &without.matrix()) < 1e-12);
    }
}
