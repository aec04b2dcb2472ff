//! Which samples a triangle covers, exactly, and how deep it lies there.
//!
//! Corners lie on a grid of 1/64 pixel and edges are decided in whole numbers, so that two triangles
//! with a common edge neither leave a gap nor cover a sample twice. Pineda 1988, A Parallel Algorithm
//! for Polygon Rasterization, gives the edge functions; large triangles go by blocks of 8 × 8 pixels
//! of which whole ones are refused or taken by four comparisons.

use wide::{f32x4, i32x4};

use crate::frame::{Frame, SAMPLE_X, SAMPLE_Y, STEPS};

/// How far corners may lie outside the picture, in pixels; beyond it they are clipped. With pictures
/// of at most [`crate::SIZE_MAX`] pixels every edge value of a block fits 32 bits.
pub(crate) const GUARD: i32 = 2048;

/// Pixels along a block's side.
const BLOCK: i32 = 8;

/// Up to this width and height a triangle is not worth blocks.
const SMALL: i32 = 16;

/// A triangle's corner on the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Corner {
    /// From the left, in steps.
    pub(crate) x: i32,
    /// From the top, in steps.
    pub(crate) y: i32,
    /// Greater is nearer; affine on the picture.
    pub(crate) depth: f32,
}

/// Where the visitor is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// Index of the pixel.
    pub(crate) at: usize,
}

/// Twice the area; positive when the corners turn clockwise as one sees the picture.
pub(crate) fn area(a: Corner, b: Corner, c: Corner) -> i64 {
    i64::from(b.x - a.x) * i64::from(c.y - a.y) - i64::from(b.y - a.y) * i64::from(c.x - a.x)
}

/// An edge function: not negative inside.
#[derive(Clone, Copy)]
struct Edge {
    dx: i32,
    dy: i32,
    from: Corner,
    /// −1 for edges whose samples belong to the neighbour.
    bias: i64,
}

impl Edge {
    fn new(from: Corner, to: Corner) -> Self {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        // Of an edge and its reverse exactly one keeps the samples that lie on it.
        let bias = if dy > 0 || (dy == 0 && dx > 0) { 0 } else { -1 };
        Self { dx, dy, from, bias }
    }

    /// At the upper left of a pixel.
    fn at(&self, x: i32, y: i32) -> i64 {
        i64::from(self.dx) * i64::from(y * STEPS - self.from.y)
            - i64::from(self.dy) * i64::from(x * STEPS - self.from.x)
            + self.bias
    }

    /// What the samples of a pixel add.
    fn samples(&self) -> i32x4 {
        i32x4::new(std::array::from_fn(|k| self.dx * SAMPLE_Y[k] - self.dy * SAMPLE_X[k]))
    }
}

/// The plane of a triangle's depth, clamped to its corners' so that slivers do not overshoot.
struct Plane {
    base: f64,
    /// Change by pixel.
    gx: f32,
    gy: f32,
    samples: f32x4,
    lowest: f32x4,
    highest: f32x4,
    /// Pixel at which `base` holds.
    x: i32,
    y: i32,
}

impl Plane {
    fn new([a, b, c]: [Corner; 3], area: i64, x: i32, y: i32) -> Self {
        let (ab, ac) = (f64::from(b.depth - a.depth), f64::from(c.depth - a.depth));
        let area = area as f64;
        let gx = (ab * f64::from(c.y - a.y) - ac * f64::from(b.y - a.y)) / area;
        let gy = (ac * f64::from(b.x - a.x) - ab * f64::from(c.x - a.x)) / area;
        let base =
            f64::from(a.depth) + gx * f64::from(x * STEPS - a.x) + gy * f64::from(y * STEPS - a.y);
        let samples = f32x4::new(std::array::from_fn(|k| {
            (gx * f64::from(SAMPLE_X[k]) + gy * f64::from(SAMPLE_Y[k])) as f32
        }));
        let step = f64::from(STEPS);
        Self {
            base,
            gx: (gx * step) as f32,
            gy: (gy * step) as f32,
            samples,
            lowest: f32x4::splat(a.depth.min(b.depth).min(c.depth)),
            highest: f32x4::splat(a.depth.max(b.depth).max(c.depth)),
            x,
            y,
        }
    }

