//! How well the vectors find clips of the same motion: `make eval-pose`.

mod motions;

use std::process::ExitCode;

use motions::dances::Dance;
use motions::retrieval::{Figures, evaluate};

const TAKES: u64 = 20;
const SEED: u64 = 1;
const RECALL_MIN: f64 = 0.95;

fn main() -> ExitCode {
    let evaluation = evaluate(TAKES, SEED);
    let rows: [(&str, Figures); 3] = [
        ("lead", evaluation.figures(|e| e.lead.as_ref())),
        ("follow", evaluation.figures(|e| e.follow.as_ref())),
        ("interaction", evaluation.figures(|e| e.interaction.as_ref())),
    ];
    println!("{} motions, {TAKES} clips of each, every clip asked for its like", Dance::ALL.len());
    println!("\n| vector | recall@1 | mean average precision | clips without |");
    println!("|---|---:|---:|---:|");
    for (name, figures) in &rows {
        let Figures { recall_at_1, mean_average_precision, missing } = figures;
        println!("| {name} | {recall_at_1:.3} | {mean_average_precision:.3} | {missing} |");
    }
    if rows.iter().all(|(_, figures)| figures.recall_at_1 >= RECALL_MIN) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: a recall@1 is below {RECALL_MIN}");
    ExitCode::FAILURE
}
