//! Geometry to samples: which triangle each sample sees.

use vitrine_scene::{AlphaMode, Topology};
use wide::{f32x4, u32x4};

use crate::{
    batch::{Batch, Opacity},
    facet::{Facet, Facets, stroke_ends},
    fill::{Corner, Spot, area, fill},
    frame::{Frame, SAMPLE_X, SAMPLE_Y, STEPS},
    material::Surface,
    model::{Draw, Model},
    project::{FINE, LOST_BIT, NEAR_BIT, Placed, Projector},
    space::{Affine, V3, add, dot, product, scaled},
    stroke::Stroke,
};

/// A triangle that lets what is behind shine through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Veil {
    /// Distance of its middle; greater is farther.
    pub(crate) distance: f32,
    pub(crate) id: u32,
}

/// Draws everything opaque, and collects what is blended, in order of the scene.
pub(crate) fn draw_all(
    model: &Model,
    to_camera: &[[f64; 4]; 4],
    projector: &Projector,
    frame: &mut Frame,
    placed: &mut Vec<Placed>,
    veils: &mut Vec<Veil>,
) {
    let mut facets = Facets::new(model, to_camera, *projector);
    let mut last = None;
    let mut place = Affine::of(&crate::space::IDENTITY);
    for draw in &model.draws {
        let mesh = model.mesh_of(draw);
        let is_stroke = mesh.topology != Topology::Triangles;
        if last != Some(draw.instance) {
            last = Some(draw.instance);
            let instance = &model.scene.instances[draw.instance as usize];
            place = Affine::of(&product(&instance.to_world, to_camera));
            if !is_stroke {
                placed.clear();
                placed.extend(mesh.positions.iter().map(|&p| projector.place(place.point(p))));
            }
        }
        let surface = &model.surfaces[draw.surface as usize];
        let is_cut = is_stroke || matches!(surface.alpha, AlphaMode::Mask(_));
        let threshold = match surface.alpha {
            AlphaMode::Mask(threshold) => threshold,
            AlphaMode::Opaque | AlphaMode::Blend => f32::NEG_INFINITY,
        };
        let target = Target { model, projector, draw, place: &place, placed };
        if model.is_blended(draw) {
            target.each(|id, _, middle| {
                veils.push(Veil {
                    distance: if projector.is_perspective {
                        dot(middle, middle)
                    } else {
                        -middle[2]
                    },
                    id,
                });
            });
        } else if is_cut {
            target.each(|id, triangles, _| {
                let facet = facets.facet(id);
                for &triangle in triangles {
                    fill(frame, triangle, |frame, spot, mask, depth| {
                        let mut bits = (mask & depth.simd_gt(frame.depth[spot.at])).to_bitmask();
                        if facet.is_round() {
                            bits = on_stroke(&facet, spot, bits);
                        }
                        if threshold > f32::NEG_INFINITY && bits != 0 {
                            bits = above(threshold, &facet, surface, model, spot, bits);
                        }
                        keep(frame, spot, masks(bits), depth, id);
                    });
                }
            });
        } else {
            target.each(|id, triangles, _| {
                for &triangle in triangles {
                    fill(frame, triangle, |frame, spot, mask, depth| {
                        let nearer = mask & depth.simd_gt(frame.depth[spot.at]);
                        keep(frame, spot, nearer, depth, id);
                    });
                }
            });
        }
    }
}

/// The samples that a stroke covers.
pub(crate) fn on_stroke(facet: &Facet, spot: Spot, bits: u32) -> u32 {
    let is_there = |k: &usize| {
        let [x, y] = sample(spot, *k);
        bits >> k & 1 == 1 && facet.is_on_stroke(x, y)
    };
    (0..4).filter(is_there).fold(0, |bits, k| bits | 1 << k)
}

/// The samples whose opacity reaches a threshold.
fn above(
    threshold: f32,
    facet: &Facet,
    surface: &Surface,
    model: &Model,
    spot: Spot,
    bits: u32,
) -> u32 {
    let mut batch = Batch::default();
    for k in 0..4 {
        let place = sample(spot, k);
        batch.push(facet, surface, place, &facet.at(place[0], place[1], None));
    }
    let opacities =
        model.arch.dispatch(Opacity { batch: &batch, surface, pyramids: &model.pyramids });
    (0..4).filter(|k| opacities[*k] < threshold).fold(bits, |bits, k| bits & !(1 << k))
}

#[inline]
fn keep(frame: &mut Frame, spot: Spot, mask: f32x4, depth: f32x4, id: u32) {
    let old = &mut frame.depth[spot.at];
    *old = mask.bitselect(depth, *old);
    let old = &mut frame.ids[spot.at];
    let mask: u32x4 = bytemuck::cast(mask);
    *old = (mask & u32x4::splat(id)) | (!mask & *old);
}

/// Bits as masks of all bits.
fn masks(bits: u32) -> f32x4 {
    f32x4::new(std::array::from_fn(|k| f32::from_bits(0_u32.wrapping_sub(bits >> k & 1))))
}

/// Where a sample lies, in pixels.
#[inline]
pub(crate) fn sample(spot: Spot, k: usize) -> [f32; 2] {
    let part = |step: i32| step as f32 / STEPS as f32;
    [spot.x as f32 + part(SAMPLE_X[k]), spot.y as f32 + part(SAMPLE_Y[k])]
}

