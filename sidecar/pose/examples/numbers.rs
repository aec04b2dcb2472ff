//! Prints the tables of `docs/poses.md`: the name of each number.

use vitrine_pose::{couple_names, dancer_names};

const COLUMNS: usize = 4;

fn main() {
    for (heading, names) in
        [("### A dancer's 512", dancer_names()), ("### A couple's 256", couple_names())]
    {
        println!("{heading}\n");
        println!("{}|", "| # | name ".repeat(COLUMNS));
        println!("{}|", "|---:|---".repeat(COLUMNS));
        for (row, cells) in names.chunks(COLUMNS).enumerate() {
            for (column, name) in cells.iter().enumerate() {
                print!("| {} | `{name}` ", row * COLUMNS + column);
            }
            println!("|");
        }
        println!();
    }
}
