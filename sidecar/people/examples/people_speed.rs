//! How long pictures take outside the networks: sampling and decoding against inference.
//!
//! ```text
//! cargo run --release -p vitrine-people --example people_speed [PICTURE] [MODEL...]
//! ```

#[path = "../tests/onnx/mod.rs"]
mod onnx;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use onnx::{Data, seen};
use vitrine_people::{Looker, Model, Network, Options, Port, Tensor};

const ROUNDS: u32 = 20;
const BATCH: usize = 4;

/// A network whose time is taken.
struct Timed {
    inner: Box<dyn Network>,
    nanoseconds: Arc<AtomicU64>,
}

impl Network for Timed {
    fn inputs(&self) -> &[Port] {
        self.inner.inputs()
    }

    fn outputs(&self) -> &[Port] {
        self.inner.outputs()
    }

    fn run(&mut self, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, String> {
        let start = Instant::now();
        let answer = self.inner.run(inputs);
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        answer
    }
}

fn main() {
    let Some(data) = Data::find() else { return };
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "three_people.jpg".to_owned());
    let named: Vec<String> = arguments.collect();
    let sets: Vec<Vec<&str>> = if named.is_empty() {
        vec![
            vec!["movenet-multipose.onnx"],
            vec!["nanodet.onnx", "movenet-thunder-as-rtmpose-simcc.onnx"],
            vec!["movenet-multipose.onnx", "handlandmark-lite.onnx"],
        ]
    } else {
        vec![named.iter().map(String::as_str).collect()]
    };
    let image = data.picture(&picture);
    let pictures = vec![seen(&image); BATCH];
    println!("{picture}, {} x {}, {BATCH} at once, one thread", image.width(), image.height());
    for files in sets {
        let nanoseconds = Arc::new(AtomicU64::new(0));
        let timed = |file: &&str| {
            let Model { recipe, network } = data.model(file);
            let network = Timed { inner: network, nanoseconds: nanoseconds.clone() };
            Model { recipe, network: Box::new(network) }
        };
        let models = files.iter().map(timed).collect();
        let mut looker = Looker::new(models, Options::default()).expect("the networks fit");
        looker.look(&pictures).expect("a first look, unmeasured, allocates");
        nanoseconds.store(0, Ordering::Relaxed);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            looker.look(&pictures).expect("it looked before");
        }
        let all = start.elapsed();
        let inside = Duration::from_nanos(nanoseconds.load(Ordering::Relaxed));
        let count = f64::from(ROUNDS) * BATCH as f64;
        let outside = all.saturating_sub(inside);
        println!(
            "{}: networks {:.2} ms, around them {:.3} ms a picture: {:.1} %",
            files.join(" + "),
            inside.as_secs_f64() * 1e3 / count,
            outside.as_secs_f64() * 1e3 / count,
            100.0 * outside.as_secs_f64() / inside.as_secs_f64()
        );
    }
}
