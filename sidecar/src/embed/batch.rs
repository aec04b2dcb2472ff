//! Which texts go through the model together.

/// How large a batch may become.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Texts.
    pub texts_max: usize,
    /// Tokens, padding included: rows times the longest row.
    pub tokens_max: usize,
}

/// Splits texts into batches of like length, so that little of a batch is padding.
///
/// * `lengths`: tokens of each text.
/// * returns positions in `lengths`, each once; batches from long to short, so that the largest
///   buffers are asked for first and then serve for all.
pub fn plan(lengths: &[usize], limits: BatchLimits) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut rows_max = 0;
    for text in order {
        match batches.last_mut() {
            Some(batch) if batch.len() < rows_max => batch.push(text),
            _ => {
                // The first text is the longest: it alone decides how many rows fit.
                rows_max =
                    (limits.tokens_max / lengths[text].max(1)).clamp(1, limits.texts_max.max(1));
                batches.push(vec![text]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_in_one_batch_and_no_batch_passes_a_limit() {
        let lengths: Vec<usize> = (0..1_000).map(|text| 3 + (text * 7_919) % 254).collect();
        let limits = BatchLimits { texts_max: 32, tokens_max: 1_024 };
        let batches = plan(&lengths, limits);
        for batch in &batches {
            let longest = batch.iter().map(|&text| lengths[text]).max().unwrap();
            assert!(batch.len() <= 32 && batch.len() * longest <= 1_024, "{batch:?}");
        }
        let mut seen: Vec<usize> = batches.concat();
        seen.sort();
        assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn like_lengths_travel_together() {
        let lengths: Vec<usize> = (0..3_200).map(|text| 4 + (text * 7_919) % 60).collect();
        let batches = plan(&lengths, BatchLimits { texts_max: 32, tokens_max: 100_000 });
        let padded: usize = batches.iter().map(|b| b.len() * lengths[b[0]]).sum();
        let real: usize = lengths.iter().sum();
        assert!(padded * 100 <= real * 103, "{padded} tokens for {real}");
    }

    #[test]
    fn a_text_above_the_budget_travels_alone() {
        let limits = BatchLimits { texts_max: 8, tokens_max: 10 };
        assert_eq!(plan(&[50, 5, 40, 5, 5], limits), [vec![0], vec![2], vec![1, 3], vec![4]]);
        assert!(plan(&[], limits).is_empty());
    }
}
