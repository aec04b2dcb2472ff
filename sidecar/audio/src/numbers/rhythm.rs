//! Onsets, tempo and beats.

use std::f32::consts::TAU;

use super::{Numbers, at, decibels, deviation, mean};
use crate::Sound;
use crate::tempo::bpm_of;

/// An onset strength that is no onset yet, in decibels: keeps quotients finite.
const ONSET_MIN_DB: f32 = 1e-3;

/// Lags, in periods of the beat, at which the autocorrelation is read.
const PERIODS: [f32; 8] = [0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 1.5, 2.0, 3.0, 4.0];

pub(super) fn add(sound: &Sound, numbers: &mut Numbers) {
    let onsets = sound.onset_strength.iter().copied();
    let level = mean(onsets.clone()).unwrap_or(0.0);
    let spread = deviation(onsets.clone()).unwrap_or(0.0);
    let heard = level > ONSET_MIN_DB;
    let above = |value: f32| heard.then(|| decibels(value + ONSET_MIN_DB, level)).flatten();
    let high = onsets.clone().filter(|&onset| onset > level).count() as f32;
    numbers.put("onset_mean", [level]);
    numbers.put("onset_variation", [heard.then_some(spread / level)]);
    numbers.put("onset_peak", [above(onsets.fold(0.0, f32::max))]);
    numbers.put("onset_high_share", [high / sound.frames as f32]);
    let peaks = sound.onset_strength.windows(3).filter(|around| {
        around[1] > around[0] && around[1] >= around[2] && around[1] > level + spread
    });
    numbers.put("onset_rate", [peaks.count() as f32 / sound.duration_s]);

    add_tempo(sound, numbers);
    add_beats(sound, numbers, above);

    let mean_of = |values: &[f32]| mean(values.iter().copied()).and_then(above);
    numbers.put("onset_low", [mean_of(&sound.onset_low)]);
    numbers.put("onset_high", [mean_of(&sound.onset_high)]);
}

fn add_tempo(sound: &Sound, numbers: &mut Numbers) {
    let octaves = (sound.tempo_bpm > 0.0).then(|| (sound.tempo_bpm / 120.0).log2());
    numbers.put("tempo", [octaves]);
    let around = octaves.map(|octaves| TAU * octaves);
    numbers.put("tempo_round", [around.map(f32::cos), around.map(f32::sin)]);
    let period = octaves.map(|_| (bpm_of(1) as f32 / sound.tempo_bpm).round());
    let pulse = |periods: f32| {
        let lag = (period? * periods).round() as usize;
        sound.onset_autocorrelation.get(lag).copied()
    };
    numbers.put("pulse_beat", [pulse(1.0)]);
    numbers.put("pulse", PERIODS.map(pulse));
}

fn add_beats(sound: &Sound, numbers: &mut Numbers, above: impl Fn(f32) -> Option<f32>) {
    let frames: Vec<usize> = sound.beat_frames.iter().map(|&frame| frame as usize).collect();
    let onsets = at(&sound.onset_strength, &frames);
    let strength = mean(onsets.clone()).filter(|&strength| strength > ONSET_MIN_DB);
    numbers.put("beat_rate", [frames.len() as f32 / sound.duration_s]);
    numbers.put("beat_regularity", [(frames.len() > 2).then_some(sound.beat_regularity)]);
    numbers.put("beat_onset", [strength.and_then(above)]);
    let variation = strength.and_then(|strength| Some(deviation(onsets.clone())? / strength));
    numbers.put("beat_onset_variation", [variation]);
    let level = mean(sound.rms.iter().copied()).unwrap_or(0.0);
    let at_beats = mean(at(&sound.rms, &frames));
    // Twice the decibels of a power: RMS is an amplitude.
    let beat_level = at_beats.and_then(|rms| decibels(rms, level)).map(|db| 2.0 * db);
    numbers.put("beat_level", [beat_level]);
    let onsets: Vec<f32> = onsets.collect();
    numbers.put("accent", [2, 4].map(|group| Some(accent(&onsets, group)? / strength?)));
}

/// How far the strongest place of a group lies above the mean; `None` under four groups.
fn accent(onsets: &[f32], group: usize) -> Option<f32> {
    if onsets.len() < 4 * group {
        return None;
    }
    let places = (0..group).map(|place| {
        let strengths = onsets.iter().copied().skip(place).step_by(group);
        mean(strengths).unwrap_or(0.0)
    });
    let strongest = places.fold(0.0, f32::max);
    Some(strongest - mean(onsets.iter().copied())?)
}
