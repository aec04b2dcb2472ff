//! The 512 numbers of one dancer, before they are standardised. `docs/poses.md` says what each is.

use crate::JOINT_NAMES;
use crate::body::{NOSE, OPPOSITE};
use crate::curve::{Curve, correlation, deviation, mean, quantile, speed, waves, wrapped};
use crate::figure::{Figure, Path};
use crate::sheet::Sheet;

/// Waves of each curve over the clip.
const WAVES: usize = 8;
/// Motion of less, in torsos, is noise; and in torsos a second.
const PLACE_FLOOR: f64 = 0.04;
const SPEED_FLOOR: f64 = 0.25;

/// Angles at the second joint, between the ways to the first and the third.
const ANGLES: [(&str, [usize; 3]); 8] = [
    ("left_elbow", [5, 7, 9]),
    ("right_elbow", [6, 8, 10]),
    ("left_shoulder", [11, 5, 7]),
    ("right_shoulder", [12, 6, 8]),
    ("left_hip", [5, 11, 13]),
    ("right_hip", [6, 12, 14]),
    ("left_knee", [11, 13, 15]),
    ("right_knee", [12, 14, 16]),
];
/// Angles between the way from the first to the second joint and the picture's x axis.
const LINES: [(&str, [usize; 2]); 4] =
    [("left_side", [11, 5]), ("right_side", [12, 6]), ("shoulders", [6, 5]), ("hips", [12, 11])];

/// `figure`: `None` names the numbers only.
pub(crate) fn solo(figure: Option<&Figure>) -> Sheet {
    let mut sheet = Sheet::default();
    let joints: [Option<Path>; 17] =
        std::array::from_fn(|at| figure.and_then(|figure| figure.joint(at)));
    let step_s = figure.map_or(0.0, |figure| figure.grid.step_s());
    place_and_spread(&mut sheet, &joints);
    angles(&mut sheet, &joints);
    let overall = speeds(&mut sheet, &joints, step_s);

    let facing = figure.and_then(Figure::facing);
    let travel = figure.map(|figure| {
        let [x, y] = [&figure.hips.x, &figure.hips.y].map(|curve| {
            let mean = mean(curve);
            curve.iter().map(|v| (v - mean) / figure.unit).collect()
        });
        Path { x, y }
    });
    trends(&mut sheet, &joints, travel.as_ref(), facing.as_ref());
    coordination(&mut sheet, &joints, travel.as_ref(), facing.as_ref(), step_s);
    bearing(&mut sheet, figure, &joints, travel.as_ref(), overall);
    sheet
}

fn place_and_spread(sheet: &mut Sheet, joints: &[Option<Path>; 17]) {
    for (block, of) in [("place", mean as fn(&[f64]) -> f64), ("spread", deviation)] {
        sheet.block();
        for (name, joint) in JOINT_NAMES.iter().zip(joints) {
            sheet.add(format!("{block}.{name}.x"), joint.as_ref().map(|path| of(&path.x)));
            sheet.add(format!("{block}.{name}.y"), joint.as_ref().map(|path| of(&path.y)));
        }
    }
}

fn angles(sheet: &mut Sheet, joints: &[Option<Path>; 17]) {
    let way = |from: usize, to: usize| -> Option<Curve> {
        let way = joints[to].as_ref()?.from(joints[from].as_ref()?, 1.0);
        Some(way.x.iter().zip(&way.y).map(|(x, y)| y.atan2(*x)).collect())
    };
    sheet.block();
    let bends = ANGLES.iter().map(|&(name, [a, at, b])| {
        let turned = way(at, a).zip(way(at, b)).map(|(from, to)| {
            from.iter().zip(&to).map(|(from, to)| wrapped(to - from)).collect::<Curve>()
        });
        (name, turned)
    });
    let lines = LINES.iter().map(|&(name, [from, to])| (name, way(from, to)));
    for (name, angle) in bends.chain(lines) {
        let parts = angle.map(|angle| {
            let cosine = mean(&angle.iter().map(|a| a.cos()).collect::<Curve>());
            let sine = mean(&angle.iter().map(|a| a.sin()).collect::<Curve>());
            (cosine, sine)
        });
        sheet.add(format!("angle.{name}.cos"), parts.map(|(cosine, _)| cosine));
        sheet.add(format!("angle.{name}.sin"), parts.map(|(_, sine)| sine));
        let spread = parts.map(|(cosine, sine)| 1.0 - cosine.hypot(sine));
        sheet.add(format!("angle.{name}.spread"), spread);
    }
}

/// Speeds relative to the dancer's own; returns that, in torsos a second.
fn speeds(sheet: &mut Sheet, joints: &[Option<Path>; 17], step_s: f64) -> Option<f64> {
    let fast =
        |curve: &Curve| mean(&speed(curve, step_s).iter().map(|v| v.abs()).collect::<Curve>());
    let all = joints.each_ref().map(|path| path.as_ref().map(|p| [fast(&p.x), fast(&p.y)]));
    let seen: Vec<f64> = all.iter().flatten().map(|[x, y]| x.hypot(*y)).collect();
    let overall = (!seen.is_empty()).then(|| mean(&seen) + 0.1 * SPEED_FLOOR);
    sheet.block();
    for (name, both) in JOINT_NAMES.iter().zip(&all) {
        for (axis, letter) in ["x", "y"].iter().enumerate() {
            let relative = both.zip(overall).map(|(both, overall)| both[axis] / overall);
            sheet.add(format!("speed.{name}.{letter}"), relative);
        }
    }
    overall
}

