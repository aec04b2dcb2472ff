//! Skins: where vertices come to when their joints stand as the file has them.

use crate::GltfError;
use crate::matrix::{IDENTITY, Matrix, from_columns, product};

use super::nodes::Places;
use super::source::Source;

/// Each joint's way from the bind pose to where it stands in the world.
///
/// # Errors
///
/// When the skin, a joint or its inverse bind matrix is missing.
pub fn joints(source: &Source<'_>, skin: u32, places: &Places) -> Result<Vec<Matrix>, GltfError> {
    let broken = |why: &str| GltfError::broken(format!("skin {skin}: {why}"));
    let skin = source.root.skins.get(skin as usize).ok_or_else(|| broken("it is missing"))?;
    source.spend(skin.joints.len() as u64 * 16)?;
    let inverse = match skin.inverse_bind_matrices {
        None => None,
        Some(accessor) => {
            let matrices = source.numbers(accessor)?.exactly::<16>();
            Some(matrices.ok_or_else(|| broken("its inverse bind matrices are no matrices"))?)
        }
    };
    skin.joints
        .iter()
        .enumerate()
        .map(|(at, &joint)| {
            let to_world =
                places.to_world.get(joint as usize).ok_or_else(|| broken("a joint is missing"))?;
            let unbound = match &inverse {
                None => IDENTITY,
                Some(matrices) => {
                    let columns =
                        matrices.get(at).ok_or_else(|| broken("a joint has no matrix"))?;
                    from_columns(&columns.map(f64::from))
                }
            };
            Ok(product(&unbound, to_world))
        })
        .collect()
}

/// A vertex's own matrix: its joints' by their weights, which are made to sum to 1; none where
/// nothing holds it.
pub fn blended(joints: &[Matrix], held: impl Iterator<Item = (u32, f32)>) -> Option<Matrix> {
    let mut sum = 0.0;
    let mut blend = [[0.0; 4]; 4];
    for (joint, weight) in held {
        let weight = f64::from(weight);
        let Some(matrix) = joints.get(joint as usize) else { continue };
        if !(weight > 0.0 && weight.is_finite()) {
            continue;
        }
        sum += weight;
        for (row, from) in blend.iter_mut().zip(matrix) {
            for (value, from) in row.iter_mut().zip(from) {
                *value += weight * from;
            }
        }
    }
    (sum > 0.0).then(|| blend.map(|row| row.map(|value| value / sum)))
}
