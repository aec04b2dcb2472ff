//! Places of one surface, collected until there are enough to be shaded at once.

use pulp::{Simd, WithSimd};
use wide::f32x4;

use crate::{
    facet::{Facet, Spotted},
    lanes::{Array, F, F3, LANES, dot, normalised},
    light::{Body, Light, Lit},
    material::{Coordinates, Slot, Surface, UV_SETS},
    project::Projector,
    pyramid::Pyramid,
};

/// Places and what is there, one a lane. Beyond `count` there are leftovers, which are shaded too and
/// looked at by nobody: loops of a known length are faster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) count: usize,
    /// Which sets of texture coordinates there are, by bits; the same for all.
    uv_sets: u32,
    place: [Array; 2],
    normal: [Array; 3],
    tangents: [[Array; 3]; 2],
    colour: [Array; 4],
    /// By set: coordinates, their change to the right, and down.
    uvs: [[[Array; 2]; 3]; UV_SETS],
}

impl Batch {
    /// Adds a place of a facet. All facets of a batch must have one surface and the same sets of
    /// texture coordinates, and there must be room.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        facet: &Facet,
        surface: &Surface,
        [x, y]: [f32; 2],
        spotted: &Spotted,
    ) {
        let lane = self.count;
        self.count += 1;
        self.uv_sets = facet.uv_sets;
        (self.place[0][lane], self.place[1][lane]) = (x, y);
        let normal = spotted.normal.to_array();
        for (array, value) in self.normal.iter_mut().zip(normal) {
            array[lane] = value;
        }
        for (array, value) in self.colour.iter_mut().zip(spotted.colour.to_array()) {
            array[lane] = value;
        }
        if facet.uv_sets != 0 {
            for (at, both) in spotted.uvs.iter().map(|uvs: &f32x4| uvs.to_array()).enumerate() {
                for set in 0..UV_SETS {
                    self.uvs[set][at][0][lane] = both[set * 2];
                    self.uvs[set][at][1][lane] = both[set * 2 + 1];
                }
            }
        }
        if surface.normal_slot.is_some() {
            for (arrays, tangent) in self.tangents.iter_mut().zip(&facet.tangents) {
                for (array, value) in arrays.iter_mut().zip(tangent) {
                    array[lane] = *value;
                }
            }
        }
    }

    #[inline(always)]
    fn coordinates<S: Simd>(&self, simd: S, set: usize, part: usize) -> Option<Coordinates<S>> {
        if self.uv_sets >> set & 1 == 0 {
            return None;
        }
        let [uv, by_x, by_y] = &self.uvs[set];
        Some(Coordinates {
            uv: load2(simd, uv, part),
            by_x: load2(simd, by_x, part),
            by_y: load2(simd, by_y, part),
        })
    }
}

#[inline(always)]
fn load2<S: Simd>(simd: S, [s, t]: &[Array; 2], part: usize) -> [F<S>; 2] {
    [F::load(simd, s, part), F::load(simd, t, part)]
}

/// Whether what is seen through a surface counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layer {
    /// It is whole.
    Opaque,
    /// What is behind shines through.
    Blended,
}

/// Makes the colours of a batch's places: display-linear, premultiplied by the cover in the last
/// place.
pub(crate) struct Shade<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) surface: &'a Surface,
    pub(crate) pyramids: &'a [Pyramid],
    pub(crate) projector: &'a Projector,
    pub(crate) light: &'a Light,
    pub(crate) layer: Layer,
}

impl WithSimd for Shade<'_> {
    type Output = [[f32; 4]; LANES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let mut colours = [[0.0; LANES]; 4];
        for part in 0..self.batch.count.div_ceil(S::F32_LANES) {
            let lit = self.lit(simd, part);
            let shaded = self.light.shade(simd, &lit);
            for k in 0..4 {
                shaded[k].store(&mut colours[k], part);
            }
        }
        let [r, g, b, a] = &colours;
        std::array::from_fn(|lane| [r[lane], g[lane], b[lane], a[lane]])
    }
}

