//! Pictures sampled straight into tensors, bilinearly.
//!
//! A row of the picture is stretched once, into a row of floats; two such rows make a row of the
//! tensor. The second step runs over neighbours in memory, so that the compiler makes wide
//! instructions of it.

use crate::geometry::Affine;
use crate::plan::{Channels, Input, Layout};
use crate::{Picture, Values};

/// What is outside a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Border {
    /// Its nearest pixel.
    Nearest,
    /// Black.
    Black,
}

/// A number of an input tensor, made from a level.
trait Cell: Copy {
    fn of(value: f32) -> Self;
}

impl Cell for f32 {
    fn of(value: f32) -> Self {
        value
    }
}

impl Cell for i32 {
    fn of(value: f32) -> Self {
        value as i32
    }
}

impl Cell for i64 {
    fn of(value: f32) -> Self {
        value as i64
    }
}

impl Cell for u8 {
    fn of(value: f32) -> Self {
        value as u8
    }
}

/// The two pixels of an axis that one position lies between, and what each weighs.
#[derive(Clone, Copy, Debug)]
struct Tap {
    first: usize,
    second: usize,
    weights: [f32; 2],
}

/// The part of an input that a picture fills: input pixels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// How one input is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawing<'a> {
    pub(crate) picture: Picture<'a>,
    /// Positions of the input (pixel centres at whole numbers) to positions of the picture.
    pub(crate) to_picture: Affine,
    pub(crate) window: Window,
    pub(crate) border: Border,
    /// Level of what is outside the window, before normalisation.
    pub(crate) pad: f32,
}

/// Draws, with room that is used again.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    xs: Vec<Tap>,
    rows: [Vec<f32>; 2],
}

impl Sampler {
    /// Draws one input into its part of a tensor.
    ///
    /// * `values`: the whole tensor; * `at`: the item of the batch.
    pub(crate) fn draw(
        &mut self,
        drawing: &Drawing,
        input: &Input,
        values: &mut Values,
        at: usize,
    ) {
        let size = input.width * input.height * 3;
        let part = at * size..(at + 1) * size;
        match values {
            Values::F32(cells) => self.draw_cells(drawing, input, &mut cells[part]),
            Values::I32(cells) => self.draw_cells(drawing, input, &mut cells[part]),
            Values::I64(cells) => self.draw_cells(drawing, input, &mut cells[part]),
            Values::U8(cells) => self.draw_cells(drawing, input, &mut cells[part]),
        }
    }

    fn draw_cells<C: Cell>(&mut self, drawing: &Drawing, input: &Input, cells: &mut [C]) {
        let window = drawing.window;
        if (window.width, window.height) != (input.width, input.height) {
            fill(cells, input, drawing.pad);
        }
        if drawing.to_picture.is_upright() {
            self.draw_upright(drawing, input, cells);
        } else {
            draw_turned(drawing, input, cells);
        }
    }

    fn draw_upright<C: Cell>(&mut self, drawing: &Drawing, input: &Input, cells: &mut [C]) {
        let Drawing { picture, to_picture, window, border, pad: _ } = *drawing;
        let [step_x, _, start_x, _, step_y, start_y] = to_picture.0;
        let [width, height] = [picture.width() as usize, picture.height() as usize];
        self.xs.clear();
        let xs = (window.left..window.left + window.width)
            .map(|x| tap(x as f64 * step_x + start_x, width, border));
        self.xs.extend(xs);
        // Which row of the picture each row of floats holds.
        let mut held = [usize::MAX; 2];
        for y in window.top..window.top + window.height {
            let tap = tap(y as f64 * step_y + start_y, height, border);
            let [first, second] = [tap.first, tap.second];
            if held[0] != first {
                if held[1] == first {
                    self.rows.swap(0, 1);
                    held.swap(0, 1);
                } else {
                    self.stretch(0, first, &picture, input);
                    held[0] = first;
                }
            }
            if held[1] != second {
                self.stretch(1, second, &picture, input);
                held[1] = second;
            }
            self.blend(tap.weights, input, window, &mut cells[..], y);
        }
    }

