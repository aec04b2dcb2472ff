//! Samples to colours: each surface in a pixel is shaded once, and weighs what it covers.

use wide::{f32x4, u32x4};

use crate::{
    batch::{Batch, Layer, Shade},
    draw::{Target, Veil, on_stroke},
    facet::{Facet, Facets, Spotted},
    fill::{Spot, fill},
    frame::{Frame, NOTHING, SAMPLE_X, SAMPLE_Y, STEPS},
    lanes::LANES,
    light::Light,
    material::UV_SETS,
    model::Model,
    project::Projector,
    space::{Affine, product},
};

/// Facets remembered; neighbouring pixels and rows ask for the same ones.
const REMEMBERED: usize = 512;

/// Faces of one surface whose normals differ by less than this cosine are shaded as one where they
/// share a pixel: about 25°.
pub(crate) const ALIKE: f32 = 0.9;

/// Everything that a pixel's colour follows from.
pub(crate) struct Painter<'a> {
    pub(crate) model: &'a Model<'a>,
    pub(crate) to_camera: &'a [[f64; 4]; 4],
    pub(crate) projector: Projector,
    pub(crate) light: Light,
    facets: Facets<'a>,
    remembered: Vec<Option<(u32, Facet)>>,
    /// Batches that are not full, by surface and the sets of texture coordinates.
    open: Vec<Option<Box<Waiting>>>,
}

/// Places that wait to be shaded, and where their colours go.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    marks: [Mark; LANES],
}

/// A pixel, and the samples of it, by bits.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    at: u32,
    bits: u32,
}

/// One surface in a pixel: its triangle and the samples that see it, by bits.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    id: u32,
    bits: u32,
}

