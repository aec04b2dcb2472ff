//! What is told and what the ports say become one plan.

use super::said::{Form, Said, SaidChannels, SaidFit, SaidKind, SaidLayout, SaidPlace};
use super::{Recipe, ports};
use crate::plan::{Channels, Decoding, Fit, Input, Kind, Layout, Place, Plan};
use crate::{Element, Port, RecipeError};

/// Sides of an input, in pixels.
const SIDE_MIN: usize = 16;
const SIDE_MAX: usize = 2_048;
/// Inputs that a network may ask for at once.
const BATCH_MAX: usize = 64;
/// The side that MoveNet MultiPose is fast and right at.
const MOVENET_SIDE: usize = 256;
/// MMPose makes boxes larger by this.
const PADDING: f32 = 1.25;
/// Bins of SimCC in a pixel.
const SPLIT_RATIO: f32 = 2.0;
/// Of ImageNet's pictures, red first.
const IMAGENET_MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const IMAGENET_STD: [f32; 3] = [58.395, 57.12, 57.375];

/// What holds for a form of outputs where nothing else is said.
struct Usual {
    kind: Kind,
    family: &'static str,
    channels: Channels,
    /// `None` where it differs from export to export.
    normal: Option<([f32; 3], [f32; 3])>,
    fit: Fit,
    score_min: f32,
    overlap_max: f32,
}

fn usual(form: Form, has_hand: bool) -> Usual {
    let top_left = |pad: f32| Fit::Letterbox { place: Place::TopLeft, pad };
    let bare = Some(([0.0; 3], [1.0; 3]));
    let detector = Usual {
        kind: Kind::Detector,
        family: "mmpose",
        channels: Channels::Bgr,
        normal: None,
        fit: top_left(114.0),
        score_min: 0.3,
        overlap_max: 1.0,
    };
    let movenet = Usual {
        kind: Kind::SingleStage,
        family: "movenet",
        channels: Channels::Rgb,
        normal: bare,
        fit: top_left(0.0),
        score_min: 0.2,
        ..detector
    };
    let pose = Usual {
        kind: if has_hand { Kind::Hands } else { Kind::Pose },
        family: "mmpose",
        channels: Channels::Rgb,
        normal: Some((IMAGENET_MEAN, IMAGENET_STD)),
        fit: Fit::Crop { padding: PADDING },
        ..detector
    };
    match form {
        Form::Boxes => detector,
        Form::Yolox => Usual { normal: bare, overlap_max: 0.45, ..detector },
        // The configuration of NanoDet-EfficientNet-Lite.
        Form::Nanodet => Usual {
            family: "nanodet",
            normal: Some(([127.0; 3], [128.0; 3])),
            fit: top_left(0.0),
            score_min: 0.35,
            overlap_max: 0.5,
            ..detector
        },
        Form::Rtmo => Usual { kind: Kind::SingleStage, normal: bare, ..detector },
        Form::MovenetMany => movenet,
        Form::MovenetOne => {
            Usual { kind: Kind::Pose, fit: Fit::Crop { padding: PADDING }, ..movenet }
        }
        Form::Simcc | Form::Heatmap => pose,
        Form::Landmarks => Usual {
            kind: Kind::Hands,
            family: "mediapipe",
            channels: Channels::Rgb,
            normal: Some(([0.0; 3], [255.0; 3])),
            fit: Fit::Crop { padding: 1.0 },
            score_min: 0.5,
            ..detector
        },
    }
}

/// Messages about one recipe.
struct Refusal<'a>(&'a Recipe);

impl Refusal<'_> {
    fn key(&self, key: &str, reason: impl Into<String>) -> RecipeError {
        let (path, key) = (self.0.source.clone(), key.to_owned());
        RecipeError::Key { path, key, reason: reason.into() }
    }

    fn port(&self, port: &str, reason: impl Into<String>) -> RecipeError {
        let (weights, port) = (self.0.weights.clone(), port.to_owned());
        RecipeError::Port { weights, port, reason: reason.into() }
    }
}

