//! The light, and what surfaces make of it: several surfaces at once.
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

use pulp::Simd;

use crate::{
    lanes::{F, F3, dot, normalised},
    space::{V3, unit_or},
};

/// A light: towards it in the camera's space, and its colour.
pub(crate) const LIGHTS: [(V3, V3); 3] = [
    ([-0.50, 0.62, 0.70], [1.02, 0.99, 0.94]),
    ([0.85, 0.05, 0.55], [0.26, 0.28, 0.31]),
    ([0.30, 0.55, -0.78], [0.38, 0.39, 0.41]),
];

/// Light of the upper and the lower half of the surroundings.
pub(crate) const SKY: V3 = [0.36, 0.37, 0.39];
pub(crate) const GROUND: V3 = [0.17, 0.16, 0.15];

/// Bright panels in the surroundings that reflections show: towards them, sharpness, brightness.
pub(crate) const PANELS: [(V3, f32, f32); 3] = [
    ([-0.55, 0.65, 0.55], 14.0, 2.2),
    ([0.90, 0.20, 0.35], 10.0, 0.8),
    ([0.1, 0.75, -0.65], 10.0, 1.0),
];

/// The lamps' own size, as the least roughness with which their highlights are drawn.
pub(crate) const LAMP_ROUGHNESS: f32 = 0.16;

/// Surfaces to be shaded; linear values, directions of any length.
#[derive(Clone, Copy)]
pub(crate) struct Lit<S: Simd> {
    pub(crate) normal: F3<S>,
    pub(crate) towards_camera: F3<S>,
    pub(crate) base: F3<S>,
    pub(crate) emissive: F3<S>,
    pub(crate) metallic: F<S>,
    pub(crate) roughness: F<S>,
    pub(crate) occlusion: F<S>,
    pub(crate) opacity: F<S>,
    pub(crate) body: Body,
}

/// What opacity does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Body {
    /// It thins everything.
    Veil,
    /// Reflections stay where the surface itself is clear.
    Glass,
}

/// Light for one view.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    lights: [(V3, V3); 3],
    panels: [(V3, f32, f32); 3],
    up: V3,
}

/// 1 − the fifth power's base: Schlick's weight of grazing light.
#[inline(always)]
fn grazing<S: Simd>(cos: F<S>) -> F<S> {
    let left = cos.rest().at_least(0.0);
    let square = left * left;
    square * square * left
}

impl Light {
    /// The light of a view whose world has this up, in the camera's space.
    pub(crate) fn new(up: V3) -> Self {
        let unit = |v: V3| unit_or(v, [0.0, 0.0, 1.0]);
        Self {
            lights: LIGHTS.map(|(towards, colour)| (unit(towards), colour)),
            panels: PANELS.map(|(towards, sharp, bright)| (unit(towards), sharp, bright)),
            up,
        }
    }

    /// Colour of each, display-linear 0…1 and premultiplied by the opacity in the last place.
    #[inline(always)]
    pub(crate) fn shade<S: Simd>(&self, simd: S, lit: &Lit<S>) -> [F<S>; 4] {
        let normal = normalised(lit.normal);
        let view = normalised(lit.towards_camera);
        let (base, roughness) = (lit.base, lit.roughness);

        // Seen from behind, an interpolated or mapped normal counts as grazing.
        let nv = dot(normal, view).at_least(1e-3);
        let dielectric = lit.metallic.rest();
        let f0 = {
            let own = dielectric * 0.04;
            [
                base[0].fma(lit.metallic, own),
                base[1].fma(lit.metallic, own),
                base[2].fma(lit.metallic, own),
            ]
        };

        let rough = roughness.at_least(LAMP_ROUGHNESS);
        let alpha = rough * rough;
        let alpha2 = alpha * alpha;
        let unlike = alpha2.rest();
        let smith_v = (nv * nv).fma(unlike, alpha2).sqrt();
        let mut matte = [F::all(simd, 0.0); 3];
        let mut gloss = [F::all(simd, 0.0); 3];
        for (towards, colour) in &self.lights {
            let towards = F::all3(simd, *towards);
            let nl = dot(normal, towards).at_least(0.0);
            let half = [view[0] + towards[0], view[1] + towards[1], view[2] + towards[2]];
            let by = dot(half, half).at_least(1e-12).sqrt().inverse();
            let nh = (dot(normal, half) * by).unit();
            let vh = (dot(view, half) * by).at_least(0.0);
            let spread = F::all(simd, 1.0) - nh * nh * unlike;
            let smith_l = (nl * nl).fma(unlike, alpha2).sqrt();
            // D · V without π: lights are given as what white reflects.
            let around = nl.fma(smith_v, nv * smith_l);
            let lobe = alpha2 * 0.5 / (spread * spread * around).at_least(1e-7);
            let fresnel = grazing(vh);
            for k in 0..3 {
                let reflected = f0[k].rest().fma(fresnel, f0[k]);
                let light = nl * colour[k];
                matte[k] = light.fma(reflected.rest(), matte[k]);
                gloss[k] = (light * reflected).fma(lobe, gloss[k]);
            }
        }

        let up = F::all3(simd, self.up);
        let upward = dot(normal, up).fma(F::all(simd, 0.5), F::all(simd, 0.5)).at_least(0.0);
        let twice = nv + nv;
        let mirrored =
            [normal[0] * twice - view[0], normal[1] * twice - view[1], normal[2] * twice - view[2]];
        let around = self.surroundings(simd, mirrored, roughness);
        let [scale, bias] = split_sum(nv, roughness);
        let mut colours = [F::all(simd, 0.0); 3];
        for k in 0..3 {
            let ambient = upward.fma(F::all(simd, SKY[k] - GROUND[k]), F::all(simd, GROUND[k]));
            let body = base[k] * dielectric * ambient.fma(lit.occlusion, matte[k]);
            let body = if lit.body == Body::Glass { body * lit.opacity } else { body };
            let shine = (around[k] * f0[k].fma(scale, bias)).fma(lit.occlusion, gloss[k]);
            colours[k] = body + shine + lit.emissive[k];
        }
        let [r, g, b] = tone(colours);
        match lit.body {
            Body::Glass => [r, g, b, lit.opacity.max(r.max(g).max(b))],
            Body::Veil => [r * lit.opacity, g * lit.opacity, b * lit.opacity, lit.opacity],
        }
    }

