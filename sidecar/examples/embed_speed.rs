//! How fast the default text model embeds: one JSON line a round, for `benches/minilm.py`.
//!
//! ```text
//! embed_speed SENTENCES.json THREADS TEXTS_MAX TOKENS_MAX
//! ```
//!
//! Loads the model, embeds once to warm up, then embeds all sentences once for each line on
//! standard input, so that a peer can be measured in turn.

use std::io::BufRead;
use std::time::Instant;

use vitrine::embed::{self, Options};
use vitrine_crds::library::{Device, Provider};

fn main() {
    let [file, threads, texts_max, tokens_max] = &std::env::args().skip(1).collect::<Vec<_>>()[..]
    else {
        panic!("usage: embed_speed SENTENCES.json THREADS TEXTS_MAX TOKENS_MAX");
    };
    let sentences = std::fs::read(file).expect("the file of sentences is readable");
    let sentences: Vec<String> = serde_json::from_slice(&sentences).expect("a list of strings");
    let threads = Some(threads.parse().expect("THREADS is a number"));
    let mut spec = embed::default_text();
    spec.batch = Some(texts_max.parse().expect("TEXTS_MAX is a number"));
    let options = Options {
        device: Device { provider: Provider::Cpu, index: 0, threads },
        batch_tokens_max: Some(tokens_max.parse().expect("TOKENS_MAX is a number")),
        ..Options::default()
    };
    let started = Instant::now();
    let mut model = embed::open(&spec, &options).expect("the default model opens");
    let load_secs = started.elapsed().as_secs_f64();
    model.embed(&sentences[..sentences.len().min(256)]).expect("the model answers");
    println!("{}", serde_json::json!({"load_secs": load_secs}));
    for line in std::io::stdin().lock().lines() {
        line.expect("standard input is readable");
        let (started, cpu) = (Instant::now(), cpu_secs());
        let vectors = model.embed(&sentences).expect("the model answers");
        let (wall_secs, cpu_secs) = (started.elapsed().as_secs_f64(), cpu_secs() - cpu);
        let sum: f32 = vectors.iter().map(|vector| vector[0]).sum();
        println!(
            "{}",
            serde_json::json!({"wall_secs": wall_secs, "cpu_secs": cpu_secs, "sum": sum})
        );
    }
}

/// Processor time of this process so far, all threads.
fn cpu_secs() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
