//! MMDeploy's exports: `deploy.json` names the weights, `pipeline.json` says what surrounds them.
//!
//! Only what bears on the numbers is read: sizes, normalisation, decoding. Tasks and transforms
//! that are not known are passed over, as versions of MMDeploy differ in them.

use std::path::Path;

use serde_json::Value;

use super::files;
use super::said::{Form, Said, SaidChannels, SaidFit, SaidInput, SaidKind};
use crate::RecipeError;

pub(super) const DEPLOY: &str = "deploy.json";
pub(super) const PIPELINE: &str = "pipeline.json";
/// What MMDeploy calls its networks.
pub(super) const WEIGHTS: &str = "end2end.onnx";

/// rtmlib and MMPose keep people from this score on; a folder may ask for more.
const PERSON_SCORE_MIN: f32 = 0.3;

/// A description on its way through, for messages.
struct Source<'a> {
    path: &'a Path,
}

impl Source<'_> {
    fn wrong(&self, key: String, reason: String) -> RecipeError {
        RecipeError::Key { path: self.path.to_owned(), key, reason }
    }

    fn numbers<const N: usize>(
        &self,
        parent: &Value,
        place: &str,
        key: &str,
    ) -> Result<Option<[f32; N]>, RecipeError> {
        let Some(value) = parent.get(key).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let numbers: Option<Vec<f32>> =
            items.iter().map(|item| item.as_f64().map(|number| number as f32)).collect();
        let numbers = numbers.and_then(|numbers| <[f32; N]>::try_from(numbers).ok());
        numbers.map(Some).ok_or_else(|| {
            self.wrong(format!("{place}.{key}"), format!("is {value}, but should be {N} numbers"))
        })
    }

    fn sides(
        &self,
        parent: &Value,
        place: &str,
        key: &str,
    ) -> Result<Option<[usize; 2]>, RecipeError> {
        let sides = self.numbers::<2>(parent, place, key)?;
        Ok(sides.map(|sides| sides.map(|side| side as usize)))
    }
}

fn json(path: &Path) -> Result<Value, RecipeError> {
    serde_json::from_str(&files::text(path)?)
        .map_err(|error| RecipeError::Syntax { path: path.to_owned(), reason: error.to_string() })
}

/// The file of weights that `deploy.json` names.
pub(super) fn weights(path: &Path) -> Result<String, RecipeError> {
    let deploy = json(path)?;
    let source = Source { path };
    let model = deploy.pointer("/models/0").ok_or_else(|| {
        source.wrong("models".to_owned(), "is missing or empty, but should name a model".to_owned())
    })?;
    if let Some(backend) = model.get("backend").and_then(Value::as_str)
        && backend != "onnxruntime"
    {
        let reason = format!("is `{backend}`; export the model for `onnxruntime`");
        return Err(source.wrong("models[0].backend".to_owned(), reason));
    }
    let net = model.get("net").and_then(Value::as_str);
    net.map(str::to_owned).ok_or_else(|| {
        source.wrong("models[0].net".to_owned(), "is missing; it names the .onnx".to_owned())
    })
}

/// What `pipeline.json` says.
pub(super) fn pipeline(path: &Path) -> Result<Said, RecipeError> {
    let pipeline = json(path)?;
    let source = Source { path };
    let tasks = pipeline.pointer("/pipeline/tasks").and_then(Value::as_array).ok_or_else(|| {
        source.wrong("pipeline.tasks".to_owned(), "is missing or no list".to_owned())
    })?;
    let mut said = Said { family: Some("mmpose".to_owned()), is_export: true, ..Said::default() };
    let mut renamed = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        let place = format!("pipeline.tasks[{at}]");
        if let Some(transforms) = task.get("transforms").and_then(Value::as_array) {
            for (at, transform) in transforms.iter().enumerate() {
                let place = format!("{place}.transforms[{at}]");
                read_transform(&source, transform, &place, &mut said.input)?;
            }
        }
        if let Some(names) = task.get("output_map").and_then(Value::as_object) {
            let names = names.iter().filter_map(|(from, to)| Some((from, to.as_str()?)));
            renamed.extend(names.map(|(from, to)| (from.clone(), to.to_owned())));
        }
        if let Some(component) = task.get("component").and_then(Value::as_str) {
            read_component(&source, task, (component, &place), &mut said)?;
        }
    }
    for (from, to) in renamed {
        let outputs = &mut said.decoding.outputs;
        match to.as_str() {
            "simcc_x" => outputs.x = Some(from),
            "simcc_y" => outputs.y = Some(from),
            "dets" => outputs.boxes = Some(from),
            "labels" => outputs.labels = Some(from),
            "keypoints" => outputs.joints = Some(from),
            _ => {}
        }
    }
    Ok(said)
}

