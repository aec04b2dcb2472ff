//! Computes the mean and the deviation that standardise each number of an embedding, over the
//! sounds of `VITRINE_TEST_DATA` and made ones, and writes `src/constants.rs`.
//!
//! A real sound is read whole and in pieces of five seconds, and weighs as much as all made ones
//! together do: real music is what is compared, made sounds widen what is seen.

#[path = "../tests/support/made.rs"]
mod made;
#[path = "../tests/support/wav.rs"]
mod wav;

use std::fmt::Write;

use vitrine_audio::{DIMS, SAMPLE_RATE, analyse, names, numbers};

/// Deviations are not smaller, or a number that never changed would decide alone.
const DEVIATION_MIN: f64 = 1e-4;

/// Numbers of a sound, and how much it weighs.
type Weighed = ([Option<f32>; DIMS], f64);

fn main() {
    let media = wav::media().expect("set VITRINE_TEST_DATA to the folder of real files");
    let mut real = Vec::new();
    for path in wav::sounds(&media) {
        let samples = wav::read(&path);
        real.extend(samples.chunks(5 * SAMPLE_RATE as usize).filter_map(numbers_of));
        real.extend(numbers_of(&samples));
    }
    let made = made::sounds();
    let made: Vec<_> = made.iter().filter_map(|(_, samples)| numbers_of(samples)).collect();
    let (real_weight, made_weight) = (1.0 / real.len() as f64, 1.0 / made.len() as f64);
    let all: Vec<Weighed> = real
        .iter()
        .map(|numbers| (*numbers, real_weight))
        .chain(made.iter().map(|numbers| (*numbers, made_weight)))
        .collect();

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/constants.rs");
    std::fs::write(path, source(&all)).expect("the source can be written");
    println!("{} real sounds and pieces, {} made: {path}", real.len(), made.len());
}

fn numbers_of(samples: &[f32]) -> Option<[Option<f32>; DIMS]> {
    // A piece of less than a second, at a sound's end, says little of its rhythm.
    let sound = (samples.len() >= SAMPLE_RATE as usize).then(|| analyse(samples))?;
    let sound = sound.expect("the sounds are finite");
    (!sound.is_silent()).then(|| numbers(&sound))
}

fn source(all: &[Weighed]) -> String {
    let mut source = String::from(
        "//! Written by `cargo run --example constants -p vitrine-audio`; not by hand.\n\n\
         use crate::DIMS;\n\n\
         /// Mean and deviation of each number, over the sounds that the example names.\n\
         #[rustfmt::skip]\n\
         pub(crate) const STANDARD: [(f32, f32); DIMS] = [\n",
    );
    for (index, name) in names().iter().enumerate() {
        let known =
            || all.iter().filter_map(|(numbers, by)| Some((f64::from(numbers[index]?), by)));
        let weight: f64 = known().map(|(_, by)| by).sum();
        let mean = known().map(|(value, by)| by * value).sum::<f64>() / weight;
        let square = known().map(|(value, by)| by * (value - mean).powi(2)).sum::<f64>() / weight;
        let deviation = square.sqrt().max(DEVIATION_MIN);
        let (mean, deviation) = (format!("{mean:.4e}"), format!("{deviation:.4e}"));
        writeln!(source, "    ({mean}, {deviation}), // {}", name.name).expect("memory is there");
    }
    source + "];\n"
}