    #[inline]
    fn at(&self, x: i32, y: i32) -> f32x4 {
        let base = self.base as f32 + self.gx * (x - self.x) as f32 + self.gy * (y - self.y) as f32;
        (self.samples + f32x4::splat(base)).fast_max(self.lowest).fast_min(self.highest)
    }
}

/// Visits every pixel of which the triangle covers samples, with the covered ones as a mask of all
/// bits and the depth at each. The corners' area must be positive.
#[inline]
pub(crate) fn fill(
    frame: &mut Frame,
    corners: [Corner; 3],
    mut visit: impl FnMut(&mut Frame, Spot, f32x4, f32x4),
) {
    let [a, b, c] = corners;
    let size = frame.size as i32;
    // The first and last pixel with a sample at or inside the outermost corners.
    let first = |least: i32| ((least - 56 + 63) >> 6).max(0);
    let last = |most: i32| (((most - 8) >> 6) + 1).min(size);
    let (x0, x1) = (first(a.x.min(b.x).min(c.x)), last(a.x.max(b.x).max(c.x)));
    let (y0, y1) = (first(a.y.min(b.y).min(c.y)), last(a.y.max(b.y).max(c.y)));
    if x0 >= x1 || y0 >= y1 {
        return;
    }
    let area = area(a, b, c);
    debug_assert!(area > 0);
    frame.touch([x0 as u32, x1 as u32], [y0 as u32, y1 as u32]);
    let plane = Plane::new(corners, area, x0, y0);
    let edges = [Edge::new(a, b), Edge::new(b, c), Edge::new(c, a)];
    if x1 - x0 <= SMALL && y1 - y0 <= SMALL {
        let pixels = ((x1 - x0) * (y1 - y0)) as u64;
        if frame.visits_left < pixels {
            return;
        }
        frame.visits_left -= pixels;
        let starts = edges.map(|edge| i32x4::splat(edge.at(x0, y0) as i32) + edge.samples());
        block(
            frame,
            &plane,
            starts,
            edges.map(|edge| [-edge.dy, edge.dx]),
            [x0, x1, y0, y1],
            &mut visit,
        );
        return;
    }
    let samples = edges.map(|edge| edge.samples());
    let mut by = y0 & !(BLOCK - 1);
    while by < y1 {
        let (top, bottom) = (by.max(y0), (by + BLOCK).min(y1));
        let mut bx = x0 & !(BLOCK - 1);
        while bx < x1 {
            let (left, right) = (bx.max(x0), (bx + BLOCK).min(x1));
            bx += BLOCK;
            let mut starts = [i32x4::ZERO; 3];
            let mut steps = [[0; 2]; 3];
            let mut outside = false;
            for (k, edge) in edges.iter().enumerate() {
                let value = edge.at(left, top);
                let (wide, high) =
                    (i64::from((right - left) * STEPS), i64::from((bottom - top) * STEPS));
                let (along, down) = (-i64::from(edge.dy) * wide, i64::from(edge.dx) * high);
                if value + along.max(0) + down.max(0) < 0 {
                    outside = true;
                    break;
                }
                if value + along.min(0) + down.min(0) < 0 {
                    starts[k] = i32x4::splat(value as i32) + samples[k];
                    steps[k] = [-edge.dy, edge.dx];
                } // Else the whole block lies inside this edge: 0 everywhere says so.
            }
            if outside {
                continue;
            }
            let pixels = ((right - left) * (bottom - top)) as u64;
            if frame.visits_left < pixels {
                return;
            }
            frame.visits_left -= pixels;
            block(frame, &plane, starts, steps, [left, right, top, bottom], &mut visit);
        }
        by += BLOCK;
    }
}

