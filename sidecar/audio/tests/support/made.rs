//! Sounds that are made: tones, chords, noise, clicks, loops of drums, near silence.

use std::f32::consts::TAU;

/// Samples per second.
const RATE: f32 = 22_050.0;

/// Every made sound by name, each of some seconds.
pub fn sounds() -> Vec<(String, Vec<f32>)> {
    let mut sounds = Vec::new();
    for hz in [55.0, 110.0, 220.0, 440.0, 880.0, 1760.0, 3520.0] {
        sounds.push((format!("tone {hz} Hz"), tone(hz, 6.0)));
    }
    for (name, steps) in CHORDS {
        for root in [0, 3, 5, 7, 10] {
            sounds.push((format!("{name} {root}"), chord(root, steps, 6.0)));
        }
    }
    for (index, smooth) in [0.0, 0.5, 0.9, 0.98].into_iter().enumerate() {
        sounds.push((format!("noise {smooth}"), noise(index as u64, smooth, 6.0)));
    }
    for bpm in [70.0, 85.0, 100.0, 115.0, 130.0, 145.0, 160.0, 180.0] {
        sounds.push((format!("clicks {bpm} bpm"), clicks(bpm, 12.0)));
        sounds.push((format!("loop {bpm} bpm"), music(&Music { bpm, ..Music::default() })));
        let swung = Music { bpm, root: 4, minor: true, swing: 0.16, seed: bpm as u64 };
        sounds.push((format!("swung {bpm} bpm"), music(&swung)));
    }
    let faint = noise(9, 0.0, 6.0).into_iter().map(|sample| sample * 1e-3).collect();
    sounds.push(("faint noise".to_owned(), faint));
    let mut late = vec![0.0; 4 * RATE as usize];
    late.extend(music(&Music::default()).into_iter().take(4 * RATE as usize));
    sounds.push(("silence, then a loop".to_owned(), late));
    sounds
}

const CHORDS: [(&str, &[i32]); 3] =
    [("major", &[0, 4, 7]), ("minor", &[0, 3, 7]), ("seventh", &[0, 4, 7, 10])];

fn samples(seconds: f32) -> usize {
    (seconds * RATE) as usize
}

/// A sine.
pub fn tone(hz: f32, seconds: f32) -> Vec<f32> {
    (0..samples(seconds)).map(|n| 0.5 * (TAU * hz * n as f32 / RATE).sin()).collect()
}

/// Notes of five partials each, struck every second; `root` in semitones above middle C.
pub fn chord(root: i32, steps: &[i32], seconds: f32) -> Vec<f32> {
    let mut sound = vec![0.0; samples(seconds)];
    for second in 0..seconds as usize {
        for step in steps {
            strike(&mut sound, second as f32, root + step, 1.0, 0.15);
        }
    }
    sound
}

/// White noise through a one-pole filter; `smooth` 0 lets all through, near 1 the lowest.
pub fn noise(seed: u64, smooth: f32, seconds: f32) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut last = 0.0;
    let next = |_| {
        last = smooth * last + (1.0 - smooth) * (random.f32() - 0.5);
        last
    };
    (0..samples(seconds)).map(next).collect()
}

/// A short burst of a high tone on every beat.
pub fn clicks(bpm: f32, seconds: f32) -> Vec<f32> {
    let mut sound = vec![0.0; samples(seconds)];
    let beat_s = 60.0 / bpm;
    for beat in 0..(seconds / beat_s) as usize {
        burst(&mut sound, beat as f32 * beat_s, 1500.0, 0.02, 0.8);
    }
    sound
}

/// What a loop of drums, bass and chords is made by.
pub struct Music {
    pub bpm: f32,
    /// Semitones above middle C.
    pub root: i32,
    pub minor: bool,
    /// Share of a beat that the second half of each comes late.
    pub swing: f32,
    pub seed: u64,
}

impl Default for Music {
    fn default() -> Self {
        Self { bpm: 120.0, root: 0, minor: false, swing: 0.0, seed: 1 }
    }
}

/// Twelve seconds of drums, bass and chords.
pub fn music(music: &Music) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(music.seed);
    let seconds = 12.0;
    let mut sound = vec![0.0; samples(seconds)];
    let beat_s = 60.0 / music.bpm;
    let third = if music.minor { 3 } else { 4 };
    for beat in 0..(seconds / beat_s) as usize {
        let at_s = beat as f32 * beat_s;
        let bar = [0, 5, 7, 0][beat / 4 % 4];
        burst(&mut sound, at_s, 60.0, 0.12, if beat % 4 == 0 { 0.9 } else { 0.6 });
        let off_s = at_s + beat_s * (0.5 + music.swing);
        hiss(&mut sound, &mut random, off_s);
        if beat % 4 == 3 {
            hiss(&mut sound, &mut random, at_s);
        }
        strike(&mut sound, at_s, music.root + bar - 24, 0.4, 0.2);
        for step in [0, third, 7] {
            strike(&mut sound, off_s, music.root + bar + step, 0.3, 0.06);
        }
    }
    sound
}

/// Adds a note of five partials that dies away.
fn strike(sound: &mut [f32], at_s: f32, semitones: i32, seconds: f32, level: f32) {
    let hz = 261.63 * 2.0_f32.powf(semitones as f32 / 12.0);
    for partial in 1..=5 {
        burst(sound, at_s, hz * partial as f32, seconds / 3.0, level / partial as f32);
    }
}

/// Adds a sine that falls by a factor of e every `fall_s`.
fn burst(sound: &mut [f32], at_s: f32, hz: f32, fall_s: f32, level: f32) {
    let first = samples(at_s).min(sound.len());
    for (n, sample) in sound[first..].iter_mut().take(samples(6.0 * fall_s)).enumerate() {
        let time_s = n as f32 / RATE;
        *sample += level * (-time_s / fall_s).exp() * (TAU * hz * time_s).sin();
    }
}

/// Adds a short burst of noise.
fn hiss(sound: &mut [f32], random: &mut fastrand::Rng, at_s: f32) {
    let first = samples(at_s).min(sound.len());
    for (n, sample) in sound[first..].iter_mut().take(samples(0.08)).enumerate() {
        *sample += 0.3 * (-(n as f32) / RATE / 0.015).exp() * (random.f32() - 0.5);
    }
}
