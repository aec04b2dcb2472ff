//! The light, and what surfaces make of it: four surfaces at once.
//!
//! Metallic-roughness as UsdPreviewSurface and glTF 2.0 (appendix B) describe it: Lambert's diffuse
//! part, microfacets with the distribution of Trowbridge and Reitz (GGX; Walter et al. 2007), the
//! height-correlated Smith term (Heitz 2014) and Schlick's Fresnel (1994). Reflected surroundings
//! follow Karis's split sum with his analytic fit (2014, Physically Based Shading on Mobile).
//!
//! Three lights turn with the camera, so that each view is lit alike: a key from the upper left, a
//! fill from the right, a rim from behind. A sky and a ground stay with the world. Light is given as
//! what a white surface facing it reflects; the tone curve is Khronos's PBR Neutral (2024), which
//! leaves colours as they are until they near white.

use wide::f32x4;

use crate::space::{V3, unit_or};

/// Surfaces shaded at once.
pub(crate) const LANES: usize = 4;

/// A light: towards it in the camera's space, and its colour.
const LIGHTS: [(V3, V3); 3] = [
    ([-0.50, 0.62, 0.70], [1.02, 0.99, 0.94]),
    ([0.85, 0.05, 0.55], [0.26, 0.28, 0.31]),
    ([0.30, 0.55, -0.78], [0.38, 0.39, 0.41]),
];

/// Light of the upper and the lower half of the surroundings.
const SKY: V3 = [0.36, 0.37, 0.39];
const GROUND: V3 = [0.17, 0.16, 0.15];

/// Bright panels in the surroundings that reflections show: towards them, sharpness, brightness.
const PANELS: [(V3, f32, f32); 3] = [
    ([-0.55, 0.65, 0.55], 14.0, 2.2),
    ([0.90, 0.20, 0.35], 10.0, 0.8),
    ([0.1, 0.75, -0.65], 10.0, 1.0),
];

/// The lamps' own size, as the least roughness with which their highlights are drawn.
const LAMP_ROUGHNESS: f32 = 0.16;

/// Three coordinates or colours of four surfaces.
type Three = [f32x4; 3];

/// One surface to be shaded; linear values, directions of any length.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fragment {
    pub(crate) normal: V3,
    pub(crate) towards_camera: V3,
    pub(crate) base: V3,
    pub(crate) emissive: V3,
    pub(crate) metallic: f32,
    pub(crate) roughness: f32,
    pub(crate) occlusion: f32,
    pub(crate) opacity: f32,
    /// Whether reflections stay where the surface itself is clear.
    pub(crate) is_glass: bool,
}

/// Light for one view.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    lights: [(Three, Three); 3],
    panels: [(Three, f32x4, f32x4); 3],
    up: Three,
}

fn all(v: V3) -> Three {
    v.map(f32x4::splat)
}

fn one(value: f32) -> f32x4 {
    f32x4::splat(value)
}

fn dot(a: &Three, b: &Three) -> f32x4 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(v: Three) -> Three {
    let by = f32x4::ONE / dot(&v, &v).fast_max(one(1e-30)).sqrt();
    v.map(|value| value * by)
}

fn positive(value: f32x4) -> f32x4 {
    value.fast_max(f32x4::ZERO)
}

fn gather(fragments: &[Fragment; LANES], of: impl Fn(&Fragment) -> f32) -> f32x4 {
    f32x4::new(std::array::from_fn(|lane| of(&fragments[lane])))
}

fn gather3(fragments: &[Fragment; LANES], of: impl Fn(&Fragment) -> V3) -> Three {
    std::array::from_fn(|axis| gather(fragments, |fragment| of(fragment)[axis]))
}

/// 1 − the fifth power's base: Schlick's weight of grazing light.
fn grazing(cos: f32x4) -> f32x4 {
    let left = positive(f32x4::ONE - cos);
    let square = left * left;
    square * square * left
}

impl Light {
    /// The light of a view whose world has this up, in the camera's space.
    pub(crate) fn new(up: V3) -> Self {
        let unit = |v: V3| all(unit_or(v, [0.0, 0.0, 1.0]));
        Self {
            lights: LIGHTS.map(|(towards, colour)| (unit(towards), all(colour))),
            panels: PANELS.map(|(towards, sharp, bright)| (unit(towards), one(sharp), one(bright))),
            up: all(up),
        }
    }

