//! How fast a picture is prepared for a model: one JSON line a round, for `benches/image.py`.
//!
//! ```text
//! image_speed PIXELS WIDTH HEIGHT PREPROCESSOR_CONFIG
//! ```
//!
//! Prepares the picture once to say what comes out, then as often as each line on standard input
//! says, so that a peer can be measured in turn.

use std::io::BufRead;

use sha2::{Digest, Sha256};
use vitrine_image::{Preparation, Rgb};

fn main() {
    let [pixels, width, height, config] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        panic!("usage: image_speed PIXELS WIDTH HEIGHT PREPROCESSOR_CONFIG");
    };
    let number = |text: &str| text.parse::<usize>().expect("WIDTH and HEIGHT are numbers");
    let pixels = std::fs::read(pixels).expect("the file of pixels is readable");
    let picture = Rgb::new(number(width), number(height), pixels).expect("three bytes a pixel");
    let config = std::fs::read(config).expect("the configuration is readable");
    let preparation = Preparation::from_json(&config).expect("a configuration we know");
    let bytes: Vec<u8> =
        preparation.prepare(&picture).iter().flat_map(|value| value.to_le_bytes()).collect();
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{{\"sha256\": \"{digest}\"}}");
    let mut batch = vec![0.0; preparation.values()]; // As an embedder's batch: made once, filled often.
    for line in std::io::stdin().lock().lines() {
        let times = number(&line.expect("standard input is readable"));
        let started = cpu_secs();
        for _ in 0..times {
            preparation.prepare_into(std::hint::black_box(&picture), &mut batch);
            std::hint::black_box(&batch);
        }
        println!("{{\"cpu_secs\": {}}}", cpu_secs() - started);
    }
}

/// Processor time of this process so far, all threads.
fn cpu_secs() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