    /// Stretches a row of the picture into `rows[into]`, in the tensor's order of channels.
    fn stretch(&mut self, into: usize, row: usize, picture: &Picture, input: &Input) {
        let width = picture.width() as usize * 3;
        let source = &picture.rgb()[row * width..(row + 1) * width];
        let stretched = &mut self.rows[into];
        stretched.resize(self.xs.len() * 3, 0.0);
        let order = order(input.channels);
        let level = |tap: &Tap, channel: usize| {
            f32::from(source[tap.first * 3 + channel]) * tap.weights[0]
                + f32::from(source[tap.second * 3 + channel]) * tap.weights[1]
        };
        match input.layout {
            Layout::Planes => {
                let (one, rest) = stretched.split_at_mut(self.xs.len());
                let (two, three) = rest.split_at_mut(self.xs.len());
                let out = one.iter_mut().zip(two).zip(three);
                for (tap, ((one, two), three)) in self.xs.iter().zip(out) {
                    *one = level(tap, order[0]);
                    *two = level(tap, order[1]);
                    *three = level(tap, order[2]);
                }
            }
            Layout::Pixels => {
                for (tap, out) in self.xs.iter().zip(stretched.chunks_exact_mut(3)) {
                    out[0] = level(tap, order[0]);
                    out[1] = level(tap, order[1]);
                    out[2] = level(tap, order[2]);
                }
            }
        }
    }

    /// Makes row `y` of the tensor from both rows of floats.
    fn blend<C: Cell>(
        &self,
        weights: [f32; 2],
        input: &Input,
        window: Window,
        cells: &mut [C],
        y: usize,
    ) {
        let blended = |one: f32, two: f32| whole(one * weights[0] + two * weights[1]);
        let [one, two] = &self.rows;
        match input.layout {
            Layout::Planes => {
                let count = window.width;
                for channel in 0..3 {
                    let (mean, scale) = (input.mean[channel], input.scale[channel]);
                    let at = (channel * input.height + y) * input.width + window.left;
                    let one = &one[channel * count..(channel + 1) * count];
                    let two = &two[channel * count..(channel + 1) * count];
                    for ((out, &one), &two) in cells[at..at + count].iter_mut().zip(one).zip(two) {
                        *out = C::of((blended(one, two) - mean) * scale);
                    }
                }
            }
            Layout::Pixels => {
                let at = (y * input.width + window.left) * 3;
                let out = cells[at..at + window.width * 3].chunks_exact_mut(3);
                let rows = one.chunks_exact(3).zip(two.chunks_exact(3));
                for (out, (one, two)) in out.zip(rows) {
                    let levels = one.iter().zip(two).map(|(&one, &two)| blended(one, two));
                    let normal = input.mean.iter().zip(&input.scale);
                    for ((out, level), (mean, scale)) in out.iter_mut().zip(levels).zip(normal) {
                        *out = C::of((level - mean) * scale);
                    }
                }
            }
        }
    }
}

/// The nearest whole level, as OpenCV rounds what it resizes. For 0 to 255.
fn whole(level: f32) -> f32 {
    // Above this every float is a whole number: adding it rounds, without a branch or a conversion.
    const WHOLE: f32 = 8_388_608.0;
    (level + WHOLE) - WHOLE
}

/// Where the tensor's channels are in a pixel.
fn order(channels: Channels) -> [usize; 3] {
    match channels {
        Channels::Rgb => [0, 1, 2],
        Channels::Bgr => [2, 1, 0],
    }
}

fn fill<C: Cell>(cells: &mut [C], input: &Input, level: f32) {
    let normal = |channel: usize| C::of((level - input.mean[channel]) * input.scale[channel]);
    match input.layout {
        Layout::Planes => {
            let planes = cells.chunks_exact_mut(input.width * input.height);
            planes.enumerate().for_each(|(channel, plane)| plane.fill(normal(channel)));
        }
        Layout::Pixels => {
            let pixel = [normal(0), normal(1), normal(2)];
            cells.chunks_exact_mut(3).for_each(|out| out.copy_from_slice(&pixel));
        }
    }
}

/// Where `position` lies on an axis of `length` pixels.
fn tap(position: f64, length: usize, border: Border) -> Tap {
    let last = (length - 1) as f64;
    let position = match border {
        Border::Nearest => position.clamp(0.0, last),
        // Further out everything is black.
        Border::Black => position.clamp(-1.0, last + 1.0),
    };
    let floor = position.floor();
    let part = (position - floor) as f32;
    let inside = |at: f64, weight: f32| if (0.0..=last).contains(&at) { weight } else { 0.0 };
    let nearest = |at: f64| at.clamp(0.0, last) as usize;
    let weights = match border {
        Border::Nearest => [1.0 - part, part],
        Border::Black => [inside(floor, 1.0 - part), inside(floor + 1.0, part)],
    };
    Tap { first: nearest(floor), second: nearest(floor + 1.0), weights }
}