/// Faces of one pixel that are shaded as one: of the largest, with the mean of their normals.
#[derive(Clone, Copy, Debug, Default)]
struct Leader {
    group: Group,
    place: [f32; 2],
    normal: f32x4,
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
        let mut open = Vec::new();
        open.resize_with(model.surfaces.len() << UV_SETS, || None);
        Self { model, to_camera, projector, light, facets, remembered, open }
    }

    fn facet(&mut self, id: u32) -> &Facet {
        let facets = &mut self.facets;
        let slot = &mut self.remembered[id as usize % REMEMBERED];
        if slot.as_ref().is_some_and(|(known, _)| *known != id) {
            *slot = None;
        }
        &slot.get_or_insert_with(|| (id, facets.facet(id))).1
    }

    /// The surfaces that a pixel's samples see, and how many there are.
    fn leaders(&mut self, spot: Spot, ids: [u32; 4]) -> ([Leader; 4], usize) {
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
        let mut leaders = [(Leader::default(), 0_u32); 4];
        let mut kept = 0;
        groups[..count].sort_by_key(|group| std::cmp::Reverse(group.bits.count_ones()));
        for group in &groups[..count] {
            let place = centre(spot, group.bits);
            let facet = self.facet(group.id);
            let (surface, normal) = (facet.surface, facet.normal(place[0], place[1]));
            let weight = group.bits.count_ones() as f32;
            let alike = leaders[..kept].iter_mut().find(|(leader, other)| {
                let cos = (leader.normal * normal).reduce_add();
                let squares =
                    (leader.normal * leader.normal).reduce_add() * (normal * normal).reduce_add();
                *other == surface && cos > 0.0 && cos * cos > ALIKE * ALIKE * squares
            });
            match alike {
                Some((leader, _)) => {
                    leader.group.bits |= group.bits;
                    leader.normal += normal * f32x4::splat(weight);
                }
                None => {
                    let normal = normal * f32x4::splat(weight);
                    leaders[kept] = (Leader { group: *group, place, normal }, surface);
                    kept += 1;
                }
            }
        }
        (leaders.map(|(leader, _)| leader), kept)
    }

    /// Shades everything opaque into the frame's colours.
    pub(crate) fn resolve(&mut self, frame: &mut Frame) {
        let (rows, columns) = (frame.touched.y, frame.touched.x);
        for y in rows[0]..rows[1].max(rows[0]) {
            let row = y as usize * frame.size as usize;
            let mut x = columns[0];
            while x < columns[1] {
                let at = row + x as usize;
                let ids = frame.ids[at];
                let first = ids.to_array()[0];
                let all = u32x4::splat(first);
                let from = x;
                x += 1;
                if ids != all {
                    let spot = Spot { x: from, y, at };
                    let (leaders, count) = self.leaders(spot, ids.to_array());
                    for Leader { group, place, normal } in &leaders[..count] {
                        let mark = Mark { at: at as u32, bits: group.bits };
                        self.push(group.id, *normal, *place, mark, frame);
                    }
                    continue;
                }
                let rest = &frame.ids[row + x as usize..row + columns[1] as usize];
                x += rest.iter().take_while(|ids| **ids == all).count() as u32;
                if first != NOTHING {
                    self.push_run(first, [from, x], y, frame);
                }
            }
        }
        for slot in 0..self.open.len() {
            if let Some(mut waiting) = self.open[slot].take() {
                self.flush(slot >> UV_SETS, &mut waiting, frame);
            }
        }
    }

    /// Adds a place to its surface's batch, with a normal of its own.
    fn push(&mut self, id: u32, normal: f32x4, place: [f32; 2], mark: Mark, frame: &mut Frame) {
        let model = self.model;
        let facet = self.facet(id);
        let spotted = facet.at(place[0], place[1], Some(normal));
        let surface = facet.surface as usize;
        let slot = surface << UV_SETS | facet.uv_sets as usize;
        let Some((_, facet)) = &self.remembered[id as usize % REMEMBERED] else { return };
        let waiting = self.open[slot].get_or_insert_default();
        waiting.marks[waiting.batch.count] = mark;
        waiting.batch.push(facet, &model.surfaces[surface], place, &spotted);
        if waiting.batch.count == LANES
            && let Some(mut waiting) = self.open[slot].take()
        {
            self.flush(surface, &mut waiting, frame);
            self.open[slot] = Some(waiting);
        }
    }

    /// Adds the pixels of a row, from the first column to before the second, of which one facet
    /// covers every sample.
    fn push_run(&mut self, id: u32, [from, to]: [u32; 2], y: u32, frame: &mut Frame) {
        let model = self.model;
        let facet = self.facet(id);
        let surface = facet.surface as usize;
        let slot = surface << UV_SETS | facet.uv_sets as usize;
        let mut waiting = self.open[slot].take().unwrap_or_default();
        let Some((_, facet)) = &self.remembered[id as usize % REMEMBERED] else { return };
        let row = y * frame.size;
        for x in from..to {
            // The samples' middle is the pixel's.
            let place = [x as f32 + 0.5, y as f32 + 0.5];
            waiting.marks[waiting.batch.count] = Mark { at: row + x, bits: 0b1111 };
            let spotted = facet.at(place[0], place[1], None);
            waiting.batch.push(facet, &model.surfaces[surface], place, &spotted);
            if waiting.batch.count == LANES {
                self.flush(surface, &mut waiting, frame);
            }
        }
        self.open[slot] = Some(waiting);
    }

    fn flush(&self, surface: usize, waiting: &mut Waiting, frame: &mut Frame) {
        let shaded = self.shaded(&waiting.batch, surface, Layer::Opaque);
        for (colour, mark) in shaded.iter().zip(waiting.marks).take(waiting.batch.count) {
            let weight = mark.bits.count_ones() as f32 / 4.0;
            for (sum, value) in frame.colour[mark.at as usize].iter_mut().zip(colour) {
                *sum += value * weight;
            }
        }
        waiting.batch.count = 0;
    }

    fn shaded(&self, batch: &Batch, surface: usize, layer: Layer) -> [[f32; 4]; LANES] {
        let Self { model, projector, light, .. } = self;
        let (surface, pyramids) = (&model.surfaces[surface], &model.pyramids[..]);
        model.arch.dispatch(Shade { batch, surface, pyramids, projector, light, layer })
    }

    /// Colours of the samples of a pixel that was resolved.
    fn samples(&mut self, spot: Spot, frame: &Frame) -> [[f32; 4]; 4] {
        let ids = frame.ids[spot.at].to_array();
        if ids.iter().all(|id| *id == ids[0]) {
            return [frame.colour[spot.at]; 4];
        }
        let (leaders, count) = self.leaders(spot, ids);
        let mut samples = [[0.0; 4]; 4];
        for Leader { group, place, normal } in &leaders[..count] {
            let model = self.model;
            let facet = self.facet(group.id);
            let surface = facet.surface as usize;
            let mut batch = Batch::default();
            let spotted = facet.at(place[0], place[1], Some(*normal));
            batch.push(facet, &model.surfaces[surface], *place, &spotted);
            let [colour, ..] = self.shaded(&batch, surface, Layer::Opaque);
            for (k, sample) in samples.iter_mut().enumerate() {
                if group.bits >> k & 1 == 1 {
                    *sample = colour;
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
        let mut spots: Vec<(Spot, u32)> = Vec::new();
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
                        let bits = (mask & depth.simd_gt(frame.depth[spot.at])).to_bitmask();
                        let bits =
                            if facet.is_round() { on_stroke(&facet, spot, bits) } else { bits };
                        if bits != 0 && frame.blends_left > 0 {
                            frame.blends_left -= 1;
                            spots.push((spot, bits));
                        }
                    });
                }
            });
            // A triangle's parts share no sample, so that their order does not count.
            for spots in spots.chunks(LANES) {
                self.lay(frame, spots, &facet, &mut slots, &mut opened);
            }
            spots.clear();
        }
        for (at, samples) in opened {
            let sum = |k: usize| samples.iter().map(|sample| sample[k]).sum::<f32>() / 4.0;
            frame.colour[at] = std::array::from_fn(sum);
        }
    }

    /// Lays up to [`LANES`] places of a facet over what is there.
    fn lay(
        &mut self,
        frame: &Frame,
        spots: &[(Spot, u32)],
        facet: &Facet,
        slots: &mut [u32],
        opened: &mut Vec<(usize, [[f32; 4]; 4])>,
    ) {
        let surface = facet.surface as usize;
        let mut batch = Batch::default();
        for (spot, bits) in spots {
            let place = centre(*spot, *bits);
            let spotted: Spotted = facet.at(place[0], place[1], None);
            batch.push(facet, &self.model.surfaces[surface], place, &spotted);
        }
        let colours = self.shaded(&batch, surface, Layer::Blended);
        for ((spot, bits), colour) in spots.iter().zip(colours) {
            if colour == [0.0; 4] {
                continue;
            }
            let slot = match slots[spot.at] {
                u32::MAX => {
                    slots[spot.at] = opened.len() as u32;
                    opened.push((spot.at, self.samples(*spot, frame)));
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
