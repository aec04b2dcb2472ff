//! The 256 numbers of a couple, before they are standardised. `docs/poses.md` says what each is.

use crate::JOINT_NAMES;
use crate::body::{HIPS, NOSE, OPPOSITE, SHOULDERS, WRISTS};
use crate::curve::{Curve, correlation, deviation, mean, quantile, speed, waves};
use crate::figure::{Figure, Path};
use crate::sheet::Sheet;

/// Waves of each relation over the clip.
const WAVES: usize = 4;
/// Motion of less, in torsos, is noise; and in torsos a second.
const PLACE_FLOOR: f64 = 0.06;
const SPEED_FLOOR: f64 = 0.4;
/// Hands this near, in torsos, are joined, more or less.
const JOINED: f64 = 0.4;
/// Distances past this, in torsos, tell no more.
const FAR: f64 = 4.0;
/// Seconds by which the follow is compared with the lead.
const LAG_STEP_S: f64 = 0.1;
const LAGS: i32 = 5;

/// Names of the relations that change over time, in the order of [`relations`].
const RELATIONS: [&str; 18] = [
    "distance",
    "aside",
    "above",
    "chests",
    "heads",
    "lead_facing",
    "follow_facing",
    "facing_alike",
    "lead_looks_over",
    "follow_looks_over",
    "hands.left_left",
    "hands.left_right",
    "hands.right_left",
    "hands.right_right",
    "hands.nearest",
    "lead_hand_to_back",
    "follow_hand_to_shoulder",
    "height_ratio",
];
/// Those whose pairs are compared.
const COMPARED: [usize; 7] = [0, 1, 5, 6, 14, 15, 16];

/// Lead and follow on one grid.
pub(crate) struct Both<'a> {
    pub(crate) lead: &'a Figure,
    pub(crate) follow: &'a Figure,
}

/// `both`: `None` names the numbers only.
pub(crate) fn duo(both: Option<&Both<'_>>) -> Sheet {
    let mut sheet = Sheet::default();
    let relations: [Option<Curve>; 18] = both.map_or([const { None }; 18], relations);
    sheet.block();
    for (name, curve) in RELATIONS.iter().zip(&relations) {
        let curve = curve.as_ref();
        sheet.add(format!("relation.{name}.mean"), curve.map(|c| mean(c)));
        sheet.add(format!("relation.{name}.spread"), curve.map(|c| deviation(c)));
        sheet.add(format!("relation.{name}.low"), curve.map(|c| quantile(c, 0.05)));
        sheet.add(format!("relation.{name}.high"), curve.map(|c| quantile(c, 0.95)));
    }
    sheet.block();
    for (name, curve) in RELATIONS.iter().zip(&relations) {
        let waves = curve.as_ref().map(|c| waves(c, WAVES));
        sheet.add_all(&format!("trend.{name}"), WAVES, waves);
    }
    let (same, mirrored) = synchrony(&mut sheet, both);
    lags(&mut sheet, both);
    sheet.block();
    for (index, &i) in COMPARED.iter().enumerate() {
        for &j in &COMPARED[index + 1..] {
            let pair = relations[i].as_ref().zip(relations[j].as_ref());
            let value = pair.map(|(a, b)| correlation(a, b, [PLACE_FLOOR; 2]));
            sheet.add(format!("compare.{}.{}", RELATIONS[i], RELATIONS[j]), value);
        }
    }
    sheet.add("symmetry.same", same);
    sheet.add("symmetry.mirrored", mirrored);
    sheet.add("symmetry.form", both.and_then(form));
    sheet
}

/// Both torsos in pixels, averaged.
fn unit(both: &Both<'_>) -> f64 {
    (both.lead.unit * both.follow.unit).sqrt()
}

