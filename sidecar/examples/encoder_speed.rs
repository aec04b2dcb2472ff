//! How fast a model of pictures embeds: one JSON line a round, for `benches/image_encoder.py`.
//!
//! ```text
//! encoder_speed MODEL_FOLDER PIXELS WIDTH HEIGHT PICTURES BATCH THREADS
//! ```
//!
//! PIXELS holds PICTURES pictures of WIDTH × HEIGHT, RGB, 8 bits. Loads the model, embeds once to warm
//! up, then for each line on standard input runs the encoder alone over pictures prepared before
//! (`encoder`), or everything from pixels to vectors (`request`).

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use vitrine::embed::{self, Options};
use vitrine::model::Access;
use vitrine_crds::library::{Device, Provider};
use vitrine_image::Rgb;

fn main() {
    let [folder, pixels, width, height, pictures, batch, threads] =
        &std::env::args().skip(1).collect::<Vec<_>>()[..]
    else {
        panic!("usage: encoder_speed MODEL_FOLDER PIXELS WIDTH HEIGHT PICTURES BATCH THREADS");
    };
    let number = |text: &str| text.parse::<usize>().expect("sizes are numbers");
    let (width, height, batch) = (number(width), number(height), number(batch));
    let pixels = std::fs::read(pixels).expect("the file of pixels is readable");
    assert_eq!(pixels.len(), width * height * 3 * number(pictures));
    let pictures: Vec<Rgb> = pixels
        .chunks(width * height * 3)
        .map(|pixels| Rgb::new(width, height, pixels.to_vec()).expect("pixels of that size"))
        .collect();
    let threads = Some(threads.parse().expect("THREADS is a number"));
    let options = Options::on(&Device { provider: Provider::Cpu, index: 0, threads });
    let access = Access::from_env(None, false).expect("there is a cache");
    let started = Instant::now();
    let mut model = embed::open_images(&access, Path::new(folder), Some(batch), &options)
        .expect("the model opens");
    let load_secs = started.elapsed().as_secs_f64();
    model.embed(&pictures).expect("the model answers");
    println!("{}", serde_json::json!({"load_secs": load_secs}));

    let preparation = model.preparation();
    let prepare = |pictures: &[Rgb]| -> Vec<f32> {
        pictures.iter().flat_map(|picture| preparation.prepare(picture)).collect()
    };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input is readable");
        // The encoder takes its batches: copies are made before the clock runs.
        let prepared: Vec<Vec<f32>> = pictures.chunks(batch).map(prepare).collect();
        let before = model.load();
        let (started, cpu) = (Instant::now(), cpu_secs());
        let vectors: Vec<Vec<f32>> = if line == "encoder" {
            let batches = prepared.into_iter().map(|values| model.embed_prepared(values));
            batches.flat_map(|vectors| vectors.expect("the model answers")).collect()
        } else {
            model.embed(&pictures).expect("the model answers")
        };
        let (wall_secs, cpu_secs) = (started.elapsed().as_secs_f64(), cpu_secs() - cpu);
        let load = model.load().since(&before);
        let sum: f32 = vectors.iter().map(|vector| vector[0]).sum();
        println!(
            "{}",
            serde_json::json!({
                "wall_secs": wall_secs,
                "cpu_secs": cpu_secs,
                "busy_secs": load.busy.as_secs_f64(),
                "fill": load.fill(),
                "sum": sum,
            })
        );
    }
}

/// Processor time of this process so far, all threads.
fn cpu_secs() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
