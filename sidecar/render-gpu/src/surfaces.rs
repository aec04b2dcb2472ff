//! Materials, readings and sizes of pictures, as `scene.wgsl` reads them.

use vitrine_render::parts::{LookupPart, Parts, SlotPart, SurfacePart};
use vitrine_scene::{AlphaMode, Channel, Wrap};

use crate::{NONE, words::Words};

/// What surfaces are made of.
#[derive(Debug, Default)]
pub(crate) struct Surfaces {
    pub(crate) surfaces: Words,
    pub(crate) lookups: Words,
    pub(crate) levels: Words,
    /// Of all pictures together, 8 bytes each.
    pub(crate) texels: u64,
}

/// Place of the normal texture among a surface's slots.
const NORMAL: usize = 4;

impl Surfaces {
    pub(crate) fn new(parts: &Parts) -> Self {
        let mut made = Self::default();
        // Of each picture, where its levels begin and how many there are.
        let mut pictures = Vec::new();
        let mut first = 0;
        for levels in &parts.pictures {
            pictures.push([first, levels.len() as u32]);
            first += levels.len() as u32;
            for level in levels {
                // A number of texels beyond 32 bits is refused before anyone reads this.
                let size = [made.texels as u32, level.width as u32, level.height as u32, 0];
                made.levels.whole(&size);
                made.texels += level.texels.len() as u64;
            }
        }
        let mut lookups = 0;
        for surface in &parts.surfaces {
            made.surface(surface, lookups);
            for lookup in &surface.lookups {
                let picture = lookup.picture.and_then(|at| pictures.get(at).copied());
                made.lookup(lookup, picture.unwrap_or([0, 0]));
            }
            lookups += surface.lookups.len() as u32;
        }
        made
    }

    fn surface(&mut self, part: &SurfacePart, lookups: u32) {
        let words = &mut self.surfaces;
        words.four(part.base, part.metallic);
        words.four(part.emissive, part.roughness);
        words.one(part.opacity);
        words.one(match part.alpha {
            AlphaMode::Mask(threshold) => threshold,
            AlphaMode::Opaque | AlphaMode::Blend => f32::MIN,
        });
        let normal = part.slots[NORMAL].and_then(|slot| part.lookups[slot.lookup].uv);
        let textures = part.slots.iter().any(Option::is_some);
        words.whole(&[normal.map_or(NONE, |uv| uv as u32), u32::from(textures)]);
        for slot in part.slots {
            let Some(SlotPart { lookup, channel, scale, bias }) = slot else {
                words.whole(&[0, 0, 0, 0, 0, 0, 0, 0, NONE, 0, 0, 0]);
                continue;
            };
            let channel = match channel {
                Channel::R => 0,
                Channel::G => 1,
                Channel::B => 2,
                Channel::A => 3,
            };
            words.all(&scale);
            words.all(&bias);
            words.whole(&[lookups + lookup as u32, channel, 0, 0]);
        }
    }

    fn lookup(&mut self, part: &LookupPart, [first, count]: [u32; 2]) {
        let wrap = |wrap: Wrap| match wrap {
            Wrap::Repeat => 0,
            Wrap::Mirror => 1,
            Wrap::Clamp => 2,
            Wrap::Black => 3,
        };
        let words = &mut self.lookups;
        words.all(part.transform.as_flattened());
        let uv = part.uv.map_or(NONE, |uv| uv as u32);
        words.whole(&[uv, wrap(part.wrap[0]) | wrap(part.wrap[1]) << 8]);
        words.all(&part.fallback);
        words.whole(&[first, count, 0, 0]);
    }
}
