//! What a network's ports tell of it.

use super::said::{Form, SaidOutputs};
use crate::plan::Layout;
use crate::{Element, Port};

/// Strides of NanoDet's heads.
const NANODET_STRIDES: [usize; 4] = [8, 16, 32, 64];
/// COCO's.
const CLASSES: usize = 80;

/// Ports in one line, for messages.
pub(super) fn said(inputs: &[Port], outputs: &[Port]) -> String {
    let list = |ports: &[Port]| {
        let ports: Vec<String> = ports.iter().take(16).map(one).collect();
        ports.join(", ")
    };
    format!("takes {}; answers {}", list(inputs), list(outputs))
}

fn one(port: &Port) -> String {
    let dims: Vec<String> =
        port.shape.iter().map(|dim| dim.map_or("?".to_owned(), |dim| dim.to_string())).collect();
    let element = match port.element {
        Element::F32 => "float32",
        Element::I32 => "int32",
        Element::I64 => "int64",
        Element::U8 => "uint8",
        Element::Other => "another type",
    };
    format!("`{}` {element} [{}]", port.name, dims.join(", "))
}

/// Where the three channels are.
pub(super) fn layout(input: &Port) -> Option<Layout> {
    match input.shape.as_slice() {
        [_, Some(3), _, _] => Some(Layout::Planes),
        [_, _, _, Some(3)] => Some(Layout::Pixels),
        _ => None,
    }
}

/// Height and width, where the file says.
pub(super) fn sides(input: &Port, layout: Layout) -> [Option<usize>; 2] {
    let at = match layout {
        Layout::Planes => 2,
        Layout::Pixels => 1,
    };
    [0, 1].map(|next| input.shape.get(at + next).copied().flatten())
}

/// An output of this name.
pub(super) fn named<'p>(outputs: &'p [Port], names: &[&str]) -> Option<&'p Port> {
    outputs.iter().find(|port| names.contains(&port.name.as_str()))
}

/// Whether the dimensions after the batch are these; `None` fits any. What the file leaves open fits.
fn after_batch(port: &Port, expected: &[Option<usize>]) -> bool {
    port.element == Element::F32
        && port.shape.len() == expected.len() + 1
        && port.shape[1..]
            .iter()
            .zip(expected)
            .all(|(dim, expected)| dim.is_none() || expected.is_none() || dim == expected)
}

/// Whether the last dimension is said, and this.
fn ends_with(port: &Port, last: usize) -> bool {
    port.shape.last() == Some(&Some(last))
}

/// The form of the outputs, by names and shapes.
pub(super) fn form(input: &Port, outputs: &[Port], said: &SaidOutputs) -> Option<Form> {
    let has = |name: &str| named(outputs, &[name]).is_some();
    let is_said = said.x.is_some() && said.y.is_some();
    if is_said || (has("simcc_x") && has("simcc_y")) {
        return Some(Form::Simcc);
    }
    if has("dets") && has("keypoints") {
        return Some(Form::Rtmo);
    }
    if has("dets") {
        return Some(Form::Boxes);
    }
    let layout = layout(input)?;
    if let [Some(height), Some(width)] = sides(input, layout)
        && !nanodet(outputs, width, height).is_empty()
    {
        return Some(Form::Nanodet);
    }
    if joints_and_presence(outputs).is_some() {
        return Some(Form::Landmarks);
    }
    match outputs {
        [one] if after_batch(one, &[None, None]) && ends_with(one, 56) => Some(Form::MovenetMany),
        [one] if after_batch(one, &[Some(1), Some(17), Some(3)]) && ends_with(one, 3) => {
            Some(Form::MovenetOne)
        }
        [one] if after_batch(one, &[None, None, None]) && layout == Layout::Planes => {
            // A map of each joint.
            matches!(one.shape[1], Some(17 | 21 | 26 | 133)).then_some(Form::Heatmap)
        }
        [one] if after_batch(one, &[None, None]) => {
            (ends_with(one, 6) || ends_with(one, 5 + CLASSES)).then_some(Form::Yolox)
        }
        _ => None,
    }
}

/// MediaPipe's hands answer two of each, positions and whether they are there first.
pub(super) fn joints_and_presence(outputs: &[Port]) -> Option<(&Port, &Port)> {
    let by = |last: usize| {
        let fits = move |port: &&Port| after_batch(port, &[Some(last)]) && ends_with(port, last);
        outputs.iter().filter(fits).min_by_key(|port| &port.name)
    };
    Some((by(63)?, by(1)?))
}

/// NanoDet's heads: stride, scores, distances. Empty where the outputs are no such pairs.
pub(super) fn nanodet(
    outputs: &[Port],
    width: usize,
    height: usize,
) -> Vec<(usize, String, String)> {
    let is_distance = |port: &Port| {
        ["dis", "reg", "bbox"].iter().any(|part| port.name.contains(part))
            || !(ends_with(port, CLASSES) || ends_with(port, 1))
    };
    let mut heads = Vec::new();
    for stride in NANODET_STRIDES {
        let cells = width.div_ceil(stride) * height.div_ceil(stride);
        let of_stride: Vec<&Port> = outputs
            .iter()
            .filter(|port| after_batch(port, &[Some(cells), None]) && port.shape[1].is_some())
            .collect();
        let (distances, scores): (Vec<&Port>, Vec<&Port>) =
            of_stride.into_iter().partition(|port| is_distance(port));
        if let ([scores], [distances]) = (scores.as_slice(), distances.as_slice()) {
            heads.push((stride, scores.name.clone(), distances.name.clone()));
        }
    }
    if heads.len() * 2 == outputs.len() { heads } else { Vec::new() }
}