    /// Colour of each, display-linear 0…1 and premultiplied by the opacity in the last place.
    pub(crate) fn shade(&self, fragments: &[Fragment; LANES]) -> [[f32; 4]; LANES] {
        let normal = unit(gather3(fragments, |fragment| fragment.normal));
        let view = unit(gather3(fragments, |fragment| fragment.towards_camera));
        let base = gather3(fragments, |fragment| fragment.base);
        let emissive = gather3(fragments, |fragment| fragment.emissive);
        let metallic = gather(fragments, |fragment| fragment.metallic);
        let roughness = gather(fragments, |fragment| fragment.roughness);
        let occlusion = gather(fragments, |fragment| fragment.occlusion);
        let opacity = gather(fragments, |fragment| fragment.opacity);
        let glass = gather(fragments, |fragment| if fragment.is_glass { -1.0 } else { 1.0 })
            .simd_lt(f32x4::ZERO);

        // Seen from behind, an interpolated or mapped normal counts as grazing.
        let nv = dot(&normal, &view).fast_max(one(1e-3));
        let dielectric = f32x4::ONE - metallic;
        let f0 = base.map(|base| one(0.04) * dielectric + base * metallic);
        let diffuse = base.map(|base| base * dielectric);

        let rough = roughness.fast_max(one(LAMP_ROUGHNESS));
        let alpha = rough * rough;
        let alpha2 = alpha * alpha;
        let smith_v = (nv * nv * (f32x4::ONE - alpha2) + alpha2).sqrt();
        let mut matte = [f32x4::ZERO; 3];
        let mut gloss = [f32x4::ZERO; 3];
        for (towards, colour) in &self.lights {
            let nl = positive(dot(&normal, towards));
            let half: Three = std::array::from_fn(|axis| view[axis] + towards[axis]);
            let by = f32x4::ONE / dot(&half, &half).fast_max(one(1e-12)).sqrt();
            let nh = positive(dot(&normal, &half) * by).fast_min(f32x4::ONE);
            let vh = positive(dot(&view, &half) * by);
            let spread = nh * nh * (alpha2 - f32x4::ONE) + f32x4::ONE;
            let smith_l = (nl * nl * (f32x4::ONE - alpha2) + alpha2).sqrt();
            // D · V without π: lights are given as what white reflects.
            let lobe = alpha2 * one(0.5)
                / (spread * spread * (nl * smith_v + nv * smith_l)).fast_max(one(1e-7));
            let fresnel = grazing(vh);
            for k in 0..3 {
                let reflected = f0[k] + (f32x4::ONE - f0[k]) * fresnel;
                let light = colour[k] * nl;
                matte[k] += light * (f32x4::ONE - reflected);
                gloss[k] += light * reflected * lobe;
            }
        }

        let upward = (dot(&normal, &self.up) * one(0.5) + one(0.5)).fast_max(f32x4::ZERO);
        let twice = nv + nv;
        let mirrored: Three = std::array::from_fn(|axis| normal[axis] * twice - view[axis]);
        let around = self.surroundings(&mirrored, roughness);
        let [scale, bias] = split_sum(nv, roughness);
        let mut colours = [f32x4::ZERO; 3];
        for k in 0..3 {
            let ambient = one(GROUND[k]) + one(SKY[k] - GROUND[k]) * upward;
            let body = diffuse[k] * (matte[k] + ambient * occlusion);
            let body = glass.bitselect(body * opacity, body);
            let shine = gloss[k] + around[k] * (f0[k] * scale + bias) * occlusion;
            colours[k] = body + shine + emissive[k];
        }
        let toned = tone(colours);
        let seen = opacity.fast_max(toned[0].fast_max(toned[1]).fast_max(toned[2]));
        let cover = glass.bitselect(seen, opacity).to_array();
        let weight = glass.bitselect(f32x4::ONE, opacity);
        let [r, g, b] = toned.map(|colour| (colour * weight).to_array());
        std::array::from_fn(|lane| [r[lane], g[lane], b[lane], cover[lane]])
    }

    /// Light of the surroundings from a direction, blurred as a surface of this roughness sees it.
    fn surroundings(&self, direction: &Three, roughness: f32x4) -> Three {
        // A horizon that widens with roughness.
        let height = dot(direction, &self.up);
        let width = one(0.25) + roughness;
        let t = (height / width * one(0.5) + one(0.5)).fast_max(f32x4::ZERO).fast_min(f32x4::ONE);
        let t = t * t * (one(3.0) - t - t);
        let mut panels = f32x4::ZERO;
        for (towards, sharp, bright) in &self.panels {
            // Wider and, for the same light, dimmer with roughness.
            let blur = f32x4::ONE / (f32x4::ONE + roughness * one(4.0));
            let falloff =
                f32x4::ONE + *sharp * blur * positive(f32x4::ONE - dot(direction, towards));
            panels += *bright * blur / (falloff * falloff);
        }
        std::array::from_fn(|k| {
            one(GROUND[k] * 0.8) + one(SKY[k] * 1.25 - GROUND[k] * 0.8) * t + panels
        })
    }
}