pub(super) fn settle(
    recipe: &Recipe,
    inputs: &[Port],
    outputs: &[Port],
) -> Result<Plan, RecipeError> {
    let refusal = Refusal(recipe);
    let said = &recipe.said;
    let unknown = || RecipeError::Unknown {
        weights: recipe.weights.clone(),
        ports: ports::said(inputs, outputs),
    };
    let [port] = inputs else { return Err(unknown()) };
    let form = said.decoding.form.or_else(|| ports::form(port, outputs, &said.decoding.outputs));
    let form = form.ok_or_else(unknown)?;
    let (layout, [height, width]) = shape(&refusal, said, form, port)?;
    let decoding = decoding(&refusal, said, outputs, (form, width, height))?;
    let usual = usual(form, is_hand(outputs, &decoding));
    let kind = match said.kind {
        None => usual.kind,
        Some(SaidKind::Detector) => Kind::Detector,
        Some(SaidKind::Pose) => Kind::Pose,
        Some(SaidKind::SingleStage) => Kind::SingleStage,
        Some(SaidKind::Hands) => Kind::Hands,
    };
    if !serves(form, kind) {
        let reason =
            format!("is `{}`, which outputs of `{}` do not serve", kind.name(), form.name());
        return Err(refusal.key("kind", reason));
    }
    let (channels, mean, scale) = normalisation(&refusal, said, &usual, port)?;
    let fit = fit(&refusal, said, &usual, kind)?;
    let part = |key: &str, value: Option<f32>, usual: f32| match value {
        None => Ok(usual),
        Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
        Some(value) => Err(refusal.key(key, format!("is {value}, but should be 0 to 1"))),
    };
    let person_class = said.person_class.unwrap_or(0);
    if person_class > 10_000 {
        return Err(refusal.key("person_class", format!("is {person_class}, but should be small")));
    }
    Ok(Plan {
        name: name(recipe),
        family: said.family.clone().unwrap_or_else(|| usual.family.to_owned()),
        kind,
        input: Input {
            name: port.name.clone(),
            element: port.element,
            layout,
            channels,
            width,
            height,
            batch: batch(&refusal, port, outputs)?,
            mean,
            scale,
            fit,
        },
        decoding,
        person_class,
        score_min: part("score_min", said.score_min, usual.score_min)?,
        overlap_max: part("overlap_max", said.overlap_max, usual.overlap_max)?,
    })
}

/// The folder's name for MMDeploy's `end2end.onnx`, else the file's.
fn name(recipe: &Recipe) -> String {
    let file = recipe.weights.file_stem().unwrap_or_default().to_string_lossy();
    let folder = recipe.weights.parent().and_then(|folder| folder.file_name());
    match folder {
        Some(folder) if file == "end2end" => folder.to_string_lossy().into_owned(),
        Some(_) | None => file.into_owned(),
    }
}

fn serves(form: Form, kind: Kind) -> bool {
    match form {
        Form::Boxes | Form::Yolox | Form::Nanodet => kind == Kind::Detector,
        Form::Rtmo | Form::MovenetMany => kind == Kind::SingleStage,
        Form::MovenetOne => kind == Kind::Pose,
        Form::Simcc | Form::Heatmap => matches!(kind, Kind::Pose | Kind::Hands),
        Form::Landmarks => kind == Kind::Hands,
    }
}

/// Layout, height and width of the input.
fn shape(
    refusal: &Refusal,
    said: &Said,
    form: Form,
    port: &Port,
) -> Result<(Layout, [usize; 2]), RecipeError> {
    let told = said.input.layout.map(|layout| match layout {
        SaidLayout::Nchw => Layout::Planes,
        SaidLayout::Nhwc => Layout::Pixels,
    });
    let read = ports::layout(port);
    let layout = match (told, read) {
        (Some(told), Some(read)) if told != read => {
            let reason = "has its 3 channels elsewhere than the description's `input.layout`";
            return Err(refusal.port(&port.name, reason));
        }
        (Some(layout), _) | (None, Some(layout)) if port.shape.len() == 4 => layout,
        _ => {
            let reason = "is no batch of pictures; it should be [N, 3, H, W] or [N, H, W, 3]";
            return Err(refusal.port(&port.name, reason));
        }
    };
    if port.element == Element::Other {
        let reason = "is of a type that is not fed; export it with float32, int32 or uint8";
        return Err(refusal.port(&port.name, reason));
    }
    let read = ports::sides(port, layout);
    let told = [("input.height", said.input.height), ("input.width", said.input.width)];
    let mut sides = [0; 2];
    for ((side, read), (key, told)) in sides.iter_mut().zip(read).zip(told) {
        *side = match (read, told) {
            // What surrounds an export may be older than the network in it: the network is right.
            (Some(read), Some(told)) if read != told && !said.is_export => {
                let reason = format!("is {told}, but the network takes {read}");
                return Err(refusal.key(key, reason));
            }
            (Some(read), _) => read,
            (None, Some(told)) => told,
            (None, None) if form == Form::MovenetMany => MOVENET_SIDE,
            (None, None) => {
                return Err(refusal.key(key, "is missing, and the network leaves it open; say it"));
            }
        };
        if !(SIDE_MIN..=SIDE_MAX).contains(side) {
            let reason = format!("is {side}, but should be {SIDE_MIN} to {SIDE_MAX} pixels");
            return Err(refusal.key(key, reason));
        }
        if form == Form::MovenetMany && *side % 32 != 0 {
            return Err(refusal.key(key, format!("is {side}, but should be a multiple of 32")));
        }
    }
    Ok((layout, sides))
}

