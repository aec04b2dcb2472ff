//! Samples to colours: each surface in a pixel is shaded once, and weighs what it covers.

use crate::{
    draw::{Target, Veil, sample},
    facet::{Facet, Facets},
    fill::{Spot, fill},
    frame::{Frame, NOTHING, SAMPLE_X, SAMPLE_Y, STEPS},
    light::{Fragment, LANES, Light},
    model::Model,
    project::Projector,
    space::{Affine, V3, add, dot, product, scaled},
};
use wide::f32x4;

/// Facets remembered; neighbouring pixels and rows ask for the same ones.
const REMEMBERED: usize = 512;

/// Faces of one surface whose normals differ by less than this cosine are shaded as one where they
/// share a pixel: about 25°.
const ALIKE: f32 = 0.9;

/// Everything that a pixel's colour follows from.
pub(crate) struct Painter<'a> {
    pub(crate) model: &'a Model<'a>,
    pub(crate) to_camera: &'a [[f64; 4]; 4],
    pub(crate) projector: Projector,
    pub(crate) light: Light,
    facets: Facets<'a>,
    remembered: Vec<Option<(u32, Facet)>>,
}

/// One surface in a pixel: its triangle and the samples that see it, by bits.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    id: u32,
    bits: u32,
}

/// Surfaces of one pixel that are shaded apart.
struct Layers {
    count: usize,
    fragments: [Fragment; 4],
    bits: [u32; 4],
}

/// Collects surfaces until there are enough to shade at once.
struct Batch {
    fragments: [Fragment; LANES],
    pixels: [(usize, f32); LANES],
    count: usize,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(
        model: &'a Model<'a>,
        to_camera: &'a [[f64; 4]; 4],
        projector: Projector,
        light: Light,
    ) -> Self {
        let facets = Facets::new(model, to_camera, projector);
        let remembered = vec![None; REMEMBERED];
        Self { model, to_camera, projector, light, facets, remembered }
    }

    fn facet(&mut self, id: u32) -> &Facet {
        let facets = &mut self.facets;
        let slot = &mut self.remembered[id as usize % REMEMBERED];
        if slot.as_ref().is_some_and(|(known, _)| *known != id) {
            *slot = None;
        }
        &slot.get_or_insert_with(|| (id, facets.facet(id))).1
    }

    /// The surfaces that a pixel's samples see.
    fn layers(&mut self, spot: Spot, ids: [u32; 4]) -> Layers {
        let mut groups = [Group::default(); 4];
        let mut count = 0;
        for (k, &id) in ids.iter().enumerate().filter(|(_, id)| **id != NOTHING) {
            match groups[..count].iter_mut().find(|group| group.id == id) {
                Some(group) => group.bits |= 1 << k,
                None => {
                    groups[count] = Group { id, bits: 1 << k };
                    count += 1;
                }
            }
        }
        // Faces of one surface that are nearly even become one, with their mean normal, shaded
        // where the largest of them is.
        let mut leaders = [(Group::default(), [0.0; 3], 0_u32, [0.0; 2]); 4];
        let mut kept = 0;
        groups[..count].sort_by_key(|group| std::cmp::Reverse(group.bits.count_ones()));
        for group in &groups[..count] {
            let [x, y] = centre(spot, group.bits);
            let facet = self.facet(group.id);
            let (surface, normal) = (facet.surface, facet.normal(x, y));
            let weight = group.bits.count_ones() as f32;
            let alike = leaders[..kept].iter_mut().find(|(_, sum, other, _)| {
                let cos = dot(*sum, normal);
                *other == surface
                    && cos > 0.0
                    && cos * cos > ALIKE * ALIKE * dot(*sum, *sum) * dot(normal, normal)
            });
            match alike {
                Some((leader, sum, ..)) => {
                    leader.bits |= group.bits;
                    *sum = add(*sum, scaled(normal, weight));
                }
                None => {
                    leaders[kept] = (*group, scaled(normal, weight), surface, [x, y]);
                    kept += 1;
                }
            }
        }
        let mut layers = Layers { count: kept, fragments: Default::default(), bits: [0; 4] };
        for (at, (group, normal, _, place)) in leaders[..kept].iter().enumerate() {
            layers.fragments[at] = self.fragment(group.id, *place, Some(*normal));
            layers.bits[at] = group.bits;
        }
        layers
    }

    /// What a triangle shows at a place, taken as whole.
    #[inline]
    fn fragment(&mut self, id: u32, place: [f32; 2], normal: Option<V3>) -> Fragment {
        let (model, projector) = (self.model, self.projector);
        let facet = self.facet(id);
        let surface = &model.surfaces[facet.surface as usize];
        let shown = facet.fragment(surface, &model.pyramids, place, normal, &projector);
        Fragment { opacity: 1.0, is_glass: false, ..shown }
    }

    /// Shades everything opaque into the frame's colours.
    pub(crate) fn resolve(&mut self, frame: &mut Frame) {
        let mut batch = Batch::new();
        let (rows, columns) = (frame.touched.y, frame.touched.x);
        for y in rows[0]..rows[1].max(rows[0]) {
            for x in columns[0]..columns[1] {
                let at = y as usize * frame.size as usize + x as usize;
                let ids = frame.ids[at].to_array();
                let spot = Spot { x, y, at };
                if ids == [NOTHING; 4] {
                    continue;
                }
                if ids.iter().all(|id| *id == ids[0]) {
                    let place = centre(spot, 0b1111);
                    let fragment = self.fragment(ids[0], place, None);
                    batch.push(fragment, at, 1.0, &self.light, frame);
                    continue;
                }
                let layers = self.layers(spot, ids);
                for k in 0..layers.count {
                    let weight = layers.bits[k].count_ones() as f32 / 4.0;
                    batch.push(layers.fragments[k], at, weight, &self.light, frame);
                }
            }
        }
        batch.flush(&self.light, frame);
    }

