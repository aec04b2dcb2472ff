//! Who is who: the assignment of least cost.

/// Pairs rows with columns so that the sum of costs is least.
///
/// * `costs`: `[rows][columns]`, each row of one length, every value finite.
/// * `cost_max`: a pair that costs this or more is not made; staying alone costs as much.
/// * returns for each row its column, or `None`.
///
/// Takes rows² · columns steps, rows and columns changed over where there are more rows.
///
/// # Source
///
/// Kuhn 1955, The Hungarian method, in the form of shortest augmenting paths (Jonker and Volgenant
/// 1987).
pub(crate) fn assign(costs: &[Vec<f64>], cost_max: f64) -> Vec<Option<usize>> {
    let rows = costs.len();
    let columns = costs.first().map_or(0, Vec::len);
    if columns == 0 {
        return vec![None; rows];
    }
    if rows > columns {
        let turned: Vec<Vec<f64>> =
            (0..columns).map(|c| costs.iter().map(|row| row[c]).collect()).collect();
        let mut found = vec![None; rows];
        for (column, row) in assign(&turned, cost_max).into_iter().enumerate() {
            if let Some(row) = row {
                found[row] = Some(column);
            }
        }
        return found;
    }
    let cost = |row: usize, column: usize| costs[row - 1][column - 1].min(cost_max);
    // Index 0 is a place to start from, so rows and columns count from 1.
    let mut row_price = vec![0.0; rows + 1];
    let mut column_price = vec![0.0; columns + 1];
    let mut row_of = vec![0usize; columns + 1];
    for row in 1..=rows {
        let mut came_from = vec![0usize; columns + 1];
        let mut slack = vec![f64::INFINITY; columns + 1];
        let mut done = vec![false; columns + 1];
        let mut column = 0;
        row_of[0] = row;
        while row_of[column] != 0 {
            done[column] = true;
            let here = row_of[column];
            let (mut least, mut next) = (f64::INFINITY, 0);
            for c in (1..=columns).filter(|&c| !done[c]) {
                let reduced = cost(here, c) - row_price[here] - column_price[c];
                if reduced < slack[c] {
                    slack[c] = reduced;
                    came_from[c] = column;
                }
                if slack[c] < least {
                    (least, next) = (slack[c], c);
                }
            }
            for (c, is_done) in done.iter().enumerate() {
                if *is_done {
                    row_price[row_of[c]] += least;
                    column_price[c] -= least;
                } else {
                    slack[c] -= least;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[came_from[column]];
            column = came_from[column];
        }
    }
    let mut found = vec![None; rows];
    for (column, &row) in row_of.iter().enumerate().skip(1) {
        if row != 0 && cost(row, column) < cost_max {
            found[row - 1] = Some(column - 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best_by_trying(costs: &[Vec<f64>], cost_max: f64, row: usize, taken: &mut [bool]) -> f64 {
        if row == costs.len() {
            return 0.0;
        }
        let mut least = cost_max + best_by_trying(costs, cost_max, row + 1, taken);
        for column in 0..taken.len() {
            if !taken[column] && costs[row][column] < cost_max {
                taken[column] = true;
                let rest = best_by_trying(costs, cost_max, row + 1, taken);
                least = least.min(costs[row][column] + rest);
                taken[column] = false;
            }
        }
        least
    }

    #[test]
    fn the_assignment_costs_as_little_as_trying_everything() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let (rows, columns) = (random.usize(1..6), random.usize(1..6));
            let costs: Vec<Vec<f64>> =
                (0..rows).map(|_| (0..columns).map(|_| random.f64() * 1.5).collect()).collect();
            let found = assign(&costs, 1.0);
            let mut columns_used: Vec<usize> = found.iter().flatten().copied().collect();
            let pairs = columns_used.len();
            columns_used.sort_unstable();
            columns_used.dedup();
            assert_eq!(columns_used.len(), pairs, "a column was used twice");
            let spent: f64 =
                found.iter().enumerate().map(|(r, c)| c.map_or(1.0, |c| costs[r][c])).sum();
            let best = best_by_trying(&costs, 1.0, 0, &mut vec![false; columns]);
            assert!((spent - best).abs() < 1e-9, "{spent} {best}");
        }
        assert!(assign(&[], 1.0).is_empty());
        assert_eq!(assign(&[vec![], vec![]], 1.0), [None, None]);
    }
}