/// How many pictures the network takes at once; `None` for any number.
fn batch(refusal: &Refusal, port: &Port, outputs: &[Port]) -> Result<Option<usize>, RecipeError> {
    // Some exports leave the input's batch open and fix the answer's.
    let answered = outputs.iter().filter_map(|output| output.shape.first().copied().flatten());
    let batch = port.shape.first().copied().flatten().or(answered.max());
    match batch {
        Some(batch) if !(1..=BATCH_MAX).contains(&batch) => {
            let reason = format!("takes {batch} pictures at once; 1 to {BATCH_MAX} are given");
            Err(refusal.port(&port.name, reason))
        }
        batch => Ok(batch),
    }
}

type Normalisation = (Channels, [f32; 3], [f32; 3]);

fn normalisation(
    refusal: &Refusal,
    said: &Said,
    usual: &Usual,
    port: &Port,
) -> Result<Normalisation, RecipeError> {
    let told = said.input.channels.map(|channels| match channels {
        SaidChannels::Rgb => Channels::Rgb,
        SaidChannels::Bgr => Channels::Bgr,
    });
    let channels = told.unwrap_or(usual.channels);
    let (usual_mean, usual_std) = match (usual.normal, said.input.mean, said.input.std) {
        (_, Some(mean), Some(std)) => (mean, std),
        // Half of a pair leaves the other half out.
        (_, Some(mean), None) => (mean, [1.0; 3]),
        (_, None, Some(std)) => ([0.0; 3], std),
        (Some((mut mean, mut std)), None, None) => {
            if channels != usual.channels {
                mean.reverse();
                std.reverse();
            }
            (mean, std)
        }
        (None, None, None) => {
            let reason = "is missing, and such networks differ in it; say `input.channels`, \
                          `input.mean` and `input.std` in a vitrine.json beside the network";
            return Err(refusal.key("input.mean", reason));
        }
    };
    if !usual_mean.iter().all(|mean| mean.is_finite()) {
        return Err(refusal.key("input.mean", "should be three numbers"));
    }
    if !usual_std.iter().all(|std| std.is_finite() && *std > 0.0) {
        return Err(refusal.key("input.std", "should be three numbers above 0"));
    }
    let is_bare = usual_mean == [0.0; 3] && usual_std == [1.0; 3];
    if port.element != Element::F32 && !is_bare {
        let reason = "takes whole numbers, which mean and standard deviation would break";
        return Err(refusal.port(&port.name, reason));
    }
    Ok((channels, usual_mean, usual_std.map(|std| 1.0 / std)))
}

fn fit(refusal: &Refusal, said: &Said, usual: &Usual, kind: Kind) -> Result<Fit, RecipeError> {
    let input = &said.input;
    let is_crop = matches!(kind, Kind::Pose | Kind::Hands);
    let (usual_place, usual_pad) = match usual.fit {
        Fit::Letterbox { place, pad } => (place, pad),
        Fit::Stretch | Fit::Crop { .. } => (Place::TopLeft, 0.0),
    };
    let usual_padding = match usual.fit {
        Fit::Crop { padding } => padding,
        Fit::Letterbox { .. } | Fit::Stretch => PADDING,
    };
    match (input.fit, is_crop) {
        (Some(SaidFit::Letterbox | SaidFit::Stretch), true) => {
            let reason = format!("should be `crop` for `{}`", kind.name());
            Err(refusal.key("input.fit", reason))
        }
        (Some(SaidFit::Crop), false) => {
            let reason = format!("should be `letterbox` or `stretch` for `{}`", kind.name());
            Err(refusal.key("input.fit", reason))
        }
        (_, true) => {
            let padding = input.padding.unwrap_or(usual_padding);
            if !(0.5..=4.0).contains(&padding) {
                let reason = format!("is {padding}, but should be 0.5 to 4");
                return Err(refusal.key("input.padding", reason));
            }
            Ok(Fit::Crop { padding })
        }
        (Some(SaidFit::Stretch), false) => Ok(Fit::Stretch),
        (Some(SaidFit::Letterbox) | None, false) => {
            let pad = input.pad.unwrap_or(usual_pad);
            if !(0.0..=255.0).contains(&pad) {
                return Err(refusal.key("input.pad", format!("is {pad}, but should be 0 to 255")));
            }
            let place = match input.place {
                None => usual_place,
                Some(SaidPlace::TopLeft) => Place::TopLeft,
                Some(SaidPlace::Centre) => Place::Centre,
            };
            Ok(Fit::Letterbox { place, pad })
        }
    }
}