/// Over two curves, value by value.
fn with(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> Curve {
    a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect()
}

fn nearest(curves: impl Iterator<Item = Curve>) -> Option<Curve> {
    curves.reduce(|a, b| with(&a, &b, f64::min))
}

fn relations(both: &Both<'_>) -> [Option<Curve>; 18] {
    let Both { lead, follow } = both;
    let unit = unit(both);
    let far = |a: Option<&Path>, b: Option<&Path>| -> Option<Curve> {
        Some(a?.apart(b?, unit).iter().map(|v| v.min(FAR)).collect())
    };
    let between = follow.hips.from(&lead.hips, unit);
    let aside: Curve = between.x.iter().map(|v| v.clamp(-FAR, FAR)).collect();
    let above: Curve = between.y.iter().map(|v| v.clamp(-FAR, FAR)).collect();
    let side: Curve = aside.iter().map(|x| x / (x.abs() + 0.3)).collect();
    let (lead_facing, follow_facing) = (lead.facing(), follow.facing());
    let alike =
        lead_facing.as_ref().zip(follow_facing.as_ref()).map(|(a, b)| with(a, b, |a, b| a * b));
    let lead_looks = lead.gaze().map(|gaze| with(&gaze, &side, |gaze, side| gaze * side));
    let follow_looks = follow.gaze().map(|gaze| with(&gaze, &side, |gaze, side| -gaze * side));
    let hands = |at: usize, other: usize| {
        let [at, other] = [WRISTS[at], WRISTS[other]];
        far(lead.joints[at].as_ref(), follow.joints[other].as_ref())
    };
    let all = [hands(0, 0), hands(0, 1), hands(1, 0), hands(1, 1)];
    let joined = all.each_ref().map(|away| {
        let near = |v: &f64| (-(v / JOINED).powi(2) / 2.0).exp();
        away.as_ref().map(|away| away.iter().map(near).collect::<Curve>())
    });
    let [left_left, left_right, right_left, right_right] = joined;
    let to_back = WRISTS.iter().flat_map(|&wrist| {
        let wrist = lead.joints[wrist].as_ref();
        [far(wrist, follow.chest.as_ref()), far(wrist, Some(&follow.hips))]
    });
    let to_shoulder = WRISTS.iter().flat_map(|&wrist| {
        let wrist = follow.joints[wrist].as_ref();
        SHOULDERS.map(|shoulder| far(wrist, lead.joints[shoulder].as_ref()))
    });
    let ratio = lead.extent().zip(follow.extent()).map(|(a, b)| {
        let [a, b] = [(a, lead.unit), (b, follow.unit)]
            .map(|(extent, unit)| extent.iter().map(|v| v.max(0.5) * unit).collect::<Curve>());
        with(&a, &b, |a, b| (a / b).ln())
    });
    [
        far(Some(&lead.hips), Some(&follow.hips)),
        Some(aside),
        Some(above),
        far(lead.chest.as_ref(), follow.chest.as_ref()),
        far(lead.joints[NOSE].as_ref(), follow.joints[NOSE].as_ref()),
        lead_facing,
        follow_facing,
        alike,
        lead_looks,
        follow_looks,
        left_left,
        left_right,
        right_left,
        right_right,
        nearest(all.into_iter().flatten()),
        nearest(to_back.flatten()),
        nearest(to_shoulder.flatten()),
        ratio,
    ]
}

/// Joint by joint: how the follow moves with the lead, as the same side and as in a mirror.
/// Returns both averages.
fn synchrony(sheet: &mut Sheet, both: Option<&Both<'_>>) -> (Option<f64>, Option<f64>) {
    let joint = |figure: Option<&Figure>, at: usize| figure.and_then(|figure| figure.joint(at));
    let (lead, follow) = (both.map(|b| b.lead), both.map(|b| b.follow));
    let step_s = lead.map_or(0.0, |figure| figure.grid.step_s());
    let places = [PLACE_FLOOR; 2];
    let mut averages = [None, None];
    for (index, (block, sign)) in [("same", 1.0), ("mirrored", -1.0)].into_iter().enumerate() {
        let mut all = Vec::new();
        sheet.block();
        for (at, name) in JOINT_NAMES.iter().enumerate().skip(5) {
            let partner = if sign > 0.0 { at } else { OPPOSITE[at] };
            let pair = joint(lead, at).zip(joint(follow, partner));
            let x = pair.as_ref().map(|(a, b)| sign * correlation(&a.x, &b.x, places));
            let y = pair.as_ref().map(|(a, b)| correlation(&a.y, &b.y, places));
            sheet.add(format!("{block}.{name}.x"), x);
            sheet.add(format!("{block}.{name}.y"), y);
            all.extend(x.into_iter().chain(y));
        }
        averages[index] = (!all.is_empty()).then(|| mean(&all));
    }
    sheet.block();
    for block in ["same", "mirrored"] {
        for (at, name) in JOINT_NAMES.iter().enumerate().skip(5) {
            let partner = if block == "same" { at } else { OPPOSITE[at] };
            let pair = joint(lead, at).zip(joint(follow, partner));
            let value = pair.map(|(a, b)| {
                let [a, b] = [a, b].map(|path| pace(&path, step_s));
                correlation(&a, &b, [SPEED_FLOOR; 2])
            });
            sheet.add(format!("{block}.{name}.speed"), value);
        }
    }
    (averages[0], averages[1])
}

fn pace(path: &Path, step_s: f64) -> Curve {
    with(&speed(&path.x, step_s), &speed(&path.y, step_s), f64::hypot)
}

/// The speed of the whole body, in torsos a second.
fn liveliness(figure: &Figure) -> Option<Curve> {
    let step_s = figure.grid.step_s();
    let joints = [0, 5, 6, 9, 10, 13, 14, 15, 16].into_iter().filter_map(|at| figure.joint(at));
    let all: Vec<Curve> = joints.map(|path| pace(&path, step_s)).collect();
    let count = all.len() as f64;
    let sum = all.into_iter().reduce(|a, b| with(&a, &b, |a, b| a + b))?;
    Some(sum.into_iter().map(|v| v / count).collect())
}

/// Correlation of the follow's speed with the lead's, the follow later by each lag; and the ways.
fn lags(sheet: &mut Sheet, both: Option<&Both<'_>>) {
    let lively = both.and_then(|b| liveliness(b.lead).zip(liveliness(b.follow)));
    let step_s = both.map_or(0.0, |b| b.lead.grid.step_s());
    let at_lag = |lag: i32| -> Option<f64> {
        let (lead, follow) = lively.as_ref()?;
        if step_s <= 1e-9 {
            return Some(0.0);
        }
        let shift = (f64::from(lag.abs()) * LAG_STEP_S / step_s).round() as usize;
        let rest = lead.len().checked_sub(shift).filter(|rest| *rest >= 8)?;
        let (early, late) = if lag >= 0 { (lead, follow) } else { (follow, lead) };
        Some(correlation(&early[..rest], &late[shift..], [SPEED_FLOOR / 2.0; 2]))
    };
    let all: Vec<(i32, Option<f64>)> = (-LAGS..=LAGS).map(|lag| (lag, at_lag(lag))).collect();
    sheet.block();
    for (lag, value) in &all {
        sheet.add(format!("lag.{}ms", lag * 100), *value);
    }
    let best = all
        .iter()
        .filter_map(|&(lag, value)| Some((lag, value?)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.abs().cmp(&a.0.abs())));
    sheet.add("lag.best", best.map(|(lag, value)| f64::from(lag) * LAG_STEP_S * value.max(0.0)));
    sheet.add("lag.best_correlation", best.map(|(_, value)| value));
    let ways = both.map(|b| {
        let [lead, follow] = [b.lead, b.follow].map(|figure| {
            let [x, y] = [&figure.hips.x, &figure.hips.y]
                .map(|c| speed(&c.iter().map(|v| v / figure.unit).collect::<Curve>(), step_s));
            Path { x, y }
        });
        let floors = [SPEED_FLOOR; 2];
        let far = |path: &Path| mean(&with(&path.x, &path.y, f64::hypot)) + SPEED_FLOOR;
        [
            correlation(&lead.x, &follow.x, floors),
            correlation(&lead.y, &follow.y, floors),
            (far(&follow) / far(&lead)).ln(),
        ]
    });
    sheet.add("travel.x", ways.map(|w| w[0]));
    sheet.add("travel.y", ways.map(|w| w[1]));
    sheet.add("travel.ratio", ways.map(|w| w[2]));
}

/// How far, in torsos, the follow's joints are from a mirror image of the lead's, on average.
fn form(both: &Both<'_>) -> Option<f64> {
    let parts = (5..17).filter(|at| !HIPS.contains(at)).filter_map(|at| {
        let (a, b) = (both.lead.joint(at)?, both.follow.joint(OPPOSITE[at])?);
        let x = with(&a.x, &b.x, |a, b| a + b);
        let y = with(&a.y, &b.y, |a, b| a - b);
        Some(mean(&with(&x, &y, f64::hypot)))
    });
    let parts: Vec<f64> = parts.collect();
    (!parts.is_empty()).then(|| mean(&parts))
}
