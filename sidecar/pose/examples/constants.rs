//! Makes `src/constants.rs` from the generated motions: mean and deviation of each number.
//!
//! `cargo run --release -p vitrine-pose --example constants > constants.rs`, then `cargo fmt`.

mod motions;

use motions::camera::{Take, film};
use motions::dances::Dance;
use vitrine_pose::{Options, RoleHint, Tracker};

const TAKES: u64 = 24;
/// Not the seeds of the evaluation.
const SEED: u64 = 900_000_000;
/// Deviations of less are taken as this: no number may blow up what hardly changes.
const DEVIATION_MIN: f64 = 0.02;

fn main() {
    let (mut dancers, mut couples) = (Vec::new(), Vec::new());
    for (index, dance) in Dance::ALL.into_iter().enumerate() {
        for take in 0..TAKES {
            let take = Take::random(SEED + 10_007 * index as u64 + take);
            let mut tracker = Tracker::new(Options::default());
            film(dance, &take).moments.into_iter().for_each(|moment| tracker.push(moment));
            let measures = tracker.finish().couple(&RoleHint::Unsaid).measures();
            dancers.extend(measures.lead);
            dancers.extend(measures.follow);
            couples.extend(measures.interaction);
        }
    }
    println!(
        "//! Made by `cargo run --release -p vitrine-pose --example constants`; not to be edited."
    );
    println!("//!");
    println!(
        "//! Mean and standard deviation of each number over {} dancers and {} couples.",
        dancers.len(),
        couples.len()
    );
    println!("\n#![allow(clippy::approx_constant)] // Measured, whatever they are near to.");
    for (name, rows) in [("DANCER", &dancers), ("COUPLE", &couples)] {
        let dims = rows.first().map_or(0, Vec::len);
        println!("\n#[rustfmt::skip]\npub(crate) const {name}: [(f32, f32); {dims}] = [");
        for at in 0..dims {
            let seen: Vec<f64> = rows.iter().filter_map(|row| row[at]).collect();
            let count = seen.len().max(1) as f64;
            let mean = seen.iter().sum::<f64>() / count;
            let variance = seen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
            let deviation = variance.sqrt().max(DEVIATION_MIN);
            print!("{}({mean:.4}, {deviation:.4}),", if at % 6 == 0 { "    " } else { " " });
            if at % 6 == 5 || at + 1 == dims {
                println!();
            }
        }
        println!("];");
    }
}
