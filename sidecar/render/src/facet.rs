//! One triangle in the camera's space, ready to be asked at any pixel.

use vitrine_scene::Topology;
use wide::f32x4;

use crate::{
    model::{Draw, Model, Normals},
    project::Projector,
    space::{Affine, V3, add, cross, dot, product, scaled, sub, unit_or},
    stroke::{Stroke, on_stroke},
};

/// A triangle with what its corners carry. Of four numbers that are three, the last is 0.
#[derive(Clone, Debug)]
pub(crate) struct Facet {
    /// Pixel at which `weights` hold.
    anchor: [f32; 2],
    /// Of each corner, a plane over the picture: by pixel to the right, down, and at the anchor. A
    /// corner's share is its plane's part of their sum, with perspective.
    weights: [f32x4; 3],
    normals: [f32x4; 3],
    /// Of the plane, towards the camera; of any length.
    outward: f32x4,
    /// Directions in which texture coordinates grow; zero where there are none.
    pub(crate) tangents: [V3; 2],
    colours: Option<[f32x4; 3]>,
    /// Of each corner, two coordinates of each set.
    uvs: [f32x4; 3],
    /// How the corners' coordinates, weighed, change by pixel to the right and down.
    slopes: [f32x4; 2],
    /// Which sets of coordinates there are, by bits.
    pub(crate) uv_sets: u32,
    pub(crate) surface: u32,
    round: Option<Round>,
}

/// What a facet shows at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spotted {
    /// Towards the camera's side, of any length.
    pub(crate) normal: f32x4,
    pub(crate) colour: f32x4,
    /// Coordinates of the sets, and their change by pixel to the right and down.
    pub(crate) uvs: [f32x4; 3],
}

/// What makes a quad a stroke.
#[derive(Clone, Copy, Debug)]
struct Round {
    local: [f32x4; 3],
    long: f32,
    axes: [V3; 3],
}

fn four([x, y, z]: V3) -> f32x4 {
    f32x4::new([x, y, z, 0.0])
}

/// Makes facets; remembers the last draw's place.
#[derive(Debug)]
pub(crate) struct Facets<'a> {
    model: &'a Model<'a>,
    to_camera: &'a [[f64; 4]; 4],
    projector: Projector,
    last: Option<(usize, Affine, Affine)>,
}

impl<'a> Facets<'a> {
    pub(crate) fn new(
        model: &'a Model<'a>,
        to_camera: &'a [[f64; 4]; 4],
        projector: Projector,
    ) -> Self {
        Self { model, to_camera, projector, last: None }
    }

    /// The triangle of a number; the model must have it.
    pub(crate) fn facet(&mut self, id: u32) -> Facet {
        let model = self.model;
        let holds = |at: usize| {
            model.draws[at].first_id <= id
                && model.draws.get(at + 1).is_none_or(|next| next.first_id > id)
        };
        let (at, place, for_normals) = match self.last {
            Some(last) if holds(last.0) => last,
            _ => {
                let at = model.draw_of(id);
                let instance = &model.scene.instances[model.draws[at].instance as usize];
                let place = Affine::of(&product(&instance.to_world, self.to_camera));
                *self.last.insert((at, place, place.for_normals()))
            }
        };
        let draw = &model.draws[at];
        self.build(draw, id - draw.first_id, &place, &for_normals)
    }

