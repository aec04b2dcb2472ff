//! The best k of many, in memory for k.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A row and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Finite.
    pub score: f32,
    /// Row in its field or document table.
    pub row: usize,
}

/// Greater is better; of equal scores the lower row is the better, so that answers never depend
/// on how the work was divided.
impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.row.cmp(&self.row))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Scored {}

/// Keeps the best `k` of what it is offered.
#[derive(Debug)]
pub struct Top {
    k: usize,
    // The worst of the kept stands at the top, where it is compared and replaced.
    heap: BinaryHeap<Reverse<Scored>>,
}

impl Top {
    /// Keeps at most `k`.
    pub fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// Takes `one` where it is among the best so far.
    #[inline]
    pub fn offer(&mut self, one: Scored) {
        if self.heap.len() < self.k {
            self.heap.push(Reverse(one));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && one > worst.0
        {
            *worst = Reverse(one);
        }
    }

    /// Takes what another has kept.
    pub fn merge(&mut self, other: Self) {
        for Reverse(one) in other.heap {
            self.offer(one);
        }
    }

    /// What was kept, best first.
    pub fn into_sorted(self) -> Vec<Scored> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(one)| one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order_and_ties_go_to_the_lower_row() {
        let scores = [0.1, 0.9, -0.5, 0.9, 0.4, 0.9];
        let mut halves = [Top::new(3), Top::new(3)];
        // Offered backwards and in two parts: neither may show in the answer.
        for (row, score) in scores.into_iter().enumerate().rev() {
            halves[row % 2].offer(Scored { score, row });
        }
        let [mut all, other] = halves;
        all.merge(other);
        let rows: Vec<usize> = all.into_sorted().iter().map(|one| one.row).collect();
        assert_eq!(rows, [1, 3, 5]);
    }

    #[test]
    fn nothing_is_kept_when_nothing_is_wanted() {
        let mut top = Top::new(0);
        top.offer(Scored { score: 1.0, row: 0 });
        assert_eq!(top.into_sorted(), []);
    }
}
