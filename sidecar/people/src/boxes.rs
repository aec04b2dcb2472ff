//! Boxes of people from a detector's outputs, in input pixels.

use vitrine_pose::Bounds;

use crate::engine::{Dim, Item};
use crate::plan::{Decoding, Plan};
use crate::{Detected, LookError};

/// Boxes that are compared with each other: the surest ones.
const CANDIDATES_MAX: usize = 1_000;

/// Reads one item's boxes of people that are sure enough, overlaps removed, the surest first.
pub(crate) fn read(item: &Item, plan: &Plan, count_max: usize) -> Result<Vec<Detected>, LookError> {
    let mut found = match &plan.decoding {
        Decoding::Boxes { boxes, labels } => suppressed(item, plan, boxes, labels.as_deref())?,
        Decoding::Yolox { output, strides } => yolox(item, plan, output, strides)?,
        Decoding::Nanodet { heads } => nanodet(item, plan, heads)?,
        Decoding::Rtmo { .. }
        | Decoding::MovenetMany { .. }
        | Decoding::MovenetOne { .. }
        | Decoding::Simcc { .. }
        | Decoding::Heatmap { .. }
        | Decoding::Landmarks { .. } => Vec::new(),
    };
    found.retain(|one| {
        let Bounds { left, top, right, bottom } = one.bounds;
        [left, top, right, bottom].iter().all(|side| side.is_finite())
            && right > left
            && bottom > top
    });
    found.sort_by(|one, two| two.score.total_cmp(&one.score));
    found.truncate(CANDIDATES_MAX);
    Ok(suppress(&found, plan.overlap_max, count_max))
}

/// Keeps of boxes that overlap the surest. `found`: the surest first.
pub(crate) fn suppress(found: &[Detected], overlap_max: f32, count_max: usize) -> Vec<Detected> {
    let mut kept: Vec<Detected> = Vec::new();
    for one in found {
        if kept.len() >= count_max {
            break;
        }
        if kept.iter().all(|other| overlap(&one.bounds, &other.bounds) <= overlap_max) {
            kept.push(*one);
        }
    }
    kept
}

/// Intersection over union, 0 to 1.
pub(crate) fn overlap(one: &Bounds, two: &Bounds) -> f32 {
    let area = |b: &Bounds| (b.right - b.left).max(0.0) * (b.bottom - b.top).max(0.0);
    let shared = area(&Bounds {
        left: one.left.max(two.left),
        top: one.top.max(two.top),
        right: one.right.min(two.right),
        bottom: one.bottom.min(two.bottom),
    });
    let union = area(one) + area(two) - shared;
    if union > 0.0 { shared / union } else { 0.0 }
}

fn suppressed(
    item: &Item,
    plan: &Plan,
    boxes: &str,
    labels: Option<&str>,
) -> Result<Vec<Detected>, LookError> {
    let ([count, _], rows) = item.floats(boxes, [Dim::Any("N"), Dim::Is(5)])?;
    let classes = labels.map(|labels| item.classes(labels, count)).transpose()?;
    let person = |at: usize| {
        classes.as_ref().is_none_or(|classes| {
            usize::try_from(classes[at]).is_ok_and(|class| class == plan.person_class)
        })
    };
    let rows = rows.chunks_exact(5).enumerate();
    let found = rows.filter(|(at, row)| row[4] >= plan.score_min && person(*at)).map(|(_, row)| {
        let bounds = Bounds { left: row[0], top: row[1], right: row[2], bottom: row[3] };
        Detected { bounds, score: row[4].min(1.0) }
    });
    Ok(found.collect())
}

/// YOLOX (Ge et al. 2021): centre from its cell in units of the stride, size as a logarithm.
fn yolox(
    item: &Item,
    plan: &Plan,
    output: &str,
    strides: &[usize],
) -> Result<Vec<Detected>, LookError> {
    let ([count, width], rows) = item.floats(output, [Dim::Any("N"), Dim::Any("5 + classes")])?;
    let grids = strides
        .iter()
        .map(|&stride| (stride, (plan.input.width / stride, plan.input.height / stride)));
    let grids: Vec<(usize, (usize, usize))> = grids.collect();
    let cells: usize = grids.iter().map(|(_, (columns, lines))| columns * lines).sum();
    let class = 5 + plan.person_class;
    if count != cells || width <= class {
        let expected = format!("float32 [batch, {cells}, {} or more]", class + 1);
        return Err(item.wrong(output, expected, format!("[batch, {count}, {width}]")));
    }
    let places = grids.iter().flat_map(|&(stride, (columns, lines))| {
        (0..columns * lines).map(move |at| (stride as f32, at % columns, at / columns))
    });
    let mut found = Vec::new();
    for (row, (stride, column, line)) in rows.chunks_exact(width).zip(places) {
        let score = row[4] * row[class];
        if score >= plan.score_min {
            let x = (row[0] + column as f32) * stride;
            let y = (row[1] + line as f32) * stride;
            let [half_x, half_y] = [row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0];
            let bounds =
                Bounds { left: x - half_x, top: y - half_y, right: x + half_x, bottom: y + half_y };
            found.push(Detected { bounds, score: score.min(1.0) });
        }
    }
    Ok(found)
}

