//! Token vectors to one unit vector a text: pure numbers.

use ndarray::{ArrayView2, ArrayView3, Axis};

use crate::model::folder::Pooling;

/// Why a text has no vector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PoolError {
    /// Row `text` holds NaN or infinity.
    NotFinite {
        /// Row of the batch.
        text: usize,
    },
    /// Row `text` has no direction: it is all zeros, or all padding.
    Zero {
        /// Row of the batch.
        text: usize,
    },
}

/// Pools the token vectors of each text, padding aside, and scales to length 1.
///
/// * `tokens`: `[texts, tokens, dims]`, the model's last hidden state.
/// * `lengths`: tokens of each text that are not padding; padding is on the right.
/// * returns one vector of `dims` a text, L2 norm 1.
///
/// # Errors
///
/// [`PoolError`] names the first text without a vector.
///
/// # Source
///
/// Reimers and Gurevych 2019, Sentence-BERT, section 3, strategies MEAN and CLS (arXiv:1908.10084).
pub fn pool(
    tokens: ArrayView3<f32>,
    lengths: &[usize],
    pooling: Pooling,
) -> Result<Vec<Vec<f32>>, PoolError> {
    let rows = tokens.axis_iter(Axis(0)).zip(lengths).enumerate();
    rows.map(|(text, (tokens, &length))| {
        let kept = match pooling {
            // Scaling to length 1 makes the division by the number of tokens.
            Pooling::Mean => length,
            Pooling::Cls => length.min(1),
        };
        let mut sum = vec![0.0; tokens.len_of(Axis(1))];
        for token in tokens.axis_iter(Axis(0)).take(kept) {
            for (sum, &value) in sum.iter_mut().zip(token) {
                *sum += value;
            }
        }
        unit(sum, text)
    })
    .collect()
}

/// Scales vectors that the model pooled itself.
///
/// * `sentences`: `[texts, dims]`.
///
/// # Errors
///
/// [`PoolError`] names the first text without a vector.
pub fn normalise(sentences: ArrayView2<f32>) -> Result<Vec<Vec<f32>>, PoolError> {
    let rows = sentences.axis_iter(Axis(0)).enumerate();
    rows.map(|(text, row)| unit(row.to_vec(), text)).collect()
}

fn unit(mut vector: Vec<f32>, text: usize) -> Result<Vec<f32>, PoolError> {
    // Squares of large values leave float32's range before the values do.
    let norm = vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if !norm.is_finite() {
        return Err(PoolError::NotFinite { text });
    }
    if norm == 0.0 {
        return Err(PoolError::Zero { text });
    }
    for value in &mut vector {
        *value = (f64::from(*value) / norm) as f32;
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};

    use super::*;

    /// Two texts of two tokens; the second has one token and padding that must not count.
    fn tokens() -> Array3<f32> {
        array![[[3.0, 0.0], [3.0, 8.0]], [[0.0, 2.0], [f32::NAN, 1e30]]]
    }

    #[test]
    fn padding_never_reaches_the_mean() {
        let pooled = pool(tokens().view(), &[2, 1], Pooling::Mean).unwrap();
        assert_eq!(pooled, [vec![0.6, 0.8], vec![0.0, 1.0]]);
    }

    #[test]
    fn cls_is_the_first_token() {
        let pooled = pool(tokens().view(), &[2, 1], Pooling::Cls).unwrap();
        assert_eq!(pooled, [vec![1.0, 0.0], vec![0.0, 1.0]]);
    }

    #[test]
    fn what_has_no_direction_is_an_error_that_names_the_row() {
        let counted = pool(tokens().view(), &[2, 2], Pooling::Mean);
        assert_eq!(counted, Err(PoolError::NotFinite { text: 1 }));
        assert_eq!(pool(tokens().view(), &[0, 1], Pooling::Mean), Err(PoolError::Zero { text: 0 }));
        let rows = array![[1.0, 1.0], [f32::INFINITY, 0.0]];
        assert_eq!(normalise(rows.view()), Err(PoolError::NotFinite { text: 1 }));
    }

    #[test]
    fn large_values_do_not_overflow() {
        let rows = array![[3e30_f32, 4e30]];
        let unit = normalise(rows.view()).unwrap();
        assert!((unit[0][0] - 0.6).abs() < 1e-6 && (unit[0][1] - 0.8).abs() < 1e-6, "{unit:?}");
    }
}