impl Shade<'_> {
    /// What the light falls on.
    #[inline(always)]
    fn lit<S: Simd>(&self, simd: S, part: usize) -> Lit<S> {
        let Self { batch, surface, projector, .. } = *self;
        let normal = load3(simd, &batch.normal, part);
        let towards_camera = if projector.is_perspective {
            let x = F::load(simd, &batch.place[0], part);
            let y = F::load(simd, &batch.place[1], part);
            [
                F::all(simd, projector.middle) - x,
                y - projector.middle,
                F::all(simd, projector.focal),
            ]
        } else {
            F::all3(simd, [0.0, 0.0, 1.0])
        };
        let [r, g, b, a] = &batch.colour;
        let own = load3(simd, [r, g, b], part);
        let opacity = F::load(simd, a, part).unit() * surface.opacity;
        let mut lit = Lit {
            normal,
            towards_camera,
            base: product(F::all3(simd, surface.base), own),
            emissive: F::all3(simd, surface.emissive),
            metallic: F::all(simd, surface.metallic),
            roughness: F::all(simd, surface.roughness),
            occlusion: F::all(simd, 1.0),
            opacity,
            body: Body::Veil,
        };
        if !surface.lookups.is_empty() {
            self.dress(simd, &mut lit, part);
        }
        match self.layer {
            Layer::Opaque => lit.opacity = F::all(simd, 1.0),
            Layer::Blended if surface.opacity_slot.is_none() => lit.body = Body::Glass,
            Layer::Blended => {}
        }
        lit
    }

    /// Adds what textures say.
    #[inline(always)]
    fn dress<S: Simd>(&self, simd: S, lit: &mut Lit<S>, part: usize) {
        let Self { batch, surface, pyramids, .. } = *self;
        let coordinates: [_; UV_SETS] =
            [batch.coordinates(simd, 0, part), batch.coordinates(simd, 1, part)];
        for (at, lookup) in surface.lookups.iter().enumerate() {
            let coordinates = match lookup.uv {
                Some(slot) => coordinates[slot].as_ref(),
                None => None,
            };
            let reading = lookup.read(simd, pyramids, coordinates);
            if let Some(slot) = of(&surface.base_slot, at) {
                lit.base = product(lit.base, slot.rgb(&reading));
            }
            if let Some(slot) = of(&surface.emissive_slot, at) {
                lit.emissive = product(lit.emissive, slot.rgb(&reading));
            }
            if let Some(slot) = of(&surface.metallic_slot, at) {
                lit.metallic = lit.metallic * slot.one(&reading).unit();
            }
            if let Some(slot) = of(&surface.roughness_slot, at) {
                lit.roughness = lit.roughness * slot.one(&reading).unit();
            }
            if let Some(slot) = of(&surface.occlusion_slot, at) {
                lit.occlusion = slot.one(&reading).unit();
            }
            if let Some(slot) = of(&surface.opacity_slot, at) {
                lit.opacity = lit.opacity * slot.one(&reading).unit();
            }
            if let Some(slot) = of(&surface.normal_slot, at) {
                let [s, t, n] = slot.rgb(&reading);
                let normal = normalised(lit.normal);
                let along = load3(simd, &batch.tangents[0], part);
                let up = load3(simd, &batch.tangents[1], part);
                let mut bent = normal;
                for k in 0..3 {
                    bent[k] = normal[k].fma(n, along[k].fma(s, up[k] * t));
                }
                // Without tangents or a length the surface keeps its own normal.
                let known = dot(along, along).min(dot(bent, bent));
                for k in 0..3 {
                    lit.normal[k] = known.less(known.like(1e-12), normal[k], bent[k]);
                }
            }
        }
    }
}

/// A slot that takes something of this lookup.
#[inline(always)]
fn of(slot: &Option<Slot>, lookup: usize) -> Option<&Slot> {
    slot.as_ref().filter(|slot| slot.lookup == lookup)
}

#[inline(always)]
fn load3<'a, S: Simd>(simd: S, arrays: impl IntoIterator<Item = &'a Array>, part: usize) -> F3<S> {
    let mut found = F::all3(simd, [0.0; 3]);
    for (found, array) in found.iter_mut().zip(arrays) {
        *found = F::load(simd, array, part);
    }
    found
}

/// A colour times another that a file may have made anything: beyond 10⁴ it is not seen, and
/// squares of it still are numbers.
#[inline(always)]
fn product<S: Simd>(colour: F3<S>, by: F3<S>) -> F3<S> {
    let mut made = colour;
    for k in 0..3 {
        made[k] = made[k] * by[k].at_least(0.0).at_most(1e4);
    }
    made
}

/// Makes the opacity of a batch's places, 0…1.
pub(crate) struct Opacity<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) surface: &'a Surface,
    pub(crate) pyramids: &'a [Pyramid],
}

impl WithSimd for Opacity<'_> {
    type Output = Array;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { batch, surface, pyramids } = self;
        let mut opacities = [0.0; LANES];
        for part in 0..batch.count.div_ceil(S::F32_LANES) {
            let mut opacity = F::load(simd, &batch.colour[3], part) * surface.opacity;
            if let Some(slot) = &surface.opacity_slot {
                let lookup = &surface.lookups[slot.lookup];
                let coordinates = match lookup.uv {
                    Some(set) => batch.coordinates(simd, set, part),
                    None => None,
                };
                let reading = lookup.read(simd, pyramids, coordinates.as_ref());
                opacity = opacity * slot.one(&reading);
            }
            opacity.unit().store(&mut opacities, part);
        }
        opacities
    }
}
