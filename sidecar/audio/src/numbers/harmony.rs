//! Notes: which pitch classes sound, and how they change.

use std::f32::consts::TAU;

use super::{Numbers, deviation, mean, sounding};
use crate::Sound;
use crate::banks::CHROMAS;

pub(super) fn add(sound: &Sound, numbers: &mut Numbers) {
    let frames = sounding(sound);
    let classes = |frame: usize| -> [f32; CHROMAS] {
        std::array::from_fn(|class| sound.chroma_auto[class * sound.frames + frame])
    };
    let profile = profile(frames.iter().map(|&frame| classes(frame)));
    numbers.put("chroma", (0..CHROMAS).map(|class| profile.map(|profile| profile[class])));
    numbers.put("chroma_wave", (1..=6).map(|wave| profile.map(|profile| size(&profile, wave))));

    let pairs = frames.windows(2).filter(|pair| pair[0] + 1 == pair[1]);
    let change = pairs.map(|pair| {
        let (before, after) = (classes(pair[0]), classes(pair[1]));
        mean(before.iter().zip(&after).map(|(before, after)| (after - before).abs())).unwrap_or(0.0)
    });
    numbers.put("chroma_change", [mean(change)]);
    let entropy = |profile: [f32; CHROMAS]| -> f32 {
        profile.iter().filter(|&&share| share > 0.0).map(|share| -share * share.log2()).sum()
    };
    numbers.put("chroma_spread", [profile.map(entropy)]);
    let focus = frames.iter().filter_map(|&frame| {
        let classes = classes(frame);
        let sum: f32 = classes.iter().sum();
        (sum > 0.0).then(|| classes.iter().copied().fold(0.0, f32::max) / sum)
    });
    numbers.put("chroma_focus", [mean(focus.clone()), deviation(focus)]);
}

/// The mean of the frames, scaled to a sum of 1.
fn profile(frames: impl Iterator<Item = [f32; CHROMAS]>) -> Option<[f32; CHROMAS]> {
    let mut sums = [0.0_f64; CHROMAS];
    for frame in frames {
        for (sum, value) in sums.iter_mut().zip(frame) {
            *sum += f64::from(value);
        }
    }
    let all: f64 = sums.iter().sum();
    (all > 0.0).then(|| sums.map(|sum| (sum / all) as f32))
}

/// Absolute value of a Fourier coefficient: the same whichever class is the first.
fn size(profile: &[f32; CHROMAS], wave: usize) -> f32 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (class, share) in profile.iter().enumerate() {
        let angle = TAU * (wave * class) as f32 / CHROMAS as f32;
        real += share * angle.cos();
        imaginary += share * angle.sin();
    }
    f32::hypot(real, imaginary)
}
