//! How well the vectors find clips of the same motion.

use vitrine_pose::{Embeddings, Options, RoleHint, Tracker};

use super::camera::{Take, film};
use super::dances::Dance;

/// Figures of one of the three vectors.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Share of clips whose nearest other clip shows the same motion.
    pub recall_at_1: f64,
    /// Mean average precision of all others, by cosine.
    pub mean_average_precision: f64,
    /// Clips without the vector.
    pub missing: usize,
}

pub struct Evaluation {
    pub labels: Vec<Dance>,
    pub embeddings: Vec<Embeddings>,
}

pub fn embed(dance: Dance, take: &Take) -> Embeddings {
    let mut tracker = Tracker::new(Options::default());
    for moment in film(dance, take).moments {
        tracker.push(moment);
    }
    tracker.finish().couple(&RoleHint::Unsaid).embeddings()
}

/// Films every dance `takes` times and embeds each.
pub fn evaluate(takes: u64, seed: u64) -> Evaluation {
    let (mut labels, mut embeddings) = (Vec::new(), Vec::new());
    for (index, dance) in Dance::ALL.into_iter().enumerate() {
        for take in 0..takes {
            let take = Take::random(seed + 10_007 * index as u64 + take);
            labels.push(dance);
            embeddings.push(embed(dance, &take));
        }
    }
    Evaluation { labels, embeddings }
}

pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

impl Evaluation {
    pub fn figures(&self, of: impl Fn(&Embeddings) -> Option<&Vec<f32>>) -> Figures {
        let vectors: Vec<Option<&Vec<f32>>> = self.embeddings.iter().map(of).collect();
        let (mut hits, mut precision, mut missing) = (0usize, 0.0, 0usize);
        for (query, vector) in vectors.iter().enumerate() {
            let Some(vector) = vector else {
                missing += 1;
                continue;
            };
            let mut others: Vec<(f64, bool)> = vectors
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != query)
                .filter_map(|(at, other)| {
                    Some((cosine(vector, other.as_ref()?), self.labels[at] == self.labels[query]))
                })
                .collect();
            others.sort_by(|a, b| b.0.total_cmp(&a.0));
            hits += usize::from(others.first().is_some_and(|first| first.1));
            let (mut found, mut sum) = (0.0, 0.0);
            for (rank, (_, same)) in others.iter().enumerate() {
                if *same {
                    found += 1.0;
                    sum += found / (rank + 1) as f64;
                }
            }
            precision += sum / f64::max(found, 1.0);
        }
        let queries = vectors.len() as f64;
        Figures {
            recall_at_1: hits as f64 / queries,
            mean_average_precision: precision / queries,
            missing,
        }
    }
}
