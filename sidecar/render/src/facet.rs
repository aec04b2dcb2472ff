//! One triangle in the camera's space, ready to be asked at any pixel.

use vitrine_scene::Topology;

use crate::{
    light::Fragment,
    material::{Coordinates, Surface, UV_SETS, colour, unit},
    model::{Draw, Model, Normals},
    project::Projector,
    pyramid::Pyramid,
    space::{Affine, V3, add, cross, dot, product, scaled, sub, unit_or},
    stroke::{Stroke, on_stroke},
};

/// A triangle with what its corners carry.
#[derive(Clone, Debug)]
pub(crate) struct Facet {
    /// Pixel at which `weights` hold.
    anchor: [f32; 2],
    /// Of each corner, a plane over the picture: by pixel to the right, down, and at the anchor. A
    /// corner's share is its plane's part of their sum, with perspective.
    weights: [V3; 3],
    normals: [V3; 3],
    /// Of the plane, towards the camera; of any length.
    outward: V3,
    /// Directions in which texture coordinates grow; zero where there are none.
    tangents: [V3; 2],
    colours: Option<[[f32; 4]; 3]>,
    uvs: [Option<[[f32; 2]; 3]>; UV_SETS],
    pub(crate) surface: u32,
    round: Option<Round>,
}

/// What makes a quad a stroke.
#[derive(Clone, Copy, Debug)]
struct Round {
    local: [[f32; 2]; 3],
    long: f32,
    axes: [V3; 3],
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
                    local: places.map(|place| stroke.local[place]),
                    long: stroke.long,
                    axes: stroke.axes,
                };
                (places.map(|place| stroke.corners[place]), vertices, [[0.0; 3]; 3], Some(round))
            }
        };
        let surface = &model.surfaces[draw.surface as usize];
        let mut uvs = [None; UV_SETS];
        for (slot, set) in surface.uv_sets.iter().enumerate() {
            let set = mesh.uvs.get(*set as usize);
            uvs[slot] = set.map(|set| vertices.map(|vertex| set[vertex as usize]));
        }
        let colours = mesh.colours.as_ref().map(|all| vertices.map(|vertex| all[vertex as usize]));
        let middle = scaled(add(add(points[0], points[1]), points[2]), 1.0 / 3.0);
        let towards =
            if self.projector.is_perspective { scaled(middle, -1.0) } else { [0.0, 0.0, 1.0] };
        let (ab, ac) = (sub(points[1], points[0]), sub(points[2], points[0]));
        let plane = cross(ab, ac);
        let outward = if dot(plane, towards) < 0.0 { scaled(plane, -1.0) } else { plane };
        let mut facet = Facet {
            anchor: [0.0; 2],
            weights: [[0.0; 3]; 3],
            normals,
            outward,
            tangents: [[0.0; 3]; 2],
            colours,
            uvs,
            surface: draw.surface,
            round,
        };
        facet.place(points, &self.projector);
        if let Some(slot) = surface.normal_slot {
            let slot = surface.lookups[slot.lookup].uv;
            facet.tangents =
                slot.and_then(|slot| uvs[slot]).map_or([[0.0; 3]; 2], |uv| tangents(ab, ac, uv));
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
            weights: [[0.0; 3]; 3],
            normals: [[0.0, 0.0, 1.0]; 3],
            outward: [0.0, 0.0, 1.0],
            tangents: [[0.0; 3]; 2],
            colours: None,
            uvs: [None; UV_SETS],
            surface,
            round: None,
        }
    }

    /// Sets the corners' weights over the picture.
    fn place(&mut self, points: [V3; 3], projector: &Projector) {
        let weight = points.map(|point| projector.weight(point));
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
            self.weights = [
                [first[0], first[1], area * weight[1] * weight[2]],
                [second[0], second[1], 0.0],
                [third[0], third[1], 0.0],
            ];
        } else {
            // Through the camera's plane: volumes spanned by the ray and the other two corners
            // (Olano and Greer 1997, Triangle Scan Conversion using 2D Homogeneous Coordinates).
            let [a, b, c] = points;
            let planes = [cross(b, c), cross(c, a), cross(a, b)];
            // A ray from the camera on which all three vanish does not hit; the sign is common.
            let (focal, middle) = (projector.focal, projector.middle);
            self.anchor = [middle, middle];
            self.weights = planes.map(|plane| [plane[0] / focal, -plane[1] / focal, -plane[2]]);
        }
    }

    /// Shares of the corners at a place of the picture; they sum to 1.
    #[inline]
    fn shares(&self, x: f32, y: f32) -> V3 {
        let (x, y) = (x - self.anchor[0], y - self.anchor[1]);
        let shares = self.weights.map(|plane| plane[0] * x + plane[1] * y + plane[2]);
        let sum = shares[0] + shares[1] + shares[2];
        if sum != 0.0 && sum.is_finite() {
            let by = 1.0 / sum;
            let shares = shares.map(|share| share * by);
            // Beyond the corners only by rounding, or by the derivatives' neighbouring pixel.
            if shares.iter().all(|share| share.abs() <= 64.0) {
                return shares;
            }
        }
        [1.0 / 3.0; 3]
    }

    /// The normal at a place, towards the camera's side, not of length 1.
    #[inline]
    pub(crate) fn normal(&self, x: f32, y: f32) -> V3 {
        self.normal_of(self.shares(x, y))
    }

    #[inline]
    fn normal_of(&self, b: V3) -> V3 {
        if let Some(round) = &self.round {
            let place = on_stroke(mix2(&round.local, b), round.long).unwrap_or([0.0; 2]);
            // Segments are one tube: only points are round at their ends too.
            let [beyond, across] = [if round.long > 0.0 { 0.0 } else { place[0] }, place[1]];
            let rest = (1.0 - beyond * beyond - across * across).max(0.0).sqrt();
            let [along, sideways, towards] = round.axes;
            return add(
                add(scaled(along, beyond), scaled(sideways, across)),
                scaled(towards, rest),
            );
        }
        let [p, q, r] = &self.normals;
        let normal = add(add(scaled(*p, b[0]), scaled(*q, b[1])), scaled(*r, b[2]));
        if dot(normal, normal) <= 1e-20 {
            return self.outward;
        }
        if dot(normal, self.outward) < 0.0 { scaled(normal, -1.0) } else { normal }
    }

    /// Whether a stroke is there.
    #[inline]
    pub(crate) fn is_on_stroke(&self, x: f32, y: f32) -> bool {
        self.round.as_ref().is_none_or(|round| {
            on_stroke(mix2(&round.local, self.shares(x, y)), round.long).is_some()
        })
    }

    /// Whether every sample must be asked.
    pub(crate) fn is_round(&self) -> bool {
        self.round.is_some()
    }

    fn coordinates(&self, x: f32, y: f32, b: V3) -> [Option<Coordinates>; UV_SETS] {
        if self.uvs.iter().all(Option::is_none) {
            return [None; UV_SETS];
        }
        let (right, down) = (self.shares(x + 1.0, y), self.shares(x, y + 1.0));
        let mut found = [None; UV_SETS];
        // By reference: copying the corners' arrays would cost more than the arithmetic.
        for (found, uvs) in found.iter_mut().zip(&self.uvs) {
            let Some(uvs) = uvs else { continue };
            let (uv, right, down) = (mix2(uvs, b), mix2(uvs, right), mix2(uvs, down));
            let by_x = [right[0] - uv[0], right[1] - uv[1]];
            let by_y = [down[0] - uv[0], down[1] - uv[1]];
            *found = Some(Coordinates { uv, by_x, by_y });
        }
        found
    }

    fn colour(&self, b: V3) -> [f32; 4] {
        self.colours.map_or([1.0; 4], |colours| {
            std::array::from_fn(|k| {
                (0..3).map(|corner| colours[corner][k] * b[corner]).sum::<f32>()
            })
        })
    }

    /// How much of what is behind a place it hides: 0…1.
    pub(crate) fn opacity(&self, surface: &Surface, pyramids: &[Pyramid], x: f32, y: f32) -> f32 {
        let b = self.shares(x, y);
        let own = surface.opacity_slot.map_or(1.0, |slot| {
            let coordinates = self.coordinates(x, y, b);
            slot.one(&surface.lookups[slot.lookup].read(pyramids, &coordinates))
        });
        unit(own * surface.opacity * self.colour(b)[3])
    }

    /// The surface at a place, with its own or another normal, of any length.
    pub(crate) fn fragment(
        &self,
        surface: &Surface,
        pyramids: &[Pyramid],
        [x, y]: [f32; 2],
        normal: Option<V3>,
        projector: &Projector,
    ) -> Fragment {
        let b = self.shares(x, y);
        let own = self.colour(b);
        let mut fragment = Fragment {
            normal: normal.unwrap_or_else(|| self.normal_of(b)),
            towards_camera: projector.towards_camera(x, y),
            base: std::array::from_fn(|k| surface.base[k] * colour(own[k])),
            emissive: surface.emissive,
            metallic: surface.metallic,
            roughness: surface.roughness,
            occlusion: 1.0,
            opacity: surface.opacity * unit(own[3]),
            is_glass: surface.opacity_slot.is_none(),
        };
        if surface.lookups.is_empty() {
            return fragment;
        }
        let coordinates = self.coordinates(x, y, b);
        // Read at its first use and kept for the others.
        let mut readings = [None; 7];
        let mut read = |slot: &crate::material::Slot| {
            *readings[slot.lookup]
                .get_or_insert_with(|| surface.lookups[slot.lookup].read(pyramids, &coordinates))
        };
        if let Some(slot) = &surface.base_slot {
            let value = slot.rgb(&read(slot));
            (0..3).for_each(|k| fragment.base[k] *= colour(value[k]));
        }
        if let Some(slot) = &surface.emissive_slot {
            let value = slot.rgb(&read(slot));
            (0..3).for_each(|k| fragment.emissive[k] *= colour(value[k]));
        }
        if let Some(slot) = &surface.metallic_slot {
            fragment.metallic *= unit(slot.one(&read(slot)));
        }
        if let Some(slot) = &surface.roughness_slot {
            fragment.roughness *= unit(slot.one(&read(slot)));
        }
        if let Some(slot) = &surface.occlusion_slot {
            fragment.occlusion = unit(slot.one(&read(slot)));
        }
        if let Some(slot) = &surface.opacity_slot {
            fragment.opacity *= unit(slot.one(&read(slot)));
        }
        if let Some(slot) = &surface.normal_slot {
            let [along, up] = self.tangents;
            let [s, t, n] = slot.rgb(&read(slot));
            let normal = unit_or(fragment.normal, [0.0, 0.0, 1.0]);
            let bent = add(scaled(normal, n), add(scaled(along, s), scaled(up, t)));
            if dot(along, along) > 0.0 {
                fragment.normal = unit_or(bent, normal);
            }
        }
        fragment
    }
}

fn mix2(corners: &[[f32; 2]; 3], b: V3) -> [f32; 2] {
    std::array::from_fn(|k| corners[0][k] * b[0] + corners[1][k] * b[1] + corners[2][k] * b[2])
}
