//! Colour and level: how a sound is, whatever its notes and its beat.

use super::{Numbers, at, change, decibels, deviation, mean, sounding};
use crate::Sound;

pub(super) fn add(sound: &Sound, numbers: &mut Numbers) {
    let frames = &sounding(sound);
    let rows = |values| rows(values, sound.frames);

    numbers.put("mfcc_mean", rows(&sound.mfcc).skip(1).map(|row| mean(at(row, frames))));
    numbers.put("mfcc_deviation", rows(&sound.mfcc).map(|row| deviation(at(row, frames))));
    numbers.put("mfcc_change", rows(&sound.mfcc).take(13).map(|row| change(row, frames)));
    numbers.put("contrast_mean", rows(&sound.contrast_db).map(|row| mean(at(row, frames))));
    numbers
        .put("contrast_deviation", rows(&sound.contrast_db).map(|row| deviation(at(row, frames))));

    for (key, hz) in [
        ("centroid", &sound.centroid_hz),
        ("bandwidth", &sound.bandwidth_hz),
        ("rolloff", &sound.rolloff_hz),
    ] {
        let octaves = at(hz, frames).map(|hz| hz.max(1.0).log2());
        numbers.put(key, [mean(octaves.clone()), deviation(octaves)]);
    }
    let flatness = at(&sound.flatness, frames).map(|share| 10.0 * share.max(1e-10).log10());
    numbers.put("flatness", [mean(flatness.clone()), deviation(flatness)]);
    let crossings = at(&sound.zero_crossing_rate, frames);
    numbers.put("zero_crossing", [mean(crossings.clone()), deviation(crossings)]);

    let rms = sound.rms.iter().copied();
    let level = mean(rms.clone()).unwrap_or(0.0);
    let by_level = |value: Option<f32>| value.map(|value| value / level);
    let every: Vec<usize> = (0..sound.frames).collect();
    let low = rms.clone().filter(|&rms| rms < 0.5 * level).count() as f32 / sound.frames as f32;
    numbers.put("level_variation", [by_level(deviation(rms.clone()))]);
    // Twice the decibels of a power: RMS is an amplitude.
    numbers.put("level_peak", [decibels(rms.fold(0.0, f32::max), level).map(|db| 2.0 * db)]);
    numbers.put("level_low_share", [low]);
    numbers.put("level_change", [by_level(change(&sound.rms, &every))]);
}

fn rows(values: &[f32], frames: usize) -> impl Iterator<Item = &[f32]> {
    values.chunks_exact(frames)
}
