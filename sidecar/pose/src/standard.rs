//! Numbers of many units to a vector whose cosine means something.
//!
//! number - mean, over deviation -> within ±3 -> each block of one weight -> length 1

use crate::sheet::Sheet;

/// A number farther from its mean, in deviations, counts as this far.
const FAR: f64 = 3.0;

/// Mean and standard deviation of each number over the generated motions.
pub(crate) type Constants = [(f32, f32)];

/// The vector of L2 norm 1; missing numbers are 0, the average. `None` when all are missing.
pub(crate) fn standardise(
    sheet: &Sheet,
    constants: &Constants,
    weights: &[f64],
) -> Option<Vec<f32>> {
    let values = sheet.values();
    let mut vector = vec![0.0f64; values.len()];
    for (block, weight) in sheet.blocks().zip(weights) {
        let share = (weight / block.len().max(1) as f64).sqrt();
        for at in block {
            let (Some(value), Some((mean, deviation))) = (values[at], constants.get(at)) else {
                continue;
            };
            let away = (value - f64::from(*mean)) / f64::from(*deviation).max(1e-6);
            vector[at] = share * away.clamp(-FAR, FAR);
        }
    }
    let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
    (norm > 1e-9 && norm.is_finite())
        .then(|| vector.into_iter().map(|v| (v / norm) as f32).collect())
}
