//! Pictures of the GPU are those of the processor, which is the oracle.

use vitrine_render::{Background, Image, Options, Renderer, View};
use vitrine_scene::Scene;
use vitrine_usd::{Limits, Reader, SceneOptions};

use crate::{gpu, scenes};

/// How two pictures differ where either shows something.
#[derive(Clone, Copy, Debug)]
struct Difference {
    /// Mean of all channels where both cover as much, in levels of 255.
    mean: f64,
    /// Share of the pixels whose coverage differs by a sample or more of their four.
    uncovered: f64,
}

/// Rasterisers place corners on grids of their own (the processor's of 1/64 pixel, GPUs' of 1/256), so
/// that a sample near an edge may fall to either side: the busiest picture here, a forklift of many
/// edges, differs so in 0.8 % of its pixels, most others in less than 0.2 %. Inside, colours differ by
/// rounding and by edges between surfaces: at most 0.1 level. Both are doubled for other drivers; a
/// pair of swapped colours is a hundred times beyond.
const ALLOWED: Difference = Difference { mean: 0.2, uncovered: 0.016 };

impl Difference {
    fn between(a: &Image, b: &Image) -> Self {
        let (mut sum, mut seen, mut uncovered) = (0_u64, 0_u64, 0_u64);
        for (a, b) in a.rgba.chunks_exact(4).zip(b.rgba.chunks_exact(4)) {
            if a[3].max(b[3]) == 0 {
                continue;
            }
            seen += 1;
            if a[3].abs_diff(b[3]) > 32 {
                uncovered += 1;
            } else {
                sum += a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            }
        }
        let share = |sum: u64| sum as f64 / seen.max(1) as f64;
        Self { mean: share(sum) / 4.0, uncovered: share(uncovered) }
    }

    fn is_allowed(&self) -> bool {
        self.mean <= ALLOWED.mean && self.uncovered <= ALLOWED.uncovered
    }
}

fn options(background: Background) -> Options {
    Options { size: 192, background, ..Options::default() }
}

/// Cameras of the scene, or some of a turntable.
fn views(renderer: &Renderer, count: usize) -> Vec<View> {
    let own: Vec<_> = renderer.camera_views().map(|(_, view)| view).collect();
    if own.is_empty() { renderer.views(count) } else { own }
}

/// The difference of each view, by the GPU and the processor.
fn differences(renderer: &Renderer, views: &[View]) -> Option<Vec<Difference>> {
    let found = gpu()?.render_prepared(renderer, views).expect("pictures");
    let expected = renderer.render_all(views, 1);
    assert_eq!(found.len(), expected.len());
    Some(found.iter().zip(&expected).map(|(a, b)| Difference::between(a, b)).collect())
}

fn assert_alike(name: &str, scene: &Scene, count: usize) {
    for background in [Background::Transparent, Background::Plain([235, 230, 240])] {
        let renderer = Renderer::new(scene, &options(background)).expect("a sound scene");
        let views = views(&renderer, count);
        assert!(!views.is_empty(), "{name}");
        let Some(differences) = differences(&renderer, &views) else { return };
        for (at, difference) in differences.iter().enumerate() {
            assert!(difference.is_allowed(), "{name}, view {at}, {background:?}: {difference:?}");
        }
    }
}

#[test]
fn every_kind_of_scene_looks_alike() {
    for (name, scene) in scenes::all() {
        assert_alike(name, &scene, 3);
    }
}

#[test]
fn assets_of_the_demonstration_look_alike() {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/library");
    let mut reader = Reader::new(library, Limits::default());
    for asset in [
        "kitchen/toaster.usda",
        "kitchen/kitchen_scales.usdz",
        "office/rubber_tree.usdc",
        "office/workstation.usda",
        "office/display.usdz",
        "warehouse/forklift.usdc",
        "warehouse/drum_fan.usd",
    ] {
        let scene = reader.scene(asset, &SceneOptions::default()).unwrap();
        assert_alike(asset, &scene, 2);
    }
}

#[test]
fn swapped_colours_are_no_agreement() {
    let scene = scenes::sides();
    let mut swapped = scene.clone();
    swapped.materials.swap(0, 4);
    let options = options(Background::Transparent);
    let [renderer, other] = [&scene, &swapped].map(|scene| Renderer::new(scene, &options).unwrap());
    let views = renderer.views(4);
    let Some(mut gpu) = gpu() else { return };
    let found = gpu.render_prepared(&other, &views).unwrap();
    for (view, (found, expected)) in found.iter().zip(renderer.render_all(&views, 1)).enumerate() {
        // From behind and from the left neither is seen.
        let shows_either = view < 2;
        assert_eq!(!Difference::between(found, &expected).is_allowed(), shows_either, "{view}");
    }
}

#[test]
fn the_same_scene_gives_the_same_picture_after_others() {
    let all = scenes::all();
    let Some(mut gpu) = gpu() else { return };
    let mut picture = |scene: &Scene, size| {
        let options = Options { size, ..Options::default() };
        let renderer = Renderer::new(scene, &options).unwrap();
        gpu.render_prepared(&renderer, &views(&renderer, 1)).unwrap()
    };
    // Buffers are kept: what a larger scene or picture left in them may not show.
    let [small, large, veiled] = [&all[0].1, &all[3].1, &all[6].1];
    let first = [picture(small, 64), picture(veiled, 64)];
    picture(large, 160);
    picture(veiled, 160);
    assert!([picture(small, 64), picture(veiled, 64)] == first);
}
