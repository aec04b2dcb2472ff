//! What is known of each sample and pixel while a picture is made.

use wide::{f32x4, u32x4};

/// Samples of a pixel.
pub(crate) const SAMPLES: usize = 4;

/// Subpixel steps in a pixel.
pub(crate) const STEPS: i32 = 64;

/// Where the samples lie in their pixel, in steps: a rotated grid, so that edges near the
/// horizontal and the vertical see four levels (the pattern of Direct3D's 4× multisampling).
pub(crate) const SAMPLE_X: [i32; SAMPLES] = [24, 56, 8, 40];
pub(crate) const SAMPLE_Y: [i32; SAMPLES] = [8, 24, 40, 56];

/// The primitive of a sample that nothing covers.
pub(crate) const NOTHING: u32 = u32::MAX;

/// Rows and columns of the picture that were touched, half open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: [u32; 2],
    pub(crate) y: [u32; 2],
}

impl Rect {
    const EMPTY: Self = Self { x: [u32::MAX, 0], y: [u32::MAX, 0] };

    pub(crate) fn is_empty(&self) -> bool {
        self.x[0] >= self.x[1] || self.y[0] >= self.y[1]
    }
}

/// Depth and primitive of every sample, colour of every pixel. Kept from view to view.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) size: u32,
    /// Greater is nearer; −∞ where nothing is. Pixels in rows from the top.
    pub(crate) depth: Vec<f32x4>,
    pub(crate) ids: Vec<u32x4>,
    /// Display-linear colour, premultiplied by the coverage in the last place.
    pub(crate) colour: Vec<[f32; 4]>,
    pub(crate) touched: Rect,
    /// Pixels that may still be visited before the picture is taken as it is.
    pub(crate) visits_left: u64,
    /// The same for pixels that are shaded more than once because something shines through.
    pub(crate) blends_left: u64,
}

/// Pixels visited by triangles, in multiples of the picture: real assets need fewer than 100; a
/// million triangles that each fill the picture would need hours.
const VISITS_MAX: u64 = 4096;

/// Surfaces that may lie over one another before others show through, on average.
const BLENDS_MAX: u64 = 64;

impl Frame {
    pub(crate) fn new(size: u32) -> Self {
        let pixels = size as usize * size as usize;
        Self {
            size,
            depth: vec![f32x4::splat(f32::NEG_INFINITY); pixels],
            ids: vec![u32x4::splat(NOTHING); pixels],
            colour: vec![[0.0; 4]; pixels],
            touched: Rect::EMPTY,
            visits_left: pixels as u64 * VISITS_MAX,
            blends_left: pixels as u64 * BLENDS_MAX,
        }
    }

    /// Makes it as new; only what was touched costs time.
    pub(crate) fn clear(&mut self) {
        if !self.touched.is_empty() {
            let columns = self.touched.x[0] as usize..self.touched.x[1] as usize;
            for y in self.touched.y[0] as usize..self.touched.y[1] as usize {
                let row = y * self.size as usize;
                let span = row + columns.start..row + columns.end;
                self.depth[span.clone()].fill(f32x4::splat(f32::NEG_INFINITY));
                self.ids[span.clone()].fill(u32x4::splat(NOTHING));
                self.colour[span].fill([0.0; 4]);
            }
        }
        let pixels = u64::from(self.size) * u64::from(self.size);
        self.touched = Rect::EMPTY;
        self.visits_left = pixels * VISITS_MAX;
        self.blends_left = pixels * BLENDS_MAX;
    }

    pub(crate) fn touch(&mut self, x: [u32; 2], y: [u32; 2]) {
        let touched = &mut self.touched;
        touched.x = [touched.x[0].min(x[0]), touched.x[1].max(x[1])];
        touched.y = [touched.y[0].min(y[0]), touched.y[1].max(y[1])];
    }
}