    /// Light of the surroundings from a direction, blurred as a surface of this roughness sees it.
    #[inline(always)]
    fn surroundings<S: Simd>(&self, simd: S, direction: F3<S>, roughness: F<S>) -> F3<S> {
        // A horizon that widens with roughness.
        let height = dot(direction, F::all3(simd, self.up));
        let t = (height / (roughness + 0.25)).fma(F::all(simd, 0.5), F::all(simd, 0.5)).unit();
        let t = t * t * (F::all(simd, 3.0) - t - t);
        // Wider and, for the same light, dimmer with roughness.
        let blur = roughness.fma(F::all(simd, 4.0), F::all(simd, 1.0)).inverse();
        let mut panels = F::all(simd, 0.0);
        for (towards, sharp, bright) in &self.panels {
            let off = dot(direction, F::all3(simd, *towards)).rest().at_least(0.0);
            let falloff = (blur * *sharp).fma(off, F::all(simd, 1.0));
            panels = panels + blur * *bright / (falloff * falloff);
        }
        let of = |k: usize| {
            t.fma(F::all(simd, SKY[k] * 1.25 - GROUND[k] * 0.8), panels + GROUND[k] * 0.8)
        };
        [of(0), of(1), of(2)]
    }
}

/// Scale and bias of the reflectance under surroundings of even light.
#[inline(always)]
fn split_sum<S: Simd>(nv: F<S>, roughness: F<S>) -> [F<S>; 2] {
    let x = roughness.rest();
    let y = roughness * -0.0275 + 0.0425;
    let z = roughness * -0.572 + 1.04;
    let w = roughness * 0.022 - 0.04;
    // 2 to the power of −9.28 · nv, as (1 + x/64)⁶⁴: within 0.005 of it.
    let mut power = nv * (-9.28 * std::f32::consts::LN_2 / 64.0) + 1.0;
    for _ in 0..6 {
        power = power * power;
    }
    let near = (x * x).min(power).fma(x, y);
    [z - near * 1.04, near * 1.04 + w]
}

/// Khronos PBR Neutral: colours below 0.8 keep hue and saturation, beyond it they near white.
#[inline(always)]
fn tone<S: Simd>(colour: F3<S>) -> F3<S> {
    const START: f32 = 0.8 - 0.04;
    const RANGE: f32 = 1.0 - START;
    let least = colour[0].min(colour[1]).min(colour[2]);
    let offset =
        least.less(colour[0].like(0.08), least - least * least * 6.25, colour[0].like(0.04));
    let colour = [colour[0] - offset, colour[1] - offset, colour[2] - offset];
    let peak = colour[0].max(colour[1]).max(colour[2]);
    let pressed = (colour[0].like(RANGE * RANGE) / (peak + (RANGE - START)).at_least(1e-6)).rest();
    let grey = ((peak - pressed) * 0.15 + 1.0).inverse().rest();
    let scale = pressed / peak.at_least(1e-6);
    let mut toned = colour;
    for value in &mut toned {
        let bright = *value * scale;
        let bright = (pressed - bright).fma(grey, bright);
        *value = peak.like(START).less(peak, bright, *value).unit();
    }
    toned
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    type Fragment = Lit<Scalar>;

    fn all(value: f32) -> F<Scalar> {
        F::all(Scalar, value)
    }

    fn all3(value: V3) -> F3<Scalar> {
        F::all3(Scalar, value)
    }

    fn number(value: F<Scalar>) -> f32 {
        let mut array = [0.0; crate::lanes::LANES];
        value.store(&mut array, 0);
        array[0]
    }

    fn lit(fragment: Fragment) -> [f32; 4] {
        Light::new([0.0, 1.0, 0.0]).shade(Scalar, &fragment).map(number)
    }

    fn facing(base: V3) -> Fragment {
        Fragment {
            normal: all3([0.0, 0.0, 1.0]),
            towards_camera: all3([0.0, 0.0, 1.0]),
            base: all3(base),
            emissive: all3([0.0; 3]),
            metallic: all(0.0),
            roughness: all(0.8),
            occlusion: all(1.0),
            opacity: all(1.0),
            body: Body::Veil,
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
            let found = tone(all3(colour)).map(number);
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
                normal: all3([angle.sin(), angle.cos() * 0.7, 0.4]),
                metallic: all(1.0),
                roughness: all(0.05),
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
                    normal: all3(normal),
                    metallic: all(metallic),
                    roughness: all(roughness),
                    emissive: all3([1e4; 3]),
                    ..facing([1e4, 0.0, 1.0])
                };
                for value in lit(fragment) {
                    assert!((0.0..=1.0).contains(&value), "{value}");
                }
            }
        }
    }
}