/// Visits the pixels of a rectangle, given the edges' values at its first pixel and their change by
/// step to the right and down.
#[inline]
fn block(
    frame: &mut Frame,
    plane: &Plane,
    starts: [i32x4; 3],
    steps: [[i32; 2]; 3],
    [left, right, top, bottom]: [i32; 4],
    visit: &mut impl FnMut(&mut Frame, Spot, f32x4, f32x4),
) {
    let across = steps.map(|step| i32x4::splat(step[0] * STEPS));
    let down = steps.map(|step| i32x4::splat(step[1] * STEPS));
    let mut row = starts;
    for y in top..bottom {
        let mut edge = row;
        let line = y as usize * frame.size as usize;
        for x in left..right {
            // The sign of the three together: set where a sample is outside of any.
            let outside: f32x4 = bytemuck::cast((edge[0] | edge[1] | edge[2]) >> 31);
            if outside.to_bitmask() != 0b1111 {
                let spot = Spot { x: x as u32, y: y as u32, at: line + x as usize };
                visit(frame, spot, !outside, plane.at(x, y));
            }
            for k in 0..3 {
                edge[k] += across[k];
            }
        }
        for k in 0..3 {
            row[k] += down[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corner(x: f64, y: f64) -> Corner {
        Corner { x: (x * 64.0) as i32, y: (y * 64.0) as i32, depth: 1.0 }
    }

    fn covered(frame: &mut Frame, corners: [Corner; 3], count: &mut [[u32; 4]]) {
        fill(frame, corners, |_, spot, mask, _| {
            let bits = mask.to_bitmask();
            (0..4).filter(|k| bits >> k & 1 == 1).for_each(|k| count[spot.at][k] += 1);
        });
    }

    #[test]
    fn triangles_around_a_point_cover_each_sample_once() {
        let mut frame = Frame::new(96);
        let hub = corner(47.3, 50.9);
        // A fan of slivers and large ones whose rim lies partly outside the picture.
        let rim: Vec<_> = (0..23)
            .map(|at| f64::from(at) * std::f64::consts::TAU / 23.0)
            .map(|angle| corner(47.3 + 90.0 * angle.cos(), 50.9 + 90.0 * angle.sin()))
            .collect();
        let mut count = vec![[0; 4]; 96 * 96];
        for at in 0..rim.len() {
            covered(&mut frame, [hub, rim[at], rim[(at + 1) % rim.len()]], &mut count);
        }
        assert!(count.iter().flatten().all(|&times| times == 1));
    }

    #[test]
    fn a_rectangle_covers_the_samples_inside_it() {
        let mut frame = Frame::new(64);
        let mut count = vec![[0; 4]; 64 * 64];
        let [a, b, c, d] =
            [(3.25, 5.5), (40.75, 5.5), (40.75, 50.0), (3.25, 50.0)].map(|(x, y)| corner(x, y));
        covered(&mut frame, [a, b, c], &mut count);
        covered(&mut frame, [a, c, d], &mut count);
        for (at, samples) in count.iter().enumerate() {
            let (x, y) = ((at % 64) as i32 * 64, (at / 64) as i32 * 64);
            for k in 0..4 {
                let (x, y) = (x + SAMPLE_X[k], y + SAMPLE_Y[k]);
                let inside = x > a.x && x < c.x && y > a.y && y < c.y;
                // Samples on the rim itself belong to one side or the other.
                let on_rim = x == a.x || x == c.x || y == a.y || y == c.y;
                assert!(on_rim || (samples[k] == 1) == inside, "{x} {y}");
                assert!(samples[k] <= 1);
            }
        }
    }

    #[test]
    fn depth_is_affine_between_the_corners() {
        let mut frame = Frame::new(64);
        let mut corners = [corner(1.0, 1.0), corner(60.0, 2.0), corner(5.0, 61.0)];
        let depth = |x: f32, y: f32| 3.0 + 0.25 * x - 0.125 * y;
        for corner in &mut corners {
            corner.depth = depth(corner.x as f32 / 64.0, corner.y as f32 / 64.0);
        }
        let mut seen = 0;
        fill(&mut frame, corners, |_, spot, mask, depths| {
            for k in (0..4).filter(|k| mask.to_bitmask() >> k & 1 == 1) {
                let x = spot.x as f32 + SAMPLE_X[k] as f32 / 64.0;
                let y = spot.y as f32 + SAMPLE_Y[k] as f32 / 64.0;
                // A few roundings of values near 20.
                assert!((depths.to_array()[k] - depth(x, y)).abs() < 2e-5);
                seen += 1;
            }
        });
        assert!(seen > 6000, "{seen}");
    }
}