/// Finds each output that the form needs.
fn decoding(
    refusal: &Refusal,
    said: &Said,
    outputs: &[Port],
    (form, width, height): (Form, usize, usize),
) -> Result<Decoding, RecipeError> {
    let told = &said.decoding.outputs;
    let lacks = |key: &str, wanted: &str| {
        let names: Vec<&str> = outputs.iter().map(|port| port.name.as_str()).take(16).collect();
        let reason =
            format!("is no output of the network ({}); it should be {wanted}", names.join(", "));
        refusal.key(&format!("decoding.outputs.{key}"), reason)
    };
    let find = |key: &str, told: &Option<String>, usual: &[&str]| {
        let found = match told {
            Some(name) => ports::named(outputs, &[name]).or_else(|| {
                // An export's map of names may be of the other direction, or stale.
                said.is_export.then(|| ports::named(outputs, usual)).flatten()
            }),
            None => ports::named(outputs, usual),
        };
        found.map(|port| port.name.clone()).ok_or_else(|| lacks(key, usual[0]))
    };
    // The only output needs no name.
    let only = |key: &str, told: &Option<String>, usual: &[&str]| match outputs {
        [one] if told.is_none() => Ok(one.name.clone()),
        _ => find(key, told, usual),
    };
    Ok(match form {
        Form::Boxes => Decoding::Boxes {
            boxes: only("boxes", &told.boxes, &["dets"])?,
            labels: match (&told.labels, ports::named(outputs, &["labels"])) {
                (None, found) => found.map(|port| port.name.clone()),
                (Some(_), _) => Some(find("labels", &told.labels, &["labels"])?),
            },
        },
        Form::Yolox => {
            let strides = said.decoding.strides.clone().unwrap_or_else(|| vec![8, 16, 32]);
            let fits = |stride: &usize| (1..=128).contains(stride);
            if strides.is_empty() || strides.len() > 8 || !strides.iter().all(fits) {
                return Err(refusal.key("decoding.strides", "should be 1 to 8 numbers, 1 to 128"));
            }
            Decoding::Yolox { output: only("boxes", &told.boxes, &["output"])?, strides }
        }
        Form::Nanodet => {
            let heads = ports::nanodet(outputs, width, height);
            if heads.is_empty() {
                return Err(lacks("boxes", "pairs of [N, cells, 80] and [N, cells, 4 * bins]"));
            }
            Decoding::Nanodet { heads }
        }
        Form::Rtmo => Decoding::Rtmo {
            boxes: find("boxes", &told.boxes, &["dets"])?,
            joints: find("joints", &told.joints, &["keypoints"])?,
        },
        Form::MovenetMany => {
            Decoding::MovenetMany { output: only("joints", &told.joints, &["output_0"])? }
        }
        Form::MovenetOne => {
            Decoding::MovenetOne { output: only("joints", &told.joints, &["output_0"])? }
        }
        Form::Simcc => {
            let split_ratio = said.decoding.split_ratio.unwrap_or(SPLIT_RATIO);
            if !(0.25..=16.0).contains(&split_ratio) {
                let reason = format!("is {split_ratio}, but should be 0.25 to 16");
                return Err(refusal.key("decoding.split_ratio", reason));
            }
            let (x, y) = (find("x", &told.x, &["simcc_x"])?, find("y", &told.y, &["simcc_y"])?);
            for (name, side) in [(&x, width), (&y, height)] {
                let bins = (side as f32 * split_ratio).round() as usize;
                let last = ports::named(outputs, &[name]).and_then(|port| *port.shape.last()?);
                if last.is_some_and(|last| last != bins) {
                    let reason = format!(
                        "should end with {bins}, {side} pixels by the split ratio {split_ratio}"
                    );
                    return Err(refusal.port(name, reason));
                }
            }
            Decoding::Simcc { x, y, split_ratio }
        }
        Form::Heatmap => Decoding::Heatmap {
            output: only("heatmap", &told.heatmap, &["output", "heatmap", "heatmaps"])?,
            quarter: said.decoding.quarter.unwrap_or(true),
        },
        Form::Landmarks => {
            let guessed = ports::joints_and_presence(outputs);
            let (joints, presence) = match (guessed, &told.joints, &told.presence) {
                (Some((joints, presence)), None, None) => {
                    (joints.name.clone(), presence.name.clone())
                }
                _ => (
                    find("joints", &told.joints, &["Identity"])?,
                    find("presence", &told.presence, &["Identity_1"])?,
                ),
            };
            Decoding::Landmarks { joints, presence }
        }
    })
}

/// Whether the joints are a hand's.
fn is_hand(outputs: &[Port], decoding: &Decoding) -> bool {
    let name = match decoding {
        Decoding::Simcc { x, .. } => x,
        Decoding::Heatmap { output, .. } => output,
        _ => return false,
    };
    ports::named(outputs, &[name]).is_some_and(|port| port.shape.get(1) == Some(&Some(21)))
}