    fn build(&self, draw: &Draw, number: u32, place: &Affine, for_normals: &Affine) -> Facet {
        let model = self.model;
        let mesh = model.mesh_of(draw);
        let first = draw.first_index as usize;
        let at = |vertex: u32| place.point(mesh.positions[vertex as usize]);
        // Corners in the camera's space, their vertices, normals, and what makes a stroke.
        let (points, vertices, normals, round) = match mesh.topology {
            Topology::Triangles => {
                let first = first + number as usize * 3;
                let vertices: [u32; 3] = std::array::from_fn(|k| mesh.indices[first + k]);
                let normals = match (&model.normals[model.mesh_at(draw)], &mesh.normals) {
                    (Normals::Corners(made), _) => std::array::from_fn(|k| made[first + k]),
                    (_, Some(own)) => vertices.map(|vertex| own[vertex as usize]),
                    _ => [[0.0; 3]; 3],
                };
                let normals = normals.map(|normal| for_normals.direction(normal));
                (vertices.map(at), vertices, normals, None)
            }
            Topology::Segments { width } | Topology::Points { width } => {
                let (ends, half) = stroke_ends(mesh.topology, first, number);
                let ends = ends.map(|index| mesh.indices[index]);
                let width = width * place.stretch();
                let stroke = Stroke::new(at(ends[0]), at(ends[1]), width, &self.projector);
                let Some(stroke) = stroke else { return Facet::nothing(draw.surface) };
                let places = Stroke::half(half);
                let vertices = places.map(|place| ends[usize::from(place == 1 || place == 2)]);
                let round = Round {
                    local: places.map(|place| {
                        let [along, across] = stroke.local[place];
                        four([along, across, 0.0])
                    }),
                    long: stroke.long,
                    axes: stroke.axes,
                };
                (places.map(|place| stroke.corners[place]), vertices, [[0.0; 3]; 3], Some(round))
            }
        };
        let surface = &model.surfaces[draw.surface as usize];
        let mut corners = [[0.0; 4]; 3];
        let mut uv_sets = 0;
        for (slot, set) in surface.uv_sets.iter().enumerate() {
            let Some(set) = mesh.uvs.get(*set as usize) else { continue };
            uv_sets |= 1 << slot;
            for (corner, vertex) in corners.iter_mut().zip(vertices) {
                corner[slot * 2..slot * 2 + 2].copy_from_slice(&set[vertex as usize]);
            }
        }
        let colours = mesh.colours.as_ref();
        let colours = colours.map(|all| vertices.map(|vertex| f32x4::new(all[vertex as usize])));
        let middle = scaled(add(add(points[0], points[1]), points[2]), 1.0 / 3.0);
        let towards =
            if self.projector.is_perspective { scaled(middle, -1.0) } else { [0.0, 0.0, 1.0] };
        let (ab, ac) = (sub(points[1], points[0]), sub(points[2], points[0]));
        let plane = cross(ab, ac);
        let outward = if dot(plane, towards) < 0.0 { scaled(plane, -1.0) } else { plane };
        let mut facet = Facet {
            normals: normals.map(four),
            outward: four(outward),
            colours,
            uvs: corners.map(f32x4::new),
            uv_sets,
            round,
            ..Facet::nothing(draw.surface)
        };
        facet.place(points, &self.projector);
        if let Some(slot) = surface.normal_slot
            && let Some(slot) = surface.lookups[slot.lookup].uv
            && uv_sets >> slot & 1 == 1
        {
            let uv = corners.map(|corner| [corner[slot * 2], corner[slot * 2 + 1]]);
            facet.tangents = tangents(ab, ac, uv);
        }
        facet
    }
}

/// Indices of a stroke's ends in the mesh's list, and whether the second half of its quad is meant.
pub(crate) fn stroke_ends(topology: Topology, first: usize, number: u32) -> ([usize; 2], bool) {
    let (primitive, half) = (number as usize / 2, number % 2 == 1);
    match topology {
        Topology::Points { .. } => ([first + primitive; 2], half),
        Topology::Triangles | Topology::Segments { .. } => {
            ([first + primitive * 2, first + primitive * 2 + 1], half)
        }
    }
}

/// Directions in the camera's space along which u and v grow.
fn tangents(ab: V3, ac: V3, uv: [[f32; 2]; 3]) -> [V3; 2] {
    let [u1, v1] = [uv[1][0] - uv[0][0], uv[1][1] - uv[0][1]];
    let [u2, v2] = [uv[2][0] - uv[0][0], uv[2][1] - uv[0][1]];
    let sign = if u1 * v2 - u2 * v1 < 0.0 { -1.0 } else { 1.0 };
    let along = sub(scaled(ab, v2 * sign), scaled(ac, v1 * sign));
    let up = sub(scaled(ac, u1 * sign), scaled(ab, u2 * sign));
    [unit_or(along, [0.0; 3]), unit_or(up, [0.0; 3])]
}

impl Facet {
    /// Stands for what cannot be seen.
    fn nothing(surface: u32) -> Self {
        Self {
            anchor: [0.0; 2],
            weights: [f32x4::ZERO; 3],
            normals: [four([0.0, 0.0, 1.0]); 3],
            outward: four([0.0, 0.0, 1.0]),
            tangents: [[0.0; 3]; 2],
            colours: None,
            uvs: [f32x4::ZERO; 3],
            slopes: [f32x4::ZERO; 2],
            uv_sets: 0,
            surface,
            round: None,
        }
    }