fn read_transform(
    source: &Source,
    transform: &Value,
    place: &str,
    input: &mut SaidInput,
) -> Result<(), RecipeError> {
    match transform.get("type").and_then(Value::as_str).unwrap_or_default() {
        "Resize" => {
            if let Some([width, height]) = source.sides(transform, place, "size")? {
                (input.width, input.height) = (Some(width), Some(height));
            }
            let keeps = transform.get("keep_ratio").and_then(Value::as_bool).unwrap_or(false);
            input.fit = Some(if keeps { SaidFit::Letterbox } else { SaidFit::Stretch });
        }
        "Pad" => {
            let level = match transform.get("pad_val") {
                // Either one level, or one a channel below `img`.
                Some(Value::Object(levels)) => levels.get("img").cloned(),
                level => level.cloned(),
            };
            let level = match level {
                Some(Value::Array(levels)) => levels.first().and_then(Value::as_f64),
                level => level.as_ref().and_then(Value::as_f64),
            };
            input.pad = level.map(|level| level as f32).or(input.pad);
        }
        "TopDownGetBboxCenterScale" | "TopDownAffine" | "TopdownAffine" => {
            for key in ["image_size", "input_size"] {
                if let Some([width, height]) = source.sides(transform, place, key)? {
                    (input.width, input.height) = (Some(width), Some(height));
                }
            }
            if transform.get("use_udp").and_then(Value::as_bool) == Some(true) {
                let reason = "is true; export a model that was trained without unbiased data \
                              processing (UDP), which is not supported";
                return Err(source.wrong(format!("{place}.use_udp"), reason.to_owned()));
            }
            let padding = transform.get("padding").and_then(Value::as_f64);
            input.padding = padding.map(|padding| padding as f32).or(input.padding);
            input.fit = Some(SaidFit::Crop);
        }
        "Normalize" => {
            input.mean = source.numbers(transform, place, "mean")?;
            input.std = source.numbers(transform, place, "std")?;
            let to_rgb = transform.get("to_rgb").and_then(Value::as_bool).unwrap_or(true);
            input.channels = Some(if to_rgb { SaidChannels::Rgb } else { SaidChannels::Bgr });
        }
        _ => {}
    }
    Ok(())
}

fn read_component(
    source: &Source,
    task: &Value,
    (component, place): (&str, &str),
    said: &mut Said,
) -> Result<(), RecipeError> {
    let params = task.get("params").unwrap_or(&Value::Null);
    let number = |key: &str| params.get(key).and_then(Value::as_f64).map(|number| number as f32);
    let is_pose = match component {
        "SimCCLabelDecode" => {
            said.decoding.form = Some(Form::Simcc);
            said.decoding.split_ratio = number("simcc_split_ratio");
            true
        }
        "TopdownHeatmapSimpleHeadDecode"
        | "TopdownHeatmapBaseHeadDecode"
        | "TopdownHeatmapMSMUHeadDecode"
        | "ViPNASHeatmapSimpleHeadDecode" => {
            said.decoding.form = Some(Form::Heatmap);
            true
        }
        "YOLOXPose" => {
            said.decoding.form = Some(Form::Rtmo);
            false
        }
        "ResizeBBox" => {
            said.kind = Some(SaidKind::Detector);
            let asked = number("score_thr").unwrap_or_default();
            said.score_min = Some(asked.max(PERSON_SCORE_MIN));
            let overlap = params.pointer("/nms/iou_threshold").and_then(Value::as_f64);
            said.overlap_max = overlap.map(|overlap| overlap as f32);
            // Detectors of MMDetection that say nothing of normalisation take bare levels.
            let input = &mut said.input;
            if input.mean.is_none() && input.std.is_none() {
                (input.mean, input.std) = (Some([0.0; 3]), Some([1.0; 3]));
                input.channels = input.channels.or(Some(SaidChannels::Bgr));
            }
            false
        }
        _ => false,
    };
    if is_pose {
        let place = format!("{place}.params");
        if let Some([width, height]) = source.sides(params, &place, "input_size")? {
            (said.input.width, said.input.height) = (Some(width), Some(height));
        }
        said.input.fit = Some(SaidFit::Crop);
    }
    Ok(())
}