/// NanoDet: each side's distance from the cell's centre is the mean of a distribution over bins
/// (Li et al. 2020, Generalized Focal Loss), in units of the stride.
fn nanodet(
    item: &Item,
    plan: &Plan,
    heads: &[(usize, String, String)],
) -> Result<Vec<Detected>, LookError> {
    let mut found = Vec::new();
    for (stride, scores, distances) in heads {
        let columns = plan.input.width.div_ceil(*stride);
        let cells = columns * plan.input.height.div_ceil(*stride);
        let ([_, classes], score) = item.floats(scores, [Dim::Is(cells), Dim::Any("classes")])?;
        let ([_, width], bins) = item.floats(distances, [Dim::Is(cells), Dim::Any("4 * bins")])?;
        if classes <= plan.person_class {
            let expected = format!("float32 [batch, {cells}, {} or more]", plan.person_class + 1);
            return Err(item.wrong(scores, expected, format!("[batch, {cells}, {classes}]")));
        }
        if width == 0 || width % 4 != 0 {
            let expected = format!("float32 [batch, {cells}, a multiple of 4]");
            return Err(item.wrong(distances, expected, format!("[batch, {cells}, {width}]")));
        }
        for (at, row) in score.chunks_exact(classes).enumerate() {
            let score = row[plan.person_class];
            if score < plan.score_min {
                continue;
            }
            let stride = *stride as f32;
            let x = ((at % columns) as f32 + 0.5) * stride;
            let y = ((at / columns) as f32 + 0.5) * stride;
            let bins = &bins[at * width..(at + 1) * width];
            let mut sides = bins.chunks_exact(width / 4).map(|bins| expectation(bins) * stride);
            let mut next = || sides.next().unwrap_or_default();
            let [left, top, right, bottom] = [next(), next(), next(), next()];
            // The network was taught boxes that end at the picture.
            let [wide, high] = [plan.input.width as f32, plan.input.height as f32];
            let bounds = Bounds {
                left: (x - left).max(0.0),
                top: (y - top).max(0.0),
                right: (x + right).min(wide),
                bottom: (y + bottom).min(high),
            };
            found.push(Detected { bounds, score: score.min(1.0) });
        }
    }
    Ok(found)
}

/// The mean bin of a softmax over `bins`, which are finite and not empty.
fn expectation(bins: &[f32]) -> f32 {
    let top = bins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0f32; 2];
    for (at, bin) in bins.iter().enumerate() {
        let weight = (bin - top).exp();
        sums[0] += weight * at as f32;
        sums[1] += weight;
    }
    sums[0] / sums[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(left: f32, right: f32, score: f32) -> Detected {
        Detected { bounds: Bounds { left, top: 0.0, right, bottom: 10.0 }, score }
    }

    #[test]
    fn of_boxes_that_overlap_the_surest_stays() {
        let found = [one(0.0, 10.0, 0.9), one(1.0, 11.0, 0.8), one(8.0, 18.0, 0.7)];
        assert_eq!(suppress(&found, 0.45, 9), [found[0], found[2]]);
        assert_eq!(suppress(&found, 0.45, 1), [found[0]]);
        assert_eq!(suppress(&found, 1.0, 9), found);
    }

    #[test]
    fn boxes_without_area_overlap_nothing() {
        let empty = Bounds::default();
        assert_eq!(overlap(&empty, &empty), 0.0);
    }

    #[test]
    fn a_distribution_on_one_bin_is_that_bin() {
        assert!((expectation(&[0.0, 0.0, 50.0, 0.0]) - 2.0).abs() < 1e-6);
        assert!((expectation(&[1.0; 11]) - 5.0).abs() < 1e-6);
    }
}
