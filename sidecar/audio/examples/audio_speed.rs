//! Seconds of work per minute of sound: WAV files of 16 bits, one channel, 22,050 Hz.
//!
//! `audio_speed FILE…` prints one line for each file, the best of five rounds. With `--ask` first
//! it prints `ready` and then, for each line that it is sent, the seconds that one round of all
//! files took: samples in memory to features and embedding.

#[path = "../tests/support/wav.rs"]
mod wav;

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use vitrine_audio::{SAMPLE_RATE, analyse};

fn main() {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let asked = paths.first().is_some_and(|first| first.as_os_str() == "--ask");
    if asked {
        paths.remove(0);
    }
    if paths.is_empty() {
        let media = wav::media().expect("name WAV files, or set VITRINE_TEST_DATA");
        paths = wav::sounds(&media);
    }
    let sounds: Vec<Vec<f32>> = paths.iter().map(|path| wav::read(path)).collect();
    if asked {
        println!("ready");
        for line in std::io::stdin().lock().lines() {
            line.expect("standard input can be read");
            println!("{}", sounds.iter().map(|samples| seconds(samples)).sum::<f64>());
        }
        return;
    }
    for (path, samples) in paths.iter().zip(&sounds) {
        let best = (0..5).map(|_| seconds(samples)).fold(f64::INFINITY, f64::min);
        let minutes = samples.len() as f64 / f64::from(SAMPLE_RATE) / 60.0;
        println!("{:.4} s per minute of sound: {}", best / minutes, path.display());
    }
}

fn seconds(samples: &[f32]) -> f64 {
    let start = Instant::now();
    let sound = analyse(samples).expect("the sound is finite");
    std::hint::black_box(sound.embedding());
    start.elapsed().as_secs_f64()
}
