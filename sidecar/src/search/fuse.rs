//! Several rankings into one.

use std::collections::HashMap;

use super::answer::{Leg, View};

/// Places of each ranking that a fused one looks at, at least.
pub const PLACES_MIN: usize = 100;
/// How little the first places differ from those after them.
const RECIPROCAL_RANK_K: f64 = 60.0;

/// One ranking.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The vector field, or `words`.
    pub field: String,
    /// Ids with scores, best first.
    pub places: Vec<(String, f64)>,
    /// The best view of each, by id, where views were compared.
    pub views: HashMap<String, View>,
}

/// The best view of an asset, where a ranking knows one.
pub fn view_of(rankings: &[Ranking], asset_id: &str) -> Option<View> {
    rankings.iter().find_map(|ranking| ranking.views.get(asset_id).cloned())
}

/// One ranking of several: id, score and what it is made of, best first. A single one keeps its
/// scores; of more, each place counts `1 / (60 + rank)`, because their scores have no common
/// measure.
///
/// # Source
///
/// Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion.
pub fn fuse(rankings: &[Ranking], top_k: usize) -> Vec<(String, f64, Vec<Leg>)> {
    let mut fused: Vec<(String, f64, Vec<Leg>)> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for Ranking { field, places, views: _ } in rankings {
        for (index, (id, score)) in places.iter().enumerate() {
            let rank = index + 1;
            let at = *place.entry(id).or_insert_with(|| {
                fused.push((id.clone(), 0.0, Vec::new()));
                fused.len() - 1
            });
            let share =
                if rankings.len() == 1 { *score } else { 1.0 / (RECIPROCAL_RANK_K + rank as f64) };
            fused[at].1 += share;
            fused[at].2.push(Leg { field: field.clone(), score: *score, rank });
        }
    }
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    fused.truncate(top_k);
    fused
}

/// A float32's digits after the seventh are noise, and print as such.
pub fn rounded(number: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (number * unit).round() / unit
}