/// Scale and bias of the reflectance under surroundings of even light.
fn split_sum(nv: f32x4, roughness: f32x4) -> [f32x4; 2] {
    let x = f32x4::ONE - roughness;
    let y = one(0.0425) - roughness * one(0.0275);
    let z = one(1.04) - roughness * one(0.572);
    let w = roughness * one(0.022) - one(0.04);
    let near = (x * x).fast_min((nv * one(-9.28)).exp2()) * x + y;
    [z - near * one(1.04), w + near * one(1.04)]
}

/// Khronos PBR Neutral: colours below 0.8 keep hue and saturation, beyond it they near white.
fn tone(colour: Three) -> Three {
    let start = one(0.8 - 0.04);
    let least = colour[0].fast_min(colour[1]).fast_min(colour[2]);
    let offset = least.simd_lt(one(0.08)).bitselect(least - one(6.25) * least * least, one(0.04));
    let colour = colour.map(|value| value - offset);
    let peak = colour[0].fast_max(colour[1]).fast_max(colour[2]);
    let range = f32x4::ONE - start;
    let pressed = f32x4::ONE - range * range / (peak + range - start).fast_max(one(1e-6));
    let grey = f32x4::ONE - f32x4::ONE / (one(0.15) * (peak - pressed) + f32x4::ONE);
    let scale = pressed / peak.fast_max(one(1e-6));
    let is_bright = peak.simd_gt(start);
    colour.map(|value| {
        let bright = value * scale;
        let bright = bright + (pressed - bright) * grey;
        positive(is_bright.bitselect(bright, value)).fast_min(f32x4::ONE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(fragment: Fragment) -> [f32; 4] {
        Light::new([0.0, 1.0, 0.0]).shade(&[fragment; LANES])[0]
    }

    fn facing(base: V3) -> Fragment {
        Fragment {
            normal: [0.0, 0.0, 1.0],
            towards_camera: [0.0, 0.0, 1.0],
            base,
            roughness: 0.8,
            occlusion: 1.0,
            opacity: 1.0,
            ..Fragment::default()
        }
    }

    #[test]
    fn the_tone_curve_is_that_of_its_definition() {
        // Scalar transcription of the reference, Khronos ToneMapping, PBR_Neutral.
        let reference = |colour: V3| {
            let x = colour[0].min(colour[1]).min(colour[2]);
            let offset = if x < 0.08 { x - 6.25 * x * x } else { 0.04 };
            let colour = colour.map(|value| value - offset);
            let peak = colour[0].max(colour[1]).max(colour[2]);
            if peak < 0.76 {
                return colour;
            }
            let d = 1.0 - 0.76;
            let pressed = 1.0 - d * d / (peak + d - 0.76);
            let g = 1.0 - 1.0 / (0.15 * (peak - pressed) + 1.0);
            colour.map(|value| value * pressed / peak * (1.0 - g) + pressed * g)
        };
        for colour in [[0.0; 3], [0.01, 0.5, 0.2], [0.75; 3], [0.8, 0.9, 1.0], [4.0, 0.1, 20.0]] {
            let found = tone(all(colour)).map(|lanes| lanes.to_array()[2]);
            for (a, b) in found.iter().zip(reference(colour)) {
                assert!((a - b).abs() < 1e-5, "{colour:?}: {found:?}");
            }
        }
    }

    #[test]
    fn a_surface_towards_the_camera_keeps_about_its_own_colour() {
        for level in [0.05, 0.18, 0.5, 0.8] {
            let [r, g, b, a] = lit(facing([level; 3]));
            // Between a third darker and a third brighter: the pictures are of the colours.
            assert!(r > level * 0.66 && r < level * 1.34, "{level}: {r}");
            assert!((r - b).abs() < 0.06 && (r - g).abs() < 0.06 && a == 1.0);
        }
    }

    #[test]
    fn metals_are_not_black_from_any_side() {
        for turn in 0..64 {
            let angle = turn as f32 * 0.1;
            let fragment = Fragment {
                normal: unit_or([angle.sin(), angle.cos() * 0.7, 0.4], [0.0; 3]),
                metallic: 1.0,
                roughness: 0.05,
                ..facing([0.9; 3])
            };
            assert!(lit(fragment)[1] > 0.08, "{turn}: {:?}", lit(fragment));
        }
    }

    #[test]
    fn extreme_surfaces_stay_finite() {
        for normal in [[0.0; 3], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]] {
            for (metallic, roughness) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
                let fragment = Fragment {
                    normal,
                    metallic,
                    roughness,
                    emissive: [1e4; 3],
                    ..facing([1e4, 0.0, 1.0])
                };
                for value in lit(fragment) {
                    assert!((0.0..=1.0).contains(&value), "{value}");
                }
            }
        }
    }
}