fn trends(
    sheet: &mut Sheet,
    joints: &[Option<Path>; 17],
    travel: Option<&Path>,
    facing: Option<&Curve>,
) {
    sheet.block();
    for at in [NOSE].into_iter().chain(5..17) {
        let name = JOINT_NAMES[at];
        let path = joints[at].as_ref();
        let x = path.map(|path| waves(&path.x, WAVES));
        let y = path.map(|path| waves(&path.y, WAVES));
        sheet.add_all(&format!("trend.{name}.x"), WAVES, x);
        sheet.add_all(&format!("trend.{name}.y"), WAVES, y);
    }
    sheet.block();
    sheet.add_all("travel.x", WAVES, travel.map(|path| waves(&path.x, WAVES)));
    sheet.add_all("travel.y", WAVES, travel.map(|path| waves(&path.y, WAVES)));
    sheet.add_all("travel.facing", WAVES, facing.map(|curve| waves(curve, WAVES)));
}

/// Which parts move together, and which before which: the same wherever in the motion a clip begins.
fn coordination(
    sheet: &mut Sheet,
    joints: &[Option<Path>; 17],
    travel: Option<&Path>,
    facing: Option<&Curve>,
    step_s: f64,
) {
    let x = |at: usize| joints[at].as_ref().map(|path| path.x.clone());
    let y = |at: usize| joints[at].as_ref().map(|path| path.y.clone());
    let parts: [(&str, Option<Curve>); 12] = [
        ("nose.x", x(0)),
        ("nose.y", y(0)),
        ("left_wrist.x", x(9)),
        ("left_wrist.y", y(9)),
        ("right_wrist.x", x(10)),
        ("right_wrist.y", y(10)),
        ("left_knee.x", x(13)),
        ("right_knee.x", x(14)),
        ("left_ankle.y", y(15)),
        ("right_ankle.y", y(16)),
        ("facing", facing.cloned()),
        ("travel.x", travel.map(|path| path.x.clone())),
    ];
    let speeds: Vec<Option<Curve>> =
        parts.iter().map(|(_, curve)| curve.as_ref().map(|c| speed(c, step_s))).collect();
    for (block, second_floor) in [("together", PLACE_FLOOR), ("before", SPEED_FLOOR)] {
        sheet.block();
        for (i, (first, a)) in parts.iter().enumerate() {
            for (j, (second, place)) in parts.iter().enumerate().skip(i + 1) {
                let b = if block == "together" { place } else { &speeds[j] };
                let both = a.as_ref().zip(b.as_ref());
                let value = both.map(|(a, b)| correlation(a, b, [PLACE_FLOOR, second_floor]));
                sheet.add(format!("{block}.{first}.{second}"), value);
            }
        }
    }
}

fn bearing(
    sheet: &mut Sheet,
    figure: Option<&Figure>,
    joints: &[Option<Path>; 17],
    travel: Option<&Path>,
    overall: Option<f64>,
) {
    let facing = figure.and_then(Figure::facing);
    let gaze = figure.and_then(Figure::gaze);
    let extent = figure.and_then(Figure::extent);
    let range = |curve: &Curve| quantile(curve, 0.95) - quantile(curve, 0.05);
    let away = |curve: &Curve| {
        curve.iter().filter(|v| **v < 0.0).count() as f64 / curve.len().max(1) as f64
    };
    let step_s = figure.map_or(0.0, |figure| figure.grid.step_s());
    let pace = travel.zip(overall).map(|(path, overall)| {
        let [x, y] = [&path.x, &path.y].map(|curve| speed(curve, step_s));
        mean(&x.iter().zip(&y).map(|(x, y)| x.hypot(*y)).collect::<Curve>()) / overall
    });
    let mirror = {
        let mut alike = Vec::new();
        for at in [7, 9, 13, 15] {
            if let (Some(left), Some(right)) = (&joints[at], &joints[OPPOSITE[at]]) {
                alike.push(-correlation(&left.x, &right.x, [PLACE_FLOOR; 2]));
                alike.push(correlation(&left.y, &right.y, [PLACE_FLOOR; 2]));
            }
        }
        (!alike.is_empty()).then(|| mean(&alike))
    };
    sheet.block();
    sheet.add("bearing.facing.mean", facing.as_ref().map(|c| mean(c)));
    sheet.add("bearing.facing.spread", facing.as_ref().map(|c| deviation(c)));
    sheet.add("bearing.facing.away", facing.as_ref().map(away));
    sheet.add("bearing.gaze.mean", gaze.as_ref().map(|c| mean(c)));
    sheet.add("bearing.travel.x", travel.map(|path| range(&path.x)));
    sheet.add("bearing.travel.y", travel.map(|path| range(&path.y)));
    sheet.add("bearing.travel.pace", pace);
    sheet.add("bearing.extent.mean", extent.as_ref().map(|c| mean(c)));
    sheet.add("bearing.extent.spread", extent.as_ref().map(|c| deviation(c)));
    sheet.add("bearing.mirror", mirror);
}
