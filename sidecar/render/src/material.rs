//! Materials as the shading wants them: factors, and the pictures each reads, every picture once.

use pulp::Simd;
use vitrine_scene::{AlphaMode, Channel, Material, Texture, Wrap};

use crate::{
    lanes::{F, F3},
    pyramid::{Pyramid, Sampling},
};

/// Sets of texture coordinates that one material may use; others show the fallback.
pub(crate) const UV_SETS: usize = 2;

/// A material ready to be shaded.
#[derive(Clone, Debug)]
pub(crate) struct Surface {
    pub(crate) base: [f32; 3],
    pub(crate) metallic: f32,
    pub(crate) roughness: f32,
    pub(crate) emissive: [f32; 3],
    pub(crate) opacity: f32,
    pub(crate) alpha: AlphaMode,
    pub(crate) lookups: Vec<Lookup>,
    /// The mesh's sets of coordinates, by slot.
    pub(crate) uv_sets: Vec<u32>,
    pub(crate) base_slot: Option<Slot>,
    pub(crate) metallic_slot: Option<Slot>,
    pub(crate) roughness_slot: Option<Slot>,
    pub(crate) emissive_slot: Option<Slot>,
    pub(crate) normal_slot: Option<Slot>,
    pub(crate) occlusion_slot: Option<Slot>,
    pub(crate) opacity_slot: Option<Slot>,
}

/// One reading of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lookup {
    /// Index of the pyramid; none where the picture is broken.
    pub(crate) pyramid: Option<usize>,
    /// Slot of the coordinates; none where a material has too many sets.
    pub(crate) uv: Option<usize>,
    pub(crate) wrap: [Wrap; 2],
    pub(crate) transform: [[f32; 2]; 3],
    pub(crate) fallback: [f32; 4],
}

/// What is taken of a reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) lookup: usize,
    pub(crate) channel: Channel,
    pub(crate) scale: [f32; 4],
    pub(crate) bias: [f32; 4],
}

/// The value of a lookup; scale and bias are for what was read, not for what stands for it.
#[derive(Clone, Copy)]
pub(crate) struct Reading<S: Simd> {
    value: [F<S>; 4],
    is_fallback: bool,
}

/// Texture coordinates and their change by pixel to the right and down.
#[derive(Clone, Copy)]
pub(crate) struct Coordinates<S: Simd> {
    pub(crate) uv: [F<S>; 2],
    pub(crate) by_x: [F<S>; 2],
    pub(crate) by_y: [F<S>; 2],
}

impl Surface {
    /// `pyramid` finds the decoded picture of a texture.
    pub(crate) fn new(material: &Material, pyramid: impl Fn(&Texture) -> Option<usize>) -> Self {
        let mut lookups: Vec<Lookup> = Vec::new();
        let mut uv_sets: Vec<u32> = Vec::new();
        let mut slot = |texture: &Option<Texture>| {
            let texture = texture.as_ref()?;
            let known = uv_sets.iter().position(|set| *set == texture.uv_set);
            let uv = known.or_else(|| {
                (uv_sets.len() < UV_SETS).then(|| {
                    uv_sets.push(texture.uv_set);
                    uv_sets.len() - 1
                })
            });
            let lookup = Lookup {
                pyramid: pyramid(texture),
                uv,
                wrap: [texture.wrap_s, texture.wrap_t],
                transform: texture.transform,
                fallback: texture.fallback,
            };
            let at = lookups.iter().position(|known| *known == lookup).unwrap_or_else(|| {
                lookups.push(lookup);
                lookups.len() - 1
            });
            let Texture { channel, scale, bias, .. } = *texture;
            Some(Slot { lookup: at, channel, scale, bias })
        };
        Self {
            base_slot: slot(&material.base_colour_texture),
            metallic_slot: slot(&material.metallic_texture),
            roughness_slot: slot(&material.roughness_texture),
            emissive_slot: slot(&material.emissive_texture),
            normal_slot: slot(&material.normal_texture),
            occlusion_slot: slot(&material.occlusion_texture),
            opacity_slot: slot(&material.opacity_texture),
            base: material.base_colour.map(colour),
            metallic: unit(material.metallic),
            roughness: unit(material.roughness),
            emissive: material.emissive.map(colour),
            opacity: unit(material.opacity),
            alpha: material.alpha,
            lookups,
            uv_sets,
        }
    }

    /// What stands for a surface without material: a mid grey, or the vertices' own colours.
    pub(crate) fn neutral(has_colours: bool) -> Self {
        let base_colour = if has_colours { [1.0; 3] } else { [0.5; 3] };
        Self::new(&Material { base_colour, ..Material::default() }, |_| None)
    }
}

/// 0…1, also where the file says otherwise.
pub(crate) fn unit(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

/// Not negative and not beyond what shading can hold.
pub(crate) fn colour(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1e4) }
}

impl Lookup {
    /// Reads the picture, or gives what stands for it where the mesh lacks the set
    /// of coordinates.
    #[inline(always)]
    pub(crate) fn read<S: Simd>(
        &self,
        simd: S,
        pyramids: &[Pyramid],
        coordinates: Option<&Coordinates<S>>,
    ) -> Reading<S> {
        let (Some(pyramid), Some(at)) = (self.pyramid, coordinates) else {
            let [r, g, b, a] = self.fallback;
            let [r, g, b] = F::all3(simd, [r, g, b]);
            return Reading { value: [r, g, b, F::all(simd, a)], is_fallback: true };
        };
        let [s, t, shift] = self.transform;
        let sampling = Sampling {
            uv: turned(at.uv, s, t, shift),
            by_x: turned(at.by_x, s, t, [0.0; 2]),
            by_y: turned(at.by_y, s, t, [0.0; 2]),
            wrap: self.wrap,
        };
        Reading { value: pyramids[pyramid].sample(simd, &sampling), is_fallback: false }
    }
}

/// `v[0] · s + v[1] · t + shift`.
#[inline(always)]
fn turned<S: Simd>(v: [F<S>; 2], s: [f32; 2], t: [f32; 2], shift: [f32; 2]) -> [F<S>; 2] {
    let mut turned = v;
    for k in 0..2 {
        turned[k] = v[0].fma(v[0].like(s[k]), v[1].fma(v[1].like(t[k]), v[1].like(shift[k])));
    }
    turned
}

impl Slot {
    #[inline(always)]
    pub(crate) fn rgb<S: Simd>(&self, reading: &Reading<S>) -> F3<S> {
        [self.channel(reading, 0), self.channel(reading, 1), self.channel(reading, 2)]
    }

    #[inline(always)]
    pub(crate) fn one<S: Simd>(&self, reading: &Reading<S>) -> F<S> {
        let at = match self.channel {
            Channel::R => 0,
            Channel::G => 1,
            Channel::B => 2,
            Channel::A => 3,
        };
        self.channel(reading, at)
    }

    #[inline(always)]
    fn channel<S: Simd>(&self, reading: &Reading<S>, at: usize) -> F<S> {
        let value = reading.value[at];
        if reading.is_fallback {
            return value;
        }
        value.fma(value.like(self.scale[at]), value.like(self.bias[at]))
    }
}