    /// Sets the corners' weights over the picture.
    fn place(&mut self, points: [V3; 3], projector: &Projector) {
        let weight = points.map(|point| projector.weight(point));
        let planes: [V3; 3];
        if weight.iter().all(|weight| *weight > 1e-6) {
            // Screen-space planes relative to the first corner: exact also for small triangles.
            let [a, b, c] = points.map(|point| projector.pixel(point));
            let (b, c) = ([b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]]);
            let area = b[0] * c[1] - b[1] * c[0];
            // Times the area and all distances: only the shares' proportions count.
            let second = [c[1], -c[0]].map(|v| v * weight[0] * weight[2]);
            let third = [-b[1], b[0]].map(|v| v * weight[0] * weight[1]);
            let first = [b[1] - c[1], c[0] - b[0]].map(|v| v * weight[1] * weight[2]);
            self.anchor = a;
            planes = [
                [first[0], first[1], area * weight[1] * weight[2]],
                [second[0], second[1], 0.0],
                [third[0], third[1], 0.0],
            ];
        } else {
            // Through the camera's plane: volumes spanned by the ray and the other two corners
            // (Olano and Greer 1997, Triangle Scan Conversion using 2D Homogeneous Coordinates).
            let [a, b, c] = points;
            let volumes = [cross(b, c), cross(c, a), cross(a, b)];
            // A ray from the camera on which all three vanish does not hit; the sign is common.
            let (focal, middle) = (projector.focal, projector.middle);
            self.anchor = [middle, middle];
            planes = volumes.map(|plane| [plane[0] / focal, -plane[1] / focal, -plane[2]]);
        }
        let [a, b, c] = planes;
        self.weights = [0, 1, 2].map(|k| four([a[k], b[k], c[k]]));
        if self.uv_sets != 0 {
            self.slopes = [0, 1].map(|k| {
                let [p, q, r] = self.uvs;
                p * f32x4::splat(a[k]) + q * f32x4::splat(b[k]) + r * f32x4::splat(c[k])
            });
        }
    }

    /// Shares of the corners at a place of the picture, which sum to 1, and one by the sum of their
    /// weights; 0 where they have none.
    #[inline(always)]
    fn shares(&self, x: f32, y: f32) -> (f32x4, f32) {
        let [right, down, there] = self.weights;
        let (x, y) = (x - self.anchor[0], y - self.anchor[1]);
        let weights = right * f32x4::splat(x) + down * f32x4::splat(y) + there;
        let by = 1.0 / weights.reduce_add();
        let shares = weights * f32x4::splat(by);
        // Beyond the corners only by rounding; NaN is not less.
        if shares.abs().simd_le(f32x4::splat(64.0)).to_bitmask() == 0b1111 {
            return (shares, by);
        }
        (four([1.0 / 3.0; 3]), 0.0)
    }

    /// The normal at a place, towards the camera's side, of any length.
    #[inline]
    pub(crate) fn normal(&self, x: f32, y: f32) -> f32x4 {
        self.normal_of(self.shares(x, y).0)
    }

    #[inline]
    fn normal_of(&self, shares: f32x4) -> f32x4 {
        if let Some(round) = &self.round {
            return round.normal(shares);
        }
        let normal = mixed(&self.normals, shares);
        if (normal * normal).reduce_add() <= 1e-20 {
            return self.outward;
        }
        if (normal * self.outward).reduce_add() < 0.0 { -normal } else { normal }
    }

    /// Whether a stroke is there.
    #[inline]
    pub(crate) fn is_on_stroke(&self, x: f32, y: f32) -> bool {
        self.round.as_ref().is_none_or(|round| round.place(self.shares(x, y).0).is_some())
    }

    /// Whether every sample must be asked.
    pub(crate) fn is_round(&self) -> bool {
        self.round.is_some()
    }

    /// What is there, with its own or another normal.
    #[inline(always)]
    pub(crate) fn at(&self, x: f32, y: f32, normal: Option<f32x4>) -> Spotted {
        let (shares, by) = self.shares(x, y);
        let mut uvs = [f32x4::ZERO; 3];
        if self.uv_sets != 0 {
            let uv = mixed(&self.uvs, shares);
            // The quotient's rule, on sums that are linear over the picture.
            let slope = |k: usize| {
                let sum = self.weights[k].reduce_add();
                (self.slopes[k] - uv * f32x4::splat(sum)) * f32x4::splat(by)
            };
            uvs = [uv, slope(0), slope(1)];
        }
        let colour = self.colours.as_ref().map_or(f32x4::ONE, |colours| mixed(colours, shares));
        Spotted { normal: normal.unwrap_or_else(|| self.normal_of(shares)), colour, uvs }
    }
}

impl Round {
    fn place(&self, shares: f32x4) -> Option<[f32; 2]> {
        let [along, across, ..] = mixed(&self.local, shares).to_array();
        on_stroke([along, across], self.long)
    }

    fn normal(&self, shares: f32x4) -> f32x4 {
        let place = self.place(shares).unwrap_or([0.0; 2]);
        // Segments are one tube: only points are round at their ends too.
        let [beyond, across] = [if self.long > 0.0 { 0.0 } else { place[0] }, place[1]];
        let rest = (1.0 - beyond * beyond - across * across).max(0.0).sqrt();
        let [along, sideways, towards] = self.axes;
        let bent = add(scaled(along, beyond), scaled(sideways, across));
        four(add(bent, scaled(towards, rest)))
    }
}

#[inline]
fn mixed(corners: &[f32x4; 3], shares: f32x4) -> f32x4 {
    let [a, b, c, _] = shares.to_array();
    corners[0] * f32x4::splat(a) + corners[1] * f32x4::splat(b) + corners[2] * f32x4::splat(c)
}