    /// Colours of a pixel's four samples.
    fn samples(&mut self, spot: Spot, ids: [u32; 4]) -> [[f32; 4]; 4] {
        let layers = self.layers(spot, ids);
        let shaded = self.light.shade(&layers.fragments);
        let mut samples = [[0.0; 4]; 4];
        for (layer, colour) in shaded.iter().enumerate().take(layers.count) {
            for (k, sample) in samples.iter_mut().enumerate() {
                if layers.bits[layer] >> k & 1 == 1 {
                    *sample = *colour;
                }
            }
        }
        samples
    }

    /// Lays what shines through over what is opaque, from back to front. Pixels under it keep a
    /// colour for every sample, so that surfaces meet without seams.
    pub(crate) fn blend(&mut self, frame: &mut Frame, veils: &mut [Veil]) {
        if veils.is_empty() {
            return;
        }
        veils.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.id.cmp(&b.id)));
        let model = self.model;
        let mut slots = vec![u32::MAX; frame.colour.len()];
        let mut opened: Vec<(usize, [[f32; 4]; 4])> = Vec::new();
        let mut last = None;
        for veil in veils.iter() {
            let at = model.draw_of(veil.id);
            let draw = &model.draws[at];
            let instance = &model.scene.instances[draw.instance as usize];
            if last.is_none_or(|(known, _)| known != draw.instance) {
                let place = Affine::of(&product(&instance.to_world, self.to_camera));
                last = Some((draw.instance, place));
            }
            let Some((_, place)) = last else { continue };
            let projector = self.projector;
            let target = Target { model, projector: &projector, draw, place: &place, placed: &[] };
            let facet = self.facet(veil.id).clone();
            target.only(veil.id, |triangles| {
                for &triangle in triangles {
                    fill(frame, triangle, |frame, spot, mask, depth| {
                        let seen = mask & depth.simd_gt(frame.depth[spot.at]);
                        self.lay(frame, spot, seen, &facet, &mut slots, &mut opened);
                    });
                }
            });
        }
        for (at, samples) in opened {
            let sum = |k: usize| samples.iter().map(|sample| sample[k]).sum::<f32>() / 4.0;
            frame.colour[at] = std::array::from_fn(sum);
        }
    }

    fn lay(
        &mut self,
        frame: &mut Frame,
        spot: Spot,
        seen: f32x4,
        facet: &Facet,
        slots: &mut [u32],
        opened: &mut Vec<(usize, [[f32; 4]; 4])>,
    ) {
        let mut bits = seen.to_bitmask();
        if facet.is_round() {
            for k in 0..4 {
                let [x, y] = sample(spot, k);
                if !facet.is_on_stroke(x, y) {
                    bits &= !(1 << k);
                }
            }
        }
        if bits == 0 || frame.blends_left == 0 {
            return;
        }
        frame.blends_left -= 1;
        let place = centre(spot, bits);
        let surface = &self.model.surfaces[facet.surface as usize];
        let fragment = facet.fragment(surface, &self.model.pyramids, place, None, &self.projector);
        if fragment.opacity <= 0.0 && !fragment.is_glass {
            return;
        }
        let [colour, ..] = self.light.shade(&[fragment; LANES]);
        let slot = match slots[spot.at] {
            u32::MAX => {
                slots[spot.at] = opened.len() as u32;
                let ids = frame.ids[spot.at].to_array();
                opened.push((spot.at, self.samples(spot, ids)));
                opened.len() - 1
            }
            slot => slot as usize,
        };
        for (k, under) in opened[slot].1.iter_mut().enumerate() {
            if bits >> k & 1 == 1 {
                *under = std::array::from_fn(|c| colour[c] + under[c] * (1.0 - colour[3]));
            }
        }
    }
}

/// The middle of a pixel's samples: inside of what covers them.
fn centre(spot: Spot, bits: u32) -> [f32; 2] {
    let (mut x, mut y, mut count) = (0, 0, 0);
    for k in (0..4).filter(|k| bits >> k & 1 == 1) {
        x += SAMPLE_X[k];
        y += SAMPLE_Y[k];
        count += STEPS;
    }
    let by = 1.0 / count as f32;
    [spot.x as f32 + x as f32 * by, spot.y as f32 + y as f32 * by]
}

impl Batch {
    fn new() -> Self {
        Self { fragments: Default::default(), pixels: [(0, 0.0); LANES], count: 0 }
    }

    #[inline]
    fn push(
        &mut self,
        fragment: Fragment,
        at: usize,
        weight: f32,
        light: &Light,
        frame: &mut Frame,
    ) {
        self.fragments[self.count] = fragment;
        self.pixels[self.count] = (at, weight);
        self.count += 1;
        if self.count == LANES {
            self.flush(light, frame);
        }
    }

    fn flush(&mut self, light: &Light, frame: &mut Frame) {
        let shaded = light.shade(&self.fragments);
        for (colour, (at, weight)) in shaded.iter().zip(self.pixels).take(self.count) {
            for (sum, value) in frame.colour[at].iter_mut().zip(colour) {
                *sum += value * weight;
            }
        }
        self.count = 0;
    }
}
