//! Joints from a pose network's outputs.

use vitrine_pose::Joint;

use crate::LookError;
use crate::engine::{Dim, Item};
use crate::geometry::Affine;
use crate::plan::{Decoding, Input, Plan};

/// Most joints a network may find of one person: whole bodies have 133.
const JOINTS_MAX: usize = 512;

/// Reads one item's joints, in pixels of the picture. `back`: input to picture.
pub(crate) fn read(item: &Item, plan: &Plan, back: &Affine) -> Result<Vec<Joint>, LookError> {
    match &plan.decoding {
        Decoding::Simcc { x, y, split_ratio } => {
            simcc(item, &plan.input, (x, y, *split_ratio), back)
        }
        Decoding::Heatmap { output, quarter } => {
            let shift = if *quarter { 0.25 } else { 0.0 };
            heatmap(item, &plan.input, (output, shift), back)
        }
        Decoding::MovenetOne { output } => {
            let (_, rows) = item.floats(output, [Dim::Is(1), Dim::Is(17), Dim::Is(3)])?;
            let [width, height] = [plan.input.width as f32, plan.input.height as f32];
            let joint = |row: &[f32]| back.joint(row[1] * width, row[0] * height, row[2]);
            Ok(rows.chunks_exact(3).map(joint).collect())
        }
        Decoding::Boxes { .. }
        | Decoding::Yolox { .. }
        | Decoding::Nanodet { .. }
        | Decoding::Rtmo { .. }
        | Decoding::MovenetMany { .. }
        | Decoding::Landmarks { .. } => Ok(Vec::new()),
    }
}

/// Position and value of the first of the highest. `values` is not empty.
fn highest(values: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (at, &value) in values.iter().enumerate() {
        if value > best.1 {
            best = (at, value);
        }
    }
    best
}

/// SimCC (Li et al. 2022): each axis by itself, in bins of a part of a pixel. The score is the
/// lower of both maxima, as MMPose's and rtmlib's; at or below 0 the joint was not seen.
fn simcc(
    item: &Item,
    input: &Input,
    (x, y, split_ratio): (&str, &str, f32),
    back: &Affine,
) -> Result<Vec<Joint>, LookError> {
    let bins = |side: usize| (side as f32 * split_ratio).round() as usize;
    let [columns, lines] = [bins(input.width), bins(input.height)];
    let ([count, _], along_x) = item.floats(x, [Dim::Any("joints"), Dim::Is(columns)])?;
    let (_, along_y) = item.floats(y, [Dim::Is(count), Dim::Is(lines)])?;
    check_count(item, x, count)?;
    let joints = along_x.chunks_exact(columns).zip(along_y.chunks_exact(lines));
    let joints = joints.map(|(along_x, along_y)| {
        let [(x, score_x), (y, score_y)] = [highest(along_x), highest(along_y)];
        let score = score_x.min(score_y);
        back.joint(x as f32 / split_ratio, y as f32 / split_ratio, score)
    });
    Ok(joints.collect())
}

/// Heatmaps as MMPose's `MSRAHeatmap`: the highest cell, moved by `shift` towards the higher of its
/// neighbours; cell centres are spread over the input's.
fn heatmap(
    item: &Item,
    input: &Input,
    (output, shift): (&str, f32),
    back: &Affine,
) -> Result<Vec<Joint>, LookError> {
    let dims = [Dim::Any("joints"), Dim::Any("rows"), Dim::Any("columns")];
    let ([count, lines, columns], maps) = item.floats(output, dims)?;
    check_count(item, output, count)?;
    if lines == 0 || columns == 0 {
        let found = format!("[batch, {count}, {lines}, {columns}]");
        return Err(item.wrong(output, "float32 of at least one cell".to_owned(), found));
    }
    let steps = [input.width as f32 / columns as f32, input.height as f32 / lines as f32];
    let joints = maps.chunks_exact(lines * columns).map(|map| {
        let (at, score) = highest(map);
        let (column, line) = (at % columns, at / columns);
        let towards = |before: Option<usize>, after: Option<usize>| match (before, after) {
            (Some(before), Some(after)) => {
                let slope = map[after] - map[before];
                if slope == 0.0 { 0.0 } else { shift * slope.signum() }
            }
            // At the border of the map there is no slope, as in MMPose.
            (None, _) | (_, None) => 0.0,
        };
        let x = towards((column > 0).then(|| at - 1), (column + 1 < columns).then_some(at + 1));
        let y =
            towards((line > 0).then(|| at - columns), (line + 1 < lines).then_some(at + columns));
        back.joint((column as f32 + x) * steps[0], (line as f32 + y) * steps[1], score)
    });
    Ok(joints.collect())
}

fn check_count(item: &Item, output: &str, count: usize) -> Result<(), LookError> {
    if (1..=JOINTS_MAX).contains(&count) {
        return Ok(());
    }
    let expected = format!("of 1 to {JOINTS_MAX} joints");
    Err(item.wrong(output, expected, format!("of {count}")))
}