/// Any affine map: for crops that are turned. Black outside the picture.
fn draw_turned<C: Cell>(drawing: &Drawing, input: &Input, cells: &mut [C]) {
    let Drawing { picture, to_picture, window, border, pad: _ } = *drawing;
    let [width, height] = [picture.width() as usize, picture.height() as usize];
    let rgb = picture.rgb();
    let order = order(input.channels);
    let (step, place) = match input.layout {
        Layout::Planes => (1, input.width * input.height),
        Layout::Pixels => (3, 1),
    };
    for y in window.top..window.top + window.height {
        for x in window.left..window.left + window.width {
            let (at_x, at_y) = to_picture.apply(x as f64, y as f64);
            let [across, down] = [tap(at_x, width, border), tap(at_y, height, border)];
            let rows = [down.first * width, down.second * width];
            for (channel, colour) in order.into_iter().enumerate() {
                let level = |row: usize| {
                    f32::from(rgb[(row + across.first) * 3 + colour]) * across.weights[0]
                        + f32::from(rgb[(row + across.second) * 3 + colour]) * across.weights[1]
                };
                let level = level(rows[0]) * down.weights[0] + level(rows[1]) * down.weights[1];
                let value = (whole(level) - input.mean[channel]) * input.scale[channel];
                cells[(y * input.width + x) * step + channel * place] = C::of(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;
    use crate::plan::Fit;

    fn input(layout: Layout, channels: Channels) -> Input {
        Input {
            name: "input".into(),
            element: Element::F32,
            layout,
            channels,
            width: 4,
            height: 2,
            batch: None,
            mean: [1.0, 2.0, 3.0],
            scale: [1.0, 0.5, 0.25],
            fit: Fit::Stretch,
        }
    }

    const WHOLE: Window = Window { left: 0, top: 0, width: 4, height: 2 };

    fn drawn(input: &Input, drawing: &Drawing) -> Vec<f32> {
        let mut values = Values::F32(vec![9.0; 2 * 24]);
        Sampler::default().draw(drawing, input, &mut values, 1);
        let Values::F32(cells) = values else { unreachable!("made above") };
        assert!(cells[..24].iter().all(|&cell| cell == 9.0), "only its own part is drawn");
        cells[24..].to_vec()
    }

    #[test]
    fn each_layout_and_order_of_channels_puts_the_levels_in_their_place() {
        let rgb: Vec<u8> = (0..24).collect();
        let picture = Picture::new(4, 2, &rgb).unwrap();
        let same = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let drawing =
            Drawing { picture, to_picture: same, window: WHOLE, border: Border::Nearest, pad: 0.0 };
        for channels in [Channels::Rgb, Channels::Bgr] {
            let order = order(channels);
            let pixels = drawn(&input(Layout::Pixels, channels), &drawing);
            let planes = drawn(&input(Layout::Planes, channels), &drawing);
            for pixel in 0..8 {
                for (channel, colour) in order.into_iter().enumerate() {
                    let level = f32::from(rgb[pixel * 3 + colour]);
                    let expected = (level - [1.0, 2.0, 3.0][channel]) * [1.0, 0.5, 0.25][channel];
                    assert_eq!(pixels[pixel * 3 + channel], expected);
                    assert_eq!(planes[channel * 8 + pixel], expected);
                }
            }
        }
    }

    #[test]
    fn a_turn_by_nothing_draws_what_the_upright_way_draws() {
        let rgb: Vec<u8> = (0..7 * 5 * 3).map(|at| (at * 37 % 251) as u8).collect();
        let picture = Picture::new(7, 5, &rgb).unwrap();
        for layout in [Layout::Pixels, Layout::Planes] {
            let input = input(layout, Channels::Bgr);
            let to_picture = Affine([2.3, 0.0, -1.7, 0.0, 1.9, 0.4]);
            let drawing =
                Drawing { picture, to_picture, window: WHOLE, border: Border::Black, pad: 0.0 };
            let upright = drawn(&input, &drawing);
            let mut turned = vec![0.0f32; 24];
            draw_turned(&drawing, &input, &mut turned);
            for (one, two) in upright.iter().zip(&turned) {
                assert!((one - two).abs() <= 1.0, "{one} {two}"); // One level at a rounding.
            }
        }
    }

    #[test]
    fn outside_the_picture_is_black_and_outside_the_window_is_the_pad() {
        let rgb = [200u8; 3];
        let picture = Picture::new(1, 1, &rgb).unwrap();
        let mut plain = input(Layout::Pixels, Channels::Rgb);
        (plain.mean, plain.scale) = ([0.0; 3], [1.0; 3]);
        let to_picture = Affine([1.0, 0.0, -1.0, 0.0, 1.0, 0.0]);
        let window = Window { left: 0, top: 0, width: 3, height: 2 };
        let drawing = Drawing { picture, to_picture, window, border: Border::Black, pad: 114.0 };
        let red: Vec<f32> = drawn(&plain, &drawing).chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(red, [0.0, 200.0, 0.0, 114.0, 0.0, 0.0, 0.0, 114.0]);
    }
}
