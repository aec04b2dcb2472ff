//! What a network does, settled: description and ports agree.

/// What a network is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Picture to boxes of people.
    Detector,
    /// Box of one person to 17 joints.
    Pose,
    /// Picture to people with joints.
    SingleStage,
    /// Square around one hand to 21 joints.
    Hands,
}

impl Kind {
    /// As a description names it: `detector`, `pose`, `single_stage`, `hands`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Pose => "pose",
            Self::SingleStage => "single_stage",
            Self::Hands => "hands",
        }
    }
}

/// The order of an input's dimensions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// `[batch, 3, height, width]`.
    Planes,
    /// `[batch, height, width, 3]`.
    Pixels,
}

/// The order of an input's colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV reads.
    Bgr,
}

/// Where a picture stands in an input that it does not fill.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Padding right and below.
    TopLeft,
    /// Padding on both sides.
    Centre,
}

/// How a picture becomes an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fit {
    /// Keeps the ratio of its sides; the rest has the level `pad`, 0 to 255, of each channel.
    Letterbox {
        /// Where the picture stands.
        place: Place,
        /// Level of the rest, before normalisation.
        pad: f32,
    },
    /// Both sides are stretched.
    Stretch,
    /// A box, made larger by the factor `padding` and grown to the input's ratio of sides; black
    /// outside the picture.
    Crop {
        /// 1.25 in MMPose.
        padding: f32,
    },
}

/// How the input tensor is made. A level `v` (0 to 255) becomes `(v - mean) * scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Name of the port.
    pub name: String,
    /// `F32`, `I32` or `U8`.
    pub element: crate::Element,
    /// Order of dimensions.
    pub layout: Layout,
    /// Order of colours.
    pub channels: Channels,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// How many the network takes at once; `None` where it takes any number.
    pub batch: Option<usize>,
    /// By channel, in the tensor's order.
    pub mean: [f32; 3],
    /// By channel, in the tensor's order: 1 / standard deviation.
    pub scale: [f32; 3],
    /// How a picture becomes the input.
    pub fit: Fit,
}

/// How the outputs are read. `B` is the batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoding {
    /// MMDeploy's detectors: `[B, N, 5]` of left, top, right, bottom, score in input pixels,
    /// overlaps already removed, and `[B, N]` of classes.
    Boxes {
        /// Output of boxes.
        boxes: String,
        /// Output of classes; a detector of people alone may have none.
        labels: Option<String>,
    },
    /// YOLOX's raw head: `[B, N, 5 + classes]`, N over strides 8, 16, 32.
    Yolox {
        /// The output.
        output: String,
        /// Pixels between cells.
        strides: Vec<usize>,
    },
    /// NanoDet's raw heads: by stride `[B, N, classes]` and `[B, N, 4 * bins]`.
    Nanodet {
        /// Stride, output of scores, output of distances.
        heads: Vec<(usize, String, String)>,
    },
    /// MMPose's RTMO: `[B, N, 5]` and `[B, N, 17, 3]` in input pixels.
    Rtmo {
        /// Output of boxes.
        boxes: String,
        /// Output of joints.
        joints: String,
    },
    /// MoveNet MultiPose: `[B, N, 56]`, 17 of y, x, score, then top, left, bottom, right, score, 0 to 1.
    MovenetMany {
        /// The output.
        output: String,
    },
    /// MoveNet SinglePose: `[B, 1, 17, 3]` of y, x, score, 0 to 1.
    MovenetOne {
        /// The output.
        output: String,
    },
    /// SimCC: `[B, 17, width * split_ratio]` and `[B, 17, height * split_ratio]`.
    Simcc {
        /// Output along x.
        x: String,
        /// Output along y.
        y: String,
        /// Bins a pixel.
        split_ratio: f32,
    },
    /// `[B, 17, rows, columns]`.
    Heatmap {
        /// The output.
        output: String,
        /// Whether the joint moves a quarter of a cell towards the higher neighbour.
        quarter: bool,
    },
    /// MediaPipe's hands: `[B, 63]` of x, y, z in input pixels and `[B, 1]`, how sure that a hand is there.
    Landmarks {
        /// Output of joints.
        joints: String,
        /// Output of presence.
        presence: String,
    },
}

/// What a network does, settled: description and ports agree, every named output exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// For messages: the folder's or the file's name.
    pub name: String,
    /// `mmpose`, `movenet`, or what a description says.
    pub family: String,
    /// What it is for.
    pub kind: Kind,
    /// How its input is made.
    pub input: Input,
    /// How its outputs are read.
    pub decoding: Decoding,
    /// Which class is a person.
    pub person_class: usize,
    /// Least score of a person (or hand), 0 to 1, that is kept.
    pub score_min: f32,
    /// Boxes that overlap more than this (intersection over union) are one person.
    pub overlap_max: f32,
}

impl Plan {
    /// The output that messages name: the first that is read.
    pub fn output(&self) -> &str {
        match &self.decoding {
            Decoding::Boxes { boxes, .. } => boxes,
            Decoding::Yolox { output, .. }
            | Decoding::MovenetMany { output }
            | Decoding::MovenetOne { output }
            | Decoding::Heatmap { output, .. } => output,
            Decoding::Nanodet { heads } => heads.first().map_or("", |(_, scores, _)| scores),
            Decoding::Rtmo { joints, .. } | Decoding::Landmarks { joints, .. } => joints,
            Decoding::Simcc { x, .. } => x,
        }
    }
}