/// One draw and what is needed to find its triangles on the picture.
pub(crate) struct Target<'a> {
    pub(crate) model: &'a Model<'a>,
    pub(crate) projector: &'a Projector,
    pub(crate) draw: &'a Draw,
    pub(crate) place: &'a Affine,
    pub(crate) placed: &'a [Placed],
}

impl Target<'_> {
    /// Every triangle that faces the camera: its number, its parts on the picture, its middle.
    fn each(&self, mut visit: impl FnMut(u32, &[[Corner; 3]], V3)) {
        let mesh = self.model.mesh_of(self.draw);
        let first = self.draw.first_index as usize;
        if mesh.topology != Topology::Triangles {
            for number in 0..self.draw.primitives * 2 {
                self.stroke(number, &mut visit);
            }
            return;
        }
        let (both, mirrored) = (self.model.shows_backs(mesh), self.place.mirrors());
        let indices = &mesh.indices[first..first + self.draw.primitives as usize * 3];
        for (number, corners) in indices.as_chunks::<3>().0.iter().enumerate() {
            let vertices = corners.map(|vertex| self.placed[vertex as usize]);
            let id = self.draw.first_id + number as u32;
            let bits = vertices[0].bits | vertices[1].bits | vertices[2].bits;
            let points = || corners.map(|at| self.place.point(mesh.positions[at as usize]));
            if bits == FINE {
                let triangle = vertices.map(|vertex| vertex.corner);
                if let Some(triangle) = facing(triangle, both, mirrored) {
                    visit(id, &[triangle], middle(points()));
                }
            } else if bits & LOST_BIT == 0 {
                let all = vertices.iter().fold(NEAR_BIT, |all, vertex| all & vertex.bits);
                if all == 0 {
                    self.clip(id, points(), (both, mirrored), &mut visit);
                }
            }
        }
    }

    fn clip(
        &self,
        id: u32,
        points: [V3; 3],
        (both, mirrored): (bool, bool),
        visit: &mut impl FnMut(u32, &[[Corner; 3]], V3),
    ) {
        let polygon: Vec<Placed> = self
            .projector
            .clipped(points)
            .into_iter()
            .map(|point| self.projector.place(point))
            .filter(|placed| placed.bits == FINE)
            .collect();
        let parts: Vec<_> = (2..polygon.len())
            .map(|at| [0, at - 1, at].map(|k| polygon[k].corner))
            .filter_map(|triangle| facing(triangle, both, mirrored))
            .collect();
        if !parts.is_empty() {
            visit(id, &parts, middle(points));
        }
    }

    fn stroke(&self, number: u32, visit: &mut impl FnMut(u32, &[[Corner; 3]], V3)) {
        let mesh = self.model.mesh_of(self.draw);
        let width = match mesh.topology {
            Topology::Triangles => return,
            Topology::Segments { width } | Topology::Points { width } => {
                width * self.place.stretch()
            }
        };
        let (ends, half) = stroke_ends(mesh.topology, self.draw.first_index as usize, number);
        let ends = ends.map(|index| self.place.point(mesh.positions[mesh.indices[index] as usize]));
        let Some(stroke) = Stroke::new(ends[0], ends[1], width, self.projector) else { return };
        let id = self.draw.first_id + number;
        let points = Stroke::half(half).map(|place| stroke.corners[place]);
        let placed = points.map(|point| self.projector.place(point));
        let bits = placed[0].bits | placed[1].bits | placed[2].bits;
        if bits & LOST_BIT != 0 {
            return;
        }
        if bits != FINE {
            self.clip(id, points, (true, false), visit);
        } else if let Some(triangle) = facing(placed.map(|placed| placed.corner), true, false) {
            visit(id, &[triangle], middle(points));
        }
    }

    /// The parts on the picture of one triangle of the draw.
    pub(crate) fn only(&self, id: u32, mut visit: impl FnMut(&[[Corner; 3]])) {
        let mesh = self.model.mesh_of(self.draw);
        let number = id - self.draw.first_id;
        if mesh.topology != Topology::Triangles {
            self.stroke(number, &mut |_, triangles, _| visit(triangles));
            return;
        }
        let first = self.draw.first_index as usize + number as usize * 3;
        let points: [V3; 3] = std::array::from_fn(|k| {
            self.place.point(mesh.positions[mesh.indices[first + k] as usize])
        });
        let placed = points.map(|point| self.projector.place(point));
        let (both, mirrored) = (self.model.shows_backs(mesh), self.place.mirrors());
        if placed.iter().all(|placed| placed.bits == FINE) {
            if let Some(triangle) = facing(placed.map(|placed| placed.corner), both, mirrored) {
                visit(&[triangle]);
            }
        } else if placed.iter().all(|placed| placed.bits & LOST_BIT == 0) {
            self.clip(id, points, (both, mirrored), &mut |_, triangles, _| visit(triangles));
        }
    }
}

fn middle([a, b, c]: [V3; 3]) -> V3 {
    scaled(add(add(a, b), c), 1.0 / 3.0)
}

/// The triangle with positive area; none where its back is seen and backs are not, or where it has
/// no area.
#[inline]
fn facing([a, b, c]: [Corner; 3], both: bool, mirrored: bool) -> Option<[Corner; 3]> {
    let area = area(a, b, c);
    // Counter-clockwise seen with y upwards is negative here, where y goes down.
    let is_front = (area < 0) != mirrored;
    if area == 0 || !(is_front || both) {
        return None;
    }
    Some(if area > 0 { [a, b, c] } else { [a, c, b] })
}
