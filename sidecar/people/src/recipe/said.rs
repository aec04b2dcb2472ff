//! What a description tells, whatever its format. Everything may be left out.

use serde::Deserialize;

/// What is told of a network.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Said {
    /// File of weights, in the same folder.
    pub(crate) weights: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) kind: Option<SaidKind>,
    pub(crate) input: SaidInput,
    pub(crate) decoding: SaidDecoding,
    pub(crate) person_class: Option<usize>,
    pub(crate) score_min: Option<f32>,
    pub(crate) overlap_max: Option<f32>,
    /// Whether a program wrote it around the network: where they differ, the network is right.
    #[serde(skip)]
    pub(crate) is_export: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SaidKind {
    Detector,
    Pose,
    SingleStage,
    Hands,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SaidInput {
    pub(crate) width: Option<usize>,
    pub(crate) height: Option<usize>,
    pub(crate) layout: Option<SaidLayout>,
    pub(crate) channels: Option<SaidChannels>,
    /// In the order of `channels`, levels 0 to 255.
    pub(crate) mean: Option<[f32; 3]>,
    pub(crate) std: Option<[f32; 3]>,
    pub(crate) fit: Option<SaidFit>,
    pub(crate) place: Option<SaidPlace>,
    pub(crate) pad: Option<f32>,
    pub(crate) padding: Option<f32>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SaidLayout {
    Nchw,
    Nhwc,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SaidChannels {
    Rgb,
    Bgr,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SaidFit {
    Letterbox,
    Stretch,
    Crop,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SaidPlace {
    TopLeft,
    Centre,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SaidDecoding {
    #[serde(rename = "type")]
    pub(crate) form: Option<Form>,
    pub(crate) split_ratio: Option<f32>,
    pub(crate) quarter: Option<bool>,
    pub(crate) strides: Option<Vec<usize>>,
    pub(crate) outputs: SaidOutputs,
}

/// Names of outputs, by what they hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SaidOutputs {
    pub(crate) boxes: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) joints: Option<String>,
    pub(crate) presence: Option<String>,
    pub(crate) x: Option<String>,
    pub(crate) y: Option<String>,
    pub(crate) heatmap: Option<String>,
}

/// The forms of outputs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Boxes,
    Yolox,
    Nanodet,
    Rtmo,
    MovenetMany,
    MovenetOne,
    Simcc,
    Heatmap,
    Landmarks,
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boxes => "boxes",
            Self::Yolox => "yolox",
            Self::Nanodet => "nanodet",
            Self::Rtmo => "rtmo",
            Self::MovenetMany => "movenet_many",
            Self::MovenetOne => "movenet_one",
            Self::Simcc => "simcc",
            Self::Heatmap => "heatmap",
            Self::Landmarks => "landmarks",
        }
    }
}
