//! Where an input lies in its picture.

use vitrine_pose::{Bounds, Joint};

use crate::Picture;
use crate::plan::{Fit, Input, Place};
use crate::sample::{Border, Drawing, Window};

/// `x' = [0] x + [1] y + [2]`, `y' = [3] x + [4] y + [5]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine(pub(crate) [f64; 6]);

impl Affine {
    pub(crate) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + b * y + c, d * x + e * y + f)
    }

    /// Whether rows stay rows and columns stay columns.
    pub(crate) fn is_upright(&self) -> bool {
        self.0[1] == 0.0 && self.0[3] == 0.0
    }

    /// A position of the input as a joint of the picture.
    pub(crate) fn joint(&self, x: f32, y: f32, score: f32) -> Joint {
        let (x, y) = self.apply(f64::from(x), f64::from(y));
        Joint { x: x as f32, y: y as f32, score: score.clamp(0.0, 1.0) }
    }

    /// A box of the input as a box of the picture. For upright maps.
    pub(crate) fn bounds(&self, bounds: Bounds) -> Bounds {
        let (left, top) = self.apply(f64::from(bounds.left), f64::from(bounds.top));
        let (right, bottom) = self.apply(f64::from(bounds.right), f64::from(bounds.bottom));
        Bounds { left: left as f32, top: top as f32, right: right as f32, bottom: bottom as f32 }
    }
}

/// A picture, or a part of one, on its way into a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crop<'a> {
    pub(crate) drawing: Drawing<'a>,
    /// Where the network's answers lie in the picture: positions as networks count them.
    pub(crate) back: Affine,
}

/// A part of a picture to crop: `turn` in radians, clockwise on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) centre: (f64, f64),
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) turn: f64,
}

impl Part {
    /// A box made larger by `padding`, as MMPose's `GetBBoxCenterScale`.
    pub(crate) fn around(bounds: &Bounds, padding: f32) -> Self {
        let [left, top] = [f64::from(bounds.left), f64::from(bounds.top)];
        let [right, bottom] = [f64::from(bounds.right), f64::from(bounds.bottom)];
        Self {
            centre: ((left + right) / 2.0, (top + bottom) / 2.0),
            width: (right - left) * f64::from(padding),
            height: (bottom - top) * f64::from(padding),
            turn: 0.0,
        }
    }
}

/// A whole picture, as the plan fits it.
pub(crate) fn whole<'a>(picture: &Picture<'a>, input: &Input) -> Crop<'a> {
    let [width, height] = [f64::from(picture.width()), f64::from(picture.height())];
    let [input_width, input_height] = [input.width as f64, input.height as f64];
    let (place, pad, scale) = match input.fit {
        Fit::Letterbox { place, pad } => {
            let scale = (input_width / width).min(input_height / height);
            (place, pad, [scale, scale])
        }
        Fit::Stretch => (Place::TopLeft, 0.0, [input_width / width, input_height / height]),
        Fit::Crop { padding: _ } => {
            let bounds = Bounds { left: 0.0, top: 0.0, right: width as f32, bottom: height as f32 };
            return part(picture, input, &Part::around(&bounds, 1.0));
        }
    };
    let side =
        |length: f64, scale: f64, max: usize| ((length * scale).round() as usize).clamp(1, max);
    let filled = [side(width, scale[0], input.width), side(height, scale[1], input.height)];
    let [left, top] = match place {
        Place::TopLeft => [0, 0],
        Place::Centre => [(input.width - filled[0]) / 2, (input.height - filled[1]) / 2],
    };
    // Pixel centres meet, as in OpenCV's resize.
    let steps = [width / filled[0] as f64, height / filled[1] as f64];
    let start = |step: f64, from: usize| 0.5 * step - 0.5 - from as f64 * step;
    let to_picture =
        Affine([steps[0], 0.0, start(steps[0], left), 0.0, steps[1], start(steps[1], top)]);
    let back = Affine([
        1.0 / scale[0],
        0.0,
        -(left as f64) / scale[0],
        0.0,
        1.0 / scale[1],
        -(top as f64) / scale[1],
    ]);
    let window = Window { left, top, width: filled[0], height: filled[1] };
    let drawing = Drawing { picture: *picture, to_picture, window, border: Border::Nearest, pad };
    Crop { drawing, back }
}

/// A part of a picture, grown to the input's ratio of sides, as MMPose's `TopdownAffine`.
pub(crate) fn part<'a>(picture: &Picture<'a>, input: &Input, part: &Part) -> Crop<'a> {
    let [width, height] = [input.width as f64, input.height as f64];
    let wide = part.width.max(part.height * width / height).max(1e-3);
    let step = wide / width;
    // Whole numbers where nothing is turned, so that the upright way is taken.
    let (sine, cosine) = if part.turn == 0.0 { (0.0, 1.0) } else { part.turn.sin_cos() };
    let [a, b] = [cosine * step, -sine * step];
    let (x, y) = part.centre;
    let map = Affine([
        a,
        b,
        x - a * width / 2.0 - b * height / 2.0,
        -b,
        a,
        y + b * width / 2.0 - a * height / 2.0,
    ]);
    let map = if part.turn == 0.0 { Affine([a, 0.0, map.0[2], 0.0, a, map.0[5]]) } else { map };
    let window = Window { left: 0, top: 0, width: input.width, height: input.height };
    let drawing =
        Drawing { picture: *picture, to_picture: map, window, border: Border::Black, pad: 0.0 };
    Crop { drawing, back: map }
}

/// What of a box lies in a picture.
pub(crate) fn inside(bounds: &Bounds, picture: &Picture) -> Bounds {
    let [width, height] = [picture.width() as f32, picture.height() as f32];
    Bounds {
        left: bounds.left.clamp(0.0, width),
        top: bounds.top.clamp(0.0, height),
        right: bounds.right.clamp(0.0, width),
        bottom: bounds.bottom.clamp(0.0, height),
    }
}

pub(crate) fn has_area(bounds: &Bounds) -> bool {
    bounds.right > bounds.left && bounds.bottom > bounds.top
}

/// The least box around joints at least as sure as `score_min`; `None` where there are none.
pub(crate) fn around(joints: &[Joint], score_min: f32) -> Option<Bounds> {
    let sure = joints.iter().filter(|joint| joint.score >= score_min);
    sure.fold(None, |bounds: Option<Bounds>, &Joint { x, y, score: _ }| {
        let Bounds { left, top, right, bottom } =
            bounds.unwrap_or(Bounds { left: x, top: y, right: x, bottom: y });
        let [left, top] = [left.min(x), top.min(y)];
        Some(Bounds { left, top, right: right.max(x), bottom: bottom.max(y) })
    })
}
